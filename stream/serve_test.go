package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// served is a program that receives and handles events until it is stopped.
type served struct {
	receiving
	worker *stream.Worker
	server *http.Server
	url    string
	stop   context.CancelFunc
	ended  chan error
}

// serve starts a program with that handler. Its worker takes from the source that source
// returns.
func serve(t *testing.T, handle func(context.Context, stream.MessageEvent) error,
	source func(stream.Source) stream.Source, options ...stream.WorkerOption) served {
	t.Helper()
	r := newReceiving(t)
	worker, err := stream.NewWorker(source(r.inbox), options...)
	require.NoError(t, err)
	worker.OnMessage(handle)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	s := served{
		receiving: r, worker: worker, stop: stop, ended: make(chan error, 1),
		server: &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second},
		url:    "http://" + listener.Addr().String(),
	}
	go func() { s.ended <- stream.Serve(ctx, s.server, listener, worker) }()
	return s
}

// send posts the n-th message of a customer. It returns the status, or 0 without an
// answer.
func (s served) send(t *testing.T, customer string, n int) int {
	t.Helper()
	body := payload(customer, n)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set(stream.SignatureHeader, stream.Sign(stream.SHA256, current, body))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// requireUnreachable waits until the server accepts no more connections.
func (s served) requireUnreachable(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", s.url[len("http://"):])
		return err != nil || connection.Close() != nil
	}, time.Minute, time.Millisecond)
}

func TestServeHandlesEverythingItAcceptedBeforeItReturns(t *testing.T) {
	const events = 200
	release := make(chan struct{})
	handled := make(chan string, events)
	s := serve(t, func(_ context.Context, e stream.MessageEvent) error {
		<-release
		handled <- e.ID
		return nil
	}, itself)
	for n := range events {
		require.Equal(t, http.StatusOK, s.send(t, fmt.Sprint("customer-", n%20), n))
	}
	s.stop()
	s.requireUnreachable(t)
	require.Zero(t, s.send(t, "ann", 1), "after the stop nothing is answered 200")
	require.Empty(t, handled)
	require.Empty(t, s.ended, "it waits for the handlers")
	close(release)
	require.NoError(t, <-s.ended)
	require.Len(t, handled, events)
	require.EqualValues(t, events, s.worker.Counts().Handled)
	require.Zero(t, s.inbox.Counts())
}

func TestServeReportsWhatItCouldNotHandle(t *testing.T) {
	s := serve(t, func(ctx context.Context, _ stream.MessageEvent) error {
		<-ctx.Done()
		return ctx.Err()
	}, itself, stream.WithDrain(50*time.Millisecond))
	for n := range 3 {
		require.Equal(t, http.StatusOK, s.send(t, "ann", n))
	}
	s.stop()
	require.ErrorContains(t, <-s.ended, "3 accepted events are not handled")
	require.Equal(t, 3, s.inbox.Counts().Entries)
	require.Empty(t, s.inbox.DeadLetters(), "events that were cut short have not failed")
}

func TestServeDoesNotWaitForADurableSource(t *testing.T) {
	durable := func(inbox stream.Source) stream.Source { return struct{ stream.Source }{inbox} }
	s := serve(t, func(context.Context, stream.MessageEvent) error { return errors.New("not now") }, durable,
		stream.WithBackoff(func(int) time.Duration { return time.Hour }))
	require.Equal(t, http.StatusOK, s.send(t, "ann", 1))
	require.Eventually(t, func() bool { return s.worker.Counts().Failed == 1 }, time.Minute, time.Millisecond)
	s.stop()
	require.NoError(t, <-s.ended)
	require.Equal(t, 1, s.inbox.Counts().Entries, "the event stays in the source")
}

func TestServeClosesRequestsThatDoNotEndInTime(t *testing.T) {
	worker, err := stream.NewWorker(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithDrain(50*time.Millisecond))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	began := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	})}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- stream.Serve(ctx, server, listener, worker) }()
	answered := make(chan error)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err == nil {
			_ = response.Body.Close()
		}
		answered <- err
	}()
	<-began
	stop()
	require.ErrorIs(t, <-ended, context.DeadlineExceeded)
	require.Error(t, <-answered)
}

