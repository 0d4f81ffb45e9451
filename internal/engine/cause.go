package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

// hidden is an error whose own text might quote an URL, a token or a body. It
// shows another one; errors.As and errors.Is still reach the error.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string { return h.text }
func (h *hidden) Unwrap() error { return h.err }

// Hide returns err with no more to show than what failed and the error's type.
func Hide(what string, err error) error {
	return &hidden{fmt.Sprintf("%s (%T)", what, err), err}
}

// Cause returns the error of an exchange under ctx in a form that can be shown.
// Once ctx has ended that is the cause, whatever the transport calls it; the
// caller's own reason for ending it stays in reach. The text of a [url.Error]
// holds the whole URL, and those of net/http may quote what the server sent, so
// only errors of known text pass.
func Cause(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return &hidden{ended.Error(), errors.Join(ended, context.Cause(ctx))}
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	switch err.(type) {
	case *net.OpError, *net.DNSError, *tls.CertificateVerificationError, tls.AlertError, syscall.Errno:
		return err
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == errTooLarge || err == errNoReply {
		return err
	}
	return Hide("the exchange failed", err)
}

// tokenCause returns the error of a token source in a form that can be shown.
// The texts of package auth can; that of anybody's own source may hold anything.
func tokenCause(err error) error {
	for _, known := range []error{
		in[*auth.ReauthorizationRequiredError](err),
		in[*auth.TokenEndpointError](err),
		in[*auth.StoreError](err),
		in[*auth.HostError](err),
		in[*outcome.Error](err),
	} {
		if known != nil {
			return &hidden{known.Error(), err}
		}
	}
	if errors.Is(err, auth.ErrUnknownAuthorization) {
		return &hidden{auth.ErrUnknownAuthorization.Error(), err}
	}
	return Hide("the token source failed", err)
}

// in returns the first error of type E in err's tree; nil if there is none.
func in[E error](err error) error {
	if found, ok := errors.AsType[E](err); ok {
		return found
	}
	return nil
}
