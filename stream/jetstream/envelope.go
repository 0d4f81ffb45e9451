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

// The headers of a stored message hold everything but the payload. The values
// are Go strings quoted in ASCII, because an id may contain any bytes, and a
// header cannot.
const (
	headerID           = "Engage-Id"
	headerConversation = "Engage-Conversation"
	headerTraceID      = "Engage-Trace-Id"
	headerTraceParent  = "Engage-Trace-Parent"
	headerVerifiedBy   = "Engage-Verified-By"
	headerReceived     = "Engage-Received"
	headerAttempts     = "Engage-Attempts"
	headerReason       = "Engage-Reason"
	// headerPut differs in each call of Put.
	headerPut = "Engage-Put"
	// headerRequeued is the number of the dead letter that the entry was before.
	headerRequeued = "Engage-Requeued"
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
	set(headerTraceParent, entry.TraceParent)
	set(headerVerifiedBy, entry.VerifiedBy)
	if !entry.Received.IsZero() {
		set(headerReceived, entry.Received.Format(time.RFC3339Nano))
	}
	return msg
}

// errNotAnEntry says that a message does not contain what an inbox stores.
var errNotAnEntry = errors.New("the message is not an entry")

// decode decodes a stored message. The error wraps errNotAnEntry.
func decode(header nats.Header, data []byte) (stream.Entry, error) {
	entry := stream.Entry{Data: data}
	var received string
	for name, value := range map[string]*string{
		headerID:           &entry.ID,
		headerConversation: &entry.Conversation,
		headerTraceID:      &entry.TraceID,
		headerTraceParent:  &entry.TraceParent,
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

// settlementKey returns the key that the ledger has for the entry of a stored
// message. The error wraps errNotAnEntry.
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

// unquote sets value to the header called name, if there is one.
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

// encodeDeadLetter returns the message that stores a dead letter. It is at most
// deadLetterRoom larger than the message of the entry.
func encodeDeadLetter(subject string, letter stream.DeadLetter) *nats.Msg {
	msg := encode(subject, letter.Entry)
	msg.Header.Set(headerAttempts, strconv.Itoa(letter.Attempts))
	msg.Header.Set(headerReason, strconv.QuoteToASCII(beginning(letter.Reason, maxReason)))
	return msg
}

// beginning returns the longest beginning of a text that takes at most limit
// bytes when quoted.
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

// Limits of a message, in bytes. An entry leaves room for what its dead letter
// adds: a reason, the attempts, and the id that JetStream needs to recognize a
// repeated request. A requeued entry adds the number of its letter. Without the
// room an entry could not become a dead letter, and would block its line.
const (
	deadLetterRoom = 2 << 10
	maxReason      = 1536
	maxHeader      = math.MaxUint16 // JetStream's own
)

// checkRoom returns [nats.ErrMaxPayload], wrapped, if the message of an entry is
// too large to become a dead letter.
func checkRoom(message *nats.Msg, maxPayload int64) error {
	size := message.Size() - len(message.Subject)
	header := size - len(message.Data)
	if header > maxHeader-deadLetterRoom || int64(size) > maxPayload-deadLetterRoom {
		return fmt.Errorf("%w: the entry leaves no room for what a dead letter adds", nats.ErrMaxPayload)
	}
	return nil
}

// decodeDeadLetter decodes a stored dead letter. The error wraps errNotAnEntry.
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
