package engage_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// compressed answers with body, compressed although nobody asked for it.
func compressed(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		_, _ = io.WriteString(packed, body)
	}
}

func TestAReplyCompressedUnaskedIsDecompressedWithinTheLimit(t *testing.T) {
	plain := &http.Transport{DisableCompression: true}
	t.Cleanup(plain.CloseIdleConnections)
	server := newStub(t, compressed(found("active")))
	result, err := searchConversation(t.Context(), server.client(t, engage.WithTransport(plain)))
	require.NoError(t, err)
	require.Equal(t, outcome.ConversationActive, result)
	require.Empty(t, server.seen()[0].header.Get("Accept-Encoding"))

	server = newStub(t, compressed(`{"status":"success","value":"`+strings.Repeat(" ", 1<<20)+`"}`))
	_, err = searchConversation(t.Context(), server.client(t, engage.WithTransport(plain), engage.WithReplyLimit(1<<10)))
	require.ErrorContains(t, err, "larger than the limit")
	require.Len(t, failureOf(t, err).Attempts, 1)
}

// endless is the body of a reply without an end. It counts how many such bodies
// have been read beyond the part that every reply may take.
type endless struct {
	read  int
	large *gauge
}

// gauge is a number and the largest that it has been.
type gauge struct {
	mutex     sync.Mutex
	now, most int
}

func (g *gauge) add(n int) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.now += n
	g.most = max(g.most, g.now)
}

func (e *endless) Read(p []byte) (int, error) {
	before := e.read
	clear(p)
	e.read += len(p)
	if before <= 64<<10 && e.read > 64<<10 {
		e.large.add(1)
	}
	return len(p), nil
}

func (e *endless) Close() error {
	if e.read > 64<<10 {
		e.large.add(-1)
	}
	return nil
}

func TestManyEndlessRepliesAreReadAFewAtATime(t *testing.T) {
	const callers = 64
	large := new(gauge)
	client, err := engage.New(engage.US, auth.Static(token), engage.WithReplyLimit(128<<10), engage.WithTransport(
		roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: &endless{large: large}, Request: r}, nil
		})))
	require.NoError(t, err)
	var calling sync.WaitGroup
	for range callers {
		calling.Go(func() {
			_, err := client.SearchConversation(context.Background(), engage.SearchConversationV13{Address: smsAddress})
			if failure := failureOf(t, err); failure.Err.Error() != "the reply is larger than the limit" {
				t.Error(err)
			}
		})
	}
	calling.Wait()
	require.Positive(t, large.most)
	require.LessOrEqual(t, large.most, 16)
}
