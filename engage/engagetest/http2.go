package engagetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// net/http does not let a handler refuse a single stream, or say by GOAWAY that it did not
// get a request. So a server with TLS decrypts its connections itself, and passes them to a
// second http.Server, which speaks HTTP/2 without TLS. In between a frameConn adds the
// number of its stream to each request, and changes the frame that resets a stream.

// streamHeader is the header by which a handler finds the stream of a request.
const streamHeader = "Engagetest-Stream"

// http2Server serves the HTTP/2 connections of a server with TLS.
type http2Server struct {
	http    http.Server
	conns   chan net.Conn
	closed  chan struct{}
	running sync.WaitGroup
}

// newHTTP2Server starts to serve connections with handler.
func newHTTP2Server(handler http.Handler, maxStreams int) *http2Server {
	s := &http2Server{conns: make(chan net.Conn), closed: make(chan struct{})}
	s.http.Handler = withStream(handler)
	s.http.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(withConnection(ctx, c), streamKey{}, c)
	}
	s.http.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams}
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetUnencryptedHTTP2(true)
	s.running.Go(func() { _ = s.http.Serve(passedOn{s}) })
	return s
}

// http2Stream is the stream of a request.
type http2Stream struct {
	conn *frameConn
	id   uint32
}

// streamKey is the key in the context of a connection for the connection, and in that of a
// request for its stream.
type streamKey struct{}

// withStream returns a handler that calls handler with the stream in the context.
func withStream(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _ := r.Context().Value(streamKey{}).(*frameConn)
		added := append([]string{""}, r.Header.Values(streamHeader)...) // The last one is that of the frameConn.
		id, _ := strconv.ParseUint(added[len(added)-1], 10, 31)
		r.Header.Del(streamHeader)
		if conn.gone(uint32(id)) {
			abort()
		}
		handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), streamKey{}, http2Stream{conn, uint32(id)})))
	})
}

// serve serves a connection until it is closed.
func (s *http2Server) serve(conn *tls.Conn) {
	c := &frameConn{Conn: conn, changes: make(map[uint32]change), done: make(chan struct{}), last: math.MaxUint32}
	select {
	case s.conns <- c:
		<-c.done
	case <-s.closed:
	}
}

// close closes all connections.
func (s *http2Server) close() {
	_ = s.http.Close()
	s.running.Wait()
}

// passedOn is the listener of the connections that are passed on to an http2Server.
type passedOn struct{ *http2Server }

// Accept waits for the next connection.
func (l passedOn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l passedOn) Close() error {
	close(l.closed)
	return nil
}

// Addr returns an address that nobody uses.
func (l passedOn) Addr() net.Addr { return new(net.TCPAddr) }

// The parts of HTTP/2 (RFC 9113) that a frameConn knows.
const (
	preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

	frameHead         = 9
	maxFrame          = 1 << 20 // The largest payload that net/http accepts.
	headersFrame      = 1
	resetFrame        = 3
	goAwayFrame       = 7
	continuationFrame = 9

	endOfHeaders = 0x4
	padded       = 0x8

	noError       = 0
	refusedStream = 7
)

// errLargeFrame is the error for a frame that net/http does not accept.
var errLargeFrame = errors.New("engagetest: an HTTP/2 frame is too large")

// change is what becomes of the frame that resets a stream.
type change string

const (
	refuse change = "REFUSED_STREAM"
	goAway change = "GOAWAY"
)

// frameConn is an HTTP/2 connection of which the frames are read and changed.
type frameConn struct {
	net.Conn
	in  bytes.Buffer // What has been read and not yet passed on.
	out bytes.Buffer // The part of a frame that has been written so far.

	begun bool // The preface has been read.
	once  sync.Once
	done  chan struct{} // Closed with the connection.

	mu      sync.Mutex
	changes map[uint32]change // By stream.
	newest  uint32            // The newest stream that has been read.
	last    uint32            // The last stream that the server gets. A GOAWAY lowers it.
}

// Close closes the connection.
func (c *frameConn) Close() error {
	c.once.Do(func() { close(c.done) })
	return c.Conn.Close()
}

