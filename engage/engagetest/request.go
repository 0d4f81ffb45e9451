package engagetest

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// What is kept of requests: the newest, up to this many and this much of their
// bodies.
const (
	maxRecordedRequests = 10_000
	maxRecordedBytes    = 64 << 20
)

// redacted stands where a secret was.
const redacted = "[redacted]"

// Request is a request that the server received.
type Request struct {
	// Number counts the requests of a server, from 1. The server keeps the
	// newest ten thousand: a first one of another number tells that older ones
	// were dropped.
	Number int
	// Operation is empty for a request to a path that does not exist, and
	// [Token] for one to the token endpoint.
	Operation outcome.Operation
	Method    string
	// Path is escaped, as it was sent, with its query.
	Path string
	// Header has everything but the token.
	Header http.Header
	// Body has everything but the client's secret.
	Body []byte
	// Received is when it came, by the server's clock.
	Received time.Time
	// TransactionID is what the answer tells as tid and in the header trxid.
	TransactionID string
	// Status is the HTTP status of the answer; 0 if there is none yet or if the
	// connection was broken off instead.
	Status int
}

// requestLog keeps the newest requests. It is safe for concurrent use.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request
	received int
	bytes    int
}

// add numbers a request and keeps it.
func (l *requestLog) add(r *Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received++
	r.Number = l.received
	l.requests = append(l.requests, r)
	l.bytes += len(r.Body)
	for len(l.requests) > maxRecordedRequests || l.bytes > maxRecordedBytes {
		l.bytes -= len(l.requests[0].Body)
		l.requests[0] = nil
		l.requests = l.requests[1:]
	}
}

// answered notes the status that a request is answered with.
func (l *requestLog) answered(r *Request, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Status = status
}

// Requests returns copies of the requests received, in the order in which they
// came.
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
	return copied
}

// record returns what is kept of a request: all but its secrets.
func (c *call) record(r *http.Request) *Request {
	header := r.Header.Clone()
	if header.Get("Authorization") != "" {
		header.Set("Authorization", redacted)
	}
	body := c.content
	if c.operation() == Token {
		body = withoutSecret(body)
	}
	return &Request{
		Operation:     c.operation(),
		Method:        r.Method,
		Path:          r.URL.RequestURI(),
		Header:        header,
		Body:          body,
		Received:      c.now,
		TransactionID: c.tid,
	}
}

// withoutSecret returns a form without its client secret; a form that cannot be
// read may have it anywhere.
func withoutSecret(body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return []byte(redacted)
	}
	if form.Has("client_secret") {
		form.Set("client_secret", redacted)
	}
	return []byte(form.Encode())
}
