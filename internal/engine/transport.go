package engine

import (
	"crypto/tls"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// idleConnections is how many connections of a lane may wait for their next
	// call. With fewer than there are callers, most calls would open a connection
	// of their own.
	idleConnections = 512
	// laneCalls is how many calls share a lane, and lanes how many of them there
	// are. The last one takes all the calls that find no room in the others.
	laneCalls, lanes = 64, 16
)

// Transport sends many calls at a time to one host.
//
// It does so over several transports of net/http, its lanes, each of which is
// filled before the next is used. Over HTTP/2 a lane is one connection. Servers
// allow a hundred calls or more on one; when it is full, net/http forgets it for
// new calls and opens another, which it then drops if by that time there is room
// again on the first, and so on for as long as there are too many calls. A lane
// has room to spare, for the replies that are still being read.
type Transport struct{ lanes [lanes]lane }

// lane is a transport of net/http and how many calls wait for a reply on it.
type lane struct {
	http  *http.Transport
	calls atomic.Int32
}

// NewTransport returns a transport whose connections over TLS are set up by
// config.
func NewTransport(config *tls.Config) *Transport {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	t := new(Transport)
	for i := range t.lanes {
		dialing := newDialing(config)
		t.lanes[i].http = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialing.dial,
			DialTLSContext:         dialing.dialTLS,
			TLSClientConfig:        config.Clone(), // net/http changes it.
			TLSHandshakeTimeout:    10 * time.Second,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           idleConnections,
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return t
}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	l := t.enter(request.URL.Scheme)
	defer l.calls.Add(-1)
	return l.http.RoundTrip(request)
}

// enter takes a place on the first lane that has one. Without TLS there is no
// HTTP/2, and the last lane, which always has one, serves all calls.
func (t *Transport) enter(scheme string) *lane {
	last := &t.lanes[lanes-1]
	if scheme == "https" {
		for i := range t.lanes[:lanes-1] {
			l := &t.lanes[i]
			if l.calls.Add(1) <= laneCalls {
				return l
			}
			l.calls.Add(-1)
		}
	}
	last.calls.Add(1)
	return last
}

// CloseIdleConnections closes the connections that wait for their next call.
func (t *Transport) CloseIdleConnections() {
	for i := range t.lanes {
		t.lanes[i].http.CloseIdleConnections()
	}
}
