// Package inboxtest checks that an inbox keeps the promises of [stream.Inbox]. Every
// implementation in this repository passes it. A test of your own implementation looks
// like this:
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
// The checks do not depend on how fast the machine is, nor on how long leases are.
package inboxtest

import (
	"slices"
	"testing"

	"github.com/engagesdk/engage-go/stream"
)

// Setup says how to open the inboxes to check.
type Setup struct {
	// Open returns an empty inbox with room for a few thousand small entries. It
	// closes the inbox at the end of t, with t.Cleanup. Required.
	Open func(t *testing.T) stream.Inbox
	// Reopen ends an inbox of Open or Reopen as a crash would, and returns another
	// one on the same storage. It is nil for an inbox that is not durable.
	Reopen func(t *testing.T, inbox stream.Inbox) stream.Inbox
}

// promise is a promise of an inbox with its check.
type promise struct {
	name  string
	check func(*testing.T, Setup)
}

// promises are the promises of every inbox, durablePromises those of an inbox that can
// be opened again.
var promises = []promise{
	{"an entry comes out as it went in", entryComesOut},
	{"an entry without id or conversation is refused", withoutID},
	{"take waits for an entry", takeWaits},
	{"take and put obey the context", obeysContext},
	{"a duplicate is recognized in every state", duplicatesAreRecognized},
	{"of concurrent duplicates one is stored", concurrentDuplicates},
	{"a conversation is delivered in order", inOrder},
	{"a conversation waits for its first entry", firstBlocksSecond},
	{"an entry that was put back comes before those behind it", nakKeepsOrder},
	{"an entry that was put back waits for its delay", nakWaits},
	{"a dead letter lets its conversation go on", termGoesOn},
	{"a delivery is settled once", settledOnce},
	{"concurrent takers keep the order", takersKeepOrder},
}

var durablePromises = []promise{
	{"an unsettled entry survives", unsettledSurvives},
	{"a settled entry stays settled", settledStays},
}

// Run checks every promise in a subtest of its own.
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
