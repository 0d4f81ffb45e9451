// Package inboxtest checks that an inbox keeps the promises of [stream.Inbox].
// Every implementation in this repository passes it, and a user's own one can:
//
//	func TestInbox(t *testing.T) {
//		inboxtest.Run(t, inboxtest.Setup{
//			Open: func(t *testing.T) stream.Inbox {
//				inbox := open(t.TempDir())
//				t.Cleanup(inbox.Close)
//				return inbox
//			},
//		})
//	}
//
// It imports nothing but the standard library and package stream.
package inboxtest

import (
	"slices"
	"testing"

	"github.com/engagesdk/engage-go/stream"
)

// Setup tells how to make the inboxes that are to be checked.
type Setup struct {
	// Open returns an empty inbox with room for some thousand small entries. It
	// has t close the inbox at its end. Required.
	Open func(t *testing.T) stream.Inbox
	// Reopen ends an inbox that Open returned, as a crash would, and returns
	// one on the same storage. It is nil for an inbox that is not durable.
	Reopen func(t *testing.T, inbox stream.Inbox) stream.Inbox
}

// promise is one thing that an inbox promises, and its check.
type promise struct {
	name  string
	check func(*testing.T, Setup)
}

// promises are those of every inbox, durablePromises those of one that can be
// opened again.
var promises = []promise{
	{"an entry comes out as it went in", entryComesOut},
	{"an entry without id or conversation is refused", withoutID},
	{"take waits for an entry", takeWaits},
	{"take and put obey the context", obeysContext},
	{"a copy is known in every state", copiesAreKnown},
	{"of concurrent copies one is stored", concurrentCopies},
	{"a conversation is given out in order", inOrder},
	{"a conversation waits for its first entry", firstBlocksSecond},
	{"an entry that was put back comes before its followers", nakKeepsOrder},
	{"a delay is kept", nakWaits},
	{"a dead letter lets its conversation go on", termGoesOn},
	{"a delivery is settled once", settledOnce},
	{"takers share the work in order", takersShare},
}

var durablePromises = []promise{
	{"an unsettled entry survives", unsettledSurvives},
	{"a settled entry stays settled", settledStays},
}

// Run checks everything, one subtest for each promise.
func Run(t *testing.T, setup Setup) {
	t.Helper()
	all := promises
	if setup.Reopen != nil {
		all = slices.Concat(promises, durablePromises)
	}
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) { p.check(t, setup) })
	}
}
