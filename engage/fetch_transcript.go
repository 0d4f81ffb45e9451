package engage

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// maxTranscriptLimit is the most messages that one call fetches (documented).
const maxTranscriptLimit = 500

// FetchTranscriptRequest is a request of FetchTranscript, in its only version:
// [FetchTranscriptV10].
type FetchTranscriptRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *fetchTranscript
}

// FetchTranscriptV10 reads a part of a conversation's messages. The vendor
// offers it to standalone tenants only and gives it no version; 1.0 is assumed.
type FetchTranscriptV10 struct {
	// ConversationID is required.
	ConversationID string
	// Offset is how many messages to pass over. In which order the service
	// counts them is not documented.
	Offset int
	// Limit is how many messages to read, from 1 to 500; 0 leaves it to the
	// service, which then reads 10 (documented).
	Limit int
}

// Validate implements [FetchTranscriptRequest].
func (r FetchTranscriptV10) Validate() error { return validate(r.form()) }

func (r FetchTranscriptV10) form() *fetchTranscript { return new(fetchTranscript(r)) }

type fetchTranscript FetchTranscriptV10

func (*fetchTranscript) operation() outcome.Operation { return outcome.FetchTranscript }
func (*fetchTranscript) revision() outcome.Version    { return outcome.V10 }
func (*fetchTranscript) body(string) any              { return nil }
func (f *fetchTranscript) ids() pathIDs               { return pathIDs{conversation: f.ConversationID} }

func (f *fetchTranscript) violations() outcome.Violations {
	var v outcome.Violations
	requireID(&v, "ConversationID", f.ConversationID)
	if f.Offset < 0 {
		v.Add("Offset", "is negative")
	}
	if f.Limit < 0 || f.Limit > maxTranscriptLimit {
		v.Add("Limit", "is not from 1 to 500, nor 0")
	}
	return v
}

// query implements [queried]. What is zero is left to the service.
func (f *fetchTranscript) query() url.Values {
	query := url.Values{}
	if f.Offset > 0 {
		query.Set("offset", strconv.Itoa(f.Offset))
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return query
}

// FetchTranscriptResult is a part of a conversation's messages.
type FetchTranscriptResult struct {
	Reply
	// Messages are in the order of the reply. One that the SDK cannot read is a
	// [message.Unknown], which keeps its JSON.
	Messages []message.Message
	// CountOfRecords is the service's countOfRecords; 0 if the reply has none.
	// The vendor does not say what it counts; that it is all the messages of the
	// conversation is assumed.
	CountOfRecords int
}

// transcriptPage is a part of a conversation's messages as they came.
type transcriptPage struct {
	answer   *answer
	messages [][]byte
	count    int
}

// FetchTranscript reads a part of a conversation's messages. It ends on success,
// spelled in small letters by the vendor, or with an error on Failure or a
// standard edge. It is a read and is retried.
func (c *Client) FetchTranscript(ctx context.Context, request FetchTranscriptRequest, options ...CallOption) (*FetchTranscriptResult, error) {
	form, settings, err := prepare(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	page, err := c.transcript(ctx, form, settings)
	if err != nil {
		return nil, err
	}
	result := &FetchTranscriptResult{
		Reply:          page.answer.reply(outcome.TranscriptFetched),
		Messages:       make([]message.Message, len(page.messages)),
		CountOfRecords: page.count,
	}
	for i, raw := range page.messages {
		result.Messages[i], err = message.Decode(raw)
		if err != nil {
			result.Messages[i] = message.Unknown{Raw: slices.Clone(raw)}
		}
	}
	return result, nil
}

// transcript is FetchTranscript without reading the messages.
func (c *Client) transcript(ctx context.Context, form *fetchTranscript, s *settings) (*transcriptPage, error) {
	got, err := c.ask(ctx, form, s)
	if err != nil {
		return nil, err
	}
	page := &transcriptPage{answer: got}
	value := tolerant.MembersOf(got.envelope.Value)
	// What is no number, or none that makes sense, counts nothing.
	if count, err := strconv.Atoi(value.Text("countOfRecords")); err == nil && count > 0 {
		page.count = count
	}
	var ok bool
	if page.messages, ok = messagesIn(value); !ok {
		return nil, got.failure(form, outcome.OnError, errWrongShape)
	}
	return page, nil
}

// messagesIn returns the messages in the value of a reply, and whether it held a
// list of them: as a text that holds the JSON of one (documented), or as the list
// itself. A reply that counts none need not have one.
func messagesIn(value tolerant.Members) ([][]byte, bool) {
	escaped, isEscaped := messageList(value.Nested("transcriptJsonEsc"))
	plain, isPlain := messageList(value.Nested("messages"))
	if len(escaped) > 0 {
		plain = escaped
	}
	if len(plain) == 0 && !isEscaped && value.Text("transcriptJsonEsc") != "" {
		return nil, false // A list that is cut short is not an empty one.
	}
	return plain, isEscaped || isPlain || value.Text("countOfRecords") == "0"
}

// messageList reads a list, or an object that holds one. A list that is many times
// as long as one that was asked for is none.
func messageList(value []byte) ([][]byte, bool) {
	if list := tolerant.MembersOf(value).Find("messages"); list != nil {
		value = list
	}
	if len(value) == 0 || value[0] != '[' {
		return nil, false
	}
	return tolerant.AllElements(value, message.MaxValues)
}
