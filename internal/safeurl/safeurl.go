// Package safeurl decides to which URLs a secret may be sent: to https URLs, and to
// http URLs on this machine.
package safeurl

import (
	"net/netip"
	"net/url"
	"strings"
)

// Parse parses a URL to which a secret may be sent. If the URL is not safe, Parse returns
// nil and the problem, such as "is empty". The problem completes a sentence that begins
// with the name of the URL. It lists all that is wrong and does not quote the URL. It is
// empty if the URL is safe.
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

// ParseBase parses the base of other URLs. It accepts a URL that [Parse] accepts and
// that has no query and no fragment. It removes slashes at the end. It returns a problem
// as Parse does.
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

// Loopback reports whether host, without a port or brackets, is this machine. That is
// localhost, an address of 127.0.0.0/8, or ::1, in exactly this spelling.
//
// For these hosts net/http does not use a proxy from the environment. It does for other
// spellings, such as LOCALHOST and "localhost.". Such a request would leave the machine
// in plain text.
func Loopback(host string) bool {
	if host == "localhost" || host == "::1" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Is4() && address.IsLoopback()
}
