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
	// callbackTimeout is how long the server waits for a callback's answer.
	callbackTimeout = 10 * time.Second
	// maxCallbackReply is how much of the answer is read.
	maxCallbackReply = 64 << 10
	// maxRecordedCallbacks is how many of the newest are kept.
	maxRecordedCallbacks = 10_000
)

// Callback is an attempt of the server to tell the outcome of a write to the
// request's callbackUrl. The server makes one attempt; it does not retry.
type Callback struct {
	TransactionID  string
	Operation      outcome.Operation
	ConversationID string
	// Success is what the write came to; Code and Description go with it.
	Success     bool
	Code        string
	Description string
	// Status is the HTTP status of the receiver's answer; 0 if none came.
	Status int
	// Err is why none came.
	Err error
}

// Callbacks returns the attempts to post a callback that have ended, in the
// order in which they did, up to the newest ten thousand. Callbacks that a
// fault lost are not among them.
func (s *Server) Callbacks() []Callback {
	s.callbacks.mu.Lock()
	defer s.callbacks.mu.Unlock()
	return slices.Clone(s.callbacks.ended)
}

// notice is a callback to be posted.
type notice struct {
	url      string
	callback Callback
	body     []byte
}

// callbackBody is the body of a callback (assumed; that it holds tid, code and
// description was observed).
type callbackBody struct {
	TID            string `json:"tid"`
	Status         string `json:"status"`
	Code           string `json:"code"`
	Description    string `json:"description"`
	ConversationID string `json:"conversationId,omitempty"`
	*resolution
}

// notice returns what to post about a write, or nil if the request names no
// place to post to.
func (c *call) notice(r result) *notice {
	if c.callbackURL == "" {
		return nil
	}
	e := r.envelope(c.tid)
	return &notice{
		url: c.callbackURL,
		callback: Callback{
			TransactionID:  c.tid,
			Operation:      c.operation(),
			ConversationID: r.conversationID,
			Success:        r.ok(),
			Code:           e.Code,
			Description:    e.Description,
		},
		body: encode(callbackBody{c.tid, e.Status, e.Code, e.Description, r.conversationID, r.resolved}),
	}
}

// callbacks posts callbacks and owns the goroutines that do.
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

// newCallbacks returns callbacks that go over transport, or over one of their
// own, and then only to loopback hosts: a test must not reach out by mistake.
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

// post posts a notice as the fault says. It returns at once, unless the callback
// is to come before the acknowledgement.
func (c *callbacks) post(n *notice, f Fault) {
	switch {
	case n == nil || f.Callback == CallbackLost:
	case f.Callback == CallbackEarly:
		c.deliver(n, f)
	case !c.take(n, f):
		c.end(n, 0, errClosed)
	}
}

// take holds a notice back until another has been posted, or starts to deliver
// it. It reports whether the server is still there to do so.
func (c *callbacks) take(n *notice, f Fault) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	if f.Callback == CallbackOvertaken {
		c.held = append(c.held, n)
	} else {
		c.running.Go(func() { c.deliver(n, f) })
	}
	return true
}

// deliver posts a notice, and then those that it was to overtake.
func (c *callbacks) deliver(n *notice, f Fault) {
	if !wait(c.ctx, f.CallbackDelay) {
		c.end(n, 0, errClosed)
		return
	}
	c.attempt(n)
	if f.Callback == CallbackDoubled {
		c.attempt(n)
	}
	for _, overtaken := range c.release() {
		c.attempt(overtaken)
	}
}

// attempt posts a notice once.
func (c *callbacks) attempt(n *notice) {
	status, err := c.request(n)
	c.end(n, status, err)
}

func (c *callbacks) request(n *notice) (int, error) {
	target, err := url.Parse(n.url)
	if err != nil || !c.anyHost && !safeurl.Loopback(target.Hostname()) {
		return 0, errors.New("engagetest: the callback's host is not a loopback one")
	}
	request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, n.url, bytes.NewReader(n.body))
	if err != nil {
		return 0, errors.New("engagetest: the callback's URL cannot be requested")
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("engagetest: callback not delivered: %w", safeerror.Exchange(err))
	}
	defer response.Body.Close()
	// Read to the end, so that the connection can serve the next one.
	_, _ = io.CopyN(io.Discard, response.Body, maxCallbackReply)
	return response.StatusCode, nil
}

// end records an attempt.
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

// release returns the notices held so far.
func (c *callbacks) release() []*notice {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := c.held
	c.held = nil
	return held
}

// errClosed is why a callback was not posted.
var errClosed = errors.New("engagetest: the server was closed before the callback was posted")

// close ends all callbacks and waits for them. The context must have ended.
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

// wait waits, and reports whether the time passed before ctx ended.
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
