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
// A SignIn is good for one redirect. It is safe for concurrent use.
type SignIn struct {
	integration Integration
	state       Secret
	verifier    Secret
	used        atomic.Bool
}

// SignInError says that a redirect did not complete a sign-in.
type SignInError struct {
	// Code is the error code of RFC 6749 that the redirect brought, such as
	// access_denied; empty if it brought none.
	Code string
	// Description is the service's explanation, shortened. It is not part of
	// the error's text.
	Description string

	problem string
}

// Error tells the problem and the code.
func (e *SignInError) Error() string {
	if e == nil {
		return nilError
	}
	if e.Code != "" {
		return "auth: sign-in: " + e.problem + ": " + e.Code
	}
	return "auth: sign-in: " + e.problem
}

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *SignInError) GoString() string { return strconv.Quote(e.Error()) }

// MarshalText encodes what Error tells.
func (e *SignInError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// NewSignIn starts a sign-in. The error is an [*outcome.Error] that names every
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

// URL returns the address to open in a browser; empty if s is not of NewSignIn.
func (s *SignIn) URL() string {
	if !s.begun() {
		return ""
	}
	i := s.integration
	config := oauth2.Config{
		ClientID:    i.ClientID,
		RedirectURL: i.RedirectURL,
		Scopes:      i.Scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: cmp.Or(i.AuthorizeURL, WebexAuthorizeURL)},
	}
	return config.AuthCodeURL(s.state.Reveal(), oauth2.S256ChallengeOption(s.verifier.Reveal()))
}

// begun reports whether s is of NewSignIn. Any redirect without a state would
// belong to another.
func (s *SignIn) begun() bool { return s != nil && !s.state.IsZero() }

// Finish trades the code in redirect, the address that the browser ended at, for
// a grant. White space around it, as comes with a pasted line, does not count. A
// redirect that belongs to another sign-in, or holds no code, is a [*SignInError]
// and leaves the sign-in open, so that the person can be asked again; so does a
// context that has ended before, with an error that wraps its own. A redirect to a
// sign-in that is over is a [*SignInError], too. Where the person or the service
// declined, or does not accept the client, the error is a
// [*ReauthorizationRequiredError]; any other failure is a [*TokenEndpointError]. If
// the reply holds a refresh token, but no access token of any use, the error comes
// with a grant that holds the refresh token alone. The code is sent at most once,
// whatever happens, because it is good for one use.
func (s *SignIn) Finish(ctx context.Context, redirect string) (Grant, error) {
	switch {
	case !s.begun():
		return Grant{}, &SignInError{problem: "it was not started by NewSignIn"}
	case ctx == nil:
		return Grant{}, errNoContext // before the code is used up
	}
	parsed, err := url.Parse(strings.TrimSpace(redirect))
	if err != nil {
		return Grant{}, &SignInError{problem: "the redirect is not a URL"}
	}
	query := parsed.Query()
	if !s.state.Equal(NewSecret(query.Get("state"))) {
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
		return Grant{}, &SignInError{problem: "the redirect has been used before"}
	}
	if query.Has("error") {
		denied := &SignInError{
			Code:        word(query.Get("error")),
			Description: shorten(query.Get("error_description")),
			problem:     "it was declined",
		}
		return Grant{}, &ReauthorizationRequiredError{Reason: ConsentRequired, Err: denied}
	}
	answer, err := s.integration.endpoint().ask(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {s.integration.RedirectURL},
		"code_verifier": {s.verifier.Reveal()},
	})
	if err != nil {
		return Grant{RefreshToken: rotated(err)}, refusedClient(err)
	}
	return grantOf(answer), nil
}

// loopback returns where to listen for redirects to raw, or adds what is wrong
// with it to faults.
func loopback(raw string, faults *outcome.Violations) *url.URL {
	redirect, err := url.Parse(raw)
	if err != nil || redirect.Scheme != "http" || !safeurl.Loopback(redirect.Hostname()) || redirect.Port() == "" || redirect.User != nil {
		faults.Add("RedirectURL", "is not plain http to a port of the loopback, such as http://localhost:8080/callback")
		return nil
	}
	return redirect
}
