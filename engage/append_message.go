package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// AppendMessage appends messages to a conversation. The call ends on
// onAppendMessageSuccess, or with an error on onAppendMessageFailure or a standard
// edge. A closed conversation accepts announcements only (documented).
//
// It is unsafe to repeat; see [Class]. An append that may have been applied is looked
// up in the transcript of the conversation; see [Reconciliation].
func (c *Client) AppendMessage(ctx context.Context, request AppendMessageRequest, options ...CallOption) (*AppendMessageReceipt, error) {
	w := request.wire()
	receipt, err := c.write(ctx, w, options)
	if err != nil {
		return nil, err
	}
	return &AppendMessageReceipt{*receipt, w.aliasIDs}, nil
}

// AppendMessageReceipt is the result of AppendMessage.
type AppendMessageReceipt struct {
	Receipt
	// MessageAliasIDs are the alias ids of the messages, in order. The client makes
	// them for messages without one.
	MessageAliasIDs []string
}

// AppendMessageRequest is a request of AppendMessage in one of its versions:
// [AppendMessageV10], [AppendMessageV13] or [AppendMessageV14]. Take the highest; the
// lower ones exist to match a node of a flow.
type AppendMessageRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *appendMessage
}

// AppendMessageV10 appends a text, a text with attachments or an email. In a
// live chat it appends inbound texts and form responses only. It exists to match a flow;
// take [AppendMessageV14].
type AppendMessageV10 struct {
	// ConversationID is required.
	ConversationID string
	// Channel is the channel of the conversation. It is required.
	Channel channel.Channel
	// Message is required.
	Message message.Message
}

// AppendMessageV13 appends what [AppendMessageV10] does, and in addition all
// message types of the live chat, and announcements on every channel. It exists to match
// a flow; take [AppendMessageV14].
type AppendMessageV13 AppendMessageV10

// AppendMessageV14 appends one or more messages, of the rich types of WhatsApp and
// Apple, too, and sends Apple's capability list. The vendor names this version
// without a description: what it adds is assumed.
type AppendMessageV14 struct {
	// ConversationID is required.
	ConversationID string
	// Channel is the channel of the conversation. It is required.
	Channel channel.Channel
	// Messages contains at least one message.
	Messages []message.Message
	// CapabilityList says what an Apple device can show, as in the event of the
	// channel. It is invalid on other channels.
	CapabilityList string
}

// Validate implements [AppendMessageRequest].
func (r AppendMessageV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r AppendMessageV10) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [AppendMessageRequest].
func (r AppendMessageV13) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r AppendMessageV13) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [AppendMessageRequest].
func (r AppendMessageV14) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r AppendMessageV14) LogValue() slog.Value { return logValue(r.wire()) }

func (r AppendMessageV10) wire() *appendMessage {
	w := &appendMessage{version: outcome.V10, conversationID: r.ConversationID, payload: appendJSON{Channel: r.Channel}}
	w.setOne(r.Message)
	return w
}

func (r AppendMessageV13) wire() *appendMessage {
	w := AppendMessageV10(r).wire()
	w.version = outcome.V13
	return w
}

func (r AppendMessageV14) wire() *appendMessage {
	w := &appendMessage{
		version: outcome.V14, conversationID: r.ConversationID,
		payload: appendJSON{Channel: r.Channel, Extras: r.CapabilityList},
	}
	w.setAll(r.Messages)
	return w
}

// appendMessage implements [wireRequest] for all versions.
type appendMessage struct {
	version        outcome.Version
	conversationID string
	payload        appendJSON
	messages
}

// appendJSON is the body of the request. The capability list is in extras here, and in
// capabilityList when a conversation is created (assumed).
type appendJSON struct {
	Channel     channel.Channel `json:"channel"`
	Messages    []any           `json:"messages"`
	Extras      string          `json:"extras,omitempty"`
	CallbackURL string          `json:"callbackUrl,omitempty"`
}

func (w *appendMessage) name() (outcome.Operation, outcome.Version) {
	return outcome.AppendMessage, w.version
}

func (w *appendMessage) channel() channel.Channel { return w.payload.Channel }

func (w *appendMessage) ids() pathIDs { return pathIDs{conversation: w.conversationID} }

func (w *appendMessage) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ConversationID", w.conversationID)
	validateOnlyOn(&v, channel.Apple, w.payload.Channel, "CapabilityList", w.payload.Extras)
	if len(w.list) == 0 {
		v.Add("Messages", "is empty")
	}
	validateChannel(&v, w.payload.Channel)
	w.validateMessages(&v, outcome.AppendMessage, w.version, w.payload.Channel)
	return v
}

func (w *appendMessage) body(callbackURL string) any {
	w.payload.Messages, w.payload.CallbackURL = w.encodable(), callbackURL
	return &w.payload
}

// lookUp implements [findable]. The messages were appended if the transcript
// contains them, even if the conversation was closed since.
func (w *appendMessage) lookUp(ctx context.Context, c *Client, s *settings) lookup {
	return w.lookUpIn(ctx, c, s, w.conversationID)
}
