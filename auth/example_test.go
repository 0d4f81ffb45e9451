package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/auth"
)

// The token of a standalone tenant, kept and renewed by a cache.
func ExampleClientCredentials() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600,"scope":["conversations:read"]}`)
	}))
	defer endpoint.Close()

	source := auth.NewCache(auth.ClientCredentials{
		ClientID:     "tenant",
		ClientSecret: auth.NewSecret("secret"),
		TokenURL:     endpoint.URL,
	})
	token, err := source.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token, token.Scopes())
	// Output: REDACTED [conversations:read]
}

// Configuration is checked as a whole.
func ExampleClientCredentials_Validate() {
	fmt.Println(auth.ClientCredentials{TokenURL: "http://api.example.com"}.Validate())
	// Output: engage: onInvalidData, not sent: ClientID is empty; ClientSecret is empty; TokenURL is neither https nor plain http to the loopback
}

// A token goes nowhere but where it was meant to go.
func ExampleHosts_Authorize() {
	hosts, err := auth.NewHosts("https://api.example.com/api/v1")
	if err != nil {
		fmt.Println(err)
		return
	}
	token := auth.NewToken("abc", time.Time{})

	r, _ := http.NewRequest(http.MethodGet, "https://api.example.com/api/v1/conversations", nil)
	fmt.Println(hosts.Authorize(r, token))

	r, _ = http.NewRequest(http.MethodGet, "https://files.example.net/", nil)
	fmt.Println(hosts.Authorize(r, token))
	// Output:
	// <nil>
	// auth: the token was not sent: it is not meant for the host "files.example.net", or the request does not use https
}

// A source that was written for x/oauth2.
func ExampleFromOAuth2() {
	source := auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "abc"}))
	token, err := source.Token(context.Background())
	fmt.Println(token.Reveal(), err)
	// Output: abc <nil>
}

// An error that needs a person is distinguished from one that passes.
func ExampleReauthorizationRequiredError() {
	err := fmt.Errorf("append: %w", &auth.ReauthorizationRequiredError{
		Authorization: "support",
		Reason:        auth.CredentialsChanged,
	})
	if required, ok := errors.AsType[*auth.ReauthorizationRequiredError](err); ok {
		fmt.Println(required.Authorization, "needs new credentials:", required.Reason)
	}
	// Output: support needs new credentials: credentials changed
}
