// Package sent sends requests and knows of each whether it has been sent.
//
// Only the wire decides. A request is certainly not sent if the transport asked
// for a connection and got none, if the server refused its HTTP/2 stream
// (REFUSED_STREAM), if the server closed the connection and named a lower stream
// as its last (GOAWAY), or if the connection was unusable before the header was
// written. In every other case it may have arrived, and that includes a context
// that ends while a connection is in use.
//
// net/http repeats some requests by itself, and asks GetBody for the body of the
// repetition. Over HTTP/1.1 it does so if the connection was gone before anything
// was written, which is safe. Over HTTP/2 it does so after a refused stream, which
// is safe, but also after a PROTOCOL_ERROR, which is not, and an error of GetBody
// would hide which of the two it was. Without GetBody net/http returns that error.
// So a [Client] sets GetBody only while the host speaks HTTP/1.1, and repeats
// over HTTP/2 by itself what the error proves was not sent.
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

// repetitions is how often a Client repeats a request that was not sent. net/http
// has the same limit.
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

// Send sends request with body, or without a body if it is nil, and returns the
// response. It sets the Body, ContentLength and GetBody of the request that the
// transport gets, which is a copy. The caller must not change the header, the URL
// and body afterwards.
//
// If the request was certainly not sent over HTTP/2, Send repeats it up to six
// times, the first time at once, until the request's context ends. It repeats
// nothing else. After an error, w reports whether the request may have arrived. Each
// call of Send needs a new Watch.
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
		if body != nil {
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
// A server that refuses the first repetition is busy, so the others wait.
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
