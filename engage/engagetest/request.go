package engagetest

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// The server keeps the newest requests, up to this number and this size of all texts
// together.
const (
	maxRecordedRequests = 10_000
	maxRecordedBytes    = 64 << 20
)

// redacted replaces a secret in a recorded request.
const redacted = "[redacted]"

// Request is a request that the server received.
type Request struct {
	// Number counts the requests of a server from 1. The server keeps the newest
	// ten thousand requests, and fewer if they are large. If the first
	// Number is not 1, older requests have been dropped.
	Number int
	// Operation is the operation of the request. It is [Token] for a request for a
	// token, and empty if no operation has the path and the method.
	Operation outcome.Operation
	Method    string
	// Path is the path with the query, escaped as it was sent. The query of a request for
	// a token is redacted, and so is one that has a client secret or is malformed.
	Path string
	// Header is the header of the request. The token is redacted.
	Header http.Header
	// Body is the body of the request. The client's secret is redacted. The fields of a
	// form with a secret are in order of their names.
	Body []byte
	// Received is the time of arrival by the server's clock.
	Received time.Time
	// TransactionID is the tid of the reply. The reply also has it in the header
	// trxid.
	TransactionID string
	// Status is the HTTP status of the reply. It is 0 if there is no reply yet, or if
	// the connection was broken instead.
	Status int
	// Edge is the outcome edge on which a node ends that gets the reply. It is empty if
	// there is none: for a token, an unknown path, a broken connection, or a reply whose
	// body a fault has replaced. The request does not contain the version of the node.
	Edge outcome.Edge
	// Effect is [outcome.Applied] if the server applied the write, whatever its reply says.
	// It is [outcome.MaybeApplied] while the write waits to be applied after its
	// acknowledgement, and otherwise [outcome.Refused], also if the server was closed first.
	// It is zero if the request is no write.
	Effect outcome.Effect
	// Reply is the body of the reply. The token is redacted. It is the whole body even if
	// [ConnectionCutShort] cuts it short, and does not have the padding of [Oversized].
	Reply []byte
	// Refusal says why the server did not understand the request, such as a member that
	// it does not know. It is empty if the server understood the request, even if the
	// state of a conversation or a fault forbade it.
	Refusal string
}

// requestLog keeps the newest requests. It is safe for concurrent use.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request
	received int
	refusals int // How many requests were refused, dropped ones too.
	bytes    int
	watchers map[*watcher[int]]bool
}

// add numbers a request and keeps it.
func (l *requestLog) add(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received++
	r.Number = l.received
	l.requests = append(l.requests, r)
	l.bytes += r.size()
	l.drop()
	l.changed(r)
}

// answered records the reply to a request.
func (l *requestLog) answered(r *Request, sent reply, f Fault) {
	body := sent.body
	if r.Operation == Token && len(body) > 0 {
		body = []byte(redacted)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status, r.Reply = sent.status, body
	if !f.garbles() {
		r.Edge = sent.edge
	}
	if l.kept(r.Number) != nil {
		l.bytes += len(body)
		l.drop()
	}
	l.changed(r)
}

// has records the effect of a write. A write that was applied once stays so.
func (l *requestLog) has(r *Request, effect outcome.Effect) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Effect != outcome.Applied {
		r.Effect = effect
		l.changed(r)
	}
}

// drop drops the oldest requests if there are too many.
func (l *requestLog) drop() {
	for len(l.requests) > maxRecordedRequests || l.bytes > maxRecordedBytes {
		l.bytes -= l.requests[0].size()
		l.requests[0] = nil
		l.requests = l.requests[1:]
	}
}

// size returns the size of the texts of the request and its reply.
func (r *Request) size() int {
	size := len(r.Path) + len(r.Body) + len(r.Reply)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	return size
}

// refused records why the server does not understand a request.
func (l *requestLog) refused(r *Request, refusal string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Refusal = refusal
	l.refusals++
	l.changed(r)
}

// Requests returns copies of the requests that the server received, in the order of
// their arrival. [Request.Number] says how many the server keeps.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	all := make([]Request, len(s.log.requests))
	for i, r := range s.log.requests {
		all[i] = r.clone()
	}
	return all
}

func (r *Request) clone() Request {
	copied := *r
	copied.Header = r.Header.Clone()
	copied.Body = slices.Clone(r.Body)
	copied.Reply = slices.Clone(r.Reply)
	return copied
}

// record returns the request in the form that the server keeps, without secrets.
func (c *call) record(r *http.Request) *Request {
	header := r.Header.Clone()
	if len(header.Values("Authorization")) > 0 {
		header.Set("Authorization", redacted)
	}
	body := c.content
	if c.operation() == Token || c.mediaType() == formType {
		body = c.withoutSecret() // A form belongs to a request for a token, even if the path is wrong.
	}
	var effect outcome.Effect
	if c.route != nil && c.route.write {
		effect = outcome.Refused // Until it is applied.
	}
	return &Request{
		Effect:        effect,
		Operation:     c.operation(),
		Method:        r.Method,
		Path:          c.pathWithoutSecret(r.URL),
		Header:        header,
		Body:          body,
		Received:      c.now,
		TransactionID: c.tid,
	}
}

// pathWithoutSecret returns the path and the query of a request. It redacts the whole
// query of a request for a token, because none is expected there, and a query that has a
// client secret or is malformed.
func (c *call) pathWithoutSecret(u *url.URL) string {
	query, err := url.ParseQuery(u.RawQuery)
	if c.operation() == Token && u.RawQuery != "" || query.Has("client_secret") || err != nil {
		return u.EscapedPath() + "?" + redacted
	}
	return u.RequestURI()
}

// withoutSecret returns a body that should be a form, without the client secret. It
// redacts the whole body if that is not a well-formed form.
func (c *call) withoutSecret() []byte {
	form, err := url.ParseQuery(string(c.content))
	switch {
	case err != nil || c.mediaType() != formType:
		return []byte(redacted)
	case !form.Has("client_secret"):
		return c.content
	}
	form.Set("client_secret", redacted)
	return []byte(form.Encode())
}
