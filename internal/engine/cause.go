package engine

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/errtree"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// causeOf returns the error of an exchange under ctx in a form that can be shown.
// Once ctx has ended that is the cause, whatever the transport calls it.
func causeOf(ctx context.Context, err error) error {
	return safeerror.Cause(ctx, err, errTooLarge, errNoReply, errSentAgain)
}

// tokenCause returns the error of a token source in a form that can be shown.
// The texts of package auth can; that of anybody's own source may hold anything.
func tokenCause(err error) error {
	if !errtree.Sound(err) {
		return safeerror.Hide("the token source failed", err)
	}
	for _, known := range []error{
		in[*auth.ReauthorizationRequiredError](err),
		in[*auth.TokenEndpointError](err),
		in[*auth.StoreError](err),
		in[*auth.HostError](err),
		in[*outcome.Error](err),
		in[*safeerror.Error](err),
	} {
		if known != nil {
			return safeerror.Wrap(known.Error(), err)
		}
	}
	if errors.Is(err, auth.ErrUnknownAuthorization) {
		return safeerror.Wrap(auth.ErrUnknownAuthorization.Error(), err)
	}
	return safeerror.Hide("the token source failed", err)
}

// in returns the first error of type E in err's tree; nil if there is none.
func in[E error](err error) error {
	if found, ok := errors.AsType[E](err); ok {
		return found
	}
	return nil
}
