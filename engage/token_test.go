package engage_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// rotating is a source whose token changes when it is refused.
type rotating struct {
	mutex   sync.Mutex
	number  int
	refused []string
	stuck   bool
}

func (r *rotating) Token(context.Context) (auth.Token, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return auth.NewToken("token-"+strconv.Itoa(r.number), time.Time{}), nil
}

func (r *rotating) Invalidate(refused auth.Token) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.refused = append(r.refused, refused.Reveal())
	if !r.stuck {
		r.number++
	}
}

// sourceFunc is a token source that is a function.
type sourceFunc func(context.Context) (auth.Token, error)

func (f sourceFunc) Token(ctx context.Context) (auth.Token, error) { return f(ctx) }

func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	only := func(good string) *stub {
		return newStub(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+good {
				reply(401, `{"message":"expired"}`)(w, r)
				return
			}
			reply(200, acknowledged)(w, r)
		})
	}
	client := func(s *stub, source auth.TokenSource) *engage.Client {
		client, err := engage.New(engage.Endpoint(s.URL), source, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
		require.NoError(t, err)
		return client
	}

	server, source := only("token-1"), &rotating{}
	_, err := appendMessage(t.Context(), client(server, source))
	require.NoError(t, err, "a request that was refused can be sent again")
	require.Equal(t, []string{"token-0"}, source.refused)
	require.Len(t, server.seen(), 2)

	server, source = only("token-9"), &rotating{}
	_, err = appendMessage(t.Context(), client(server, source))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 2, "once")
	require.Equal(t, []string{"token-0", "token-1"}, source.refused, "a later call must get another token")

	server, source = only("token-9"), &rotating{stuck: true}
	_, err = appendMessage(t.Context(), client(server, source))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 1, "the same token is not sent again")

	server = only("token-9")
	_, err = appendMessage(t.Context(), client(server, auth.Static(token)))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Len(t, server.seen(), 1)
}

func TestTheReplacementOfATokenIsNoCountedAttemptAndHasNoWait(t *testing.T) {
	for name, c := range map[string]struct {
		statuses []int
		done     bool
	}{
		"between two attempts":  {[]int{503, 401, 503, 200}, true},
		"before three attempts": {[]int{401, 503, 503, 503, 200}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var replies []*http.Response
				for _, status := range c.statuses {
					replies = append(replies, httpmock.NewStringResponse(status, acknowledged))
				}
				client, err := engage.New(engage.US, &rotating{}, engage.WithTransport(atOnce(replies...)))
				require.NoError(t, err)
				receipt, err := client.AppendMessage(t.Context(), appendRequest, engage.WithRetry(engage.Retry{Attempts: 3}))
				var attempts []outcome.Attempt
				if c.done {
					require.NoError(t, err)
					attempts = receipt.Attempts
				} else {
					attempts = failureOf(t, err).Attempts
				}
				require.Len(t, attempts, 4)
				for i := range attempts {
					isImmediate := i == 0 || attempts[i-1].Status == http.StatusUnauthorized
					require.Equal(t, isImmediate, attempts[i].Wait == 0, "attempt %d", i+1)
				}
			})
		})
	}
}

func TestATokenThatCannotBeReplacedIsAnAuthorizationFailure(t *testing.T) {
	broken, calls := errors.New("vault: "+token), 0
	server := newStub(t, reply(http.StatusUnauthorized, ``))
	client, err := engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) {
		if calls++; calls > 1 {
			return auth.Token{}, broken
		}
		return auth.NewToken(token, time.Time{}), nil
	}))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnAuthorizationFailure, failure.Edge)
	require.Equal(t, http.StatusUnauthorized, failure.Status)
	require.Equal(t, outcome.Refused, failure.Effect)
	require.ErrorIs(t, err, broken)
	require.NotContains(t, err.Error(), token)
	require.Len(t, server.seen(), 1)
}

// accepting is a token source that records the tokens that the service accepted.
type accepting struct {
	auth.TokenSource
	accepted []string
}

func (a *accepting) Accept(accepted auth.Token) { a.accepted = append(a.accepted, accepted.Reveal()) }

func TestATokenSourceLearnsWhichTokensTheServiceAccepts(t *testing.T) {
	for status, want := range map[int][]string{200: {token}, 202: {token}, 401: nil, 409: nil, 500: nil} {
		source := &accepting{TokenSource: auth.Static(token)}
		client, err := engage.New(engage.US, source, engage.WithTransport(atOnce(httpmock.NewStringResponse(status, acknowledged))))
		require.NoError(t, err)
		_, err = appendTo(appendRequest, noReconciliation)(t.Context(), client)
		require.Equal(t, want == nil, err != nil, "status %d", status)
		require.Equal(t, want, source.accepted, "status %d", status)
	}
}

