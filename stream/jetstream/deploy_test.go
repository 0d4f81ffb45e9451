package jetstream_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// Three generations of the program, which receives and handles events, follow each
// other while events come in. A proxy sends requests to the newest one.
func TestARollingDeployLosesNothing(t *testing.T) {
	t.Parallel()
	const generations, conversations, length = 3, 12, 25
	server := serve(t)
	log := newHandlings(t, conversations, length)
	all := log.reached(conversations * length)
	reached := make([]<-chan struct{}, generations-1)
	for n := range reached {
		reached[n] = log.reached(conversations * length * (n + 1) / (generations + 1))
	}

	var newest atomic.Pointer[generation]
	newest.Store(startGeneration(t, server, log))
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(newest.Load().url) },
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	})
	defer proxy.Close()
	sender := newSender(t, proxy.URL, current)
	var customers sync.WaitGroup
	for c := range conversations {
		customers.Go(func() {
			for n := range length {
				if _, err := sender.Send(t.Context(), payloadOf(c, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}

	var unsettled uint64
	end := func(old *generation) {
		old.stop()
		require.NoError(t, <-old.ended)
		unsettled += old.worker.Counts().Unsettled
	}
	for _, some := range reached {
		<-some
		end(newest.Swap(startGeneration(t, server, log)))
	}
	customers.Wait()
	<-all
	empty(t, newest.Load().inbox)
	end(newest.Load())

	once, again, lost := log.counts()
	t.Logf("%d events: %d handled once, %d handled again, %d lost", conversations*length, once, again, lost)
	require.Zero(t, lost)
	require.LessOrEqual(t, again, int(unsettled), "an event is handled again only if its acknowledgement failed")
	for c, numbers := range log.handled {
		log.handled[c] = slices.Compact(numbers) // an event that is handled again is the last one
	}
	require.Equal(t, log.inOrder(), log.handled)
}

// generation is a program that receives events and handles them.
type generation struct {
	inbox  *jetstream.Inbox
	worker *stream.Worker
	url    *url.URL
	stop   context.CancelFunc
	ended  chan error // receives the error of the program, once
}

func startGeneration(t *testing.T, server *embedded.Server, log *handlings) *generation {
	t.Helper()
	inbox, err := jetstream.Open(t.Context(), jetstream.Config{Options: server.Options(), Lines: 8})
	require.NoError(t, err)
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current))
	require.NoError(t, err)
	worker, err := stream.NewWorker(inbox, stream.WithHandlers(handlers))
	require.NoError(t, err)
	worker.OnMessage(log.handle)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := stream.Serve(ctx, &http.Server{Handler: receiver}, listener, worker)
		ended <- errors.Join(err, inbox.Close())
	}()
	return &generation{
		inbox: inbox, worker: worker, url: &url.URL{Scheme: "http", Host: listener.Addr().String()}, stop: stop, ended: ended,
	}
}
