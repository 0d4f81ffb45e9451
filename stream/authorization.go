package stream

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// authorization is a check of a request's headers.
type authorization func(*http.Request) bool

// basic, bearer and apiKey are the authorizations that a receiver can check
// (documented kinds; the vendor's others are for its own calls to gateways).
func basic(user string, passwords []Secret) authorization {
	return func(r *http.Request) bool {
		name, password, ok := r.BasicAuth()
		return anyEqual(password, passwords) && equal(name, user) && ok
	}
}

func bearer(tokens []Secret) authorization {
	return func(r *http.Request) bool {
		scheme, token, _ := strings.Cut(one(r.Header["Authorization"]), " ")
		return strings.EqualFold(scheme, "Bearer") && anyEqual(strings.TrimSpace(token), tokens)
	}
}

func apiKey(header string, keys []Secret) authorization {
	header = http.CanonicalHeaderKey(header)
	return func(r *http.Request) bool { return anyEqual(one(r.Header[header]), keys) }
}

// anyEqual compares text with every secret, however many match before. An empty
// text equals none.
func anyEqual(text string, secrets []Secret) bool {
	found := false
	for _, secret := range secrets {
		found = equal(text, secret.Reveal()) || found
	}
	return found && text != ""
}

// equal takes the same time wherever, and in whatever length, the texts differ.
func equal(a, b string) bool {
	sumA, sumB := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(sumA[:], sumB[:]) == 1
}