func TestA403DoesNotReplaceTheToken(t *testing.T) {
	source := &rotating{}
	server := newStub(t, reply(403, ``))
	client, err := engage.New(engage.Endpoint(server.URL), source)
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.Empty(t, source.refused)
}

func TestARevokedTokenIsReplaced(t *testing.T) {
	server, client := fake(t)
	id := server.Seed(engagetest.Conversation{Channel: channel.SMS, BusinessAddress: "1", CustomerAddress: "2"})
	for range 3 {
		_, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: hello})
		require.NoError(t, err)
	}
	tokens := func() (count int) {
		for _, request := range server.Requests() {
			if request.Operation == engagetest.Token {
				count++
			}
		}
		return count
	}
	require.Equal(t, 1, tokens(), "one token serves many calls")

	server.RevokeTokens()
	receipt, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: hello})
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, 2)
	require.Equal(t, 2, tokens())
	kept, _ := server.Conversation(id)
	require.Len(t, kept.Messages, 4)
}

func TestTheErrorOfATokenSourceIsShown(t *testing.T) {
	for _, shown := range []error{
		&auth.ReauthorizationRequiredError{Authorization: "agents"},
		&auth.TokenEndpointError{Status: 400, Code: "invalid_client"},
		&auth.StoreError{Name: "agents", Problem: "is locked"},
		&auth.HostError{Host: "example.com"},
		&outcome.Error{Edge: outcome.OnError, Operation: "Sign"},
		auth.ErrUnknownAuthorization,
	} {
		failing := sourceFunc(func(context.Context) (auth.Token, error) {
			return auth.Token{}, fmt.Errorf("the vault is sealed: %w", shown)
		})
		client, err := engage.New(engage.US, failing, engage.WithTransport(inMemory{}))
		require.NoError(t, err)
		_, err = appendMessage(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
		require.ErrorIs(t, err, shown)
		require.ErrorContains(t, err, "the vault is sealed: "+shown.Error())
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	server := newStub(t, reply(200, acknowledged))
	broken := errors.New("the vault is sealed")
	client, err := engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) {
		return auth.Token{}, broken
	}))
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "the vault is sealed")
	require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
	require.Len(t, failureOf(t, err).Attempts, 1, "it is not retried")

	client, err = engage.New(engage.Endpoint(server.URL), sourceFunc(func(ctx context.Context) (auth.Token, error) {
		<-ctx.Done()
		return auth.Token{}, ctx.Err()
	}))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = appendMessage(ctx, client)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)

	for _, empty := range []auth.Token{{}, auth.NewToken("a\r\nX: y", time.Time{})} {
		client, err = engage.New(engage.Endpoint(server.URL), sourceFunc(func(context.Context) (auth.Token, error) { return empty, nil }))
		require.NoError(t, err)
		_, err = appendMessage(t.Context(), client)
		require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	}
	require.Empty(t, server.seen())
}

// patient returns a client over [atOnce] with a token source, whose attempts end after
// five seconds.
func patient(t *testing.T, source sourceFunc, replies ...*http.Response) *engage.Client {
	t.Helper()
	client, err := engage.New(engage.US, source, engage.WithTransport(atOnce(replies...)),
		engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1, LongestWait: 0, AttemptTimeout: 5 * time.Second})))
	require.NoError(t, err)
	return client
}

// noToken is a token source that waits until ctx ends.
func noToken(ctx context.Context) (auth.Token, error) {
	<-ctx.Done()
	return auth.Token{}, ctx.Err()
}

func TestTheTimeoutOfAnAttemptIncludesItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := appendMessage(t.Context(), patient(t, noToken, fine()))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnTimeout, failure.Edge)
		require.Equal(t, outcome.NotSent, failure.Effect)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, context.Canceled)
		require.Len(t, failure.Attempts, 4, "nothing was sent, so it is retried")
		for _, attempt := range failure.Attempts {
			require.Equal(t, 5*time.Second, attempt.Duration)
			require.Equal(t, outcome.NotSent, attempt.Effect)
		}
	})
	for name, late := range map[string]time.Duration{"a token in time": 3 * time.Second, "a token too late": 6 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, err := engage.New(engage.US, sourceFunc(func(ctx context.Context) (auth.Token, error) {
					deadline, limited := ctx.Deadline()
					require.True(t, limited)
					require.Equal(t, 5*time.Second, time.Until(deadline))
					time.Sleep(late)
					return auth.NewToken(token, time.Time{}), nil
				}), engage.WithTransport(deaf))
				require.NoError(t, err)
				_, err = appendTo(appendRequest, engage.WithRetry(engage.Retry{Attempts: 1, AttemptTimeout: 5 * time.Second}), noReconciliation)(t.Context(), client)
				failure := failureOf(t, err)
				require.Equal(t, outcome.OnTimeout, failure.Edge)
				require.Equal(t, max(late, 5*time.Second), failure.Attempts[0].Duration)
				require.Equal(t, late > 5*time.Second, failure.Effect == outcome.NotSent)
			})
		})
	}
}

