package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"time"
	"unicode/utf8"
)

// The errors of inboxes, for errors.Is.
var (
	// ErrFull says that an inbox has no room; try again later.
	ErrFull = errors.New("stream: the inbox is full")
	// ErrClosed says that an inbox or a source has been closed for good.
	ErrClosed = errors.New("stream: the inbox is closed")
	// ErrNoID says that an entry has no id, or no conversation, to store it by.
	ErrNoID = errors.New("stream: the event has no id")
	// ErrSettled says that a delivery was settled before, or is no longer the
	// taker's to settle, because its lease ran out.
	ErrSettled = errors.New("stream: the delivery was settled before")
)

// Entry is an event as an inbox stores it. It holds all that a program needs to
// handle the event elsewhere and later. It is printed, logged and encoded by its
// ID alone, as far as that can be done: see [Header]. So are a [Delivery] and a
// [DeadLetter]: to store one, take its fields.
type Entry struct {
	// ID is the event's, by which copies are known. Required.
	ID string
	// Conversation is the event's: entries of one conversation are given out
	// one after another. Required.
	Conversation string
	// TraceID is the payload's, or the one that came beside it, in an HTTP header
	// for example; often empty. A receiver keeps its first 256 bytes.
	TraceID string
	// VerifiedBy is the name of the secret that signed the event; empty if no
	// signature was asked for.
	VerifiedBy string
	// Received is when the event arrived. It is kept to the millisecond at
	// least.
	Received time.Time
	// Data is the payload. Nobody changes it.
	Data []byte

	// header is what was read of Data, so that an entry that stays in memory is
	// read once. It is nil for an entry that comes from elsewhere, and where it
	// would take much memory.
	header *Header
}

// String returns the entry's ID as a phrase.
func (e Entry) String() string { return "entry " + strconv.Quote(e.ID) }

// Format writes String's text for every verb.
func (e Entry) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.String()) }

// LogValue shows String's text to log/slog.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// MarshalJSON encodes String's text.
func (e Entry) MarshalJSON() ([]byte, error) { return json.Marshal(e.String()) }

// NewEntry reads as much of a payload as an entry needs. Received is left zero.
// The error is a [*DecodeError] as that of [Decode]. An entry may come back
// without an ID, if the payload has none; an inbox refuses it then.
func NewEntry(data []byte) (Entry, error) {
	header, err := decodeHeader(data)
	if err != nil {
		return Entry{}, err
	}
	return header.entry(), nil
}

// A header is kept with its entry up to so many members and bytes of payload, and
// if the payload is UTF-8: then its texts, and the JSON that was within strings,
// take up to three times the payload. A byte that is none becomes three in each.
const (
	maxKeptMembers = 128
	maxKeptPayload = 8 << 10
)

func (h Header) entry() Entry {
	entry := Entry{ID: h.ID, Conversation: h.Conversation, TraceID: h.TraceID, Data: h.Raw}
	if len(h.members) <= maxKeptMembers && len(h.Raw) <= maxKeptPayload && utf8.Valid(h.Raw) {
		entry.header = &h
	}
	return entry
}

// check returns [ErrNoID] for an entry that cannot be stored.
func (e Entry) check() error {
	if e.ID == "" || e.Conversation == "" {
		return ErrNoID
	}
	return nil
}

// Event decodes the entry's payload. The event has the entry's ID and
// Conversation, and its TraceID where the payload has none.
func (e Entry) Event() (Event, error) {
	header, err := e.read()
	if err != nil {
		return nil, err
	}
	header.ID, header.Conversation = e.ID, e.Conversation
	header.TraceID = cmp.Or(header.TraceID, e.TraceID)
	return header.event(), nil
}

// read returns the header of Data, which may have been replaced since it was
// read.
func (e Entry) read() (Header, error) {
	if h := e.header; h != nil && len(e.Data) == len(h.Raw) && &e.Data[0] == &h.Raw[0] {
		return *h, nil
	}
	return decodeHeader(e.Data)
}

