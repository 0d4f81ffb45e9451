package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/internal/transport"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// senderOverHTTP2 returns a sender with the default kind of transport, which trusts
// server.
func senderOverHTTP2(t *testing.T, server *http2test.Server, options ...stream.SenderOption) *stream.Sender {
	t.Helper()
	toServer := transport.New(server.TLS)
	t.Cleanup(toServer.CloseIdleConnections)
	sender, err := stream.NewSender(server.URL, append(options, stream.WithTransport(toServer))...)
	require.NoError(t, err)
	return sender
}

// requireOnce requires that the receiver got that many messages, each exactly once.
func requireOnce(t *testing.T, r receiving, messages int) {
	t.Helper()
	require.EqualValues(t, messages, r.Counts().Accepted)
	require.Zero(t, r.Counts().Duplicates)
}

func TestARequestThatAnHTTP2ServerDidNotTakeIsSentAgain(t *testing.T) {
	for name, decide := range map[string]func(*http2test.Stream){
		"the stream is refused": func(s *http2test.Stream) {
			if s.Number == 2 {
				s.Refuse()
			}
		},
		"the connection ends before it": func(s *http2test.Stream) {
			if s.Connection == 1 && s.Number == 2 {
				s.GoAway(s.ID-2, http2test.NoError)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t)
			server := http2test.Start(t, http2test.Config{Handler: r, Decide: decide})
			sender := senderOverHTTP2(t, server, stream.WithSigning(stream.SHA256, current), stream.WithSchedule())
			for n := range 3 {
				attempts, err := sender.Send(t.Context(), payload("ann", n))
				require.NoError(t, err)
				require.Len(t, attempts, 1)
			}
			requireOnce(t, r, 3)
		})
	}
}

func TestARequestThatEveryHTTP2StreamRefusesIsNotSent(t *testing.T) {
	r := newReceiving(t)
	server := http2test.Start(t, http2test.Config{Handler: r, Decide: func(s *http2test.Stream) { s.Refuse() }})
	sender := senderOverHTTP2(t, server, stream.WithSigning(stream.SHA256, current), stream.WithSchedule(0))
	attempts, err := sender.Send(t.Context(), payload("ann", 1))
	require.Len(t, attempts, 2)
	require.Equal(t, outcome.NotSent, failureOf(t, err).Effect)
	requireOnce(t, r, 0)
}

func TestARequestWhoseHTTP2StreamBreaksMayHaveBeenApplied(t *testing.T) {
	r := newReceiving(t)
	server := http2test.Start(t, http2test.Config{Handler: r, Decide: func(s *http2test.Stream) { s.Reset(http2test.InternalError) }})
	sender := senderOverHTTP2(t, server, stream.WithSigning(stream.SHA256, current), stream.WithSchedule())
	_, err := sender.Send(t.Context(), payload("ann", 1))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Eventually(t, func() bool { return r.Counts().Accepted == 1 }, time.Minute, time.Millisecond)
}

func TestASilentConnectionCostsOneAttempt(t *testing.T) {
	t.Parallel() // it waits for the ping
	r := newReceiving(t)
	server := http2test.Start(t, http2test.Config{Handler: r, Decide: func(s *http2test.Stream) {
		if s.Connection == 1 && s.Number == 2 {
			s.Silence()
		}
	}})
	sender := senderOverHTTP2(t, server, stream.WithSigning(stream.SHA256, current), stream.WithSchedule(time.Second))
	for n, want := range []int{1, 2, 1} {
		attempts, err := sender.Send(t.Context(), payload("ann", n))
		require.NoError(t, err)
		require.Len(t, attempts, want)
	}
	require.EqualValues(t, 2, server.Connections.Load())
}
