package stream

import (
	"context"
	"errors"
	"time"
)

// The errors of inboxes and sources. An implementation may wrap them.
var (
	// ErrFull says that an inbox has no room. Putting the entry again later may
	// succeed.
	ErrFull = errors.New("stream: the inbox is full")
	// ErrClosed says that an inbox or a source is closed. It does not open again.
	ErrClosed = errors.New("stream: the inbox is closed")
	// ErrNoID says that an entry has no ID or no Conversation.
	ErrNoID = errors.New("stream: the entry has no ID or no Conversation")
	// ErrSettled says that a delivery is already settled, or that its lease has
	// run out.
	ErrSettled = errors.New("stream: the delivery is settled, or its lease has run out")
	// ErrNoDeadLetter says that there is no dead letter with an id.
	ErrNoDeadLetter = errors.New("stream: there is no such dead letter")
)

// Source delivers entries. Each one is delivered until it is settled.
//
// An implementation keeps these promises, which package inboxtest checks:
//
//   - The entries of a conversation are delivered in the order in which they
//     came in. The next one is delivered only after the one before it was
//     acknowledged or terminated.
//   - Conversations do not wait for each other. An implementation may make a few
//     of them wait for each other, but not all.
//   - An entry that was delivered and not settled is delivered again: when its
//     lease runs out, or when a durable source is opened again.
//
// All methods of sources, inboxes and deliveries are safe for concurrent use.
type Source interface {
	// Take returns the next entry that may be handled. It waits for one until ctx
	// ends, and then returns ctx's error. It returns [ErrClosed] once the source
	// is closed. After any other error it can be called again.
	Take(ctx context.Context) (Delivery, error)
}

// Inbox stores entries between a [Receiver], which must answer at once, and a
// [Worker], which may take its time.
//
// In addition to the promises of a [Source] it keeps these:
//
//   - Put recognizes a duplicate and stores the entry in one step. Of any number
//     of concurrent calls with one ID, exactly one stores.
//   - An ID is remembered from the moment its entry is stored, and after the
//     entry was acknowledged or terminated. The implementation says for how long.
//   - An entry that was put back stays in the inbox. Dropping its duplicates
//     loses nothing.
type Inbox interface {
	Source
	// Put stores the entry, or returns duplicate as true if the inbox remembers
	// its ID. When it returns nil, the entry is as safe as the inbox can make it.
	//
	// It returns [ErrNoID], [ErrFull], [ErrClosed], ctx's error if ctx has ended,
	// or an error of its own. After an error the entry may be stored all the same.
	// Putting it again does no harm.
	//
	// The inbox keeps entry.Data: the caller must not change it.
	Put(ctx context.Context, entry Entry) (duplicate bool, err error)
}

// Delivery is an entry that is delivered to be handled. The first of Ack, Nak and
// Term that succeeds settles it.
type Delivery struct {
	Entry
	// Attempt counts how often the entry was delivered, this time included.
	Attempt int
	// Lease is how long the delivery belongs to its taker. When it runs out, the
	// entry is delivered again. Extend renews it. Zero means that it does not run
	// out.
	Lease time.Duration
	Settlement
}

// Settlement settles a delivery. Each method returns [ErrSettled] if the delivery
// is already settled or its lease has run out. Any other error means that the
// source cannot be reached. The call may have taken effect, or the entry may be
// delivered again.
//
// A worker repeats a call that failed with such an error, until the lease ends. An
// implementation must make sure that a repeated call does not affect a later
// delivery of the entry.
type Settlement interface {
	// Ack acknowledges that the entry was handled. It is not delivered again.
	Ack(ctx context.Context) error
	// Nak puts the entry back, to be delivered again after delay or later. Its
	// conversation waits for it.
	Nak(ctx context.Context, delay time.Duration) error
	// Term terminates the entry: it becomes a dead letter with reason, and its
	// conversation goes on. The reason must hold nothing secret. A source may cut
	// a long reason.
	Term(ctx context.Context, reason string) error
	// Extend renews the lease, if there is one.
	Extend(ctx context.Context) error
}
