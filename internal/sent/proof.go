package sent

import (
	"errors"
	"strings"
)

// What net/http says of HTTP/2 requests that were not sent. It keeps the types of
// these errors to itself.
const (
	// The connection took no more requests when this one was about to be written.
	unusable = "http2: client conn not usable"
	// The connection was closed before its first request.
	notEstablished = "http2: client conn could not be established"
	// The server closes the connection, and its last stream is before this one.
	goAway = "http2: Transport received Server's graceful shutdown GOAWAY"
	// The server closes the connection for an error, before its first stream.
	goAwayBegin = "http2: Transport received GOAWAY from server ErrCode:"
	// A connection was unusable and there was no other. Without GetBody, net/http
	// repeats a request with a body after nothing else, so nothing was written.
	noRewind = "net/http: cannot rewind body after connection loss"
	// The server refused the stream. The number of the stream is between the two.
	refusedBegin = "stream error: stream ID "
	refusedEnd   = "; REFUSED_STREAM; received from peer"
	// Without GetBody, net/http does not repeat the request after the error between
	// these two.
	noRetryBegin = "http2: Transport: cannot retry err ["
	noRetryEnd   = "] after Request.Body was written; define Request.GetBody to avoid this error"
)

// proof reports whether err proves that an HTTP/2 server did not get the request, and
// whether another connection would probably take it. It looks for an error of net/http
// in err and in what err wraps.
func proof(err error) (notSent, again bool) {
	for ; err != nil; err = errors.Unwrap(err) {
		text := err.Error()
		if reason, ok := strings.CutPrefix(text, noRetryBegin); ok {
			text, _ = strings.CutSuffix(reason, noRetryEnd)
		}
		switch {
		case text == unusable, text == goAway, text == noRewind, isRefused(text):
			return true, true
		case text == notEstablished, strings.HasPrefix(text, goAwayBegin):
			return true, false
		}
	}
	return false, false
}

// isRefused reports whether text says that the server refused a stream.
func isRefused(text string) bool {
	number, begins := strings.CutPrefix(text, refusedBegin)
	number, ends := strings.CutSuffix(number, refusedEnd)
	return begins && ends && strings.Trim(number, "0123456789") == ""
}
