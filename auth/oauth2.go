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

// FromOAuth2 returns a [TokenSource] with the tokens of source, which must be bearer
// tokens. Token calls source every time, on a new goroutine. A client adds a cache, see
// [Bind]; elsewhere, use [NewCache].
//
// Token returns when its context ends, even if the call of source, which takes no
// context, has not returned. An [*oauth2.RetrieveError] becomes a [*TokenEndpointError],
// because its text holds the body of a reply. If source panics, Token returns an error.
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

// withoutBody returns an error for err whose text holds neither a body nor a URL.
func withoutBody(err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		cause := safeerror.Exchange(err) // hides a text that may quote a reply
		return safeerror.Wrap("auth: the token source failed: "+cause.Error(), cause)
	}
	failure := new(TokenEndpointError)
	var x exchange
	if x.response = refusal.Response; x.response != nil {
		if err := x.decode(refusal.Body); !errors.As(err, &failure) {
			failure = x.failure("")
		}
	}
	if refusal.ErrorCode != "" { // x/oauth2 also reads it from a form
		failure.Code, failure.Description = x.word(refusal.ErrorCode), x.shorten(refusal.ErrorDescription)
		failure.recognised = true
	}
	return failure
}

// ToOAuth2 returns a source of x/oauth2 with the tokens of source. It passes ctx to every
// call of source. The tokens must be bearer tokens; for any other token, such as that of
// [ConnectServiceKey], the source returns an error.
//
// An [oauth2.Transport] sends the token wherever a redirect leads. For a client that
// follows redirects, use [Transport] instead.
func ToOAuth2(ctx context.Context, source TokenSource) oauth2.TokenSource {
	return toOAuth2{ctx, source}
}

type toOAuth2 struct {
	ctx    context.Context
	source TokenSource
}

func (t toOAuth2) Token() (*oauth2.Token, error) {
	token, err := usableToken(t.ctx, t.source, time.Now)
	if err != nil {
		return nil, err
	}
	if token.get().header != bearerHeader {
		return nil, errNotBearer
	}
	return &oauth2.Token{AccessToken: token.Reveal(), TokenType: "Bearer", Expiry: token.Expiry()}, nil
}
