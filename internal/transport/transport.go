// Package transport sends the requests of the SDK where its users give no transport of
// their own.
package transport

import (
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
	// laneCalls is how many calls share a lane, and lanes the number of lanes. The
	// last lane takes all calls that find no room in the others.
	laneCalls, lanes = 64, 16
	// idleConnections is how many idle connections a lane keeps. With fewer than
	// there are callers, most calls would open a connection.
	idleConnections = 512
)

// A connection over HTTP/2 that has been silent for pingAfter gets a ping, and is
// closed if the answer takes longer than pingTimeout. Together they are shorter than
// the time of one attempt, so that a dead connection costs no more than that.
const pingAfter, pingTimeout = 5 * time.Second, 5 * time.Second

// A Transport sends many requests at a time to one host.
//
// It has several transports of net/http, its lanes, and fills one before it uses the
// next. Over HTTP/2 a lane is one connection. A server takes about a hundred requests at
// a time on a connection. With more requests than that, one transport of net/http opens
// connections and drops them again all the time. A lane holds fewer requests than servers
// take, so it does not. net/http can also wait until a connection has room
// (StrictMaxConcurrentRequests). That was tried: 20,000 calls of 256 callers took 282
// seconds, and those of 64 callers 12 seconds.
//
// A Transport is safe for concurrent use.
type Transport struct{ lanes [lanes]lane }

// lane is a transport of net/http, and the number of requests that wait for a
// response on it.
type lane struct {
	http  *http.Transport
	calls atomic.Int32
}

// New returns a transport whose TLS connections are set up by config. Nil means the
// default configuration. The transport uses a proxy if the environment names one, as
// [http.ProxyFromEnvironment] describes.
func New(config *tls.Config) *Transport {
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	return newTransport(config, dialer.DialContext)
}

// newTransport is New with connections that are opened by dial.
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
			HTTP2:                  pings(),
			MaxIdleConns:           idleConnections,
			MaxIdleConnsPerHost:    idleConnections,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return t
}

// pings returns the configuration of HTTP/2 with pings.
func pings() *http.HTTP2Config {
	return &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout}
}

// IsNetHTTP shows package sent that one transport of net/http sends each request.
func (t *Transport) IsNetHTTP() {}

// RoundTrip implements [http.RoundTripper].
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	l := t.enter(request.URL.Scheme)
	defer l.calls.Add(-1)
	return l.http.RoundTrip(request)
}

// enter takes a place on the first lane that has one. Without TLS there is no HTTP/2,
// and the last lane serves all requests.
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

// CloseIdleConnections closes the connections that are not in use.
func (t *Transport) CloseIdleConnections() {
	for i := range t.lanes {
		t.lanes[i].http.CloseIdleConnections()
	}
}

// Default returns a copy of [http.DefaultTransport] that pings its HTTP/2 connections
// and shares none with others. If a program has put a transport of another type there,
// Default returns that one.
func Default() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	clone := standard.Clone()
	clone.HTTP2 = pings()
	if clone.OnProxyConnectResponse == nil {
		clone.OnProxyConnectResponse = checkProxy
	}
	return single{clone}
}

// single is a transport of net/http alone.
type single struct{ *http.Transport }

// IsNetHTTP shows package sent that one transport of net/http sends each request.
func (single) IsNetHTTP() {}

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

// Permanent reports whether the proxy will refuse the next attempt, too: after a 4xx
// other than 408 and 429.
func (e *ProxyError) Permanent() bool {
	return e.Status/100 == 4 && e.Status != http.StatusRequestTimeout && e.Status != http.StatusTooManyRequests
}

// checkProxy returns the refusal of a proxy as a [ProxyError].
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	refusal := &ProxyError{response.StatusCode}
	return safeerror.Wrap(refusal.Error(), refusal)
}
