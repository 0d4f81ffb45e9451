package callback_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// secretText must not appear in a log or an error.
const secretText = "5ecret 5ecret 5ecret"

// success is the body of a callback that reports the success of transaction T-1.
const success = `{"tid":"T-1","status":"success"}`

// newHandler returns a handler that a server of its own mounts.
func newHandler(t *testing.T, options ...callback.Option) *callback.Handler {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	handler, err := callback.New(server.URL+"/engage/callbacks/", options...)
	require.NoError(t, err)
	mux.Handle("/engage/callbacks/", handler)
	return handler
}

// expect awaits the outcome of a write.
func expect(t *testing.T, handler *callback.Handler, done ...string) *callback.Awaited {
	t.Helper()
	awaited, err := handler.Expect(t.Context(), done)
	require.NoError(t, err)
	return awaited
}

// acknowledged are the attempts of a write whose only attempt was acknowledged.
func acknowledged() []outcome.Attempt { return []outcome.Attempt{{Status: http.StatusAccepted}} }

// post posts body to url and returns the status of the answer.
func post(t *testing.T, url, body string) int {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotContains(t, string(content), path.Base(url))
	return response.StatusCode
}

// serve has handler answer a request that did not come over a network.
func serve(handler http.Handler, request *http.Request) int {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Code
}

// deliver has handler receive a callback that did not come over a network.
func deliver(handler http.Handler, url, body string) int {
	return serve(handler, httptest.NewRequest(http.MethodPost, url, strings.NewReader(body)))
}

// ended returns a context that has ended.
func ended(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// logTo returns a logger that writes to log.
func logTo(log io.Writer) callback.Option {
	return callback.WithLogger(slog.New(slog.NewTextHandler(log, nil)))
}

func TestNewRefusesInvalidArguments(t *testing.T) {
	for public, problem := range map[string]string{
		"":                                  "is empty",
		"us":                                "has no host",
		"example.com/callbacks":             "has no host",
		"ftp://example.com":                 "is neither https nor plain http to the loopback",
		"http://example.com":                "is neither https nor plain http to the loopback",
		"https://":                          "has no host",
		"https://ann:pa55word@example.com":  "holds user information",
		"https://example.com/?key=pa55word": "has a query or a fragment",
		"https://example.com/#pa55word":     "has a query or a fragment",
		"https://exa mple.com":              "is not a URL",
	} {
		handler, err := callback.New(public)
		require.ErrorContains(t, err, "callback: the public URL "+problem, public)
		require.NotContains(t, err.Error(), "pa55word")
		require.Nil(t, handler)
	}
	var noTable *failingTable
	_, err := callback.New("", nil, callback.WithPending(noTable), callback.WithLimit(0), callback.WithTimeout(0),
		callback.WithDecoder(nil), callback.WithLogger(nil), callback.WithSecret(auth.NewSecret("pa55word")))
	for _, want := range []string{"public URL", "option is nil", "table is nil", "limit", "timeout", "decoder", "logger", "fewer than 16 bytes"} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "pa55word")
}

func TestAHandlerDoesNotShowItsSecret(t *testing.T) {
	handler := newHandler(t, callback.WithSecret(auth.NewSecret(secretText)))
	awaited := expect(t, handler)
	encoded, err := json.Marshal([]any{handler, awaited})
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v", handler, handler, handler), fmt.Sprintf("%v %+v %#v", awaited, awaited, awaited), string(encoded)} {
		require.NotContains(t, text, "5ecret")
		require.NotContains(t, text, path.Base(awaited.URL()))
	}
}

func TestForgedCallbacksAreNotBelieved(t *testing.T) {
	handler := newHandler(t)
	awaited := expect(t, handler)
	base, segment := path.Split(awaited.URL())
	id, signature, _ := strings.Cut(segment, ".") // no id contains the digit 0
	foreign := path.Base(expect(t, newHandler(t)).URL())
	for _, forged := range []string{
		"", id, id + ".", "." + signature, "0" + segment[1:], segment + "A", id + "." + strings.Repeat("A", len(signature)), foreign,
		"..", "%2e%2e", strings.Repeat("x", 2000),
	} {
		require.Equal(t, http.StatusNotFound, post(t, base+forged, success), forged)
	}
	_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), success))
	_, err = awaited.Outcome(ended(t), "T-1", acknowledged())
	require.NoError(t, err)
}

func TestTheBodyOfAForgedCallbackIsNotRead(t *testing.T) {
	handler := newHandler(t)
	body := strings.NewReader(strings.Repeat("x", 1<<20))
	for i := range 1_000 {
		url := fmt.Sprintf("/engage/callbacks/ID%d.signature", i)
		require.Equal(t, http.StatusNotFound, serve(handler, httptest.NewRequest(http.MethodPost, url, body)))
	}
	require.Equal(t, 1<<20, body.Len())
}

func TestACallbackThatCannotBeReadIsRefused(t *testing.T) {
	var log strings.Builder
	handler := newHandler(t, callback.WithLimit(100), logTo(&log))
	awaited := expect(t, handler)
	for body, status := range map[string]int{
		"": 400, "{}": 400, "[]": 400, "null": 400, "<html>": 400, `{"tid":`: 400, `{"other":1}`: 400,
		`{"tid":"` + strings.Repeat("x", 100) + `"}`: 413,
	} {
		require.Equal(t, status, post(t, awaited.URL(), body), body)
	}
	require.Equal(t, 8, strings.Count(log.String(), `msg="callback: a callback cannot be read" status=4`), log.String())
	require.NotContains(t, log.String(), path.Base(awaited.URL()))
}

