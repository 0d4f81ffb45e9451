// Package sent sends requests and knows of each whether it has been sent.
//
// Only the wire decides. A request was certainly not sent in four cases:
//
//   - The transport asked for a connection and got none.
//   - The server refused the HTTP/2 stream (REFUSED_STREAM).
//   - The server closed the HTTP/2 connection and named an earlier stream as its last
//     (GOAWAY).
//   - The HTTP/2 connection was unusable before the header was written.
//
// In all other cases the request may have arrived. A context that ends while the request
// has a connection proves nothing.
//
// net/http repeats some requests by itself, and calls GetBody for the body. Over HTTP/1.1
// it does so if the connection was gone before anything was written, which is safe. Over
// HTTP/2 it does so after a refused stream, which is safe, and after a PROTOCOL_ERROR,
// which is not. GetBody does not know which it was, and if it returns an error, net/http
// returns that in place of the cause. Without GetBody, net/http returns the cause. So a
// [Client] sets GetBody only while the host speaks HTTP/1.1. Over HTTP/2 the Client itself
// repeats what was certainly not sent.
package sent

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// repetitions is how often a Client repeats a request. net/http has the same limit.
const repetitions = 6

// ErrNoReply is the error of a transport that returned neither a response nor an
// error.
var ErrNoReply = safeerror.New("the transport returned neither a response nor an error")

// errRepeated keeps net/http from repeating a request that may have arrived.
var errRepeated = safeerror.New("the connection was lost after the request had been sent")

// A Client sends requests to one host. Only Transport needs a value. A Client is
// safe for concurrent use and must not be copied after its first use.
type Client struct {
	Transport http.RoundTripper

	// http1 is set while the last reply came over HTTP/1.
	http1 atomic.Bool
}

// netHTTP is a transport that sends each request by one transport of net/http.
// A wrapper may send a request again by itself, and so may a protocol that is
// registered with an [http.Transport].
type netHTTP interface{ IsNetHTTP() }

// Send sends request with body and returns the response. An empty body means none. The
// transport gets a copy of the request, for which Send sets Body, ContentLength and
// GetBody. The caller must not change the request's header, its URL and body afterwards.
// Each call of Send needs a new Watch.
//
// Send repeats what was certainly not sent over HTTP/2, up to six times and until the
// request's context ends. It repeats nothing else. After an error, w reports whether the
// request may have arrived.
func (c *Client) Send(request *http.Request, body []byte, w *Watch) (*http.Response, error) {
	w.Context = request.Context()
	_, plain := c.Transport.(netHTTP)
	http1 := c.http1.Load()
	w.exact = plain && !repeatable(request)
	w.trace.GetConn = w.getConn
	w.trace.GotConn = w.gotConn
	if !http1 {
		w.trace.WroteHeaders = w.wroteHeaders
	}
	ctx := httptrace.WithClientTrace(w, &w.trace)
	w.body.Reset(body)
	reader := &w.body
	for n := 0; ; n++ {
		sending := request.WithContext(ctx)
		if len(body) > 0 {
			// net/http knows this kind of body and sends it in one piece with the header.
			sending.Body = io.NopCloser(reader)
			sending.ContentLength = int64(len(body))
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
			c.learn(response)
			return response, nil
		}
		if !w.failed(err) || n == repetitions || !pause(ctx, n) {
			return nil, err
		}
		reader = bytes.NewReader(body)
	}
}

// learn notes which protocol the host speaks.
func (c *Client) learn(response *http.Response) {
	if http1 := response.ProtoMajor == 1; http1 != c.http1.Load() {
		c.http1.Store(http1)
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

// pause waits before repetition n, counted from 0, and reports whether ctx lasted.
// The first repetition does not wait. A server that refuses it is busy.
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
