package http2test

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// The parts of the protocol that the relay knows.
const (
	preface      = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	headersFrame = 1
	resetFrame   = 3
	goAwayFrame  = 7
)

// streamHeader is the request header by which the handler finds the stream. The
// relay adds it.
const streamHeader = "X-Http2test-Stream"

// A Stream is one request. [Config.Decide] calls its methods to choose what becomes of
// the request. If it calls none, the handler answers the request.
type Stream struct {
	// Connection is the number of the connection, counted from 1.
	Connection int
	// Number is the number of the request on its connection, counted from 1.
	Number int
	// ID is the number of the stream: 1, 3, 5 and so on.
	ID uint32

	conn *connection
	// handled is set if the handler gets the request.
	handled bool
	// reset is set if the stream is reset. A stream that is neither handled nor reset
	// gets no answer.
	reset bool
	// code is the error code of the reset.
	code uint32
}

// Refuse resets the stream with REFUSED_STREAM. The handler does not get the request.
func (s *Stream) Refuse() {
	s.handled, s.reset, s.code = false, true, RefusedStream
}

// Reset resets the stream with an error code after the handler has handled the
// request.
func (s *Stream) Reset(code uint32) { s.reset, s.code = true, code }

// GoAway sends a GOAWAY frame with an error code. The server answers the streams up to
// last. The handler does not get the requests of later streams, and they get no answer.
func (s *Stream) GoAway(last, code uint32) {
	s.conn.last.Store(last)
	<-s.conn.greeted
	s.conn.send(goAwayFrame, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code))
}

// Silence keeps the connection open. The server answers nothing on it any more.
func (s *Stream) Silence() { s.conn.silent.Store(true) }

// Close closes the connection. The server answers nothing on it any more.
func (s *Stream) Close() {
	<-s.conn.greeted
	s.conn.silent.Store(true)
	_ = s.conn.client.CloseWrite()
}

// connection is one relayed connection.
type connection struct {
	client  *tls.Conn
	backend net.Conn

	// greeted is closed when the server has sent its first frame, its settings.
	greeted chan struct{}
	writing sync.Mutex // held while a frame is written to client
	silent  atomic.Bool
	// last is the last stream that is answered.
	last atomic.Uint32
	// decided holds the streams by number.
	decided sync.Map
}

// frame is an HTTP/2 frame.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// relay serves one connection of a client.
func (s *Server) relay(client *tls.Conn) {
	backend, accepted := net.Pipe()
	defer backend.Close()
	select {
	case s.relayed.conns <- accepted:
	case <-s.relayed.closed:
		return
	}
	s.opened.Store(client, nil)
	defer s.opened.Delete(client)
	c := &connection{client: client, backend: backend, greeted: make(chan struct{})}
	c.last.Store(1<<31 - 1)
	number := int(s.Connections.Add(1))
	var replying sync.WaitGroup
	defer replying.Wait()
	replying.Go(func() {
		defer client.Close()
		c.replies()
	})
	defer backend.Close()
	s.requests(c, number)
}

// requests passes on what the client sends.
func (s *Server) requests(c *connection, number int) {
	if _, err := io.CopyN(c.backend, c.client, int64(len(preface))); err != nil {
		return
	}
	for count := 0; ; {
		f, err := readFrame(c.client)
		if err != nil {
			return
		}
		if f.kind == headersFrame {
			count++
			s.Requests.Add(1)
			key := fmt.Sprintf("%d-%d", number, f.stream)
			stream := &Stream{Connection: number, Number: count, ID: f.stream, conn: c, handled: true}
			if s.config.Decide != nil {
				s.config.Decide(stream)
			}
			if f.stream > c.last.Load() {
				stream.handled, stream.reset = false, false
			}
			s.streams.Store(key, stream)
			c.decided.Store(f.stream, stream)
			f.payload = appendHeader(f.payload, key)
		}
		if c.silent.Load() {
			continue
		}
		if _, err := c.backend.Write(f.bytes()); err != nil {
			return
		}
	}
}

// replies passes on what the backend sends.
func (c *connection) replies() {
	greet := sync.OnceFunc(func() { close(c.greeted) })
	defer greet()
	for {
		f, err := readFrame(c.backend)
		if err != nil {
			return
		}
		if found, ok := c.decided.Load(f.stream); ok && f.kind == resetFrame {
			stream := found.(*Stream)
			switch {
			case stream.reset:
				binary.BigEndian.PutUint32(f.payload, stream.code)
			case !stream.handled:
				continue
			case binary.BigEndian.Uint32(f.payload) == ProtocolError:
				// The stream is beyond the limit, and the client has acknowledged the
				// limit. net/http then resets the stream with PROTOCOL_ERROR.
				binary.BigEndian.PutUint32(f.payload, RefusedStream)
			}
		}
		if c.silent.Load() {
			continue
		}
		if c.write(f) != nil {
			return
		}
		greet()
	}
}

// send sends a frame of the connection as a whole.
func (c *connection) send(kind, flags byte, payload []byte) {
	_ = c.write(frame{kind: kind, flags: flags, payload: payload})
}

// write writes a frame to the client.
func (c *connection) write(f frame) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.client.Write(f.bytes())
	return err
}

// readFrame reads one frame.
func readFrame(from io.Reader) (frame, error) {
	var head [9]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return frame{}, err
	}
	f := frame{kind: head[3], flags: head[4], stream: binary.BigEndian.Uint32(head[5:])}
	f.payload = make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
	_, err := io.ReadFull(from, f.payload)
	return f, err
}

// bytes returns the frame as it is on the wire.
func (f frame) bytes() []byte {
	length := len(f.payload)
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), f.kind, f.flags}
	return append(binary.BigEndian.AppendUint32(head, f.stream), f.payload...)
}

// appendHeader appends the header of streamHeader to compressed headers, as a literal
// that does not change the compression of others. HTTP/2 has names in lower case.
func appendHeader(block []byte, value string) []byte {
	const name = "x-http2test-stream"
	block = append(block, 0, byte(len(name)))
	block = append(block, name...)
	block = append(block, byte(len(value)))
	return append(block, value...)
}
