package auth

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Hosts is the set of hosts that a token may be sent to. The zero value holds
// none, so it refuses every request. It is immutable and safe for concurrent
// use.
type Hosts struct{ origins []origin }

// origin is a scheme, host and port, as RFC 6454 has it, all in lower case.
type origin struct{ scheme, host, port string }

// NewHosts returns the hosts of urls, of which only scheme, host and port
// count. Every URL must be https; plain http is accepted for the loopback
// (localhost, 127.0.0.0/8 and ::1). User information in a URL is refused. All
// violations are reported at once, in one [*outcome.Error].
func NewHosts(urls ...string) (Hosts, error) {
	var hosts Hosts
	var faults outcome.Violations
	for i, raw := range urls {
		parsed, problem := parseURL(raw)
		if problem != "" {
			faults.Add(fmt.Sprintf("urls[%d]", i), problem)
			continue
		}
		hosts.origins = append(hosts.origins, originOf(parsed))
	}
	if err := faults.Err("", ""); err != nil {
		return Hosts{}, err
	}
	return hosts, nil
}

// Authorize puts t on r, replacing any authorization it has, if r goes to one
// of the hosts. Else r is left alone and the error is a [*HostError]. A token
// that is empty, expired or cannot stand in a header is refused too.
//
// A redirect is a new request: a client that follows one must ask again.
func (h Hosts) Authorize(r *http.Request, t Token) error {
	if r == nil || r.URL == nil {
		return &HostError{}
	}
	if !h.allow(r.URL) {
		return &HostError{Host: r.URL.Host}
	}
	if err := t.usable(time.Now()); err != nil {
		return err
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header[t.get().header] = t.get().values
	return nil
}

func (h Hosts) allow(target *url.URL) bool {
	scheme, host, port := target.Scheme, target.Hostname(), portOf(target)
	for _, allowed := range h.origins {
		if equalFold(scheme, allowed.scheme) && equalFold(host, allowed.host) && port == allowed.port {
			return true
		}
	}
	return false
}

func originOf(u *url.URL) origin {
	return origin{strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), portOf(u)}
}

// portOf returns the port a request to u goes to.
func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case equalFold(u.Scheme, "https"):
		return "443"
	default:
		return "80"
	}
}

// equalFold compares ASCII without case. It exists because strings.EqualFold
// also folds letters of other alphabets, and a host name that only looks the
// same is another host.
func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// parseURL parses a URL that a secret is to be sent to, and says what is wrong
// with it if it is not fit for that.
func parseURL(raw string) (parsed *url.URL, problem string) {
	if raw == "" {
		return nil, "is empty"
	}
	parsed, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, "is not a URL"
	case parsed.Hostname() == "":
		return nil, "has no host"
	case parsed.User != nil:
		return nil, "holds user information"
	case parsed.Scheme == "https", parsed.Scheme == "http" && isLoopback(parsed.Hostname()):
		return parsed, ""
	}
	return nil, "is neither https nor plain http to the loopback"
}

func isLoopback(host string) bool {
	return equalFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// HostError says that a token was not put on a request because the request goes
// to a host it is not meant for, or not over https.
type HostError struct {
	// Host is where the request would have gone, with the port if it named
	// one; empty if it named no host.
	Host string
}

// Error names the host, and nothing else of the URL.
func (e *HostError) Error() string {
	return fmt.Sprintf("auth: the token was not sent: %q is not a host it is meant for, or not reached over https", e.Host)
}
