package jetstream

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/nats-io/nats.go"

	"github.com/engagesdk/engage-go/stream"
)

// The headers of a stored message hold what is not the payload. Their values are
// quoted strings of Go in ASCII: a header itself carries neither line ends nor
// bytes that are no text, and an id may hold anything.
const (
	headerID           = "Engage-Id"
	headerConversation = "Engage-Conversation"
	headerTraceID      = "Engage-Trace-Id"
	headerVerifiedBy   = "Engage-Verified-By"
	headerReceived     = "Engage-Received"
	// headerRequeued is the number of the dead letter that an entry was, in
	// digits.
	headerRequeued = "Engage-Requeued"
	headerAttempts = "Engage-Attempts"
	headerReason   = "Engage-Reason"
)

// encode returns the message that stores an entry.
func encode(subject string, entry stream.Entry) *nats.Msg {
	msg := &nats.Msg{Subject: subject, Header: nats.Header{}, Data: entry.Data}
	set := func(header, value string) {
		if value != "" {
			msg.Header.Set(header, strconv.QuoteToASCII(value))
		}
	}
	set(headerID, entry.ID)
	set(headerConversation, entry.Conversation)
	set(headerTraceID, entry.TraceID)
	set(headerVerifiedBy, entry.VerifiedBy)
	if !entry.Received.IsZero() {
		set(headerReceived, entry.Received.Format(time.RFC3339Nano))
	}
	return msg
}

// errNotAnEntry says that a message was not stored by an inbox.
var errNotAnEntry = errors.New("the message is not an entry")

// decode reads a stored message. The error is errNotAnEntry, wrapped.
func decode(header nats.Header, data []byte) (stream.Entry, error) {
	entry := stream.Entry{Data: data}
	var received string
	for name, value := range map[string]*string{
		headerID:           &entry.ID,
		headerConversation: &entry.Conversation,
		headerTraceID:      &entry.TraceID,
		headerVerifiedBy:   &entry.VerifiedBy,
		headerReceived:     &received,
	} {
		if err := unquote(header, name, value); err != nil {
			return stream.Entry{}, err
		}
	}
	if entry.ID == "" || entry.Conversation == "" {
		return stream.Entry{}, fmt.Errorf("%w: it has no id", errNotAnEntry)
	}
	if received != "" {
		at, err := time.Parse(time.RFC3339Nano, received)
		if err != nil {
			return stream.Entry{}, fmt.Errorf("%w: %s", errNotAnEntry, headerReceived)
		}
		entry.Received = at
	}
	return entry, nil
}

// settlementKey returns the key under which the entry of a stored message is
// settled. The error is errNotAnEntry, wrapped.
func settlementKey(header nats.Header, entry stream.Entry) (string, error) {
	key := keyOf(entry.ID)
	number := header.Get(headerRequeued)
	if number == "" {
		return key, nil
	}
	letter, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return "", fmt.Errorf("%w: %s", errNotAnEntry, headerRequeued)
	}
	return requeuedKey(key, letter), nil
}

// unquote reads the header called name into value, if it is there.
func unquote(header nats.Header, name string, value *string) error {
	quoted := header.Get(name)
	if quoted == "" {
		return nil
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return fmt.Errorf("%w: %s", errNotAnEntry, name)
	}
	*value = text
	return nil
}

// encodeDeadLetter returns the message that stores a dead letter. It is no more
// than deadLetterRoom larger than that of its entry.
func encodeDeadLetter(subject string, letter stream.DeadLetter) *nats.Msg {
	msg := encode(subject, letter.Entry)
	msg.Header.Set(headerAttempts, strconv.Itoa(letter.Attempts))
	msg.Header.Set(headerReason, strconv.QuoteToASCII(beginning(letter.Reason, maxReason)))
	return msg
}

// beginning returns as much of a text as takes limit bytes within quotes.
func beginning(text string, limit int) string {
	size := 0
	for at, width := 0, 0; at < len(text); at += width {
		_, width = utf8.DecodeRuneInString(text[at:])
		size += len(strconv.QuoteToASCII(text[at:at+width])) - len(`""`)
		if size > limit {
			return text[:at]
		}
	}
	return text
}

// What a message may take. An entry leaves room for what its dead letter has
// beside it: otherwise it could never be given up, and its line would wait for
// ever. The room is for the reason, the attempts, the number of the letter once
// the entry is requeued, and the id by which JetStream tells copies.
const (
	deadLetterRoom = 2 << 10
	maxReason      = 1536
	maxHeader      = math.MaxUint16 // JetStream's own
)

// checkRoom returns an error, which is [nats.ErrMaxPayload], if the message of an
// entry is too large to be a dead letter.
func checkRoom(message *nats.Msg, maxPayload int64) error {
	size := message.Size() - len(message.Subject)
	header := size - len(message.Data)
	if header > maxHeader-deadLetterRoom || int64(size) > maxPayload-deadLetterRoom {
		return fmt.Errorf("%w: the entry leaves no room for what a dead letter adds", nats.ErrMaxPayload)
	}
	return nil
}

// decodeDeadLetter reads a stored dead letter. The error is errNotAnEntry,
// wrapped.
func decodeDeadLetter(header nats.Header, data []byte) (stream.DeadLetter, error) {
	entry, err := decode(header, data)
	if err != nil {
		return stream.DeadLetter{}, err
	}
	letter := stream.DeadLetter{Entry: entry}
	if letter.Attempts, err = strconv.Atoi(header.Get(headerAttempts)); err != nil {
		return stream.DeadLetter{}, fmt.Errorf("%w: %s", errNotAnEntry, headerAttempts)
	}
	return letter, unquote(header, headerReason, &letter.Reason)
}
