package engage_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/stretchr/testify/require"
)

// newCallbacks returns a handler of callbacks, and starts a server for it.
func newCallbacks(t *testing.T, options ...callback.Option) *callback.Handler {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	handler, err := callback.New(server.URL+"/engage/callbacks/", options...)
	require.NoError(t, err)
	mux.Handle("/engage/callbacks/", handler)
	return handler
}

// table is a table of pending writes that a test can inspect.
type table struct {
	callback.Pending
	mutex sync.Mutex
	ids   map[string]bool
}

func newTable() *table { return &table{Pending: callback.NewPending(), ids: map[string]bool{}} }

func (p *table) Expect(ctx context.Context, id string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.ids[id] = true
	return p.Pending.Expect(ctx, id)
}

func (p *table) Forget(ctx context.Context, id string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.ids, id)
	p.Pending.Forget(ctx, id)
}

// report delivers a report to every write in the table.
func (p *table) report(report callback.Report) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for id := range p.ids {
		_, _ = p.Deliver(context.Background(), id, report)
	}
}

func (p *table) size() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.ids)
}

// failingTable is a table whose methods return errors.
type failingTable struct {
	callback.Pending
	expect, next error
}

func (f failingTable) Expect(ctx context.Context, id string) error {
	return errors.Join(f.expect, f.Pending.Expect(ctx, id))
}

func (f failingTable) Next(ctx context.Context, id string) (callback.Report, error) {
	if f.next != nil {
		return callback.Report{}, f.next
	}
	return f.Pending.Next(ctx, id)
}

// post posts body to target and returns the status of the response.
func post(t *testing.T, target, body string) int {
	t.Helper()
	response, err := http.Post(target, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NotContains(t, string(content), path.Base(target))
	return response.StatusCode
}

// callbackURL returns the callback URL of a request that a stub received.
func callbackURL(t *testing.T, r recorded) string {
	t.Helper()
	if r.query != "" {
		query, err := url.ParseQuery(r.query)
		require.NoError(t, err)
		return query.Get("callbackUrl")
	}
	var body struct {
		CallbackURL string `json:"callbackUrl"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.body), &body))
	return body.CallbackURL
}

// callbackServer starts an Engage in memory that holds one conversation. It returns a
// client of it with callbacks, its table of pending writes and the id.
func callbackServer(t *testing.T, options ...engage.CallOption) (*engagetest.Server, *engage.Client, *table, string) {
	t.Helper()
	pending := newTable()
	server, client, id := engageServer(t, engage.WithCallOptions(options...), engage.WithCallOptions(quick),
		engage.WithCallbacks(newCallbacks(t, callback.WithPending(pending))))
	return server, client, pending, id
}

const reportedSuccess = `{"tid":"T-1","status":"success"}`

// oneWrite makes a write that is not waited for, and returns its callback URL.
func oneWrite(t *testing.T, handler *callback.Handler) (string, *engage.Receipt) {
	t.Helper()
	return oneWriteAfter(t, 0, handler)
}

// oneWriteAfter makes a write that is not waited for, and returns its callback URL. Some
// replies are lost, and that to the next attempt acknowledges transaction T-1.
func oneWriteAfter(t *testing.T, lost int, handler *callback.Handler) (string, *engage.Receipt) {
	t.Helper()
	server := newStub(t, nil)
	server.answer = func(w http.ResponseWriter, r *http.Request) {
		if len(server.seen()) <= lost {
			hangUp(w, r)
			return
		}
		reply(202, acknowledged)(w, r)
	}
	client := server.client(t, engage.WithCallbacks(handler),
		engage.WithCallOptions(engage.WithWaitForOutcome(false), engage.WithRetry(engage.Retry{Attempts: lost + 1})))
	receipt, err := client.CloseConversation(t.Context(), closeRequest)
	require.NoError(t, err)
	require.Len(t, receipt.Attempts, lost+1)
	return callbackURL(t, server.seen()[0]), receipt
}

// impatient is a table that calls leave after it has returned a report with an unknown
// status.
type impatient struct {
	callback.Pending
	leave context.CancelFunc
	taken atomic.Bool
}

func (p *impatient) Next(ctx context.Context, id string) (callback.Report, error) {
	if p.taken.Load() {
		p.leave()
	}
	report, err := p.Pending.Next(ctx, id)
	if err == nil && report.Status != callback.Success && report.Status != callback.Failure {
		p.taken.Store(true)
	}
	return report, err
}
