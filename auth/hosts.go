package auth

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// Hosts is the set of hosts that a token may be sent to. The zero value is empty and
// refuses every request. It is immutable and safe for concurrent use.
type Hosts struct{ origins []origin }

// origin is a scheme, host and port, as in RFC 6454.
type origin struct{ scheme, host, port string }

// NewHosts returns the hosts of urls. It ignores everything in a URL but scheme, host and
// port. Every URL must be https, or plain http to the loopback: localhost, 127.0.0.0/8 or
// ::1. Other spellings of the loopback are invalid, because a proxy might get the request.
// User information is invalid too. The error is an [*outcome.Error] that names every
// violation.
func NewHosts(urls ...string) (Hosts, error) {
	var hosts Hosts
	var faults outcome.Violations
	for i, raw := range urls {
		parsed, problem := safeurl.Parse(raw)
		if problem != "" {
			faults.Add(fmt.Sprintf("urls[%d]", i), problem)
			continue
		}
		hosts.origins = append(hosts.origins, origin{parsed.Scheme, parsed.Hostname(), portOf(parsed)})
	}
	if err := faults.Err("", ""); err != nil {
		return Hosts{}, err
	}
	return hosts, nil
}

// Authorize puts t on r if r goes to one of the hosts. Otherwise it returns a [*HostError].
// If t is empty, expired or invalid, it returns another error. It does not change r if it
// returns an error.
//
// Authorize removes any other authorization from r. It deletes the headers Authorization,
// Key and Access_token, in the spelling of [http.Header.Set], except the one that it sets.
// Webex Connect, for example, ignores a key beside an Authorization (documented).
//
// All requests with the same token share the slice of header values, so that Authorize
// allocates nothing. A transport may replace the slice, as Set and Del do, but must not
// change it in place.
//
// A redirect is a new request, which needs a new call of Authorize. [Transport] makes it.
func (h Hosts) Authorize(r *http.Request, t Token) error {
	if !h.allow(r.URL) {
		return &HostError{Host: r.URL.Host}
	}
	if err := t.usable(time.Now()); err != nil {
		return err
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	own := t.get().header
	for _, header := range tokenHeaders {
		if header != own {
			delete(r.Header, header)
		}
	}
	r.Header[own] = t.get().values
	return nil
}

func (h Hosts) allow(target *url.URL) bool {
	scheme, host, port := target.Scheme, target.Hostname(), portOf(target)
	for _, allowed := range h.origins {
		if equalFold(scheme, allowed.scheme) && equalFold(host, allowed.host) && port == allowed.port {
			// Plain http is allowed only to the exact spelling of a loopback host.
			return host == allowed.host || equalFold(scheme, "https") || safeurl.Loopback(host)
		}
	}
	return false
}

// portOf returns the port that a request to u goes to.
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

// equalFold reports whether s and t are equal but for the case of ASCII letters.
// [strings.EqualFold] also folds other letters, and so could take two hosts for one.
func equalFold(s, t string) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range len(s) {
		if lower(s[i]) != lower(t[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// HostError reports that a request got no token. It goes to a host that the token is not
// meant for, or does not use https.
type HostError struct {
	// Host is the host of the request, with the port if its URL has one.
	Host string
}

// Error returns the host, and nothing else of the URL.
func (e *HostError) Error() string {
	return fmt.Sprintf("auth: the token was not sent: it is not meant for the host %q, or the request does not use https", e.Host)
}
