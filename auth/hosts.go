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

// origin is a scheme, host and port, as RFC 6454 has it.
type origin struct{ scheme, host, port string }

// NewHosts returns the hosts of urls, of which only scheme, host and port count. Every
// URL must be https, or plain http to the loopback: localhost, 127.0.0.0/8 and ::1. Other
// spellings of these are refused, because they might go through a proxy, and so is user
// information. The error is an [*outcome.Error] that names every violation.
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

// Authorize puts t on r if r goes to one of the hosts. Otherwise it leaves r alone and
// returns a [*HostError]. It returns another error for a token that is empty, expired
// or cannot stand in a header.
//
// Authorize removes any other authorization from r: the values of all headers that a
// token of this package goes into, which are Authorization, key and access_token, as
// [http.Header.Set] spells them. Webex Connect, for one, ignores a key beside an
// Authorization (documented).
//
// All requests with the same token share the values of that header, which costs no
// allocation. A transport may replace them, as Set and Del do, or change them in a
// clone of r, but must not change them in place.
//
// A redirect is a new request, which has to be authorized anew. [Transport] does that.
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
			// A host of plain http is allowed in no other spelling.
			return host == allowed.host || equalFold(scheme, "https") || safeurl.Loopback(host)
		}
	}
	return false
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

// equalFold compares ASCII without case. [strings.EqualFold] also folds letters of
// other alphabets, and a host name that only looks the same is another host.
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

// HostError reports that a request goes to a host that its token is not meant for, or
// not over https. The token was not put on it.
type HostError struct {
	// Host is the host of the request, with the port if its URL has one.
	Host string
}

// Error returns the host, and nothing else of the URL.
func (e *HostError) Error() string {
	return fmt.Sprintf("auth: the token was not sent: %q is not a host it is meant for, or not reached over https", e.Host)
}