func TestACallbackThatDoesNotArriveWholeIsRefused(t *testing.T) {
	handler := newHandler(t, callback.WithDecoder(func([]byte) (callback.Report, error) {
		return callback.Report{Status: callback.Success}, nil
	}))
	awaited := expect(t, handler)
	cut := io.MultiReader(strings.NewReader(success), iotest.ErrReader(io.ErrUnexpectedEOF))
	require.Equal(t, http.StatusBadRequest, serve(handler, httptest.NewRequest(http.MethodPost, awaited.URL(), cut)))
	_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
	require.ErrorIs(t, err, context.Canceled)
}

func TestOnlyPOSTIsAllowed(t *testing.T) {
	url := expect(t, newHandler(t)).URL()
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodDelete} {
		request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
		require.Equal(t, http.MethodPost, response.Header.Get("Allow"))
	}
}

func TestARepeatedCallbackIsAccepted(t *testing.T) {
	var log strings.Builder
	awaited := expect(t, newHandler(t, logTo(&log)))
	for range 50 {
		require.Equal(t, http.StatusOK, post(t, awaited.URL(), success))
	}
	_, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.NoError(t, err)
	require.Empty(t, log.String())
}

func TestACallbackThatNobodyWaitsForIsAcceptedAndLogged(t *testing.T) {
	var log strings.Builder
	awaited := expect(t, newHandler(t, logTo(&log)))
	awaited.Forget()
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"T-1","status":"failure","code":7,"description":"`+secretText+`"}`))
	require.Contains(t, log.String(), `msg="callback: nobody waits for this report" tid=T-1 status=failure code=7`)
	require.NotContains(t, log.String(), secretText)
	require.NotContains(t, log.String(), path.Base(awaited.URL()))
}

func TestHandlersWithOneTableAndOneSecretServeEachOther(t *testing.T) {
	secret := callback.WithSecret(auth.NewSecret(secretText))
	shared := callback.WithPending(callback.NewPending())
	awaited := expect(t, newHandler(t, secret, shared))
	require.Equal(t, http.StatusOK, deliver(newHandler(t, secret, shared), awaited.URL(), success))
	got, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.NoError(t, err)
	require.Equal(t, outcome.Applied, got.Effect)
}

func TestADecoderReplacesTheAssumedFormat(t *testing.T) {
	awaited := expect(t, newHandler(t, callback.WithDecoder(func(body []byte) (callback.Report, error) {
		if string(body) != "applied" {
			return callback.Report{}, errors.New("not applied")
		}
		return callback.Report{Status: callback.Success}, nil
	})))
	require.Equal(t, http.StatusBadRequest, post(t, awaited.URL(), success))
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), "applied"))
	_, err := awaited.Outcome(t.Context(), "", acknowledged())
	require.NoError(t, err)
}

func TestACallbackIsDeliveredAfterItsSenderHasHungUp(t *testing.T) {
	handler := newHandler(t, callback.WithPending(networkTable{callback.NewPending()}))
	awaited := expect(t, handler)
	request := httptest.NewRequest(http.MethodPost, awaited.URL(), strings.NewReader(success)).WithContext(ended(t))
	require.Equal(t, http.StatusOK, serve(handler, request))
	_, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.NoError(t, err)
}

func TestATableThatDoesNotTakeAReportIsReported(t *testing.T) {
	var log strings.Builder
	awaited := expect(t, newHandler(t, logTo(&log), callback.WithPending(&failingTable{callback.NewPending(), errors.New(secretText)})))
	require.Equal(t, http.StatusServiceUnavailable, post(t, awaited.URL(), success))
	require.Contains(t, log.String(), `msg="callback: the table of pending writes did not take a report" tid=T-1 status=success`)
	require.NotContains(t, log.String(), secretText)
}

// failingTable is a table that takes no report.
type failingTable struct {
	callback.Pending
	err error
}

func (f *failingTable) Deliver(context.Context, string, callback.Report) (bool, error) {
	return false, f.err
}

// networkTable is a table that fails if its context has ended or, where the
// handler makes the context, has no near deadline.
type networkTable struct{ callback.Pending }

func (n networkTable) Expect(ctx context.Context, id string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return n.Pending.Expect(ctx, id)
}

func (n networkTable) Deliver(ctx context.Context, id string, report callback.Report) (bool, error) {
	if err := nearDeadline(ctx); err != nil {
		return false, err
	}
	return n.Pending.Deliver(ctx, id, report)
}

func (n networkTable) Next(ctx context.Context, id string) (callback.Report, error) {
	if ctx.Err() != nil {
		return callback.Report{}, ctx.Err()
	}
	return n.Pending.Next(ctx, id)
}

func (n networkTable) Take(ctx context.Context, id string) (callback.Report, bool, error) {
	if err := nearDeadline(ctx); err != nil {
		return callback.Report{}, false, err
	}
	return n.Pending.Take(ctx, id)
}

func (n networkTable) Forget(ctx context.Context, id string) {
	if nearDeadline(ctx) == nil {
		n.Pending.Forget(ctx, id)
	}
}

// nearDeadline returns an error for a context that has ended or has no near deadline.
func nearDeadline(ctx context.Context) error {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > 2*time.Second {
		return errors.New("the context has no near deadline")
	}
	return ctx.Err()
}
