package jetstream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/engagesdk/engage-go/stream"
)

// ledger is where it is written which entries were settled. Its stream holds one
// message for each subject, and answers from its leader: what was written is
// read by everybody.
type ledger struct {
	name   string
	js     jetstream.JetStream
	stream jetstream.Stream
}

// keyOf returns what an id is called in subjects, which take few characters.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// requeuedKey returns the key of an entry that dead letter number letter became
// again. It is not that of the letter, whose own settlement may still be under
// way: whatever that writes must not settle the entry.
func requeuedKey(key string, letter uint64) string { return fmt.Sprintf("%s-%d", key, letter) }

func (l ledger) settledSubject(key string) string { return l.name + ".settled." + key }
func (l ledger) returnedSubject(line int) string {
	return l.name + ".returned." + strconv.Itoa(line)
}

// settled reports whether the entry with key was settled.
func (l ledger) settled(ctx context.Context, key string) (bool, error) {
	_, err := l.stream.GetLastMsgForSubject(ctx, l.settledSubject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// settle writes that the delivery settled the entry with key, and in what way.
// It returns [stream.ErrSettled] if another delivery did so before. It tries
// until ctx ends: an answer that got lost would leave open what became of the
// entry.
func (l ledger) settle(ctx context.Context, key, delivery, way string) error {
	record := &nats.Msg{Subject: l.settledSubject(key), Data: []byte(way)}
	_, err := publish(ctx, l.js, record, transient, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithMsgID(delivery))
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		switch api.ErrorCode {
		case jetstream.JSErrCodeStreamWrongLastSequence, jetstream.JSErrCodeStreamWrongLastSequenceConstant:
			return stream.ErrSettled
		}
	}
	return err
}

// returned tells how often the first entry of a line, which is message number
// sequence, was fetched by a program that then had no taker for it. JetStream
// counts that as an attempt, and the inbox does not.
func (l ledger) returned(ctx context.Context, line int, sequence uint64) (int, error) {
	note, err := l.stream.GetLastMsgForSubject(ctx, l.returnedSubject(line))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var of uint64
	var times int
	if _, err := fmt.Sscanf(string(note.Data), returnedFormat, &of, &times); err != nil || of != sequence {
		return 0, nil // a note of an earlier entry
	}
	return times, nil
}

// noteReturned writes that the first entry of a line was returned that often.
func (l ledger) noteReturned(ctx context.Context, line int, sequence uint64, times int) error {
	_, err := l.js.Publish(ctx, l.returnedSubject(line), fmt.Appendf(nil, returnedFormat, sequence, times))
	return err
}

const returnedFormat = "%d %d"
