package engage

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strconv"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// FetchTranscript reads messages of a conversation. The call ends on success (the
// vendor spells it so here), or with an error on Failure or a standard edge. It is a
// read and is retried. [Client.Transcript] reads all messages.
func (c *Client) FetchTranscript(ctx context.Context, request FetchTranscriptRequest, options ...CallOption) (*FetchTranscriptResult, error) {
	w := request.wire()
	return read(ctx, c, w, options, func(ctx context.Context, s *settings) (*FetchTranscriptResult, error) {
		return c.transcript(ctx, w, s)
	})
}

// transcript returns the messages of one page.
func (c *Client) transcript(ctx context.Context, w *fetchTranscript, s *settings) (*FetchTranscriptResult, error) {
	page, err := c.fetchPage(ctx, w, s)
	if err != nil {
		return nil, err
	}
	result := &FetchTranscriptResult{
		Reply:          replyOf(page.reply, outcome.TranscriptFetched),
		Messages:       make([]message.Message, len(page.messages)),
		CountOfRecords: page.count,
	}
	for i, raw := range page.messages {
		result.Messages[i] = c.transcribed(ctx, raw)
	}
	return result, nil
}

// transcribed decodes a message of a transcript. It logs the type of one that the SDK does
// not know.
func (c *Client) transcribed(ctx context.Context, raw []byte) message.Message {
	m, err := message.Decode(raw)
	if err != nil {
		m = message.Unknown{Raw: slices.Clone(raw)}
	}
	if unknown, ok := m.(message.Unknown); ok {
		c.log.unknown(ctx, outcome.FetchTranscript, "message type", string(unknown.Type()))
	}
	return m
}

// FetchTranscriptResult is the result of FetchTranscript.
type FetchTranscriptResult struct {
	Reply
	// Messages are in the order of the reply. A message that cannot be decoded is a
	// [message.Unknown], which keeps its JSON.
	Messages []message.Message
	// CountOfRecords is the countOfRecords of the reply; 0 if it has none that is a
	// positive number. That it counts all the messages of the conversation is assumed.
	CountOfRecords int
}

// FetchTranscriptRequest is a request of FetchTranscript in its only version:
// [FetchTranscriptV10].
type FetchTranscriptRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *fetchTranscript
}

// FetchTranscriptV10 reads messages of a conversation. The vendor offers it to
// standalone tenants only (documented), and names no version; 1.0 is assumed.
type FetchTranscriptV10 struct {
	// ConversationID is required.
	ConversationID string
	// Offset is the number of messages to skip. In which order the service counts
	// them is not documented.
	Offset int
	// Limit is the number of messages to read, from 1 to 500. 0 means 10, the default
	// of the service (documented).
	Limit int
}

// Validate implements [FetchTranscriptRequest].
func (r FetchTranscriptV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r FetchTranscriptV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r FetchTranscriptV10) wire() *fetchTranscript { return new(fetchTranscript(r)) }

// fetchTranscript implements [wireRequest].
type fetchTranscript FetchTranscriptV10

func (*fetchTranscript) name() (outcome.Operation, outcome.Version) {
	return outcome.FetchTranscript, outcome.V10
}

func (w *fetchTranscript) ids() pathIDs { return pathIDs{conversation: w.ConversationID} }

// maxTranscriptLimit is the most messages of one call (documented).
const maxTranscriptLimit = 500

func (w *fetchTranscript) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.ConversationID)
	if w.Offset < 0 {
		v.Add("Offset", "is negative")
	}
	if w.Limit < 0 || w.Limit > maxTranscriptLimit {
		v.Add("Limit", "must be from 1 to 500, or 0 for 10")
	}
	return v
}

func (*fetchTranscript) body(string) any { return nil }

// query returns the parameters that are not zero.
func (w *fetchTranscript) query() url.Values {
	query := url.Values{}
	if w.Offset > 0 {
		query.Set("offset", strconv.Itoa(w.Offset))
	}
	if w.Limit > 0 {
		query.Set("limit", strconv.Itoa(w.Limit))
	}
	return query
}

// transcriptPage is a reply with messages that are not decoded yet.
type transcriptPage struct {
	reply    engine.Reply
	messages [][]byte
	count    int
}

// fetchPage fetches messages without decoding them.
func (c *Client) fetchPage(ctx context.Context, w *fetchTranscript, s *settings) (*transcriptPage, error) {
	reply, err := c.do(ctx, w, s)
	if err != nil {
		return nil, err
	}
	page := &transcriptPage{reply: reply}
	value := tolerant.MembersOf(reply.Envelope.Value)
	messages, ok := messagesIn(value)
	if !ok || !hasObject(reply) {
		return nil, unusable(w, reply, outcome.OnError, errWrongShape)
	}
	page.messages = messages
	if count, err := strconv.Atoi(value.Text("countOfRecords")); err == nil && count > 0 {
		page.count = count
	}
	return page, nil
}

// messagesIn returns the messages in the value of a reply: a list as escaped JSON
// (documented), or the list itself. It reports false if there is no list. A value
// with the count 0 needs none.
func messagesIn(value tolerant.Members) ([][]byte, bool) {
	escaped, isEscaped := messageList(value.Nested("transcriptJsonEsc"))
	plain, isPlain := messageList(value.Nested("messages"))
	list := plain
	if len(escaped) > 0 {
		list = escaped // It is the documented one.
	}
	if len(list) == 0 && !isEscaped && value.Text("transcriptJsonEsc") != "" {
		return nil, false // A list that is cut short is not an empty list.
	}
	return list, isEscaped || isPlain || value.Text("countOfRecords") == "0"
}

// messageList returns the elements of a list, or of the list in an object. It reports
// false for any other value, and for more than message.MaxValues elements.
func messageList(value []byte) ([][]byte, bool) {
	if list := tolerant.MembersOf(value).Find("messages"); list != nil {
		value = list
	}
	if len(value) == 0 || value[0] != '[' {
		return nil, false
	}
	return tolerant.AllElements(value, message.MaxValues)
}
