package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// ClientCredentials trades the id and secret of a standalone Engage tenant for
// tokens (documented: the OAuth 2 grant client_credentials, with a form body).
// Contact-center tenants do not have these; the vendor asks them to use the
// contact-center APIs.
//
// Give the struct to a client as it is: the client binds it to its own base URL
// and caches the token. To renew the token ahead of the calls, give the client a
// cache of it instead, see [Cache.Bind]. On its own, the struct asks the endpoint
// on every call of Token; wrap it with [NewCache].
type ClientCredentials struct {
	// ClientID is the tenant id. Required.
	ClientID string
	// ClientSecret is the tenant secret. Required.
	ClientSecret Secret
	// Scopes are those to ask for; none asks for the tenant's usual ones.
	Scopes []string
	// TokenURL is where to ask. Empty means /oauth/token below the client's
	// base URL (the vendor documents the path, joining it is assumed). It must
	// be https, or plain http to the loopback.
	TokenURL string
	// Transport sends the token requests. Nil means the client's transport, or
	// [http.DefaultTransport] without a client.
	Transport http.RoundTripper
}

// Token asks the endpoint for a token. The error is an [*outcome.Error] naming
// every fault of the fields, a [*ReauthorizationRequiredError] if the endpoint
// does not accept the id and secret, else a [*TokenEndpointError]. A temporary
// failure is tried up to three times, each for at most 10 seconds, with 0.3 to
// 0.6 seconds between them, or what the endpoint asks for up to 10 seconds each; a
// reply with a status of success is not asked for again, readable or not. So an
// endpoint that fails costs three requests and their time. A [Cache] has all its
// callers share them. If ctx ends between two tries, the error wraps that of ctx
// too.
//
// Redirects are not followed and at most 1 MiB of a reply is read. A reply
// without expires_in, or with 0, gives a token of unknown expiry; a negative or
// unreadable one is an error, unless the reply holds a refresh token, which no
// reply to this grant should.
func (c ClientCredentials) Token(ctx context.Context) (Token, error) {
	if ctx == nil {
		return Token{}, errNoContext
	}
	if err := c.Validate(); err != nil {
		return Token{}, err
	}
	endpoint := endpoint{
		url:      c.TokenURL,
		clientID: c.ClientID, secret: c.ClientSecret, style: oauth2.AuthStyleInParams,
		transport: orDefault(c.Transport),
	}
	form := url.Values{}
	if len(c.Scopes) > 0 {
		form.Set("scope", strings.Join(c.Scopes, " "))
	}
	answer, err := endpoint.askAgain(ctx, form)
	if err != nil {
		return Token{}, refusedClient(err)
	}
	return tokenOf(answer), nil
}

// Bind implements [Binder]: it returns a [*Cache] of the tokens that the
// endpoint of the client's base URL gives.
func (c ClientCredentials) Bind(base *url.URL, transport http.RoundTripper) (TokenSource, error) {
	bound, err := c.at(base, transport)
	if err != nil {
		return nil, err
	}
	return NewCache(bound), nil
}

// at returns c for a client with this base URL and transport, without a cache.
func (c ClientCredentials) at(base *url.URL, transport http.RoundTripper) (TokenSource, error) {
	if c.TokenURL == "" && base != nil {
		token := base.JoinPath("oauth", "token")
		token.RawQuery, token.Fragment = "", ""
		c.TokenURL = token.String()
	}
	if nothing.In(c.Transport) {
		c.Transport = transport
	}
	if nothing.In(c.Transport) {
		c.Transport = cloneOfDefault()
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Validate returns nil if a token can be asked for; else an [*outcome.Error] on
// the edge onInvalidData that names every fault.
func (c ClientCredentials) Validate() error {
	var faults outcome.Violations
	checkClient(&faults, c.ClientID, c.ClientSecret)
	checkScopes(&faults, c.Scopes)
	if _, problem := safeurl.Parse(c.TokenURL); problem != "" {
		faults.Add("TokenURL", problem)
	}
	return faults.Err("", "")
}

func checkClient(faults *outcome.Violations, id string, secret Secret) {
	if id == "" {
		faults.Add("ClientID", "is empty")
	}
	if secret.IsZero() {
		faults.Add("ClientSecret", "is empty")
	}
}

func checkScopes(faults *outcome.Violations, scopes []string) {
	for i, scope := range scopes {
		if scope == "" || !wellFormed(scope) {
			faults.Add(fmt.Sprintf("Scopes[%d]", i), "is not one word")
		}
	}
}

// refusedClient marks the refusal of a client id and secret as a matter for a
// person. The vendor documents no error of this endpoint, so a 401 in any known
// JSON shape counts as one too (assumed).
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
