package engage_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// These are faults that other SDKs have, as far as no other test is about them.

func TestAnErrorThatCannotBeDecodedIsNotSentAgain(t *testing.T) {
	for _, body := range []string{`{"code":{}}`, `{"status":`, `[]`, `<html>`, `"no"`, ``} {
		server := newStub(t, reply(http.StatusConflict, body))
		_, err := appendMessage(t.Context(), server.client(t))
		require.Equal(t, outcome.Refused, failureOf(t, err).Effect)
		require.Len(t, server.seen(), 1, body)
	}
}

func TestTheOrderOfOptionsDoesNotMatter(t *testing.T) {
	transport := &closing{RoundTripper: http.DefaultTransport}
	var waits int
	options := []engage.Option{
		engage.WithTransport(transport),
		engage.WithLimiter(limiterFunc(func(context.Context) error { waits++; return nil })),
		engage.WithCallOptions(engage.WithHeader("X-Tenant", "t-1")),
		engage.WithCallbacks(newCallbacks(t)),
		engage.WithCallOptions(engage.WithWaitForOutcome(false)),
	}
	for range options {
		options = append(options[1:], options[0])
		server, before := newStub(t, reply(202, acknowledged)), waits
		_, err := closeConversation(t.Context(), server.client(t, options...))
		require.NoError(t, err)
		require.Equal(t, "t-1", server.seen()[0].header.Get("X-Tenant"))
		require.Contains(t, server.seen()[0].body, "callbackUrl")
		require.Equal(t, before+1, waits)
	}
}

// TestOneCallersLeavingDoesNotFailTheOthers has callers wait for one token.
func TestOneCallersLeavingDoesNotFailTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		source := auth.NewCache(sourceFunc(func(ctx context.Context) (auth.Token, error) {
			asked++
			select {
			case <-time.After(10 * time.Second):
				return auth.NewToken(token, time.Time{}), nil
			case <-ctx.Done():
				return auth.Token{}, ctx.Err()
			}
		}))
		client, err := engage.New(engage.US, source, engage.WithTransport(inMemory{}))
		require.NoError(t, err)
		var calling sync.WaitGroup
		for i := range 10 {
			calling.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+i%2*59)*time.Second)
				defer cancel()
				_, err := searchConversation(ctx, client)
				if i%2 == 0 && !errors.Is(err, outcome.ErrOnTimeout) || i%2 == 1 && err != nil {
					t.Error(i, err)
				}
			})
		}
		calling.Wait()
		require.Equal(t, 1, asked)
	})
}

func TestPrintingAnErrorChangesNothing(t *testing.T) {
	server := newStub(t, reply(http.StatusConflict, `{"code":"7","description":"no"}`))
	var sent *http.Request
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = r
		return http.DefaultTransport.RoundTrip(r)
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithTransport(transport)))
	url, text, failure := sent.URL.String(), err.Error(), *failureOf(t, err)
	require.Equal(t, text, err.Error())
	require.Equal(t, failure, *failureOf(t, err))
	require.Equal(t, url, sent.URL.String())
}

// roundTrip is a transport of one's own.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestATransportThatRewritesRequestsDoesNotSpoilTheNext is about the URL, the
// header and the body of a client's calls, of which none may be shared.
func TestATransportThatRewritesRequestsDoesNotSpoilTheNext(t *testing.T) {
	rewriting := roundTrip(func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		r.URL.Path, r.URL.RawPath = "/rewritten", "/rewritten"
		r.Header.Set("X-Rewritten", "yes")
		return response, err
	})
	registered := new(http.Transport)
	registered.RegisterProtocol("http", rewriting)
	for name, transport := range map[string]http.RoundTripper{"its own": rewriting, "within one of net/http": registered} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, failing(1, reply(503, ``), reply(200, found("active"))))
			client := server.client(t, engage.WithTransport(transport))
			for range 2 {
				_, err := searchConversation(t.Context(), client)
				require.NoError(t, err)
			}
			for _, r := range server.seen() {
				require.Equal(t, "/api/v1/conversations/search", r.path)
				require.Empty(t, r.header.Get("X-Rewritten"))
			}
			require.Len(t, server.seen(), 3)
		})
	}
}

func TestATransportThatReturnsNothingIsAnError(t *testing.T) {
	for _, response := range []*http.Response{nil, {StatusCode: 200}, {StatusCode: 500}} {
		client, err := engage.New(engage.US, auth.Static(token), engage.WithCallOptions(quick),
			engage.WithTransport(roundTrip(func(*http.Request) (*http.Response, error) { return response, nil })))
		require.NoError(t, err)
		_, err = appendMessage(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnError)
		require.GreaterOrEqual(t, failureOf(t, err).Effect, outcome.MaybeApplied)
	}
}
