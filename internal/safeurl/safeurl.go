// Package safeurl decides which URLs a secret may be sent to: those over https,
// and those over plain http that stay on this machine.
package safeurl

import (
	"net/netip"
	"net/url"
	"strings"
)

// Parse parses a URL that a secret is to be sent to. If no secret may be sent there, it
// returns a problem, which lists all that is wrong with the URL and quotes none of it. The
// words follow the name of the URL in a sentence, as "is empty" does. A good URL has an
// empty problem.
func Parse(raw string) (parsed *url.URL, problem string) {
	if raw == "" {
		return nil, "is empty"
	}
	parsed, err := url.Parse(raw)
	if err != nil {
		return nil, "is not a URL"
	}
	var problems []string
	if parsed.Hostname() == "" {
		problems = append(problems, "has no host")
	}
	if parsed.User != nil {
		problems = append(problems, "holds user information")
	}
	if parsed.Scheme != "https" && !(parsed.Scheme == "http" && Loopback(parsed.Hostname())) {
		problems = append(problems, "is neither https nor plain http to the loopback")
	}
	if problems != nil {
		return nil, strings.Join(problems, " and ")
	}
	return parsed, ""
}

// ParseBase parses the base of other URLs: a URL that [Parse] accepts, without a
// query or a fragment. Slashes at its end are removed. A problem is reported as
// Parse reports it.
func ParseBase(raw string) (base *url.URL, problem string) {
	base, problem = Parse(strings.TrimRight(raw, "/"))
	switch {
	case !strings.ContainsAny(raw, "?#"):
		return base, problem
	case problem != "":
		problem += " and "
	}
	return nil, problem + "has a query or a fragment"
}

// Loopback reports whether host, without a port or brackets, is this machine:
// localhost, an address of 127.0.0.0/8, or ::1, in exactly this spelling.
//
// net/http sends requests to these hosts past any proxy in the environment. It compares
// the host as it is written. So requests to LOCALHOST and "localhost." go to the proxy,
// and leave the machine in plain text.
func Loopback(host string) bool {
	if host == "localhost" || host == "::1" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Is4() && address.IsLoopback()
}