// Read reads what the client sends. It reads whole frames, and adds the number of the
// stream to the headers of a request.
func (c *frameConn) Read(p []byte) (int, error) {
	if c.in.Len() == 0 {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	return c.in.Read(p)
}

// fill reads the preface or the next frame.
func (c *frameConn) fill() error {
	if !c.begun {
		c.begun = true
		_, err := io.CopyN(&c.in, c.Conn, int64(len(preface)))
		return err
	}
	var head [frameHead]byte
	if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
		return err
	}
	length := frameLength(head[:])
	if length > maxFrame {
		return errLargeFrame
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.Conn, payload); err != nil {
		return err
	}
	kind, flags := head[3], head[4]
	if kind == headersFrame {
		c.opened(streamOf(head[:]))
	}
	if (kind == headersFrame || kind == continuationFrame) && flags&endOfHeaders != 0 {
		end := len(payload)
		if kind == headersFrame && flags&padded != 0 && end > 0 {
			end = max(1, end-int(payload[0]))
		}
		payload = bytes.Join([][]byte{payload[:end], streamField(streamOf(head[:])), payload[end:]}, nil)
	}
	c.in.Write(encodeFrame(kind, flags, streamOf(head[:]), payload))
	return nil
}

// Write sends what the server writes, frame by frame.
func (c *frameConn) Write(p []byte) (int, error) {
	c.out.Write(p)
	var frames []byte
	for c.out.Len() >= frameHead {
		length := frameHead + frameLength(c.out.Bytes())
		if c.out.Len() < length {
			break
		}
		frames = append(frames, c.changed(c.out.Next(length))...)
	}
	if len(frames) == 0 {
		return len(p), nil
	}
	if _, err := c.Conn.Write(frames); err != nil {
		return 0, err
	}
	return len(p), nil
}

// opened notes that the client sends the request of a stream.
func (c *frameConn) opened(stream uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest = max(c.newest, stream)
}

// gone reports whether a GOAWAY has said that the server does not get a stream. The client
// sends its request again on another connection.
func (c *frameConn) gone(stream uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stream > c.last
}

// changed returns what to send instead of frame.
func (c *frameConn) changed(frame []byte) []byte {
	if frame[3] != resetFrame {
		return frame
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	stream := streamOf(frame)
	what := c.changes[stream]
	delete(c.changes, stream)
	refused := encodeFrame(resetFrame, 0, stream, binary.BigEndian.AppendUint32(nil, refusedStream))
	switch what {
	case refuse:
		return refused
	case goAway:
		newest := min(c.newest, c.last)
		if stream == newest {
			c.last = max(stream, 2) - 2 // The client's stream before.
			return goAwayAfter(c.last)
		}
		// The server got later requests. A GOAWAY that leaves out this one leaves out those too.
		c.last = newest
		return append(goAwayAfter(c.last), refused...)
	}
	return frame
}

// goAwayAfter returns the frame that says that the server gets no stream after last.
func goAwayAfter(last uint32) []byte {
	payload := binary.BigEndian.AppendUint32(nil, last)
	return encodeFrame(goAwayFrame, 0, 0, binary.BigEndian.AppendUint32(payload, noError))
}

// frameLength returns the length of the payload of a frame that begins with head.
func frameLength(head []byte) int { return int(head[0])<<16 | int(head[1])<<8 | int(head[2]) }

// streamOf returns the stream of a frame that begins with head.
func streamOf(head []byte) uint32 { return binary.BigEndian.Uint32(head[5:]) & (1<<31 - 1) }

func encodeFrame(kind, flags byte, stream uint32, payload []byte) []byte {
	length := len(payload)
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// streamField returns the compressed header streamHeader. It is a literal, which does not
// change the compression of other headers (RFC 7541, section 6.2.2).
func streamField(stream uint32) []byte {
	const name = "engagetest-stream" // HTTP/2 has names in lower case.
	value := strconv.FormatUint(uint64(stream), 10)
	field := append([]byte{0, byte(len(name))}, name...)
	return append(append(field, byte(len(value))), value...)
}

// reject aborts a request as a server does that did not get it. On a connection that is no
// frameConn it only aborts the request.
func reject(ctx context.Context, how change) {
	if s, ok := ctx.Value(streamKey{}).(http2Stream); ok {
		s.conn.mu.Lock()
		s.conn.changes[s.id] = how
		s.conn.mu.Unlock()
	}
	abort()
}
