package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// answer starts a service that answers every request with a body.
func answer(body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, body)
	}))
}

// vault is a source of your own. It gets its tokens from a vault of the company.
type vault struct {
	read func(ctx context.Context, key string) (string, time.Time, error)
}

func (v vault) Token(ctx context.Context) (auth.Token, error) {
	value, expiry, err := v.read(ctx, "engage/token")
	if err != nil {
		return auth.Token{}, fmt.Errorf("reading the vault: %w", err)
	}
	return auth.NewToken(value, expiry), nil
}

// Every type with this method can be the source of a client. A cache calls it only when
// the token has to be renewed.
func ExampleTokenSource() {
	server := engagetest.NewServer()
	defer server.Close()
	source := vault{read: func(context.Context, string) (string, time.Time, error) {
		return server.IssueToken(), time.Now().Add(time.Hour), nil
	}}

	client, err := engage.New(engage.Endpoint(server.URL()), auth.NewCache(source))
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	fmt.Println(outcome.Of(found, err))
	// Output: noConversationFound
}

// Run renews the token by a timer, so that no call waits for it. At the end of the program
// it saves the token of a renewal in progress.
func ExampleCache_Run() {
	endpoint := answer(`{"access_token":"abc","expires_in":3600}`)
	defer endpoint.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	cache := auth.NewCache(
		auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("secret"), TokenURL: endpoint.URL},
		auth.WithLogger(slog.Default()),
		auth.WithTimeout(10*time.Second),
		auth.WithRenewalObserver(func(r auth.Renewal) {
			fmt.Println("renewed:", r.Err == nil)
			stop()
		}),
	)
	fmt.Println(cache.Run(ctx))
	// Output:
	// renewed: true
	// context canceled
}

// A test moves the clock instead of waiting for the expiry.
func ExampleWithClock() {
	now := time.Now()
	source := vault{read: func(context.Context, string) (string, time.Time, error) {
		fmt.Println("a new token")
		return "abc", now.Add(time.Hour), nil
	}}
	cache := auth.NewCache(source, auth.WithClock(func() time.Time { return now }))

	for _, later := range []time.Duration{0, time.Minute, 24 * time.Hour} {
		now = now.Add(later)
		if _, err := cache.Token(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// a new token
	// a new token
}

// The errors of a source say whether a person has to act.
func ExampleCache_Token_errors() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
	}))
	defer endpoint.Close()
	cache := auth.NewCache(auth.ClientCredentials{
		ClientID: "tenant", ClientSecret: auth.NewSecret("an old secret"), TokenURL: endpoint.URL,
	})

	_, err := cache.Token(context.Background())
	switch {
	case errors.Is(err, auth.ErrReauthorizationRequired):
		fmt.Println("ask a person: the service refuses the credentials")
	case errors.Is(err, auth.ErrUnreachable):
		fmt.Println("try later: there was no reply")
	}
	// Output: ask a person: the service refuses the credentials
}

// The legacy API of imi.chat limits its tokens to a number of requests a day, so they are
// cached.
func ExampleLegacy() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access_token", "abc")
	}))
	defer server.Close()

	source := auth.NewCache(auth.Legacy{
		AuthorizeURL: server.URL, // https://<sub-domain>.imi.chat/v3.1/authorize
		APIKey:       auth.NewSecret("key"),
		DomainName:   "company",
		Life:         time.Hour,
	})
	token, err := source.Token(context.Background())
	fmt.Println(token.Reveal(), err)
	// Output: abc <nil>
}

// Webex Connect takes the key of a service in a header of its own.
func ExampleConnectServiceKey_Open() {
	source, err := auth.ConnectServiceKey{Key: auth.NewSecret("abc"), Secondary: auth.NewSecret("def")}.Open()
	if err != nil {
		log.Fatal(err)
	}
	hosts, err := auth.NewHosts("https://api.connect.example.com")
	if err != nil {
		log.Fatal(err)
	}
	token, err := source.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	r, _ := http.NewRequest(http.MethodPost, "https://api.connect.example.com/v1/events", nil)
	fmt.Println(hosts.Authorize(r, token), r.Header)
	// Output: <nil> map[Key:[abc]]
}

// A source can sign the tokens for Webex Connect itself.
func ExampleConnectJWT_Open() {
	source, err := auth.ConnectJWT{ServiceID: "service-1", Secret: auth.NewSecret("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ=")}.Open()
	if err != nil {
		log.Fatal(err)
	}
	token, err := source.Token(context.Background())
	fmt.Println(time.Until(token.Expiry()).Round(time.Hour), err)
	// Output: 1h0m0s <nil>
}

// A secret cannot be printed by accident.
func ExampleSecret() {
	secret := auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET"))
	fmt.Println(secret)
	fmt.Printf("%#v\n", auth.ClientCredentials{ClientID: "tenant", ClientSecret: secret}.ClientSecret)
	fmt.Println(secret.IsZero())
	// Output:
	// REDACTED
	// REDACTED
	// true
}

// A secret that changes is fetched before each request for a token.
func ExampleClientCredentials_fetchSecret() {
	endpoint := answer(`{"access_token":"abc","expires_in":3600}`)
	defer endpoint.Close()
	source := auth.ClientCredentials{
		ClientID: "tenant",
		FetchSecret: func(context.Context) (auth.Secret, error) {
			fmt.Println("reading the secret")
			return auth.NewSecret("from the secret manager"), nil
		},
		TokenURL: endpoint.URL,
	}
	token, err := source.Token(context.Background())
	fmt.Println(token, err)
	// Output:
	// reading the secret
	// REDACTED <nil>
}

// A transport authorizes requests to the hosts of a token, and no others, wherever a
// redirect leads.
func ExampleTransport() {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Printf("other host: %q\n", r.Header.Get("Authorization"))
	}))
	defer other.Close()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("service: %q\n", r.Header.Get("Authorization"))
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer service.Close()

	hosts, err := auth.NewHosts(service.URL)
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Transport: &auth.Transport{Source: auth.Static("abc"), Hosts: hosts}}
	response, err := client.Get(service.URL)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, response.Body.Close())
	// Output:
	// service: "Bearer abc"
	// other host: ""
	// 200 <nil>
}

// The source of this package serves a client that was written for x/oauth2.
func ExampleToOAuth2() {
	source := auth.ToOAuth2(context.Background(), auth.Static("abc"))
	token, err := source.Token()
	fmt.Println(token.AccessToken, token.Type(), err)
	// Output: abc Bearer <nil>
}
