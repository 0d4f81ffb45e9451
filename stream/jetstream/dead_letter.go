package jetstream

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/stream"
)

// ErrNoDeadLetter says that there is no dead letter with an id.
var ErrNoDeadLetter = errors.New("jetstream: there is no such dead letter")

// bury stores a dead letter, in the place of an older one with its id.
func (i *Inbox) bury(ctx context.Context, letter stream.DeadLetter) error {
	_, err := i.js.PublishMsg(ctx, encodeDeadLetter(i.deadSubject(keyOf(letter.ID)), letter))
	return err
}

// DeadLetters yields the entries that were given up, oldest first, up to the
// newest that Config.MaxDeadLetters allows. Those that come while it runs are
// among them. An error is yielded once and ends it: ctx's, [stream.ErrClosed],
// or one of the servers.
//
// A message that somebody else put into the inbox's streams is a dead letter,
// whose ID and Conversation are unreadable-<n>. It has no attempts, and its last
// 2 KiB may be missing.
func (i *Inbox) DeadLetters(ctx context.Context) iter.Seq2[stream.DeadLetter, error] {
	return func(yield func(stream.DeadLetter, error) bool) {
		for next := uint64(1); ; {
			if err := i.ended(ctx); err != nil {
				yield(stream.DeadLetter{}, err)
				return
			}
			letter, sequence, err := i.deadLetterFrom(ctx, next)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				return
			}
			if err != nil {
				yield(stream.DeadLetter{}, i.explain(ctx, "dead letters", err))
				return
			}
			if !yield(letter, nil) {
				return
			}
			next = sequence + 1
		}
	}
}

// deadLetterFrom returns the first dead letter whose number is at least first.
func (i *Inbox) deadLetterFrom(ctx context.Context, first uint64) (letter stream.DeadLetter, sequence uint64, err error) {
	message, err := i.dead.GetMsg(ctx, first, jetstream.WithGetMsgSubject(i.deadSubject("*")))
	if err != nil {
		return stream.DeadLetter{}, 0, err
	}
	letter, err = decodeDeadLetter(message.Header, message.Data)
	if err != nil {
		letter = unreadable(message.Sequence, message.Data, err)
	}
	return letter, message.Sequence, nil
}

// unreadable is the dead letter that a message becomes that is no entry.
func unreadable(sequence uint64, data []byte, reason error) stream.DeadLetter {
	name := fmt.Sprintf("unreadable-%d", sequence)
	return stream.DeadLetter{
		Entry:  stream.Entry{ID: name, Conversation: name, Data: data},
		Reason: reason.Error(),
	}
}

// Requeue puts the dead letter with the entry's id back, behind what waits in
// its conversation, as an entry that was never tried. After an error, call it
// again: at worst the entry is handled twice. So it may be if the Term that gave
// it up has not returned yet, and then fails. Copies of the entry are known from
// when it was given up first, for as long as of any other.
//
// It returns [ErrNoDeadLetter] if there is none, and otherwise fails like
// [Inbox.Put].
func (i *Inbox) Requeue(ctx context.Context, id string) error {
	if err := i.ended(ctx); err != nil {
		return err
	}
	key := keyOf(id)
	message, err := i.dead.GetLastMsgForSubject(ctx, i.deadSubject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return ErrNoDeadLetter
	}
	if err == nil {
		err = i.requeue(ctx, key, message)
	}
	return i.explain(ctx, "requeue", err)
}

func (i *Inbox) requeue(ctx context.Context, key string, message *jetstream.RawStreamMsg) error {
	letter, err := decodeDeadLetter(message.Header, message.Data)
	if err != nil {
		return err
	}
	entry := encode(i.entrySubject(i.lineOf(letter.Conversation)), letter.Entry)
	entry.Header.Set(headerRequeued, strconv.FormatUint(message.Sequence, 10))
	again := requeuedKey(key, message.Sequence)
	if _, err := i.js.PublishMsg(ctx, entry, jetstream.WithMsgID(again)); err != nil {
		return err
	}
	return i.dead.DeleteMsg(ctx, message.Sequence)
}

// Counts says what an [Inbox] holds, in all programs together.
type Counts struct {
	// Entries and Bytes are what waits or is being handled, DeadLetters what
	// was given up.
	Entries, Bytes, DeadLetters uint64
}

// Counts asks the servers what the inbox holds. It returns ctx's error,
// [stream.ErrClosed], or an error of the servers.
func (i *Inbox) Counts(ctx context.Context) (Counts, error) {
	if err := i.ended(ctx); err != nil {
		return Counts{}, err
	}
	entries, err := i.entries.Info(ctx)
	if err != nil {
		return Counts{}, i.explain(ctx, "counts", err)
	}
	dead, err := i.dead.Info(ctx)
	if err != nil {
		return Counts{}, i.explain(ctx, "counts", err)
	}
	return Counts{Entries: entries.State.Msgs, Bytes: entries.State.Bytes, DeadLetters: dead.State.Msgs}, nil
}
