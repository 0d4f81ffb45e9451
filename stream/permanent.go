package stream

import (
	"errors"
	"slices"

	"github.com/engagesdk/engage-go/outcome"
)

// permanentError is an error that another attempt cannot fix.
type permanentError struct{ cause error }

func (e *permanentError) Error() string { return e.cause.Error() }
func (e *permanentError) Unwrap() error { return e.cause }

// Permanent marks the error of a handler as one that another attempt cannot fix. The
// event becomes a dead letter at once. The marked error wraps err and has its text.
// Permanent(nil) is nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// FromOutcome marks the error of a call of package engage as [Permanent] where a handler
// should do so. A handler can end like this:
//
//	return stream.FromOutcome(err)
//
// The result is permanent if another attempt cannot succeed or could do harm:
//
//   - The edge is OnInvalidData, OnInvalidChoice, or the failure edge of an operation.
//     The next call would end in the same way.
//   - The effect is MaybeApplied or Applied, and the operation has an effect each time,
//     such as AppendMessage. Another attempt could apply it twice. A handler that calls
//     with the LookFirst of engage.Reconciliation can return such an error unmarked.
//
// Every other error, and nil, is returned as it is. The event has another attempt: the
// service was busy or could not be reached, or the authorization failed, which new
// credentials can fix.
func FromOutcome(err error) error {
	failure, ok := errors.AsType[*outcome.Error](err)
	if !ok {
		return err
	}
	switch failure.Edge {
	case outcome.OnInvalidData, outcome.OnInvalidChoice:
		return Permanent(err)
	case outcome.OnError, outcome.OnTimeout, outcome.OnAuthorizationFailure, outcome.TooManyRequests, outcome.ServiceUnavailable:
		if failure.Effect >= outcome.MaybeApplied && !slices.Contains(repeatable, failure.Operation) {
			return Permanent(err)
		}
		return err
	}
	return Permanent(err)
}

// repeatable are the operations that can be repeated: they change nothing or end in the
// same state each time.
var repeatable = []outcome.Operation{
	outcome.SearchConversation, outcome.UpdateConversation, outcome.AddParticipant, outcome.RemoveParticipant,
	outcome.CloseConversation, outcome.ReopenConversation, outcome.FetchTranscript, outcome.FetchTeamWorkingHours,
	outcome.BusinessHours,
}
