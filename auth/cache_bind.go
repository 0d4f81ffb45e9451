package auth

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// Bind implements [Binder] for a source that does, and binds this source to the
// endpoint of the cache's first client. It returns the cache itself, so that the
// one who made the cache can go on to use it, above all for Run:
//
//	cache := auth.NewCache(auth.ClientCredentials{…})
//	client, err := engage.New(engage.US, cache)
//	go cache.Run(ctx)
//
// Clients of one endpoint can share a cache and its token, which is asked for by
// the transport of the first. Where the token depends on the endpoint, as that
// of a [ClientCredentials] without a TokenURL does, a client of another endpoint
// gets an error: make a cache for each.
func (c *Cache) Bind(endpoint *url.URL, transport http.RoundTripper) (TokenSource, error) {
	if c.sourceless() {
		return nil, errNoSource
	}
	binder, ok := c.source.(Binder)
	if !ok {
		return c, nil
	}
	bound, err := bindUncached(binder, endpoint, transport)
	switch {
	case err != nil:
		return nil, err
	case nothing.In(bound):
		return nil, errNoSource
	case !c.adopt(bound, homeOf(binder, endpoint)):
		return nil, errBoundElsewhere
	}
	return c, nil
}

var errBoundElsewhere = safeerror.New("auth: the cache belongs to a client of another base URL: make one for each")

// bindUncached is source.Bind, but leaves out the cache it may come with.
func bindUncached(source Binder, endpoint *url.URL, transport http.RoundTripper) (TokenSource, error) {
	if credentials, ok := source.(ClientCredentials); ok {
		return credentials.at(endpoint, transport)
	}
	return source.Bind(endpoint, transport)
}

// homeOf returns the endpoint that the tokens of source depend on once it is
// bound, in one spelling; empty if they are the same for all.
func homeOf(source Binder, endpoint *url.URL) string {
	switch source := source.(type) {
	case static, fromOAuth2, *NamedSource, *Cache:
		return ""
	case ClientCredentials:
		if source.TokenURL != "" {
			return ""
		}
	}
	if endpoint == nil {
		return ""
	}
	host := net.JoinHostPort(endpoint.Hostname(), portOf(endpoint))
	return strings.Map(lowerLetter, endpoint.Scheme+"://"+host) + strings.TrimSuffix(endpoint.EscapedPath(), "/")
}

// lowerLetter is lower for a letter of any alphabet.
func lowerLetter(letter rune) rune {
	if letter < utf8.RuneSelf {
		return rune(lower(byte(letter)))
	}
	return letter
}

// adopt makes bound the source to ask, unless there is one already. It reports
// false if that one belongs elsewhere.
func (c *Cache) adopt(bound TokenSource, home string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bound != nil {
		return c.home == home
	}
	c.bound, c.home = bound, home
	// What the source brought before, most likely an error, tells nothing any more.
	c.held, c.renewal, c.fruitless, c.retryAt = nil, nil, 0, time.Time{}
	c.ready.Store(nil)
	c.failure.Store(nil)
	return true
}
