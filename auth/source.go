package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// TokenSource gives the token to authorize a request with. Implementations are
// safe for concurrent use, return when ctx ends, and never return an expired
// token. A source that sends a request on every call belongs in a [Cache].
type TokenSource interface {
	// Token returns a usable token, or an error that holds no secret.
	Token(ctx context.Context) (Token, error)
}

// Invalidator is a [TokenSource] that can replace a token which the service
// refused.
type Invalidator interface {
	// Invalidate drops refused, so that the next call of Token gets another one. It
	// does nothing if refused is not the source's current token: that one may have
	// replaced it.
	Invalidate(refused Token)
}

// Accepter is an [Invalidator] that also learns which tokens the service accepted. So it
// can distinguish a token that was revoked from a service that refuses every token.
type Accepter interface {
	// Accept notes that the reply to a request with this token had a status of success.
	// It is called after every such request and so must be cheap.
	Accept(accepted Token)
}

// Binder is a [TokenSource] that is another one for each client.
type Binder interface {
	// Bind returns the source for a client with this base URL and transport, or an
	// error that names every fault of the configuration. It changes nothing in the
	// receiver, which several clients can share. A nil transport means the default
	// one.
	Bind(endpoint *url.URL, transport http.RoundTripper) (TokenSource, error)
}

// Bind returns the source for a client with this base URL and transport, as
// engage.New uses it. The caller's source is not changed. The error names every
// fault of the source's configuration.
//
// What Bind returns depends on the type of source:
//   - for [ClientCredentials], a cache of them, with the client's token endpoint and
//     transport where they have none of their own;
//   - for a [Cache] of ClientCredentials without a TokenURL, a new cache with the same
//     options;
//   - for a source of [FromOAuth2], a cache of it;
//   - for a [Binder], the result of its Bind;
//   - for any other source, the source itself.
//
// A type of the user's own that embeds one of these sources is any other source: its
// own Token is called. If it embeds ClientCredentials, it can be a Binder whose Bind
// calls this function for them.
func Bind(source TokenSource, endpoint *url.URL, transport http.RoundTripper) (TokenSource, error) {
	bound, _, err := bind(source, endpoint, transport)
	if err != nil {
		return nil, err
	}
	switch bound.(type) {
	case ClientCredentials, fromOAuth2:
		return NewCache(bound), nil
	}
	return bound, nil
}

// bind returns the source for a client, without a cache that it has not come with,
// and whether it is another one for each client. It looks at concrete types, because
// a type that embeds one of them has all its methods.
func bind(source TokenSource, endpoint *url.URL, transport http.RoundTripper) (bound TokenSource, changed bool, err error) {
	if nothing.In(source) {
		return nil, false, errNoSource
	}
	switch s := source.(type) {
	case ClientCredentials:
		bound := s.at(endpoint, transport)
		return bound, s.TokenURL == "", bound.Validate()
	case *ClientCredentials:
		return bind(*s, endpoint, transport)
	case *Cache:
		return s.bind(endpoint, transport)
	case static:
		return s, false, s.validate()
	case fromOAuth2:
		return s, false, s.validate()
	case *NamedSource:
		return s, false, s.validate()
	case Binder:
		if bound, err = s.Bind(endpoint, transport); err == nil && nothing.In(bound) {
			err = errors.New("its Bind returned nil")
		}
		return bound, true, err
	}
	return source, false, nil
}

// Static returns a source that always gives the same token, of unknown expiry.
// When the service refuses it, nothing can replace it.
func Static(token string) TokenSource { return StaticToken(NewToken(token, time.Time{})) }

// StaticToken is [Static] for a token whose expiry is known. Once that has
// passed, Token returns a [*ReauthorizationRequiredError].
func StaticToken(token Token) TokenSource { return static{token} }

type static struct{ token Token }

// Token implements [TokenSource].
func (s static) Token(context.Context) (Token, error) {
	switch err := s.token.usable(time.Now()); err {
	case nil:
		return s.token, nil
	case errExpiredToken:
		return Token{}, &ReauthorizationRequiredError{Reason: TokenExpired, Deadline: s.token.Expiry()}
	default:
		return Token{}, err
	}
}

func (s static) validate() error {
	var faults outcome.Violations
	switch {
	case s.token.IsZero():
		faults.Add("Token", "is empty")
	case s.token.get().malformed:
		faults.Add("Token", "holds a space, a line break or another character that no token can hold")
	}
	return faults.Err("", "")
}

var errNoSource = safeerror.New("auth: there is no token source")

// ask asks source for a token and refuses one that is not usable at the time that
// now returns.
func ask(ctx context.Context, source TokenSource, now func() time.Time) (Token, error) {
	token, err := source.Token(ctx)
	if err == nil {
		err = token.usable(now())
	}
	if err != nil {
		return Token{}, err
	}
	return token, nil
}

// background calls get on a goroutine of its own and returns its result, or the
// error of ctx if that ends first. Get then goes on. A panic of get becomes an
// error, because nobody could recover it on that goroutine. The error leaves out the
// value of the panic, which may hold a secret.
func background(ctx context.Context, get func() (Token, error)) (Token, error) {
	type result struct {
		token Token
		err   error
	}
	results := make(chan result, 1)
	go func() {
		var r result
		returned := false
		defer func() {
			if !returned { // because of a panic or of runtime.Goexit
				r.err = safeerror.New(fmt.Sprintf("auth: the token source panicked (%T)", recover()))
			}
			results <- r
		}()
		r.token, r.err = get()
		returned = true
	}()
	select {
	case r := <-results:
		return r.token, r.err
	case <-ctx.Done():
		return Token{}, interrupted(ctx)
	}
}

// interrupted is the error of a wait for a token that ended with ctx.
func interrupted(ctx context.Context) error {
	return fmt.Errorf("%w: %w", safeerror.New("auth: waiting for a token"), ctx.Err())
}
