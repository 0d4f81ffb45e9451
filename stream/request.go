package stream

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorization is what an option requires of a request.
type authorization struct {
	// option requires the authorization. header is the one that holds the credentials.
	option, header string
	// isGiven checks the credentials of a request.
	isGiven func(*http.Request) bool
}

func basic(user string, passwords []Secret) authorization {
	return authorization{"WithBasic", "Authorization", func(r *http.Request) bool {
		name, password, ok := r.BasicAuth()
		return anyEqual(password, passwords) && equal(name, user) && ok
	}}
}

func bearer(tokens []Secret) authorization {
	return authorization{"WithBearer", "Authorization", func(r *http.Request) bool {
		scheme, token, _ := strings.Cut(only(r.Header["Authorization"]), " ")
		return strings.EqualFold(scheme, "Bearer") && anyEqual(strings.TrimSpace(token), tokens)
	}}
}

func apiKey(header string, keys []Secret) authorization {
	header = http.CanonicalHeaderKey(header)
	return authorization{"WithAPIKey", header, func(r *http.Request) bool { return anyEqual(only(r.Header[header]), keys) }}
}

// anyEqual reports whether text is one of secrets. It compares all of them, so that its
// time does not depend on which one matches. An empty text equals none.
func anyEqual(text string, secrets []Secret) bool {
	found := false
	for _, secret := range secrets {
		found = equal(text, secret.Reveal()) || found
	}
	return found && text != ""
}

// equal compares two texts in a time that does not depend on where they differ.
func equal(a, b string) bool {
	sumA, sumB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sumA[:], sumB[:]) == 1
}

// isJSON reports whether the content type is JSON or missing.
func isJSON(header http.Header) bool {
	values := header["Content-Type"]
	if len(values) == 0 {
		return true
	}
	typ, _, _ := strings.Cut(values[0], ";")
	typ = strings.ToLower(strings.TrimSpace(typ))
	return len(values) == 1 && (typ == "" || typ == "application/json" || typ == "text/json" || strings.HasSuffix(typ, "+json"))
}

// compressed reports whether the body has any content coding but identity.
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

// traceHeader is the header with the vendor's trace id on a webhook (documented).
const traceHeader = "X-Wx-Gtrid"

// maxTraceID is how many bytes of a trace id are kept.
const maxTraceID = 256

func traceID(header http.Header) string { return cutTraceID(only(header[traceHeader])) }

// cutTraceID returns the first bytes of a trace id, without keeping the others in memory.
func cutTraceID(id string) string {
	if len(id) <= maxTraceID {
		return id
	}
	return strings.Clone(id[:maxTraceID])
}

// only returns the value of a header that has exactly one, and "" otherwise.
func only(values []string) string {
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// visible reports whether net/http passes a header with that name to handlers. The name
// must be a token (RFC 9110), and net/http removes some headers.
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