func TestATokenThatCameTooLateForOneAttemptServesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		client := patient(t, func(ctx context.Context) (auth.Token, error) {
			if calls++; calls == 1 {
				return noToken(ctx)
			}
			return auth.NewToken(token, time.Time{}), nil
		}, fine())
		receipt, err := client.AppendMessage(t.Context(), appendRequest)
		require.NoError(t, err)
		require.Len(t, receipt.Attempts, 2)
		require.ErrorIs(t, receipt.Attempts[0].Err, context.DeadlineExceeded)
	})
}

func TestACallThatEndsBeforeItsTokenCameIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := appendMessage(ctx, patient(t, noToken, fine()))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnTimeout, failure.Edge)
		require.Equal(t, outcome.NotSent, failure.Effect)
		require.Len(t, failure.Attempts, 1)
		require.Equal(t, 3*time.Second, failure.Attempts[0].Duration)
	})
}

func TestATokenIsReplacedWithinTheTimeoutOfAnAttempt(t *testing.T) {
	left := errors.New("the caller gave up")
	for name, c := range map[string]struct {
		leave time.Duration
		took  time.Duration
		cause error
	}{
		"and not longer":         {time.Hour, 5 * time.Second, context.DeadlineExceeded},
		"and ends with its call": {2 * time.Second, 2 * time.Second, left},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				client := patient(t, func(ctx context.Context) (auth.Token, error) {
					if calls++; calls == 1 {
						return auth.NewToken(token, time.Time{}), nil
					}
					return noToken(ctx)
				}, httpmock.NewStringResponse(http.StatusUnauthorized, ``))
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(c.leave, func() { cancel(left) })
				start := time.Now()
				_, err := appendMessage(ctx, client)
				require.Equal(t, c.took, time.Since(start))
				failure := failureOf(t, err)
				require.Equal(t, outcome.OnTimeout, failure.Edge)
				require.ErrorIs(t, err, c.cause)
				require.Equal(t, http.StatusUnauthorized, failure.Status)
				require.Equal(t, outcome.Refused, failure.Effect)
				require.Len(t, failure.Attempts, 1)
			})
		})
	}
}

func TestTheContextsOfATokenSourceEndWithTheCall(t *testing.T) {
	var contexts []context.Context
	client := patient(t, func(ctx context.Context) (auth.Token, error) {
		contexts = append(contexts, ctx)
		return auth.NewToken(fmt.Sprint("token-", len(contexts)), time.Time{}), nil
	}, httpmock.NewStringResponse(http.StatusUnauthorized, ``), fine())
	_, err := searchConversation(t.Context(), client)
	require.NoError(t, err)
	require.Len(t, contexts, 3, "one for each attempt, and one to replace the token")
	for _, ctx := range contexts {
		require.Error(t, ctx.Err())
	}
}

func TestACallerWhoLeavesDoesNotFailOthersThatWaitForTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		source := auth.NewCache(sourceFunc(func(ctx context.Context) (auth.Token, error) {
			calls++
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
		require.Equal(t, 1, calls)
	})
}

func TestAnOperationCanHaveItsOwnTokenSource(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer refused" {
			reply(http.StatusUnauthorized, ``)(w, r)
			return
		}
		reply(http.StatusOK, acknowledged)(w, r)
	})
	client := server.client(t,
		engage.WithAuthorization(outcome.CloseConversation, auth.Static("closer")),
		engage.WithAuthorization(outcome.HoldConversation, auth.Static("refused")))
	_, err := closeConversation(t.Context(), client)
	require.NoError(t, err)
	_, err = appendMessage(t.Context(), client)
	require.NoError(t, err)
	_, err = client.Do(t.Context(), holdCall("C1"))
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	var tokens []string
	for _, request := range server.seen() {
		tokens = append(tokens, request.header.Get("Authorization"))
	}
	require.Equal(t, []string{"Bearer closer", "Bearer " + token, "Bearer refused"}, tokens)

	_, err = engage.New(engage.US, auth.Static(token), engage.WithAuthorization("", auth.Static(token)),
		engage.WithAuthorization(outcome.CloseConversation, nil), engage.WithAuthorization(outcome.AppendMessage, auth.ClientCredentials{}))
	for _, problem := range []string{"the operation is empty", "WithAuthorization(CloseConversation): the token source is nil", "ClientSecret"} {
		require.ErrorContains(t, err, problem)
	}
}

func TestNoTokenIsSentToTheTargetOfARedirect(t *testing.T) {
	other := newStub(t, reply(200, acknowledged))
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/elsewhere", status)
		})
		_, err := appendMessage(t.Context(), server.client(t))
		require.ErrorIs(t, err, outcome.ErrOnError)
		require.Equal(t, status, failureOf(t, err).Status)
	}
	require.Empty(t, other.seen())
}
