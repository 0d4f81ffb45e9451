package engage_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// oneWrite makes a write that is not waited for, and returns its callback URL.
func oneWrite(t *testing.T, callbacks *engage.Callbacks) (string, *engage.CloseConversationReceipt) {
	t.Helper()
	return oneWriteAfter(t, 0, callbacks)
}

const told = `{"tid":"T-1","status":"success"}`

func TestForgedCallbacksAreNotBelieved(t *testing.T) {
	pending := newTable()
	callbacks := newCallbacks(t, engage.WithPending(pending))
	genuine, receipt := oneWrite(t, callbacks)
	foreign, other := oneWrite(t, newCallbacks(t))
	base, id := path.Split(strings.TrimPrefix(genuine, "http://"))
	prefix, seal, _ := strings.Cut(id, ".") // no id holds the digit 0
	for _, forged := range []string{
		"", prefix, prefix + ".", "." + seal, "0" + id[1:], id + "A", prefix + "." + strings.Repeat("A", len(seal)), path.Base(foreign),
		"..", "%2e%2e", strings.Repeat("x", 2000),
	} {
		require.Equal(t, http.StatusNotFound, post(t, "http://"+base+forged, told), forged)
	}
	ctx := endedContext(t)
	_, err := receipt.Wait(ctx)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.Equal(t, http.StatusOK, post(t, genuine, told))
	_, err = receipt.Wait(ctx)
	require.NoError(t, err, "an outcome that is there needs no time")
	_, err = other.Wait(ctx)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)

	unmade := &engage.Callbacks{}
	for _, handler := range []*engage.Callbacks{nil, unmade} {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/x.y", strings.NewReader(told)))
		require.Equal(t, http.StatusNotFound, recorder.Code)
	}
}

func TestFloodsOfForgedCallbacksLeaveNothingBehind(t *testing.T) {
	pending := newTable()
	callbacks := newCallbacks(t, engage.WithPending(pending))
	body := strings.NewReader(strings.Repeat("x", 1<<20))
	for i := range 10_000 {
		recorder := httptest.NewRecorder()
		callbacks.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, fmt.Sprintf("/engage/callbacks/ID%d.seal", i), body))
		require.Equal(t, http.StatusNotFound, recorder.Code)
	}
	require.Equal(t, 1<<20, body.Len(), "no body was read")
	require.Zero(t, pending.size())
}

