package engage_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestAReplyOfAnySizeIsReadUpToTheLimit(t *testing.T) {
	const tooLarge = "larger than the limit"
	long := `{"tid":"` + strings.Repeat("x", 200<<10) + `"}`
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		limit   int64
		problem string
	}{
		"a limit without end":      {reply(200, long), math.MaxInt64, ""},
		"exactly the limit":        {reply(200, long), int64(len(long)), ""},
		"a byte above it":          {reply(200, long), int64(len(long)) - 1, tooLarge},
		"exactly the limit, small": {reply(200, acknowledged), int64(len(acknowledged)), ""},
		"a byte above it, small":   {reply(200, acknowledged), int64(len(acknowledged)) - 1, tooLarge},
		"cut short above 64 KiB":   {cutShort(len(long), acknowledged+strings.Repeat(" ", 100<<10)), math.MaxInt64, "unexpected EOF"},
		"cut short at the limit":   {cutShort(len(acknowledged)+1, acknowledged), int64(len(acknowledged)), tooLarge},
		"cut short at the limit, of unknown length": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, acknowledged)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, int64(len(acknowledged)), "unexpected EOF"},
		"a Content-Length without a body": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4611686018427387904")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, math.MaxInt64, "unexpected EOF"},
	} {
		server := newStub(t, c.answer)
		_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t, engage.WithReplyLimit(c.limit)))
		if c.problem == "" {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, outcome.OnError, failureOf(t, err).Edge, name)
			require.ErrorContains(t, err, c.problem, name)
		}
	}
}

func TestAReplyIsReadToItsEndWhateverItsContentLength(t *testing.T) {
	const announced = 40
	answer := func(body string) roundTrip {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), ContentLength: announced}, nil
		}
	}
	whole := `{"tid":"T-1","more":"` + strings.Repeat("x", 2*announced) + `"}`
	for name, c := range map[string]struct {
		body    string
		limit   int64
		problem string
	}{
		"within the limit":                    {whole, limit, ""},
		"exactly the limit":                   {whole, int64(len(whole)), ""},
		"a byte above it":                     {whole, int64(len(whole)) - 1, "larger than the limit"},
		"as long as the limit":                {whole, announced, "larger than the limit"},
		"a byte longer than limit and header": {acknowledged + strings.Repeat(" ", announced+1-len(acknowledged)), announced, "larger than the limit"},
		"shorter than its header":             {`{"tid":"T-1"}`, limit, ""},
		"shorter than its header and cut":     {whole[:announced-1], limit, "not JSON"},
	} {
		client := over(t, answer(c.body), engage.WithReplyLimit(c.limit))
		receipt, err := client.AppendMessage(t.Context(), appendRequest, noReconciliation)
		if c.problem == "" {
			require.NoError(t, err, name)
			require.Equal(t, c.body, string(receipt.Raw()), name)
		} else {
			require.ErrorContains(t, err, c.problem, name)
		}
	}
}

func TestAReplyThatIsCompressedThoughNobodyAskedIsRead(t *testing.T) {
	pack := func(text string) string {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		io.WriteString(writer, text)
		writer.Close()
		return packed.String()
	}
	packed := pack(acknowledged)
	filled := acknowledged + strings.Repeat(" ", limit-len(acknowledged))
	for name, c := range map[string]struct {
		body         string
		uncompressed bool
		problem      string
	}{
		"compressed":                    {packed, false, ""},
		"decompressed already":          {acknowledged, true, ""},
		"not compressed":                {acknowledged, false, "the reply is not gzip"},
		"cut short":                     {packed[:len(packed)-4], false, "unexpected EOF"},
		"with a wrong sum":              {packed[:len(packed)-8] + "........", false, "checksum"},
		"with a wrong sum at the limit": {pack(filled)[:len(pack(filled))-8] + "........", false, "checksum"},
		"large after compression":       {pack(`{"tid":"T-1","more":"` + strings.Repeat("x", limit) + `"}`), false, "larger than the limit"},
	} {
		client := over(t, roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Encoding": {"GZIP"}}, Uncompressed: c.uncompressed,
				Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body)),
			}, nil
		}), engage.WithReplyLimit(limit))
		receipt, err := client.AppendMessage(t.Context(), appendRequest, noReconciliation)
		if c.problem == "" {
			require.NoError(t, err, name)
			require.Equal(t, acknowledged, string(receipt.Raw()), name)
			continue
		}
		require.ErrorContains(t, err, c.problem, name)
		require.GreaterOrEqual(t, failureOf(t, err).Effect, outcome.MaybeApplied, name)
	}
}

func TestLargeRepliesAreReadAFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const calls, atATime = 40, 16
		var reading atomic.Int32
		finish := make(chan struct{})
		client := over(t, roundTrip(func(*http.Request) (*http.Response, error) {
			rest := readerFunc(func([]byte) (int, error) {
				reading.Add(1)
				<-finish
				return 0, io.EOF
			})
			large := io.MultiReader(strings.NewReader(acknowledged+strings.Repeat(" ", 64<<10)), rest)
			return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: io.NopCloser(large)}, nil
		}), engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: 1, AttemptTimeout: time.Hour}), noReconciliation))
		var calling sync.WaitGroup
		for range calls {
			calling.Go(func() {
				_, err := appendMessage(t.Context(), client)
				if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		require.EqualValues(t, atATime, reading.Load())

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := appendMessage(ctx, client)
		require.ErrorIs(t, err, outcome.ErrOnTimeout)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.Applied, failureOf(t, err).Effect, "the beginning of the reply was read")

		close(finish)
		calling.Wait()
		require.EqualValues(t, calls, reading.Load())
	})
}

// readerFunc is a reader that is a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// watched is a body that records that it was closed.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

func TestEveryReplyIsClosedAndItsContextEnded(t *testing.T) {
	for _, length := range []int64{-1, int64(len(acknowledged)), math.MaxInt64} {
		body := &watched{Reader: strings.NewReader(acknowledged)}
		var attempt context.Context
		client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			attempt = r.Context()
			return &http.Response{StatusCode: http.StatusOK, Body: body, ContentLength: length}, nil
		}))
		_, err := appendTo(appendRequest, noReconciliation)(t.Context(), client)
		require.Equal(t, length == math.MaxInt64, err != nil, "length %d", length)
		require.True(t, body.closed, "length %d", length)
		require.Error(t, attempt.Err(), "length %d", length)
	}
}
