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

// TokenSource returns tokens that authorize requests. Implementations are safe for
// concurrent use. If a source sends a request on every call, wrap it in a [Cache].
type TokenSource interface {
	// Token returns a token that has not expired. It returns when ctx ends. Its errors
	// hold no secret.
	Token(ctx context.Context) (Token, error)
}

// Invalidator is implemented by a [TokenSource] that can replace a token after the
// service refused it.
type Invalidator interface {
	// Invalidate drops refused, so that the next call of Token returns another token. It
	// does nothing if refused is not the current token of the source, because the source
	// may have replaced refused already.
	Invalidate(refused Token)
}

// Accepter is implemented by an [Invalidator] that needs to know which tokens the service
// accepted. That distinguishes a revoked token from a service that refuses every token.
type Accepter interface {
	// Accept records that the service accepted a request with this token: the status of
	// the reply was 2xx. It is called after every such request and so must be cheap.
	Accept(accepted Token)
}

// Binder is implemented by a [TokenSource] that each client replaces by a source of its
// own.
type Binder interface {
	// Bind returns the source for a client with this base URL and transport. A nil
	// transport means the default one. Bind does not change the receiver, which several
	// clients can share. The error names every fault of the configuration.
	Bind(endpoint *url.URL, transport http.RoundTripper) (TokenSource, error)
}

// Bind returns the source that a client with this base URL and transport uses. engage.New
// calls it. Bind does not change source. The error names every fault in the configuration
// of source, and reports a nil source.
//
// What Bind returns depends on the type of source:
//   - [ClientCredentials]: a cache of them. An empty TokenURL becomes the client's token
//     endpoint, and a nil Transport becomes transport.
//   - [Cache] of ClientCredentials without a TokenURL, or of a [Binder]: a new cache of
//     the bound source, with the same options.
//   - [FromOAuth2]: a cache of the source.
//   - Binder: the result of its Bind method.
//   - Any other source: source itself.
//
// A user's type that embeds ClientCredentials or another of these sources counts as any
// other source, so that its own Token method is called. Such a type can implement Binder,
// and its Bind method can call this function for the embedded source.
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

// bind returns the source for a client. It adds no cache. Changed reports whether the
// source depends on the client. bind distinguishes concrete types, because a type that
// embeds one of them has all of its methods.
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

// Static returns a source that always returns this token, with an unknown expiry. If the
// service refuses the token, the source does not replace it.
func Static(token string) TokenSource { return StaticToken(NewToken(token, time.Time{})) }

// StaticToken returns a source that always returns token. Once the token has expired, the
// source returns a [*ReauthorizationRequiredError].
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
		faults.Add("Token", "contains white space or another invalid character")
	}
	return faults.Err("", "")
}

var errNoSource = safeerror.New("auth: there is no token source")

// usableToken returns the token of source, or an error if the token is not usable at the
// time that now returns.
func usableToken(ctx context.Context, source TokenSource, now func() time.Time) (Token, error) {
	token, err := source.Token(ctx)
	if err == nil {
		err = token.usable(now())
	}
	if err != nil {
		return Token{}, err
	}
	return token, nil
}

// background calls get on a new goroutine and returns its result. If ctx ends first, it
// returns an error that wraps that of ctx, and get continues.
//
// If get panics, background returns an error, because no caller could recover a panic on
// that goroutine. The error leaves out the value of the panic, which may hold a secret.
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

// interrupted returns the error of a wait for a token that ended with ctx.
func interrupted(ctx context.Context) error {
	return fmt.Errorf("%w: %w", safeerror.New("auth: waiting for a token"), ctx.Err())
}
