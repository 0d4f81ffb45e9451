package stream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

func TestPermanentKeepsItsCause(t *testing.T) {
	cause := errors.New("never")
	require.ErrorIs(t, stream.Permanent(cause), cause)
	require.Equal(t, "never", stream.Permanent(cause).Error())
	require.NoError(t, stream.Permanent(nil))
}

func TestAHandlerCanReturnTheErrorOfACall(t *testing.T) {
	for name, test := range map[string]struct {
		err      error
		attempts int // of three
	}{
		"success":               {nil, 1},
		"not an outcome":        {errors.New("no database"), 3},
		"invalid data":          {&outcome.Error{Edge: outcome.OnInvalidData, Operation: outcome.AppendMessage}, 1},
		"no transition":         {&outcome.Error{Edge: outcome.OnInvalidChoice, Operation: outcome.SearchConversation}, 1},
		"the operation failed":  {&outcome.Error{Edge: outcome.OnAppendMessageFailure, Operation: outcome.AppendMessage, Effect: outcome.Refused}, 1},
		"a wrapped failure":     {fmt.Errorf("append: %w", &outcome.Error{Edge: outcome.OnInvalidData}), 1},
		"authorization failed":  {&outcome.Error{Edge: outcome.OnAuthorizationFailure, Operation: outcome.AppendMessage, Effect: outcome.NotSent}, 3},
		"append not sent":       {&outcome.Error{Edge: outcome.OnError, Operation: outcome.AppendMessage, Effect: outcome.NotSent}, 3},
		"append refused, busy":  {&outcome.Error{Edge: outcome.OnError, Operation: outcome.AppendMessage, Effect: outcome.Refused, Status: 429}, 3},
		"append maybe applied":  {&outcome.Error{Edge: outcome.OnTimeout, Operation: outcome.AppendMessage, Effect: outcome.MaybeApplied}, 1},
		"append applied":        {&outcome.Error{Edge: outcome.OnError, Operation: outcome.AppendMessage, Effect: outcome.Applied}, 1},
		"create maybe applied":  {&outcome.Error{Edge: outcome.OnError, Operation: outcome.CreateConversation, Effect: outcome.MaybeApplied}, 1},
		"unknown maybe applied": {&outcome.Error{Edge: outcome.OnError, Operation: "Novel", Effect: outcome.MaybeApplied}, 1},
		"close maybe applied":   {&outcome.Error{Edge: outcome.OnTimeout, Operation: outcome.CloseConversation, Effect: outcome.MaybeApplied}, 3},
		"search failed":         {&outcome.Error{Edge: outcome.OnError, Operation: outcome.SearchConversation}, 3},
		"resolve, busy":         {&outcome.Error{Edge: outcome.TooManyRequests, Operation: outcome.ResolveConversation, Effect: outcome.Refused}, 3},
		"resolve failed":        {&outcome.Error{Edge: outcome.ResolveFailed, Operation: outcome.ResolveConversation, Effect: outcome.Refused}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, stream.FromOutcome(test.err), test.err)
			synctest.Test(t, func(t *testing.T) {
				w := newWorking(t, stream.WithMaxAttempts(3))
				attempts := 0
				w.OnMessage(func(context.Context, stream.MessageEvent) error {
					attempts++
					return stream.FromOutcome(test.err)
				})
				put(t, w.inbox, payload("ann", 1))
				w.start()
				time.Sleep(time.Hour)
				require.NoError(t, w.stop())
				require.Equal(t, test.attempts, attempts)
			})
		})
	}
}
