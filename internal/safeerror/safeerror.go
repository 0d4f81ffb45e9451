// Package safeerror makes errors safe to show. The text of an error from other code may
// quote a URL, a header or a body, and so a secret. An [Error] has a safe text of its
// own, and errors.Is and errors.As find the error that it wraps.
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

// Wrap returns an error that wraps err and has that text.
func Wrap(text string, err error) error { return &Error{text, err} }

// Hide returns an error that wraps err. Its text is what, which says what failed, and
// the type of err.
func Hide(what string, err error) error {
	return Wrap(fmt.Sprintf("%s (%T)", what, err), err)
}

// Cause is [Exchange] for an exchange under ctx. Once ctx has ended, Cause returns the
// error of ctx in place of err. That error also wraps the cause of ctx.
func Cause(ctx context.Context, err error, known ...error) error {
	ended := ctx.Err()
	if ended == nil {
		return Exchange(err, known...)
	}
	return Wrap(ended.Error(), errors.Join(ended, context.Cause(ctx)))
}

// Exchange returns the error that ended an exchange over HTTP in a form that is safe to
// show. If there is a [url.Error] in err, whose text contains the URL, Exchange returns
// only the error inside. It returns an error of the network or of this package, or one of
// known, as it is. It wraps any other error. Of a TLS alert and an error of net/http that
// quotes nothing it shows the text, and of the rest only the type.
func Exchange(err error, known ...error) error {
	err = withoutURL(err)
	if safe := ofKnownText(err); safe != nil {
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
// shows no more than scheme and host. If there is a [url.Error] in err, it shows only
// the error inside. It cuts a long text short.
func Show(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	inner := withoutURL(err)
	if safe := ofKnownText(inner); safe != nil {
		return safe
	}
	return Wrap(Cut(fmt.Sprint(inner), secrets...), err)
}

// withoutURL returns the error inside of the [url.Error] in err, or err if there is none.
func withoutURL(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// maxShown is the size in bytes of the longest text that is shown.
const maxShown = 1 << 10

// minSecret is the size in bytes of the shortest secret that is cut out. A shorter one
// is part of many words.
const minSecret = 4

// minQuoted is the size in bytes of the shortest beginning of a secret that is cut out:
// a program may quote a long text in part.
const minQuoted = 16

// Cut returns text with "[cut]" in place of each of the secrets, or of the beginning of a
// long one. Of a URL it returns no more than scheme and host. It cuts a long text short.
func Cut(text string, secrets ...string) string {
	var forms []string
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		quoted := strconv.Quote(secret)
		forms = append(forms, secret, url.QueryEscape(secret), url.PathEscape(secret), quoted[1:len(quoted)-1])
	}
	// Cut the longest first, because one secret may be the beginning of another.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = cutQuoted(text, form)
	}
	text = cutURLs(text)
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}

// cutQuoted returns text with "[cut]" in place of form, and of each beginning of form of at
// least minQuoted bytes.
func cutQuoted(text, form string) string {
	start := form[:min(len(form), minQuoted)]
	var shown strings.Builder
	for {
		before, rest, found := strings.Cut(text, start)
		shown.WriteString(before)
		if !found {
			return shown.String()
		}
		shown.WriteString("[cut]")
		same := 0
		for more := form[len(start):]; same < min(len(rest), len(more)) && rest[same] == more[same]; {
			same++
		}
		text = rest[same:]
	}
}

// cutURLs returns text with no more than scheme and host of each URL.
func cutURLs(text string) string {
	var shown strings.Builder
	for {
		before, rest, found := strings.Cut(text, "://")
		shown.WriteString(before)
		if !found {
			return shown.String()
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
			// A password may stand before the @ and contain any character.
			host = ""
		}
		shown.WriteString("://" + host)
		if host != address {
			shown.WriteString("[cut]")
		}
	}
}

// ofKnownText returns err, or an error with its text that wraps it, if its text is safe
// to show. Otherwise it returns nil.
func ofKnownText(err error) error {
	if _, ok := err.(*Error); ok || isOfNetwork(err) {
		return err
	}
	if text := tlsAlert(err); text != "" {
		return Wrap(text, err)
	}
	if text := NetHTTP(err); text != "" {
		return Wrap(text, err)
	}
	return nil
}

// tlsAlert returns the text of the TLS alert in err, or "" if there is none. Package tls
// does not export the type of an alert that it received or sent.
func tlsAlert(err error) string {
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

// isOfNetwork reports whether err is an error of the network whose text is known. It
// also checks the causes, because a dialer may put any error into one of package net.
func isOfNetwork(err error) bool {
	switch e := err.(type) {
	case *net.OpError:
		return isOfNetwork(e.Err) || isUnexported(e.Err)
	case *os.SyscallError:
		return isOfNetwork(e.Err)
	case *net.DNSError, *tls.CertificateVerificationError, tls.AlertError, errno:
		return true
	}
	switch err {
	case context.Canceled, context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed:
		return true
	}
	return false
}

// isUnexported reports whether err has the text of an error that package net puts into a
// [net.OpError] and whose type it does not export.
func isUnexported(err error) bool {
	text := fmt.Sprint(err)
	return text == os.ErrDeadlineExceeded.Error() || text == "operation was canceled"
}
