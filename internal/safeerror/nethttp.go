package safeerror

import (
	"fmt"
	"strings"
)

// Texts of net/http for requests over HTTP/2 that failed. net/http does not export the
// types of these errors. The texts are those of Go 1.26.
const (
	// ConnUnusable means that the connection took no more requests when this one was
	// about to be written.
	ConnUnusable = "http2: client conn not usable"
	// ConnNotEstablished means that the connection was closed before its first request.
	ConnNotEstablished = "http2: client conn could not be established"
	// CannotRewind means that the connection was lost, and that net/http cannot send the
	// body again.
	CannotRewind = "net/http: cannot rewind body after connection loss"
	// GoAway means that the server closes the connection and handles only streams before
	// that of the request.
	GoAway = "http2: Transport received Server's graceful shutdown GOAWAY"
	// GoAwayPrefix begins the text if the server closes the connection for an error,
	// before its first stream. The name of the error follows.
	GoAwayPrefix = "http2: Transport received GOAWAY from server ErrCode:"
	// StreamPrefix begins the text of an error that ended a stream. The number of the
	// stream, "; " and the name of the error follow.
	StreamPrefix = "stream error: stream ID "
	// PeerSuffix ends the text if the server ended the stream.
	PeerSuffix = "; received from peer"
)

const digits = "0123456789"

// NetHTTP returns the text of err if it is a known text of net/http that quotes nothing.
// If net/http reports that it cannot repeat a request, NetHTTP returns the text of the
// cause. It returns "" for any other error, also if its text is new in a Go release.
func NetHTTP(err error) string {
	text := fmt.Sprint(err) // It accepts an error without a cause.
	if cause, ok := strings.CutPrefix(text, "http2: Transport: cannot retry err ["); ok {
		text, _, _ = strings.Cut(cause, "]")
	}
	switch text {
	case ConnUnusable, ConnNotEstablished, CannotRewind, GoAway,
		"http: server closed idle connection",
		"net/http: TLS handshake timeout",
		"net/http: timeout awaiting response headers",
		"http2: timeout awaiting response headers",
		"http2: client connection lost",
		"http2: client conn is closed":
		return text
	}
	if name, ok := strings.CutPrefix(text, GoAwayPrefix); ok && isErrorName(name) {
		return text
	}
	if rest, ok := strings.CutPrefix(text, StreamPrefix); ok {
		name, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSuffix(rest, PeerSuffix), digits), "; ")
		if ok && isErrorName(name) {
			return text
		}
	}
	return ""
}

// isErrorName reports whether name is how net/http writes an error code of HTTP/2.
func isErrorName(name string) bool {
	if code, ok := strings.CutPrefix(name, "unknown error code 0x"); ok {
		return strings.Trim(code, "abcdef"+digits) == ""
	}
	return strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"+digits) == ""
}