// Source gives out entries, each of them until it is settled.
//
// An implementation keeps these promises, which package inboxtest checks:
//
//   - Entries of one conversation are given out in the order in which they came
//     in, and the next one only after the one before was acknowledged or
//     terminated. An entry that was put back comes before those behind it.
//   - Different conversations do not wait for each other. An implementation may
//     let a few of them share a line, but not all.
//   - An entry that was given out and not settled is given out again: when its
//     lease runs out, or when a durable source is opened again.
//
// All methods of sources, inboxes and deliveries are safe for concurrent use.
type Source interface {
	// Take returns the next entry that may be handled. It waits for one until
	// ctx ends, and then returns ctx.Err(). It returns [ErrClosed] once the
	// source is closed. After any other error it can be called again.
	Take(ctx context.Context) (Delivery, error)
}

// Inbox stores entries between a [Receiver], which must answer at once, and a
// [Worker], which may take its time.
//
// Beside those of a [Source] it makes these promises:
//
//   - Putting an entry finds a copy of it and stores it in one step: of any
//     number of concurrent calls with one ID, exactly one stores.
//   - An ID is remembered from the moment it is stored, and still after the
//     entry was acknowledged or terminated, for as long as the implementation
//     says. An entry that was put back stays in the inbox, so that nothing is
//     lost when its copies are dropped.
type Inbox interface {
	Source
	// Put stores the entry unless the inbox knows its ID, which duplicate then
	// tells. When it returns nil, the entry is as safe as the inbox can make
	// it. It fails with [ErrNoID], [ErrFull], [ErrClosed], ctx's error if ctx
	// has ended, or an error of its own; then nothing was stored, or if that is
	// not certain, putting the entry again does no harm. The inbox keeps
	// entry.Data: the caller must not change it.
	Put(ctx context.Context, entry Entry) (duplicate bool, err error)
}

// Delivery is an entry that was given out to be handled. It is settled by the
// first of Ack, Nak and Term that succeeds. One without a Settlement belongs to
// nobody: its methods return [ErrSettled].
type Delivery struct {
	Entry
	// Attempt counts how often the entry was given out, this time included.
	Attempt int
	// Lease is how long the delivery belongs to its taker. Before that time is
	// over it must be settled or extended; zero means that it does not run out.
	Lease time.Duration
	Settlement
}

// Ack calls the Settlement's Ack.
func (d Delivery) Ack(ctx context.Context) error {
	if d.Settlement == nil {
		return ErrSettled
	}
	return d.Settlement.Ack(ctx)
}

// Nak calls the Settlement's Nak.
func (d Delivery) Nak(ctx context.Context, delay time.Duration) error {
	if d.Settlement == nil {
		return ErrSettled
	}
	return d.Settlement.Nak(ctx, delay)
}

// Term calls the Settlement's Term.
func (d Delivery) Term(ctx context.Context, reason string) error {
	if d.Settlement == nil {
		return ErrSettled
	}
	return d.Settlement.Term(ctx, reason)
}

// Extend calls the Settlement's Extend.
func (d Delivery) Extend(ctx context.Context) error {
	if d.Settlement == nil {
		return ErrSettled
	}
	return d.Settlement.Extend(ctx)
}

// Settlement says what became of a delivery. Each method returns [ErrSettled] if
// the delivery is settled already or its lease is over, and any other error if
// the source cannot be reached: the delivery may then be given out again.
type Settlement interface {
	// Ack says that the entry was handled: it is not given out again.
	Ack(ctx context.Context) error
	// Nak puts the entry back, to be given out again after delay at the
	// earliest. Its conversation waits until then.
	Nak(ctx context.Context, delay time.Duration) error
	// Term gives the entry up: it becomes a dead letter, with the reason, and
	// its conversation goes on. The reason holds nothing secret; a source may
	// keep no more than the beginning of a long one.
	Term(ctx context.Context, reason string) error
	// Extend renews the lease, where there is one.
	Extend(ctx context.Context) error
}
