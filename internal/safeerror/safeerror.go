// Package safeerror decides what an error shows. The text of an error out of other
// code may quote a URL, a header or a body, and so a secret. errors.Is and errors.As
// reach each error, whatever is shown.
//
//   - [Exchange] is for an error of the SDK's own transport. It shows errors of known
//     text, and of any other only the type.
//   - [Show] is for an error of the user's code: a transport, a limiter, a token source,
//     a store. It shows the text, and cuts out what was sent.
package safeerror

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/engagesdk/engage-go/internal/errtree"
)

// Error is an error whose text is safe to show, whatever it wraps.
type Error struct {
	text string
	err  error
}

// Error returns the text.
func (e *Error) Error() string { return e.text }

// Unwrap returns the wrapped error, or nil if there is none.
func (e *Error) Unwrap() error { return e.err }

// GoString returns the text in quotes, so that %#v does not show the wrapped error.
func (e *Error) GoString() string { return strconv.Quote(e.text) }

// New returns an error with that text.
func New(text string) error { return &Error{text: text} }

// Wrap returns err with another text. It drops an err that holds a nil pointer.
func Wrap(text string, err error) error {
	if !errtree.Sound(err) {
		err = nil
	}
	return &Error{text, err}
}

// Hide returns err with a text that says what failed and the error's type.
func Hide(what string, err error) error {
	return Wrap(fmt.Sprintf("%s (%T)", what, err), err)
}

// Cause is [Exchange] for an exchange under ctx. Once ctx has ended, the cause is the
// error of ctx, whatever the transport returned. It also wraps the caller's own reason
// for ending ctx.
func Cause(ctx context.Context, err error, known ...error) error {
	ended := ctx.Err()
	if ended == nil {
		return Exchange(err, known...)
	}
	reason := context.Cause(ctx)
	if !errtree.Sound(reason) {
		reason = nil
	}
	return Wrap(ended.Error(), errors.Join(ended, reason))
}

// Exchange returns the error that ended an exchange over HTTP in a form that is safe to
// show. It returns errors of the network and of this package, and those in known, as
// they are. Of a [url.Error], whose text holds the URL, it returns the error inside.
func Exchange(err error, known ...error) error {
	if !errtree.Sound(err) {
		return Hide("the exchange failed", err)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if safe := safe(err); safe != nil {
		return safe
	}
	if slices.Contains(known, err) {
		return err
	}
	return Hide("the exchange failed", err)
}

// Show returns an error of the user's code in a form that is safe to show, or nil if
// err is nil. Its text is that of err, with "[cut]" in place of each of the secrets,
// which are what was sent: tokens, keys, codes and the values of queries. Of a URL it
// shows no more than scheme and host. A long text is cut short.
func Show(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	inner := err
	if outer, ok := err.(*url.Error); ok && outer.Err != nil {
		inner = outer.Err
	}
	if safe := safe(inner); safe != nil {
		return safe
	}
	return Wrap(cut(inner.Error(), secrets), err)
}

// mostShown is the size in bytes of the longest text that is shown.
const mostShown = 1 << 10

// leastSecret is the size in bytes from which a value is cut out. A shorter one keeps
// no secret, and is part of many words.
const leastSecret = 4

// cut returns text without secrets and without URLs.
func cut(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < leastSecret {
			continue
		}
		quoted := strconv.Quote(secret)
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1:len(quoted)-1])
	}
	// The longest first: a secret may begin another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range slices.Compact(forms) {
		text = strings.ReplaceAll(text, form, "[cut]")
	}
	text = cutURLs(text)
	if len(text) > mostShown {
		text = strings.ToValidUTF8(text[:mostShown], "") + "…"
	}
	return text
}

// cutURLs returns text with no more than scheme and host of each URL.
func cutURLs(text string) string {
	var short strings.Builder
	for {
		before, rest, found := strings.Cut(text, "://")
		short.WriteString(before)
		if !found {
			return short.String()
		}
		end := strings.IndexAny(rest, " \t\r\n\"'`<>")
		if end < 0 {
			end = len(rest)
		}
		address := rest[:end]
		text = rest[end:]
		host := address
		if i := strings.IndexAny(address, "/?#"); i >= 0 {
			host = address[:i]
		}
		if strings.Contains(address, "@") {
			// What is before it can be a password, and hold any character.
			host = ""
		}
		short.WriteString("://" + host)
		if host != address {
			short.WriteString("[cut]")
		}
	}
}

// safe returns err, or its text alone, if that is safe to show, and nil if not.
func safe(err error) error {
	if _, ok := err.(*Error); ok || isOfNetwork(err) {
		return err
	}
	if text := alert(err); text != "" {
		return Wrap(text, err)
	}
	if text := ofNetHTTP(err); text != "" {
		return Wrap(text, err)
	}
	return nil
}

// alert returns the text of a TLS alert in err, whose type package tls keeps to itself,
// and nothing if there is none.
func alert(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" && op.Op != "local error" {
		return ""
	}
	text := fmt.Sprint(op.Err)
	for code := range 256 {
		if tls.AlertError(code).Error() == text {
			return op.Op + ": " + text
		}
	}
	return ""
}

// ofNetHTTP returns the text of err if it is an error of net/http that quotes nothing,
// and nothing otherwise. net/http keeps the types of these errors to itself.
func ofNetHTTP(err error) string {
	text := fmt.Sprint(err) // It survives an error without a cause.
	if reason, ok := strings.CutPrefix(text, "http2: Transport: cannot retry err ["); ok {
		text, _, _ = strings.Cut(reason, "]")
	}
	switch text {
	case "http: server closed idle connection",
		"net/http: TLS handshake timeout",
		"net/http: timeout awaiting response headers",
		"net/http: cannot rewind body after connection loss",
		"http2: timeout awaiting response headers",
		"http2: client connection lost",
		"http2: client conn is closed",
		"http2: client conn not usable",
		"http2: client conn could not be established",
		"http2: Transport received Server's graceful shutdown GOAWAY":
		return text
	}
	stream, ok := strings.CutPrefix(text, "stream error: stream ID ")
	code := strings.TrimLeft(strings.TrimSuffix(stream, "; received from peer"), "0123456789")
	if ok && strings.HasPrefix(code, "; ") && strings.Trim(code[2:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" {
		return text
	}
	return ""
}

// isOfNetwork reports whether err is an error of the network whose text is known, down
// to its cause: a dialer may put any error into one of package net.
func isOfNetwork(err error) bool {
	switch e := err.(type) {
	case *net.OpError:
		return isOfNetwork(e.Err) || isPlain(e.Err)
	case *os.SyscallError:
		return isOfNetwork(e.Err)
	case *net.DNSError, *tls.CertificateVerificationError, tls.AlertError, syscall.Errno:
		return true
	}
	switch err {
	case context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed:
		return true
	}
	return false
}

// isPlain reports whether err has the text of an error that package net puts into a
// [net.OpError] and whose type it keeps to itself.
func isPlain(err error) bool {
	text := fmt.Sprint(err)
	return text == os.ErrDeadlineExceeded.Error() || text == "operation was canceled"
}
