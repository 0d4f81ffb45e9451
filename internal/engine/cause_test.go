package engine_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/outcome"
)

const hidden = "s3cr3t-value"

// nilErrors are success and failure at once: errors that are there, and nil.
var nilErrors = map[string]error{
	"re-authorization":  (*auth.ReauthorizationRequiredError)(nil),
	"token endpoint":    (*auth.TokenEndpointError)(nil),
	"store":             (*auth.StoreError)(nil),
	"host":              (*auth.HostError)(nil),
	"sign-in":           (*auth.SignInError)(nil),
	"outcome":           (*outcome.Error)(nil),
	"URL":               (*url.Error)(nil),
	"connection":        (*net.OpError)(nil),
	"certificate":       (*tls.CertificateVerificationError)(nil),
	"wrapped":           fmt.Errorf("%s: %w", hidden, (*auth.StoreError)(nil)),
	"wrapped in a URL":  &url.Error{URL: hidden, Err: (*url.Error)(nil)},
	"joined":            errors.Join(errors.New(hidden), (*auth.TokenEndpointError)(nil)),
	"inside a known":    &auth.ReauthorizationRequiredError{Err: (*auth.TokenEndpointError)(nil)},
	"inside an outcome": &outcome.Error{Edge: outcome.OnError, Err: (*url.Error)(nil)},
}

// failed returns what a call of e fails with, having asked it for everything.
func failed(t *testing.T, ctx context.Context, e *engine.Engine) *outcome.Error {
	t.Helper()
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	e.Hosts, e.ReplyLimit = hosts, 1<<10
	_, err = e.Do(ctx, engine.Call{
		Method: http.MethodGet, URL: &url.URL{Scheme: "https", Host: "api.example.com"}, Settings: &engine.Settings{Attempts: 1},
	})
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	for _, known := range []error{auth.ErrReauthorizationRequired, auth.ErrUnknownAuthorization, outcome.ErrOnInvalidData, context.DeadlineExceeded} {
		require.NotErrorIs(t, err, known)
	}
	shown := fmt.Sprintf("%v %+v %#v %v %+v %#v", failure, failure, failure, failure.Attempts, failure.Attempts, failure.Attempts)
	encoded, err := json.Marshal(failure)
	require.NoError(t, err)
	require.NotContains(t, shown+string(encoded), hidden)
	return failure
}

// source is a source made of a function.
type source func(context.Context) (auth.Token, error)

func (s source) Token(ctx context.Context) (auth.Token, error) { return s(ctx) }

func TestNilErrorOfATokenSourceIsAFailureAndNoPanic(t *testing.T) {
	for name, none := range nilErrors {
		t.Run(name, func(t *testing.T) {
			failure := failed(t, t.Context(), &engine.Engine{
				Transport: httpmock.NewMockTransport(),
				Source:    source(func(context.Context) (auth.Token, error) { return auth.Token{}, none }),
			})
			require.Equal(t, outcome.OnAuthorizationFailure, failure.Edge)
			require.Equal(t, outcome.NotSent, failure.Effect)
			require.EqualError(t, failure.Err, fmt.Sprintf("the token source failed (%T)", none))
		})
	}
}

func TestNilErrorOfATransportIsAFailureAndNoPanic(t *testing.T) {
	for name, none := range nilErrors {
		t.Run(name, func(t *testing.T) {
			transport := httpmock.NewMockTransport()
			transport.RegisterNoResponder(httpmock.NewErrorResponder(none))
			failure := failed(t, t.Context(), &engine.Engine{Transport: transport, Source: auth.Static("token")})
			require.Equal(t, outcome.OnError, failure.Edge)
			require.EqualError(t, failure.Err, fmt.Sprintf("the exchange failed (%T)", none))
		})
	}
}

func TestNilErrorAsTheCauseOfAContextIsNoPanic(t *testing.T) {
	for name, none := range nilErrors {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(none)
			failure := failed(t, ctx, &engine.Engine{Transport: httpmock.NewMockTransport(), Source: auth.Static("token")})
			require.Equal(t, outcome.OnTimeout, failure.Edge)
			require.ErrorIs(t, failure, context.Canceled)
		})
	}
}

func TestWhatTheSDKSaysOfATokenIsShown(t *testing.T) {
	var none context.Context
	for name, test := range map[string]struct {
		source auth.TokenSource
		text   string
	}{
		"no source":        {auth.NewCache(nil), "auth: there is no token source"},
		"no oauth2 source": {auth.FromOAuth2(nil), "auth: there is no token source"},
		"no cache":         {new(auth.Cache), "auth: there is no token source"},
		"no registry":      {(*auth.Registry)(nil).Use("support", "worker"), "auth: the registry is nil"},
		"no token":         {auth.Static(""), "auth: there is no token"},
		"malformed":        {auth.Static("a b"), "auth: the token holds a space, a line break or another character that no token can hold"},
		"expired":          {auth.NewCache(source(func(context.Context) (auth.Token, error) { return auth.NewToken(hidden, time.Unix(1, 0)), nil })), "auth: the token has expired"},
		"panic":            {auth.NewCache(source(func(context.Context) (auth.Token, error) { panic(hidden) })), "auth: the token source panicked (string)"},
		"nil context": {source(func(context.Context) (auth.Token, error) {
			token, err := auth.NewCache(auth.Static(hidden)).Token(none)
			return token, fmt.Errorf("%s: %w", hidden, err)
		}), "auth: the context is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			failure := failed(t, t.Context(), &engine.Engine{Transport: httpmock.NewMockTransport(), Source: test.source})
			require.Equal(t, outcome.OnAuthorizationFailure, failure.Edge)
			require.EqualError(t, failure.Err, test.text)
		})
	}
}

func TestTimeLimitOfATokenIsShown(t *testing.T) {
	e := engine.Engine{
		Transport: httpmock.NewMockTransport(),
		Source: auth.NewCache(source(func(ctx context.Context) (auth.Token, error) {
			<-ctx.Done()
			return auth.Token{}, fmt.Errorf("%s: %w", hidden, ctx.Err())
		}), auth.WithTimeout(time.Millisecond)),
	}
	_, err := e.Do(t.Context(), engine.Call{Method: http.MethodGet, URL: &url.URL{}, Settings: &engine.Settings{Attempts: 1}})
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.EqualError(t, errors.Unwrap(err), "auth: no token within 1ms")
}

func TestUnknownAuthorizationIsShown(t *testing.T) {
	e := engine.Engine{
		Transport: httpmock.NewMockTransport(),
		Source: source(func(context.Context) (auth.Token, error) {
			return auth.Token{}, fmt.Errorf("%s: %w", hidden, auth.ErrUnknownAuthorization)
		}),
	}
	_, err := e.Do(t.Context(), engine.Call{Method: http.MethodGet, URL: &url.URL{}, Settings: &engine.Settings{Attempts: 1}})
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
	require.EqualError(t, errors.Unwrap(err), auth.ErrUnknownAuthorization.Error())
}

// text is an error that fmt prints the content of, wherever it finds it.
type text string

func (t text) Error() string { return string(t) }

func TestErrorOfUnknownTextIsReachedButNotShown(t *testing.T) {
	failure := failed(t, t.Context(), &engine.Engine{
		Transport: httpmock.NewMockTransport(),
		Source:    source(func(context.Context) (auth.Token, error) { return auth.Token{}, text(hidden) }),
	})
	require.ErrorIs(t, failure, text(hidden))
	require.NotContains(t, fmt.Sprintf("%#v", failure.Err), hidden)
}
