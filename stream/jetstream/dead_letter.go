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

// bury stores the dead letter of a delivery. It replaces an older one with the
// same id. It makes attempts until ctx ends.
func (i *Inbox) bury(ctx context.Context, letter stream.DeadLetter, delivery string) error {
	return i.publishOnce(ctx, encodeDeadLetter(i.deadSubject(keyOf(letter.ID)), letter), delivery)
}

// DeadLetters iterates over the dead letters, oldest first. It includes those
// that are added meanwhile. An error ends the iteration: ctx's,
// [stream.ErrClosed], or an error of the servers.
//
// A message in the inbox's streams that is not an entry becomes a dead letter
// as well. Its ID and Conversation are unreadable-<n>, it has no attempts, and
// its last 2 KiB may be missing.
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

// unreadable returns the dead letter of a message that is not an entry.
func unreadable(sequence uint64, data []byte, reason error) stream.DeadLetter {
	name := fmt.Sprintf("unreadable-%d", sequence)
	return stream.DeadLetter{
		Entry:  stream.Entry{ID: name, Conversation: name, Data: data},
		Reason: reason.Error(),
	}
}

// Requeue turns the dead letter with an entry's id into an entry again. The
// entry is placed behind those that wait in its conversation, and its attempts
// are counted anew. Copies of it are recognized from the time when it first
// became a dead letter, as long as those of any other entry.
//
// Requeue returns [stream.ErrNoDeadLetter] if there is no such letter, and otherwise
// fails like [Inbox.Put]. After an error, call it again: at worst the entry is
// handled twice. The same can happen while the Term that stores the letter is
// still in progress, and then fails.
func (i *Inbox) Requeue(ctx context.Context, id string) error {
	if err := i.ended(ctx); err != nil {
		return err
	}
	key := keyOf(id)
	message, err := i.dead.GetLastMsgForSubject(ctx, i.deadSubject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return stream.ErrNoDeadLetter
	}
	if err == nil {
		err = i.requeue(ctx, key, message)
	}
	return i.explain(ctx, "requeue", err)
}

// requeue puts the entry of a stored dead letter into its line, and deletes the
// letter.
func (i *Inbox) requeue(ctx context.Context, key string, message *jetstream.RawStreamMsg) error {
	letter, err := decodeDeadLetter(message.Header, message.Data)
	if err != nil {
		return err
	}
	entry := encode(i.entrySubject(i.lineOf(letter.Conversation)), letter.Entry)
	entry.Header.Set(headerRequeued, strconv.FormatUint(message.Sequence, 10))
	if err := i.publishOnce(ctx, entry, requeuedKey(key, message.Sequence)); err != nil {
		return err
	}
	return i.dead.DeleteMsg(ctx, message.Sequence)
}
