package stream

import (
	"net/http"
	"strings"
)

// acceptable reports whether a content type means JSON, or says nothing.
func acceptable(header http.Header) bool {
	values := header["Content-Type"]
	if len(values) == 0 {
		return true
	}
	typ, _, _ := strings.Cut(values[0], ";")
	typ = strings.ToLower(strings.TrimSpace(typ))
	return len(values) == 1 && (typ == "" || typ == "application/json" || typ == "text/json" || strings.HasSuffix(typ, "+json"))
}

// compressed reports whether a body is encoded in any way. The names of codings
// are case-insensitive, and stand in lists.
func compressed(header http.Header) bool {
	for _, list := range header["Content-Encoding"] {
		for coding := range strings.SplitSeq(list, ",") {
			coding = strings.TrimSpace(coding)
			if coding != "" && !strings.EqualFold(coding, "identity") {
				return true
			}
		}
	}
	return false
}

// traceHeader holds the vendor's trace id on a webhook (documented).
const traceHeader = "X-Wx-Gtrid"

// maxTraceID is how many bytes of a trace id are kept.
const maxTraceID = 256

func traceID(header http.Header) string { return cutTraceID(one(header[traceHeader])) }

// cutTraceID returns what is kept of a trace id, and nothing that keeps the rest
// in memory.
func cutTraceID(id string) string {
	if len(id) <= maxTraceID {
		return id
	}
	return strings.Clone(id[:maxTraceID])
}

// one returns the only value of a header; empty for none and for several.
func one(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// visible reports whether a handler can see a header of that name: it is a token
// (RFC 9110), and none that net/http takes out of the headers.
func visible(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "", "Host", "Transfer-Encoding":
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