func TestCallbacksAnswerWhatTheyGet(t *testing.T) {
	var log strings.Builder
	callbacks := newCallbacks(t, engage.WithCallbackLimit(100),
		engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	target, receipt := oneWrite(t, callbacks)
	for body, status := range map[string]int{
		"": 400, "{}": 400, "[]": 400, "null": 400, "<html>": 400, `{"tid":`: 400, `{"other":1}`: 400,
		`{"tid":"` + strings.Repeat("x", 100) + `"}`: 413,
	} {
		require.Equal(t, status, post(t, target, body), body)
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete} {
		request, err := http.NewRequestWithContext(t.Context(), method, target, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
		require.Equal(t, http.MethodPost, response.Header.Get("Allow"))
	}
	require.Equal(t, 8, strings.Count(log.String(), `msg="engage: a callback cannot be read" status=4`), "what is genuine and refused is logged")
	log.Reset()

	for range 50 {
		require.Equal(t, http.StatusOK, post(t, target, told), "repetitions are taken")
	}
	_, err := receipt.Wait(t.Context())
	require.NoError(t, err)
	require.Empty(t, log.String())
}

func TestACallbackThatDoesNotArriveWholeIsRefused(t *testing.T) {
	callbacks := newCallbacks(t, engage.WithReportDecoder(func([]byte) (engage.Report, error) {
		return engage.Report{Status: engage.ReportSuccess}, nil
	}))
	target, receipt := oneWrite(t, callbacks)
	for name, body := range map[string]io.ReadCloser{
		"no body":   nil,
		"cut short": io.NopCloser(io.MultiReader(strings.NewReader(told), iotest.ErrReader(io.ErrUnexpectedEOF))),
	} {
		request := httptest.NewRequest(http.MethodPost, target, nil)
		request.Body = body
		recorder := httptest.NewRecorder()
		callbacks.ServeHTTP(recorder, request)
		require.Equal(t, http.StatusBadRequest, recorder.Code, name)
	}
	_, err := receipt.Wait(endedContext(t))
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
}

func TestACallbackAfterTheCallerHasLeftIsTaken(t *testing.T) {
	var log strings.Builder
	callbacks := newCallbacks(t, engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	server := newStub(t, reply(202, acknowledged))
	client := server.client(t, engage.WithCallbacks(callbacks))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := closeConversation(ctx, client)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.NotEmpty(t, server.seen())
	target := callbackURL(t, server.seen()[0])
	require.Equal(t, http.StatusOK, post(t, target, `{"tid":"T-1","status":"failure","code":7,"description":"`+token+`"}`))
	require.Contains(t, log.String(), `msg="engage: nobody awaits this callback" tid=T-1 status=failure code=7`)
	require.NotContains(t, log.String(), token)
	require.NotContains(t, log.String(), path.Base(target))
}

func TestACallbackOfAnotherProcessIsForwarded(t *testing.T) {
	secret := engage.WithCallbackSecret(auth.NewSecret("a secret of all processes"))
	mine := newCallbacks(t, secret)
	target, receipt := oneWrite(t, mine)
	asked := 0
	var peers []http.Handler
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		for _, peer := range peers {
			recorder := httptest.NewRecorder()
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if peer.ServeHTTP(recorder, r); recorder.Code != http.StatusNotFound {
				w.WriteHeader(recorder.Code)
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		w.WriteHeader(http.StatusNotFound)
	})
	balancer := newCallbacks(t, secret, engage.WithForwarding(next))
	peers = []http.Handler{newCallbacks(t, secret, engage.WithForwarding(next)), mine}

	deliver := func(target string) int {
		recorder := httptest.NewRecorder()
		balancer.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, target, strings.NewReader(told)))
		return recorder.Code
	}
	require.Equal(t, http.StatusOK, deliver(target))
	settled, err := receipt.Wait(t.Context())
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, settled.Proof)
	require.Equal(t, 1, asked, "it is passed on once")

	peers = peers[:1]
	require.Equal(t, http.StatusNotFound, deliver(target), "nobody awaits it")
	require.Equal(t, http.StatusNotFound, deliver(target+"x"))
	require.Equal(t, 2, asked, "a forged one is not passed on")
}

func TestAProcessTakesCallbacksOfItsFormerWrites(t *testing.T) {
	passed := 0
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed++
		w.WriteHeader(http.StatusNotFound)
	})
	var log strings.Builder
	callbacks, err := engage.NewCallbacks("https://example.com/callbacks", engage.WithForwarding(next),
		engage.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	deliver := func(target string, header http.Header) int {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, target, strings.NewReader(told))
		request.Header = header
		callbacks.ServeHTTP(recorder, request)
		return recorder.Code
	}
	var target string
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		target = callbackURL(t, server.seen()[0])
		if status := deliver(target, nil); status != http.StatusOK {
			t.Error("status", status)
		}
		reply(202, acknowledged)(w, r)
	}
	client := server.client(t, engage.WithCallbacks(callbacks))
	receipt, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, engage.Confirmed, receipt.Proof)
	require.Empty(t, log.String())

	require.Equal(t, http.StatusOK, deliver(target, nil), "it comes twice")
	require.Equal(t, http.StatusOK, deliver(target, http.Header{"Engage-Callback-Forwarded": {"1"}}), "the second time by way of another process")
	require.Zero(t, passed)
	require.Equal(t, 2, strings.Count(log.String(), "nobody awaits this callback"))

	// These writes are not sent, and not awaited any more.
	ended := endedContext(t)
	leave := func(writes int) {
		for range writes {
			_, err := closeConversation(ended, client)
			require.Error(t, err)
		}
	}
	leave(9_999)
	require.Equal(t, http.StatusOK, deliver(target, nil), "it is one of the last ten thousand")
	require.Zero(t, passed)
	leave(10_001)
	require.Equal(t, http.StatusNotFound, deliver(target, nil), "it is forgotten in the end")
	require.Equal(t, 1, passed)
}

func TestProcessesCanShareTheTable(t *testing.T) {
	secret := engage.WithCallbackSecret(auth.NewSecret("a secret of all processes"))
	shared := engage.WithPending(engage.NewPending())
	target, receipt := oneWrite(t, newCallbacks(t, secret, shared))
	recorder := httptest.NewRecorder()
	newCallbacks(t, secret, shared).ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, target, strings.NewReader(told)))
	require.Equal(t, http.StatusOK, recorder.Code)
	_, err := receipt.Wait(t.Context())
	require.NoError(t, err)
}
