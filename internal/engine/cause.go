package engine

import (
	"context"
	"errors"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/outcome"
)

// causeOf returns the error of an exchange under ctx in a form that can be shown.
// If ctx has ended, that is the cause, whatever the transport calls it.
func causeOf(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return safeerror.Cause(ctx, err, errTooLarge, sent.ErrNoReply)
}

// tokenCause returns the error of a token source in a form that can be shown.
func tokenCause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return causeOf(ctx, err)
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