func TestServeWaitsForTheHandlersOfADurableSource(t *testing.T) {
	busy, release := make(chan struct{}), make(chan struct{})
	durable := func(inbox stream.Source) stream.Source { return struct{ stream.Source }{inbox} }
	s := serve(t, func(context.Context, stream.MessageEvent) error { close(busy); <-release; return nil }, durable)
	require.Equal(t, http.StatusOK, s.send(t, "ann", 1))
	<-busy
	s.stop()
	select {
	case err := <-s.ended:
		t.Fatalf("it ended before the handler: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(release)
	require.NoError(t, <-s.ended)
	require.EqualValues(t, 1, s.worker.Counts().Handled)
}

func TestServeDoesNotDrainWithoutAWorker(t *testing.T) {
	s := serve(t, func(context.Context, stream.MessageEvent) error { return errors.New("not now") }, itself,
		stream.WithDrain(time.Hour), stream.WithBackoff(func(int) time.Duration { return time.Hour }))
	require.Equal(t, http.StatusOK, s.send(t, "ann", 1))
	require.Eventually(t, func() bool { return s.worker.Counts().Failed == 1 }, time.Minute, time.Millisecond)
	s.inbox.Close()
	require.ErrorIs(t, <-s.ended, stream.ErrClosed, "and it does not wait for an hour")
}

func TestServeEndsWithItsServerAndItsSource(t *testing.T) {
	handle := func(context.Context, stream.MessageEvent) error { return nil }
	s := serve(t, handle, itself)
	require.Equal(t, http.StatusOK, s.send(t, "ann", 1))
	require.NoError(t, s.server.Shutdown(t.Context()))
	require.NoError(t, <-s.ended)
	require.EqualValues(t, 1, s.worker.Counts().Handled)

	s = serve(t, handle, itself)
	s.inbox.Close()
	require.ErrorIs(t, <-s.ended, stream.ErrClosed)
	require.Zero(t, s.send(t, "ann", 1))

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	idle := newWorking(t).Worker
	require.ErrorIs(t, stream.Serve(t.Context(), &http.Server{Handler: s}, listener, idle), net.ErrClosed)
}

func TestServeServesTLS(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	defer certified.Close()
	r := newReceiving(t)
	worker, err := stream.NewWorker(r.inbox)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server := &http.Server{Handler: r, TLSConfig: &tls.Config{Certificates: certified.TLS.Certificates}}
	go func() { ended <- stream.Serve(ctx, server, listener, worker) }()

	response, err := certified.Client().Head("https://" + listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	stop()
	require.NoError(t, <-ended)
}

func TestDrainWaitsUntilEverythingIsSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		put(t, inbox, payload("ann", 1))
		put(t, inbox, payload("ann", 2))
		drained := make(chan error, 2)
		for range 2 {
			go func() { drained <- inbox.Drain(t.Context()) }()
		}
		for _, settle := range []func(stream.Delivery) error{
			func(d stream.Delivery) error { return d.Nak(t.Context(), time.Minute) },
			func(d stream.Delivery) error { return d.Ack(t.Context()) },
			func(d stream.Delivery) error { return d.Term(t.Context(), "no use") },
		} {
			synctest.Wait()
			require.Empty(t, drained)
			delivery, err := inbox.Take(t.Context())
			require.NoError(t, err, "it goes on delivering")
			require.NoError(t, settle(delivery))
		}
		require.NoError(t, <-drained)
		require.NoError(t, <-drained)
		require.NoError(t, inbox.Drain(t.Context()))
	})
}

func TestADrainingInboxTakesNothingIn(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	require.NoError(t, inbox.Drain(t.Context()))
	_, err := inbox.Put(t.Context(), stream.Entry{ID: "1", Conversation: "c"})
	require.ErrorIs(t, err, stream.ErrClosed)
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current))
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, receiving{Receiver: receiver}.post(typing, nil).StatusCode,
		"the sender repeats it elsewhere")
}

func TestADrainThatIsCutShortSaysWhatIsLeft(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	put(t, inbox, payload("ann", 1))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more time"))
	err := inbox.Drain(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "1 accepted events are not handled")
}

func TestADrainEndsWhenTheInboxIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		put(t, inbox, payload("ann", 1))
		put(t, inbox, payload("bob", 1))
		delivery, err := inbox.Take(t.Context())
		require.NoError(t, err)
		require.NoError(t, delivery.Ack(t.Context()))
		drained := make(chan error, 1)
		go func() { drained <- inbox.Drain(t.Context()) }()
		synctest.Wait()
		require.Empty(t, drained)
		inbox.Close()
		for _, err := range []error{<-drained, inbox.Drain(t.Context())} {
			require.ErrorIs(t, err, stream.ErrClosed)
			require.ErrorContains(t, err, "1 accepted events are not handled")
		}
	})
}

func TestAnEmptyInboxThatIsClosedIsDrained(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	inbox.Close()
	require.NoError(t, inbox.Drain(t.Context()))
}
