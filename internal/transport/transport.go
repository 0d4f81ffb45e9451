// Package transport sends the requests of the SDK if the user gives no transport.
//
// [New] is for clients that send many requests at a time to one host: the engine and the
// sender of package stream. [Default] is for package auth, which sends few requests and
// shares the settings of the program.
package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

const (
	// laneCalls is how many calls share a lane. The last lane has no limit.
	laneCalls = 64
	// lanes is the number of lanes.
	lanes = 16
	// idleConnections is how many idle connections a lane keeps. If there are more
	// callers than that, most calls open a connection.
	idleConnections = 512
)

// Together pingAfter and pingTimeout are shorter than the timeout of an attempt, so that
// a dead connection costs only one attempt.
const (
	// pingAfter is how long an HTTP/2 connection is silent before it gets a ping.
	pingAfter = 5 * time.Second
	// pingTimeout is how long the answer to a ping may take. Then the connection is
	// closed.
	pingTimeout = 5 * time.Second
)

// A Transport sends many requests at a time to one host.
//
// It consists of several transports of net/http, its lanes. Over HTTP/2 a lane usually
// has one connection. A server takes about a hundred requests at a time on a connection.
// With more requests than that, one transport of net/http opens and drops connections
// all the time. A lane holds only 64 calls, and a Transport fills one lane before it uses
// the next.
//
// A call leaves its lane when RoundTrip returns. Responses whose bodies are still open do
// not count. The last lane takes all calls that find no room in the others, so there is
// no limit beyond 1,024 calls at a time.
//
// net/http can also wait until a connection has room (StrictMaxConcurrentRequests). That
// was measured and is slow: 20,000 calls took 282 seconds with 256 calls at a time, and
// 12 seconds with 64 at a time.
//
// A Transport is safe for concurrent use.
type Transport struct{ lanes [lanes]lane }

// lane is a transport of net/http and the number of its calls that have not returned.
type lane struct {
	http  *http.Transport
	calls atomic.Int32
}

// New returns a transport that sets up TLS connections by config. Nil means the default
// configuration. The transport uses the proxy of the environment, as
// [http.ProxyFromEnvironment] describes.
func New(config *tls.Config) *Transport {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return newTransport(config, dialer.DialContext)
}

// newTransport is [New] with connections that dial opens.
func newTransport(config *tls.Config, dial dialFunc) *Transport {
	if config == nil {
		config = new(tls.Config)
	}
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	t := new(Transport)
	for i := range t.lanes {
		d := newDialer(config, dial)
		t.lanes[i].http = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			OnProxyConnectResponse: checkProxy,
			DialContext:            d.dial,
			DialTLSContext:         d.dialTLS,
			TLSClientConfig:        config.Clone(), // net/http changes it.
			TLSHandshakeTimeout:    dialTimeout,
			ForceAttemptHTTP2:      true,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
			MaxIdleConns:           idleConnections,
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return t
}

// IsNetHTTP shows package sent that one transport of net/http sends each request, and
// that it speaks HTTP/2 only with TLS.
func (t *Transport) IsNetHTTP() {}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	l := t.acquire(request.URL.Scheme)
	defer l.calls.Add(-1)
	return l.http.RoundTrip(request)
}

// acquire counts a call on the first lane that has room, and returns the lane. Without
// TLS there is no HTTP/2, and the last lane serves all calls.
func (t *Transport) acquire(scheme string) *lane {
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

// CloseIdleConnections closes the connections that are not in use.
func (t *Transport) CloseIdleConnections() {
	for i := range t.lanes {
		t.lanes[i].http.CloseIdleConnections()
	}
}

// Default returns a copy of [http.DefaultTransport] that pings its HTTP/2 connections and
// reports the refusal of a proxy as a [ProxyError]. The copy has connections of its own.
// What the program has set, it keeps. If [http.DefaultTransport] is not an
// [http.Transport], Default returns it as it is.
func Default() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	clone := standard.Clone()
	if clone.HTTP2 == nil {
		clone.HTTP2 = new(http.HTTP2Config)
	}
	clone.HTTP2.SendPingTimeout = cmp.Or(clone.HTTP2.SendPingTimeout, pingAfter)
	clone.HTTP2.PingTimeout = cmp.Or(clone.HTTP2.PingTimeout, pingTimeout)
	if clone.OnProxyConnectResponse == nil {
		clone.OnProxyConnectResponse = checkProxy
	}
	if clone.Protocols != nil && clone.Protocols.UnencryptedHTTP2() {
		return clone
	}
	return netHTTP{clone}
}

// netHTTP is a transport of net/http that speaks HTTP/2 only with TLS.
type netHTTP struct{ *http.Transport }

// IsNetHTTP shows package sent that one transport of net/http sends each request, and
// that it speaks HTTP/2 only with TLS.
func (netHTTP) IsNetHTTP() {}

// A ProxyError is the refusal of a proxy to connect to the host. The request was not
// sent.
type ProxyError struct {
	// Status is the status of the proxy's response.
	Status int
}

// Error returns the status and its usual name. It quotes nothing of the response.
func (e *ProxyError) Error() string {
	text := http.StatusText(e.Status)
	if text == "" {
		text = "unknown status"
	}
	return fmt.Sprintf("the proxy refused to connect: %d %s", e.Status, text)
}

// Permanent reports whether another attempt is unlikely to help. That is so after a 4xx
// other than 408 and 429.
func (e *ProxyError) Permanent() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// checkProxy returns a [ProxyError] unless the status of the response is 200.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	refusal := &ProxyError{response.StatusCode}
	return safeerror.Wrap(refusal.Error(), refusal)
}
