package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
)

// ClientCredentials is a [TokenSource] for a standalone Engage tenant. It exchanges the id
// and secret of the tenant for tokens (documented: the OAuth 2 grant client_credentials,
// with a form body). Contact-center tenants have no such id and secret. The vendor asks
// them to use the contact-center APIs.
//
// Pass the struct to engage.New as it is. The client then sets the token endpoint and
// caches the token, see [Bind]. For [Cache.Run], set TokenURL and pass a cache of the
// struct. Without a cache, every call of Token sends a request.
type ClientCredentials struct {
	// ClientID is the tenant id. Required.
	ClientID string
	// ClientSecret is the tenant secret. Required, unless FetchSecret is set.
	ClientSecret Secret
	// FetchSecret, if not nil, is called for the secret before each token request, so
	// that a new secret takes effect without a restart. ClientSecret must then be empty.
	FetchSecret func(context.Context) (Secret, error) `json:"-"`
	// Scopes are the scopes to request. If it is empty, the tenant decides.
	Scopes []string
	// TokenURL is the token endpoint. It must be https, or plain http to the loopback.
	// Empty means /oauth/token below the base URL of the client (the path is documented;
	// that it is below the base URL is assumed). Without a client it is required.
	TokenURL string
	// Transport sends the token requests. Nil means the transport of the client. Without
	// a client it means [http.DefaultTransport], or in a [Cache] a transport of the SDK.
	Transport http.RoundTripper
}

// Token requests a token from the endpoint. It makes up to three attempts while the
// failure is temporary, each for at most 10 seconds. Between two attempts it waits 0.1 to
// 0.4 seconds, or up to 10 seconds if the endpoint asks for that. It makes no further
// attempt after a 2xx reply.
//
// Token follows no redirect and accepts a reply of up to 1 MiB. If the reply contains no
// expires_in, or 0, the expiry of the token is not known.
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field;
//   - a [*ReauthorizationRequiredError] if the endpoint refuses the id and secret;
//   - a [*TokenEndpointError] for any other failure of the endpoint. If ctx ends between
//     two attempts, the error wraps that of ctx too;
//   - an error that wraps that of FetchSecret.
func (c ClientCredentials) Token(ctx context.Context) (Token, error) {
	if err := c.Validate(); err != nil {
		return Token{}, err
	}
	endpoint := endpoint{
		url:    c.TokenURL,
		client: client{c.ClientID, c.ClientSecret, c.FetchSecret},
		sender: sender(c.Transport),
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.Scopes) > 0 {
		form.Set("scope", strings.Join(c.Scopes, " "))
	}
	answer, err := endpoint.request(ctx, form)
	if err != nil {
		return Token{}, refusedClient(err)
	}
	return answer.token(), nil
}

// at returns c for a client with this base URL and transport.
func (c ClientCredentials) at(base *url.URL, fallback http.RoundTripper) ClientCredentials {
	if c.TokenURL == "" && base != nil {
		token := base.JoinPath("oauth", "token")
		token.RawQuery, token.Fragment = "", ""
		c.TokenURL = token.String()
	}
	if c.Transport = cmp.Or(c.Transport, fallback); c.Transport == nil {
		c.Transport = transport.Default()
	}
	return c
}

// Validate returns nil if the fields are valid. Otherwise it returns an [*outcome.Error] on
// the edge onInvalidData that names every invalid field.
func (c ClientCredentials) Validate() error {
	var faults outcome.Violations
	client{c.ClientID, c.ClientSecret, c.FetchSecret}.validate(&faults)
	validateScopes(&faults, c.Scopes)
	if _, problem := safeurl.Parse(c.TokenURL); problem != "" {
		faults.Add("TokenURL", problem)
	}
	return faults.Err("", "")
}

func (c client) validate(faults *outcome.Violations) {
	if c.id == "" {
		faults.Add("ClientID", "is empty")
	}
	switch problem := secretProblem(c.secret); {
	case c.fetch == nil && problem != "":
		faults.Add("ClientSecret", problem)
	case c.fetch != nil && !c.secret.IsZero():
		faults.Add("ClientSecret", "is set beside FetchSecret")
	}
}

// secretProblem returns what is wrong with a client secret; empty if it is valid.
func secretProblem(secret Secret) string {
	switch text := secret.Reveal(); {
	case text == "":
		return "is empty"
	case strings.TrimSpace(text) != text:
		return "begins or ends with white space, such as the line break at the end of a file"
	}
	return ""
}

func validateScopes(faults *outcome.Violations, scopes []string) {
	for i, scope := range scopes {
		if scope == "" || !wellFormed(scope) {
			faults.Add(fmt.Sprintf("Scopes[%d]", i), "is not one word")
		}
	}
}

// refusedClient returns a [*ReauthorizationRequiredError] if err is a refusal of the client
// id and secret; else err. The vendor documents no errors of this endpoint, so a 401 in any
// known JSON shape counts as such a refusal (assumed).
func refusedClient(err error) error {
	refusal, ok := errors.AsType[*TokenEndpointError](err)
	if !ok {
		return err
	}
	switch {
	case refusal.Code == "invalid_client", refusal.Code == "unauthorized_client",
		refusal.Status == http.StatusUnauthorized && refusal.recognised:
		return &ReauthorizationRequiredError{Reason: CredentialsChanged, Err: refusal}
	}
	return err
}

// orDefault returns given, or [http.DefaultTransport] if that is nil.
func orDefault(given http.RoundTripper) http.RoundTripper {
	return cmp.Or(given, http.DefaultTransport)
}

// open implements [Mechanism].
func (c ClientCredentials) open(context.Context, *Registry, string, *lasting) (TokenSource, standing, error) {
	return c, standing{state: Pending}, nil
}
