package auth

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// FromOAuth2 makes a source of x/oauth2 a [TokenSource]. Its tokens must be bearer
// tokens. A client gives it a cache, see [Bind]; elsewhere, wrap it with [NewCache].
// On its own, it asks the source on every call of Token, on a goroutine of its own.
//
// Token returns when its context ends, although the source, which knows no context,
// may still be at work. An [*oauth2.RetrieveError], whose text holds the body of a
// reply, becomes a [*TokenEndpointError]. A panic of the source becomes an error,
// because nobody could recover it on that goroutine.
func FromOAuth2(source oauth2.TokenSource) TokenSource { return fromOAuth2{source} }

type fromOAuth2 struct{ source oauth2.TokenSource }

func (f fromOAuth2) validate() error {
	if nothing.In(f.source) {
		return errNoSource
	}
	return nil
}

// Token implements [TokenSource].
func (f fromOAuth2) Token(ctx context.Context) (Token, error) {
	if err := f.validate(); err != nil {
		return Token{}, err
	}
	return background(ctx, f.fetch)
}

func (f fromOAuth2) fetch() (Token, error) {
	given, err := f.source.Token()
	switch {
	case err != nil:
		return Token{}, withoutBody(err)
	case given == nil:
		return Token{}, errNoToken
	case !strings.EqualFold(given.Type(), "Bearer"):
		return Token{}, errNotBearer
	}
	scope, _ := given.Extra("scope").(string)
	token := NewToken(given.AccessToken, given.Expiry, strings.Fields(scope)...)
	if err := token.usable(time.Now()); err != nil {
		return Token{}, err
	}
	return token, nil
}

var errNotBearer = safeerror.New("auth: the token is not a bearer token")

// withoutBody replaces an error whose text may hold a reply or a URL.
func withoutBody(err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		cause := safeerror.Exchange(err) // which hides a text that may quote a reply
		return safeerror.Wrap("auth: the token source failed: "+cause.Error(), cause)
	}
	failure := new(TokenEndpointError)
	var x exchange
	if x.response = refusal.Response; x.response != nil {
		if err := x.decode(refusal.Body); !errors.As(err, &failure) {
			failure = x.failure("")
		}
	}
	if refusal.ErrorCode != "" { // which can come in a form as well
		failure.Code, failure.Description = x.word(refusal.ErrorCode), x.shorten(refusal.ErrorDescription)
		failure.recognised = true
	}
	return failure
}

// ToOAuth2 returns a source of x/oauth2 with the tokens of source. It passes ctx to
// every call of source. A token that does not go into the Authorization header as a
// bearer token is an error. An [oauth2.Transport] sends the token wherever a redirect
// leads; use [Transport] for a client that follows redirects.
func ToOAuth2(ctx context.Context, source TokenSource) oauth2.TokenSource {
	return toOAuth2{ctx, source}
}

type toOAuth2 struct {
	ctx    context.Context
	source TokenSource
}

func (t toOAuth2) Token() (*oauth2.Token, error) {
	token, err := ask(t.ctx, t.source, time.Now)
	if err != nil {
		return nil, err
	}
	if token.get().header != bearerHeader {
		return nil, errNotBearer
	}
	return &oauth2.Token{AccessToken: token.Reveal(), TokenType: "Bearer", Expiry: token.Expiry()}, nil
}
