package engagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

const (
	// callbackTimeout limits the time of one post.
	callbackTimeout = 10 * time.Second
	// maxCallbackReply is how much of the answer to a post is read.
	maxCallbackReply = 64 << 10
	// maxRecordedCallbacks is how many of the newest callbacks are kept.
	maxRecordedCallbacks = 10_000
)

// Callback is a post to the callbackUrl of a request, with the outcome of the write.
// The server does not retry a post.
type Callback struct {
	TransactionID  string
	Operation      outcome.Operation
	ConversationID string
	// Edge is the outcome edge that the callback stands for.
	Edge outcome.Edge
	// Success, Code and Description are the outcome of the write, as posted.
	Success     bool
	Code        string
	Description string
	// Status is the HTTP status of the receiver's answer, or 0 if there was none.
	Status int
	// Err says why the receiver did not answer. It is nil if the receiver answered.
	Err error
}

// Callbacks returns the callbacks that have been posted or have failed, oldest first.
// The server keeps the newest ten thousand. Callbacks that a fault lost are not
// included.
func (s *Server) Callbacks() []Callback {
	s.callbacks.mu.Lock()
	defer s.callbacks.mu.Unlock()
	return slices.Clone(s.callbacks.ended)
}

// notice is a callback to post.
type notice struct {
	url      string
	callback Callback
	body     []byte
}

// callbackBody is the body of a callback. The names tid, code and description are
// observed; the others are assumed.
type callbackBody struct {
	TID            string `json:"tid"`
	Status         string `json:"status"`
	Code           string `json:"code"`
	Description    string `json:"description"`
	ConversationID string `json:"conversationId,omitempty"`
	*resolution
}

// notice returns the callback of a write, or nil if the request has no callback URL.
func (c *call) notice(r result) *notice {
	if c.callbackURL == "" {
		return nil
	}
	e, edge := r.envelope(c.tid), c.edge(r, r.ok())
	if r.resolved != nil {
		edge = outcome.Edge(r.resolved.Operation)
	}
	return &notice{
		url: c.callbackURL,
		callback: Callback{
			TransactionID:  c.tid,
			Operation:      c.operation(),
			ConversationID: r.conversationID,
			Edge:           edge,
			Success:        r.ok(),
			Code:           e.Code,
			Description:    e.Description,
		},
		body: encode(callbackBody{c.tid, e.Status, e.Code, e.Description, r.conversationID, r.resolved}),
	}
}

// callbacks posts callbacks. It owns the goroutines that do so.
type callbacks struct {
	client  *http.Client
	anyHost bool
	ctx     context.Context
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
	held   []*notice
	ended  []Callback
}

// newCallbacks returns callbacks that use transport. If transport is nil, they have a
// transport of their own and go to loopback hosts only. A test then cannot contact other
// hosts by mistake.
func newCallbacks(ctx context.Context, transport http.RoundTripper) *callbacks {
	c := &callbacks{ctx: ctx, anyHost: transport != nil}
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: callbackTimeout}
	}
	c.client = &http.Client{
		Transport: transport,
		Timeout:   callbackTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return c
}

// post posts a notice as the fault says. It does not wait for the answer, except
// with CallbackEarly.
func (c *callbacks) post(n *notice, f Fault) {
	switch {
	case n == nil || f.Callback == CallbackLost:
	case f.Callback == CallbackEarly:
		c.deliver(n, f)
	case !c.start(n, f):
		c.end(n, 0, errClosed)
	}
}

// start starts a goroutine that delivers a notice. With CallbackOvertaken it keeps the
// notice until the next one has been posted. It returns false if the server is closed.
func (c *callbacks) start(n *notice, f Fault) bool {
	if f.Callback != CallbackOvertaken {
		return c.run(func() { c.deliver(n, f) })
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.held = append(c.held, n)
	}
	return !c.closed
}

// run runs f in a goroutine, for which close waits. It returns false if the server is
// closed.
func (c *callbacks) run(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.running.Go(f)
	}
	return !c.closed
}

// deliver waits for the CallbackDelay, posts a notice, and then posts the notices that
// were kept until now.
func (c *callbacks) deliver(n *notice, f Fault) {
	if !wait(c.ctx, f.CallbackDelay) {
		c.end(n, 0, errClosed)
		return
	}
	c.postOnce(n)
	if f.Callback == CallbackDoubled {
		c.postOnce(n)
	}
	for _, overtaken := range c.release() {
		c.postOnce(overtaken)
	}
}

// postOnce posts a notice once and records the result.
func (c *callbacks) postOnce(n *notice) {
	status, err := c.request(n)
	c.end(n, status, err)
}

// request posts a notice. It returns the HTTP status of the answer, or why there is
// none.
func (c *callbacks) request(n *notice) (int, error) {
	target, err := url.Parse(n.url)
	if err != nil || !c.anyHost && !safeurl.Loopback(target.Hostname()) {
		return 0, errors.New("engagetest: the host of the callback URL is not a loopback address")
	}
	request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, n.url, bytes.NewReader(n.body))
	if err != nil {
		return 0, errors.New("engagetest: the callback URL is invalid")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("engagetest: callback not posted: %w", safeerror.Exchange(err))
	}
	defer response.Body.Close()
	// Read to the end, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, response.Body, maxCallbackReply)
	return response.StatusCode, nil
}

// end records a callback with its result.
func (c *callbacks) end(n *notice, status int, err error) {
	ended := n.callback
	ended.Status, ended.Err = status, err
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = append(c.ended, ended)
	if len(c.ended) > maxRecordedCallbacks {
		c.ended[0] = Callback{}
		c.ended = c.ended[1:]
	}
}

// release returns and forgets the notices that are kept.
func (c *callbacks) release() []*notice {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.held = nil
	return held
}

// errClosed is the error of callbacks that Close drops.
var errClosed = errors.New("engagetest: the server was closed before the callback was posted")

// close waits for the goroutines to end and records the notices that are still kept.
// The context must have ended.
func (c *callbacks) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.running.Wait()
	for _, n := range c.release() {
		c.end(n, 0, errClosed)
	}
	if !c.anyHost {
		c.client.CloseIdleConnections()
	}
}

// wait waits for d. It returns false if ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
