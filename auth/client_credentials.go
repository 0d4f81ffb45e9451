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

// ClientCredentials exchanges the id and secret of a standalone Engage tenant for
// tokens (documented: the OAuth 2 grant client_credentials, with a form body).
// Contact-center tenants do not have these; the vendor asks them to use the
// contact-center APIs.
//
// Give the struct to a client as it is: the client sets the token endpoint and
// caches the token, see [Bind]. To renew the token ahead of the calls with
// [Cache.Run], set TokenURL and give the client a cache of the struct. On its own,
// the struct sends a request on every call of Token.
type ClientCredentials struct {
	// ClientID is the tenant id. Required.
	ClientID string
	// ClientSecret is the tenant secret. Required, unless FetchSecret is set.
	ClientSecret Secret
	// FetchSecret returns the tenant secret when it is needed, which is before each
	// token request. So a new secret takes effect without a restart. It takes the
	// place of ClientSecret, which must then be empty.
	FetchSecret func(context.Context) (Secret, error) `json:"-"`
	// Scopes are those to ask for; none asks for the tenant's usual ones.
	Scopes []string
	// TokenURL is the token endpoint. Empty means /oauth/token below the client's
	// base URL (the vendor documents the path, joining it is assumed). It must
	// be https, or plain http to the loopback.
	TokenURL string
	// Transport sends the token requests. Nil means the client's transport, or
	// [http.DefaultTransport] without a client.
	Transport http.RoundTripper
}

// Token requests a token from the endpoint. It makes up to three attempts while the
// failure is temporary, each for at most 10 seconds. Between them it waits 0.1 to
// 0.4 seconds, or up to 10 seconds if the endpoint asks for that. It does not repeat
// a request whose reply has a status of success.
//
// It follows no redirect and reads at most 1 MiB of a reply. A reply without
// expires_in, or with 0, gives a token of unknown expiry.
//
// The error is one of these:
//   - an [*outcome.Error] that names every fault of the fields;
//   - a [*ReauthorizationRequiredError] if the endpoint refuses the id and secret;
//   - a [*TokenEndpointError], which matches [ErrUnreachable] if there was no reply; if
//     ctx ends between two attempts, the error wraps that of ctx too;
//   - one that wraps the error of FetchSecret.
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
	answer, err := endpoint.ask(ctx, form)
	if err != nil {
		return Token{}, refusedClient(err)
	}
	return answer.token(), nil
}

// at returns c for a client with this base URL and transport.
func (c ClientCredentials) at(base *url.URL, clients http.RoundTripper) ClientCredentials {
	if c.TokenURL == "" && base != nil {
		token := base.JoinPath("oauth", "token")
		token.RawQuery, token.Fragment = "", ""
		c.TokenURL = token.String()
	}
	if c.Transport = cmp.Or(c.Transport, clients); c.Transport == nil {
		c.Transport = transport.Default()
	}
	return c
}

// Validate returns nil if a token can be requested; else an [*outcome.Error] on
// the edge onInvalidData that names every fault.
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

// secretProblem returns what is wrong with a client secret; empty if it is in order.
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

// refusedClient turns the refusal of a client id and secret into a
// [*ReauthorizationRequiredError]. The vendor documents no error of this endpoint, so
// a 401 in any known JSON shape counts as one too (assumed).
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

// orDefault returns given, or the default transport if that is nil.
func orDefault(given http.RoundTripper) http.RoundTripper {
	return cmp.Or(given, http.DefaultTransport)
}

// open implements [Mechanism].
func (c ClientCredentials) open(context.Context, *Registry, string, *lasting) (TokenSource, standing, error) {
	return c, standing{state: Pending}, nil
}
