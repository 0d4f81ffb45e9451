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

// The ledger is the stream that records which entries were settled. It keeps one
// message for each subject. Its leader answers lookups, so that every program
// reads what was written. A stream without replicas is looked up directly, which
// costs the server less; a replica could answer before it has the last record.

// keyOf returns the form of an id in subjects, which allow few characters.
func keyOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

// requeuedKey returns the key of an entry that was requeued from the dead letter
// with a number. It differs from the letter's key, because the settlement that
// made the letter may still be writing, and must not settle the entry.
func requeuedKey(key string, letter uint64) string { return fmt.Sprintf("%s-%d", key, letter) }

func (s *storage) settledSubject(key string) string { return s.name + ".settled." + key }
func (s *storage) returnedSubject(line int) string {
	return s.name + ".returned." + strconv.Itoa(line)
}

// lookup returns the record with a subject in the ledger, or nil if there is none.
func (s *storage) lookup(ctx context.Context, subject string) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, replyTime)
	defer cancel()
	record, err := s.settled.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, nil
	case errors.Is(err, nats.ErrNoResponders):
		// Another program may have added replicas, so that the stream no longer
		// allows direct lookups. The client knows after this.
		_, _ = s.settled.Info(ctx)
	}
	return record, err
}

// isSettled reports whether the entry with key was settled.
func (s *storage) isSettled(ctx context.Context, key string) (bool, error) {
	record, err := s.lookup(ctx, s.settledSubject(key))
	return record != nil, err
}

// settle records that a delivery settled the entry with key, by "ack" or "term".
// It returns [stream.ErrSettled] if another delivery did so before. It makes
// attempts until ctx ends, because a lost reply leaves open whether the entry is
// settled.
func (s *storage) settle(ctx context.Context, key, delivery, way string) error {
	subject := s.settledSubject(key)
	record := &nats.Msg{Subject: subject, Data: []byte(way)}
	err := s.publishOnce(ctx, record, delivery, jetstream.WithExpectLastSequencePerSubject(0))
	if !isRecorded(err) {
		return err
	}
	// A server without a cluster says so of the delivery's own record, too, if an
	// attempt is repeated.
	var existing *jetstream.RawStreamMsg
	err = retry(ctx, transient, func() error {
		existing, err = s.lookup(ctx, subject)
		return err
	})
	if err == nil && (existing == nil || existing.Header.Get(jetstream.MsgIDHeader) != delivery) {
		return stream.ErrSettled
	}
	return err
}

// isRecorded reports whether a record was refused because there is one already.
func isRecorded(err error) bool {
	api, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// returned returns how often programs have fetched the first entry of a line and
// then had no taker for it. JetStream counts these as attempts; the inbox does
// not. The sequence is that of the entry's message.
func (s *storage) returned(ctx context.Context, line int, sequence uint64) (int, error) {
	note, err := s.lookup(ctx, s.returnedSubject(line))
	if note == nil {
		return 0, err
	}
	var of uint64
	var times int
	if _, err := fmt.Sscanf(string(note.Data), returnedFormat, &of, &times); err != nil || of != sequence {
		return 0, nil // about an earlier entry
	}
	return times, nil
}

// noteReturned records how often the first entry of a line was returned.
func (s *storage) noteReturned(ctx context.Context, line int, sequence uint64, times int) error {
	note := &nats.Msg{Subject: s.returnedSubject(line), Data: fmt.Appendf(nil, returnedFormat, sequence, times)}
	_, err := s.publish(ctx, note)
	return err
}

const returnedFormat = "%d %d"
