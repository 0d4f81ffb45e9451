package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// SignIn is one sign-in of a person in a browser: the OAuth 2 authorization code
// grant with PKCE (S256). [Login] runs one with a browser on the same machine.
// Without one, show the URL, have the person paste the address that the browser
// ends at, and pass that to Finish.
//
// Make one with [Integration.NewSignIn]. A SignIn is good for one redirect. It is safe
// for concurrent use.
type SignIn struct {
	integration Integration
	state       Secret
	verifier    Secret
	used        atomic.Bool
}

// SignInError reports that a redirect did not complete a sign-in.
type SignInError struct {
	// Code is the error code of RFC 6749 in the redirect, such as access_denied;
	// empty if there is none.
	Code string
	// Description is the service's explanation, shortened. It is not part of
	// the error's text.
	Description string

	problem string
}

// alreadyUsed is the problem of a second redirect.
const alreadyUsed = "the redirect has been used before"

// Error returns the problem and the code.
func (e *SignInError) Error() string {
	if e.Code != "" {
		return "auth: sign-in: " + e.problem + ": " + e.Code
	}
	return "auth: sign-in: " + e.problem
}

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *SignInError) GoString() string { return strconv.Quote(e.Error()) }

// MarshalText returns the error's text and no error.
func (e *SignInError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// NewSignIn begins a sign-in. The error is an [*outcome.Error] that names every
// fault of the integration, its RedirectURL included.
func (i Integration) NewSignIn() (*SignIn, error) {
	faults := i.faults()
	if redirect, err := url.Parse(i.RedirectURL); err != nil || redirect.Host == "" {
		faults.Add("RedirectURL", "is not a URL")
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	return &SignIn{integration: i, state: NewSecret(rand.Text() + rand.Text()), verifier: NewSecret(oauth2.GenerateVerifier())}, nil
}

// URL returns the address to open in a browser.
func (s *SignIn) URL() string {
	i := s.integration
	config := oauth2.Config{
		ClientID:    i.ClientID,
		RedirectURL: i.RedirectURL,
		Scopes:      i.Scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: cmp.Or(i.AuthorizeURL, WebexAuthorizeURL)},
	}
	return config.AuthCodeURL(s.state.Reveal(), oauth2.S256ChallengeOption(s.verifier.Reveal()))
}

// Finish exchanges the code in redirect, the address that the browser ended at, for
// a grant. It ignores white space around the address, as comes with a pasted line. It
// sends the code at most once, because the code is good for one use.
//
// If the redirect belongs to another sign-in, or holds no code, the error is a
// [*SignInError]. The sign-in stays open then, and the person can paste another address.
// It also stays open if ctx has ended before the code is sent. The error for a second
// redirect is a [*SignInError] too.
//
// If the person or the service declined, or the service refuses the client, the error
// is a [*ReauthorizationRequiredError]. Any other failure is a [*TokenEndpointError].
// If the reply holds a refresh token but no usable access token, Finish returns an
// error and a grant that holds the refresh token alone.
func (s *SignIn) Finish(ctx context.Context, redirect string) (Grant, error) {
	parsed, err := url.Parse(strings.TrimSpace(redirect))
	if err != nil {
		return Grant{}, &SignInError{problem: "the redirect is not a URL"}
	}
	query := parsed.Query()
	// The zero SignIn has no state, so that it accepts no redirect.
	if s.state.IsZero() || !s.state.Equal(NewSecret(query.Get("state"))) {
		return Grant{}, &SignInError{problem: "the redirect belongs to another sign-in"}
	}
	code := query.Get("code")
	if code == "" && !query.Has("error") {
		return Grant{}, &SignInError{problem: "the redirect holds no code"}
	}
	if err := ctx.Err(); err != nil {
		return Grant{}, fmt.Errorf("auth: sign-in: the code was not sent: %w", err)
	}
	if !s.used.CompareAndSwap(false, true) {
		return Grant{}, &SignInError{problem: alreadyUsed}
	}
	if query.Has("error") {
		x := exchange{secrets: []Secret{s.state, s.verifier, s.integration.ClientSecret}}
		denied := &SignInError{
			Code:        x.word(query.Get("error")),
			Description: x.shorten(query.Get("error_description")),
			problem:     "it was declined",
		}
		return Grant{}, &ReauthorizationRequiredError{Reason: ConsentRequired, Err: denied}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	endpoint := s.integration.endpoint()
	endpoint.singleUse = true
	_, answer, err := endpoint.attempt(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {s.integration.RedirectURL},
		"code_verifier": {s.verifier.Reveal()},
	})
	if err != nil {
		return unusable(err), refusedClient(err)
	}
	return answer.grant(), nil
}

// loopback returns the URL to listen at for redirects to raw, or adds what is wrong
// with raw to faults.
func loopback(raw string, faults *outcome.Violations) *url.URL {
	redirect, err := url.Parse(raw)
	if err != nil || redirect.Scheme != "http" || !safeurl.Loopback(redirect.Hostname()) || redirect.Port() == "" || redirect.User != nil {
		faults.Add("RedirectURL", "is not plain http to a port of the loopback, such as http://localhost:8080/callback")
		return nil
	}
	return redirect
}
