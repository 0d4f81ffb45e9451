// Package safeerror decides which errors may be shown. The text of an error out
// of other people's code may quote a URL, a header or a body, and so a secret.
// Only errors of known text are shown; of any other, what failed and the error's
// type. errors.Is and errors.As reach them all.
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
	"syscall"

	"github.com/engagesdk/engage-go/internal/errtree"
)

// Error is an error whose text is the SDK's own, whatever it unwraps to.
type Error struct {
	text string
	err  error
}

// Error returns the text.
func (e *Error) Error() string { return e.text }

// Unwrap returns the error behind the text; nil if there is none.
func (e *Error) Unwrap() error { return e.err }

// GoString keeps %#v from showing the error behind the text, which it would if
// that is no pointer.
func (e *Error) GoString() string { return strconv.Quote(e.text) }

// New returns an error of that text.
func New(text string) error { return &Error{text: text} }

// Wrap returns err behind another text. An err that holds a nil pointer is not
// kept: asking it anything would panic.
func Wrap(text string, err error) error {
	if !errtree.Sound(err) {
		err = nil
	}
	return &Error{text, err}
}

// Hide returns err with no more to show than what failed and the error's type.
func Hide(what string, err error) error {
	return Wrap(fmt.Sprintf("%s (%T)", what, err), err)
}

// Cause is [Exchange] for an exchange under ctx. Once that has ended, it is the
// cause, whatever the transport calls it; the caller's own reason for ending it
// stays in reach.
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

// Exchange returns the error that ended an exchange over HTTP in a form that can
// be shown. The text of a [url.Error] holds the whole URL, those of net/http may
// quote what the server sent, and a transport may quote anything. So what passes
// is the errors of the network, and known.
func Exchange(err error, known ...error) error {
	if !errtree.Sound(err) {
		return failed(err)
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if isOfNetwork(err) || slices.Contains(known, err) {
		return err
	}
	if text := alert(err); text != "" {
		return Wrap(text, err)
	}
	return failed(err)
}

// alert returns the text of a TLS alert that err holds, whose type package tls keeps
// to itself; empty for none.
func alert(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" && op.Op != "local error" {
		return ""
	}
	text := fmt.Sprint(op.Err) // fmt survives a panic of it
	for code := range 256 {
		if tls.AlertError(code).Error() == text {
			return op.Op + ": " + text
		}
	}
	return ""
}

// isOfNetwork reports whether err is an error of the network whose text is known,
// down to its cause: a dialer may put any error into one of package net.
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

// isPlain reports whether err has the text of an error that package net puts into
// a [net.OpError] and whose type it keeps to itself.
func isPlain(err error) bool {
	text := fmt.Sprint(err) // fmt survives a panic of err
	return text == os.ErrDeadlineExceeded.Error() || text == "operation was canceled"
}

func failed(err error) error { return Hide("the exchange failed", err) }
