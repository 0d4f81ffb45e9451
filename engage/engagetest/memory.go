package engagetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// memoryOrigin is the origin of a server without a network. No token leaves the process
// if a test uses the URL without the transport, because the name does not exist.
const memoryOrigin = "https://engage.test"

// Transport returns a transport that passes requests to the server in memory, whatever
// the host of the URL; see [HandlerTransport]. It imitates broken connections:
// [ConnectionReset] is the error ECONNRESET, and with [ConnectionSilent] a request waits
// until its context ends. The header Connection has no effect.
func (s *Server) Transport() http.RoundTripper { return HandlerTransport(s.Handler()) }

// HandlerTransport returns a transport that passes requests to handler in memory. It uses
// no network and starts no goroutine, so it works in a testing/synctest bubble. With it
// [WithCallbackTransport] passes callbacks to a callback.Handler, and a stream.Sender
// posts events to a stream.Receiver:
//
//	sender, err := stream.NewSender("https://receiver.test/events",
//		stream.WithTransport(engagetest.HandlerTransport(receiver)))
//
// A request whose context has ended fails with the cause. If handler panics with
// http.ErrAbortHandler, the transport returns io.EOF, or a response whose body ends with
// io.ErrUnexpectedEOF, as net/http does over HTTP/1.1. Other panics reach the caller.
func HandlerTransport(handler http.Handler) http.RoundTripper { return direct{handler} }

// direct is a transport that calls a handler in the goroutine of the request.
type direct struct{ handler http.Handler }

// RoundTrip returns the response of the handler.
func (d direct) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		defer request.Body.Close()
	}
	if err := context.Cause(request.Context()); err != nil {
		return nil, err
	}
	w := &memoryWriter{header: make(http.Header)}
	aborted := d.serve(w, request)
	switch err := context.Cause(request.Context()); {
	case err != nil:
		return nil, err
	case aborted && w.reset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case aborted && w.status == 0:
		return nil, io.EOF
	}
	return w.response(request, aborted), nil
}

// serve calls the handler. It reports whether the handler aborted the request.
func (d direct) serve(w http.ResponseWriter, request *http.Request) (aborted bool) {
	defer func() {
		if problem := recover(); problem == http.ErrAbortHandler {
			aborted = true
		} else if problem != nil {
			panic(problem)
		}
	}()
	received := request.WithContext(request.Context())
	received.Header = request.Header.Clone()
	received.RequestURI = request.URL.RequestURI()
	if received.Host == "" {
		received.Host = request.URL.Host
	}
	if received.Body == nil {
		received.Body = http.NoBody
	}
	d.handler.ServeHTTP(w, received)
	return false
}

// memoryWriter keeps a response in memory.
type memoryWriter struct {
	header http.Header // The header until WriteHeader.
	sent   http.Header // The header since WriteHeader.
	status int
	body   bytes.Buffer
	reset  bool // The connection was reset.
}

// Header returns the header.
func (w *memoryWriter) Header() http.Header { return w.header }

// WriteHeader keeps the status and the header. It ignores an informational status, after
// which another one follows.
func (w *memoryWriter) WriteHeader(status int) {
	informational := status < http.StatusOK && status != http.StatusSwitchingProtocols
	if w.status == 0 && !informational {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write appends p to the body.
func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush does nothing, because the client gets the response when it is complete.
func (w *memoryWriter) Flush() {}

// response returns the response to a request. A body that is cut short ends with an
// error. Like net/http, response decompresses a body if the request did not ask for a
// compressed one.
func (w *memoryWriter) response(request *http.Request, cutShort bool) *http.Response {
	w.WriteHeader(http.StatusOK)
	length := int64(w.body.Len())
	if declared, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		length = declared
	}
	if request.Method == http.MethodHead {
		w.body.Reset()
	}
	var body io.Reader = &w.body
	if cutShort {
		body = io.MultiReader(body, failingReader{io.ErrUnexpectedEOF})
	}
	response := &http.Response{
		Status:        strconv.Itoa(w.status) + " " + http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.sent,
		ContentLength: length,
		Body:          io.NopCloser(body),
		Request:       request,
	}
	if w.sent.Get("Content-Encoding") == "gzip" && request.Header.Get("Accept-Encoding") == "" {
		response.Body = io.NopCloser(&gzipReader{compressed: body})
		response.ContentLength = -1
		response.Uncompressed = true
		w.sent.Del("Content-Encoding")
		w.sent.Del("Content-Length")
	}
	return response
}

// failingReader is a reader that always fails.
type failingReader struct{ err error }

// Read returns the error.
func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// gzipReader decompresses a body. It reads the header of the compressed data with the
// first Read, as net/http does.
type gzipReader struct {
	compressed io.Reader
	plain      io.Reader
}

// Read reads decompressed data.
func (r *gzipReader) Read(p []byte) (int, error) {
	if r.plain == nil {
		reader, err := gzip.NewReader(r.compressed)
		if err != nil {
			return 0, err
		}
		r.plain = reader
	}
	return r.plain.Read(p)
}
