package stream

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"
	"unicode/utf8"
)

// Entry is an event as an inbox stores it. It holds everything that a program
// needs to handle the event later or elsewhere.
//
// Packages fmt, log/slog and encoding/json show the ID of an Entry and nothing else.
// They show a [Delivery] and a [DeadLetter] in the same way. [Header] describes the one
// exception. To store an entry, store its exported fields.
type Entry struct {
	// ID identifies the event: its duplicates have the same ID. Required.
	ID string
	// Conversation identifies the event's conversation. The entries of one
	// conversation are delivered one after another. Required.
	Conversation string
	// TraceID is the vendor's trace id, from the payload or from an HTTP header.
	// It is often empty. A receiver keeps its first 256 bytes.
	TraceID string
	// TraceParent is the trace context of the request that the event came with, in the
	// form of the traceparent header of W3C Trace Context. An observer sets it; see
	// [Observer]. It is empty without one. A receiver leaves out one above 256 bytes.
	TraceParent string
	// VerifiedBy is the name of the secret that signed the event. It is empty if
	// no signature was verified.
	VerifiedBy string
	// Received is when the event arrived, to the millisecond or better.
	Received time.Time
	// Data is the payload. It must not be changed.
	Data []byte

	// header is the header of Data, so that Data is decoded once. It is nil if it
	// would take much memory, and in an entry that was not made from a payload.
	header *Header
}

// String returns a phrase with the entry's ID.
func (e Entry) String() string { return "entry " + strconv.Quote(e.ID) }

// Format writes the text of String for every verb.
func (e Entry) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue returns the text of String.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalJSON encodes the text of String.
func (e Entry) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// NewEntry returns the entry of a payload, without the time when it was received. Its ID
// and Conversation are those of [Header]. If the payload has no id of the sender, the ID is
// a digest of the payload, so that equal payloads are duplicates. If it names no party
// either, the Conversation is the ID. The error is a [*DecodeError] if [Decode] returns one
// for data.
//
// The entry keeps data: the caller must not change it afterwards.
func NewEntry(data []byte) (Entry, error) {
	header, err := decodeHeader(data)
	if err != nil {
		return Entry{}, err
	}
	return header.entry(), nil
}

// A header is kept with its entry only up to these limits, and only if the payload
// is UTF-8. What is kept then takes at most three times the payload: the payload,
// its texts, and the JSON within strings. Each byte that is not UTF-8 would become
// three in each of them.
const (
	maxKeptMembers = 128
	maxKeptPayload = 8 << 10
)

// entry returns the entry of h, which may keep h.
func (h *Header) entry() Entry {
	entry := Entry{ID: h.ID, TraceID: h.TraceID, Data: h.Raw}
	if entry.ID == "" {
		entry.ID = digest("payload", string(h.Raw))
	}
	entry.Conversation = cmp.Or(h.Conversation, entry.ID)
	if len(h.members) <= maxKeptMembers && len(h.Raw) <= maxKeptPayload && utf8.Valid(h.Raw) {
		entry.header = h
	}
	return entry
}

// Event decodes the entry's payload. The event has the entry's ID and
// Conversation, and the entry's TraceID if the payload has none. The error is a
// [*DecodeError].
func (e Entry) Event() (Event, error) {
	header, err := e.head()
	if err != nil {
		return nil, err
	}
	return header.event(), nil
}

// head returns the header of the event, with the ids that the entry has.
func (e Entry) head() (Header, error) {
	decoded, err := e.read()
	if err != nil {
		return Header{}, err
	}
	header := *decoded
	header.ID, header.Conversation = e.ID, e.Conversation
	header.TraceID = cmp.Or(header.TraceID, e.TraceID)
	return header, nil
}

// read returns the header of Data. It decodes Data if no header is kept, or if the
// program has replaced Data.
func (e Entry) read() (*Header, error) {
	if h := e.header; h != nil && len(e.Data) == len(h.Raw) && &e.Data[0] == &h.Raw[0] {
		return h, nil
	}
	return decodeHeader(e.Data)
}
