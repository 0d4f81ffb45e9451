// Package sent sends requests and reports whether a failed request may have reached the
// server.
//
// A request was certainly not sent in five cases:
//
//   - A transport of net/http failed before it asked for a connection.
//   - The transport asked for a connection and got none.
//   - The server refused the HTTP/2 stream (REFUSED_STREAM).
//   - The server closed the HTTP/2 connection and named an earlier stream as its last
//     (GOAWAY).
//   - The HTTP/2 connection was unusable before the header was written.
//
// In all other cases the request may have arrived. A context that ends while the request
// has a connection proves nothing.
//
// net/http repeats some requests by itself:
//
//   - Over HTTP/1.1 it repeats a request if the connection was gone before anything was
//     written, which is safe. It repeats a GET and the like after other failures, too.
//   - Over HTTP/2 it repeats a request after a refused stream or a GOAWAY, which is safe,
//     and after a PROTOCOL_ERROR, which is not. It does so up to seven times, but counts
//     anew when it opens a connection, as it must after each PROTOCOL_ERROR.
//
// A request with a body is repeated only if it has GetBody. GetBody does not know why
// net/http calls it. If GetBody returns an error, net/http returns that in place of the
// cause. Without GetBody, net/http returns the cause. So a [Client] sets GetBody only
// while the host speaks HTTP/1.1. Over HTTP/2 the Client itself repeats what was
// certainly not sent.
//
// Only the end of its context keeps net/http from repeating a request without a body.
// [Watch.Repeated] reports the repetition.
package sent

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// repetitions is how often a Client repeats a request.
const repetitions = 6

// ErrNoReply is the error of a transport that returned neither a response nor an
// error.
var ErrNoReply = safeerror.New("the transport returned neither a response nor an error")

// errMayHaveArrived keeps net/http from repeating a request that may have arrived.
var errMayHaveArrived = safeerror.New("the request may have arrived, so it is not repeated")

// A Client sends requests to one host. Only Transport needs a value. A Client is
// safe for concurrent use and must not be copied after its first use.
type Client struct {
	Transport http.RoundTripper
	// Inner is the transport below a chain of middleware, which is in Transport and ends
	// with [Below]. It is nil without middleware.
	Inner http.RoundTripper

	// http1 is set while the last reply came over HTTP/1.
	http1 atomic.Bool
}

// netHTTP is a transport that sends each request by one transport of net/http. Without
// TLS it speaks only HTTP/1.1. A wrapper may send a request again by itself, and so may
// a protocol that is registered with an [http.Transport].
type netHTTP interface{ IsNetHTTP() }

// Send sends request with body and returns the response. An empty body means none. The
// transport gets a copy of the request, for which Send sets Body, ContentLength and
// GetBody. The transport may still read the header, the URL and the body after Send has
// returned, so the caller must never change them. Each call of Send needs a new Watch.
//
// Send repeats what was certainly not sent over HTTP/2, up to six times. It repeats
// nothing else. If the request's context ends while Send waits to repeat the request,
// Send returns the error of the last sending. After an error, w reports whether the
// request may have arrived.
func (c *Client) Send(request *http.Request, body []byte, w *Watch) (*http.Response, error) {
	http1 := c.http1.Load()
	transport := c.Transport
	if c.Inner != nil {
		transport, w.wrapped = c.Inner, true
	}
	ctx := w.begin(request, transport, http1)
	w.body.Reset(body)
	reader := &w.body
	for n := 0; ; n++ {
		sending := request.WithContext(ctx)
		sending.Body, sending.GetBody, sending.ContentLength = nil, nil, int64(len(body))
		if len(body) > 0 {
			// net/http knows this kind of body and sends it in one piece with the header.
			sending.Body = io.NopCloser(reader)
			// With GetBody, net/http repeats a GET even if it may have arrived.
			if http1 && !repeatable(request) {
				sending.GetBody = func() (io.ReadCloser, error) { return w.rewind(body) }
			}
		}
		response, err := c.Transport.RoundTrip(sending)
		if err == nil && response == nil {
			err = ErrNoReply
		}
		if err == nil {
			c.http1.Store(response.ProtoMajor == 1)
			if w.wrapped {
				w.answered(response.StatusCode)
			}
			return response, nil
		}
		if !w.failed(err) || n == repetitions || !pause(ctx, n) {
			return nil, err
		}
		w.resume()
		reader = bytes.NewReader(body)
	}
}

// repeatable reports whether net/http repeats a request over HTTP/1.1 even if it
// may have arrived.
func repeatable(request *http.Request) bool {
	switch request.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return request.Header["Idempotency-Key"] != nil || request.Header["X-Idempotency-Key"] != nil
}

// pause waits before repetition n, counted from 0. It returns false if ctx has ended.
// There is no wait before the first repetition. A server that refuses the request again
// is busy.
func pause(ctx context.Context, n int) bool {
	if n == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(rand.N(10 * time.Millisecond << n))
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
