package auth

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// TokenSource gives the token to authorize a request with. Implementations are
// safe for concurrent use, return when ctx ends, and never return an expired
// token. A source that asks over the network on every call belongs in a
// [Cache].
type TokenSource interface {
	// Token returns a usable token, or an error that holds no secret.
	Token(ctx context.Context) (Token, error)
}

// Invalidator is a [TokenSource] that can be told that its token was refused.
type Invalidator interface {
	// Invalidate drops refused, so that the next call of Token gets another
	// one. It does nothing if refused is not the source's current token: the
	// refusal may be news of a token that has been replaced since.
	Invalidate(refused Token)
}

// Binder is a [TokenSource] that depends on the client it is used by.
type Binder interface {
	// Bind returns the source to use for a client with this base URL and
	// transport, and an error naming every fault of the configuration. Several
	// clients can share the receiver: Bind changes nothing for those that were
	// bound before.
	//
	// A nil transport means a copy of [http.DefaultTransport].
	Bind(endpoint *url.URL, transport http.RoundTripper) (TokenSource, error)
}

// Static returns a source that always gives the same token, of unknown expiry.
// When the service refuses it, nothing can replace it.
func Static(token string) TokenSource { return StaticToken(NewToken(token, time.Time{})) }

// StaticToken is [Static] for a token whose expiry is known. Once that has
// passed, Token returns a [*ReauthorizationRequiredError] and the token is not
// sent any more.
func StaticToken(token Token) TokenSource { return static{token} }

type static struct{ token Token }

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

// Bind implements [Binder], to report an unusable token before the first call.
func (s static) Bind(*url.URL, http.RoundTripper) (TokenSource, error) {
	var faults outcome.Violations
	switch {
	case s.token.IsZero():
		faults.Add("Token", "is empty")
	case s.token.get().malformed:
		faults.Add("Token", "holds a space, a line break or another character that no token can hold")
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	return s, nil
}
