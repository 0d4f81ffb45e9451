package engagetest

import (
	"net/http"
	"time"
)

// Option sets up a [Server].
type Option func(*settings)

// settings are what options change.
type settings struct {
	clock             func() time.Time
	clientID          string
	clientSecret      string
	tokenLifetime     time.Duration
	tls               bool
	ignoreRepeats     bool
	callbackTransport http.RoundTripper
}

// WithClock makes the server tell the time by now, which is called from many
// goroutines. Tokens expire by it and conversations are dated by it; delays pass
// in real time. Nil means time.Now.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if now != nil {
			s.clock = now
		}
	}
}

// WithCredentials sets the client id and secret that are worth a token.
func WithCredentials(clientID, clientSecret string) Option {
	return func(s *settings) { s.clientID, s.clientSecret = clientID, clientSecret }
}

// WithTokenLifetime sets how long tokens are valid, in whole seconds; fractions
// are cut off. The default is an hour, as documented.
func WithTokenLifetime(lifetime time.Duration) Option {
	return func(s *settings) { s.tokenLifetime = lifetime.Truncate(time.Second) }
}

// WithTLS makes the server speak HTTPS, and HTTP/2 to those who can.
// [Server.HTTPClient] trusts its certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithRepeatsIgnored makes the server acknowledge a message whose alias id is
// already in the conversation without appending it again. What the service does
// with such a repeat is not known; without this option it is appended again
// (assumed).
func WithRepeatsIgnored() Option {
	return func(s *settings) { s.ignoreRepeats = true }
}

// WithCallbackTransport makes callbacks go over transport, to any host. Without
// it they go to loopback hosts only. Nil changes nothing.
func WithCallbackTransport(transport http.RoundTripper) Option {
	return func(s *settings) { s.callbackTransport = transport }
}
