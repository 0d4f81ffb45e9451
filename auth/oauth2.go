package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// FromOAuth2 makes a source of x/oauth2 a [TokenSource]. Token returns when its
// context ends, although the source, which knows no context, may still be at
// work. The source's tokens must be bearer tokens. Most such sources keep their
// token until shortly before it expires and cannot be told that it was refused.
// Each call of Token costs a goroutine; a [Cache] around it spares that.
//
// An [*oauth2.RetrieveError], whose text holds the body of a reply, comes back
// as a [*TokenEndpointError]. A panic of the source comes back as an error. A nil
// source is reported by Bind, and so by engage.New, and by Token.
func FromOAuth2(source oauth2.TokenSource) TokenSource { return fromOAuth2{source} }

type fromOAuth2 struct{ source oauth2.TokenSource }

func (f fromOAuth2) Token(ctx context.Context) (Token, error) {
	switch {
	case nothing.In(f.source):
		return Token{}, errNoSource
	case ctx == nil:
		return Token{}, errNoContext
	}
	return await(ctx, func() (Token, error) { return contain(f.fetch) })
}

// Bind implements [Binder], to report a missing source before the first call.
func (f fromOAuth2) Bind(*url.URL, http.RoundTripper) (TokenSource, error) {
	if nothing.In(f.source) {
		return nil, errNoSource
	}
	return f, nil
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
	token := tokenOf(given)
	if err := token.usable(time.Now()); err != nil {
		return Token{}, err
	}
	return token, nil
}

var errNotBearer = safeerror.New("auth: the token is not a bearer token")

// withoutBody replaces an error whose text may hold a reply or a URL.
func withoutBody(err error) error {
	if !errtree.Sound(err) {
		return safeerror.Hide("auth: the token source failed", err)
	}
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		cause := safeerror.Exchange(err)
		return safeerror.Wrap("auth: the token source failed: "+cause.Error(), cause)
	}
	failure := new(TokenEndpointError)
	if response := refusal.Response; response != nil {
		if _, failure = read(response, refusal.Body); failure == nil {
			failure = failureOf(response)
		}
	}
	if refusal.ErrorCode != "" { // which can come in a form as well
		failure.Code, failure.Description = word(refusal.ErrorCode), shorten(refusal.ErrorDescription)
		failure.recognised = true
	}
	return failure
}

// ToOAuth2 makes source usable where x/oauth2 expects one of its own. Every
// call is made with ctx. A token that does not go into the Authorization header
// as a bearer token is an error.
func ToOAuth2(ctx context.Context, source TokenSource) oauth2.TokenSource {
	return toOAuth2{ctx, source}
}

type toOAuth2 struct {
	ctx    context.Context
	source TokenSource
}

func (t toOAuth2) Token() (*oauth2.Token, error) {
	token, err := call(t.ctx, t.source, time.Now)
	if err != nil {
		return nil, err
	}
	if token.get().header != bearerHeader {
		return nil, errNotBearer
	}
	return &oauth2.Token{AccessToken: token.Reveal(), TokenType: "Bearer", Expiry: token.Expiry()}, nil
}
