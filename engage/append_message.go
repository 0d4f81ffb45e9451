package engage

import (
	"context"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// AppendMessageRequest is a request of AppendMessage, in one of its versions:
// [AppendMessageV10], [AppendMessageV13] or [AppendMessageV14].
type AppendMessageRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *appendMessage
}

// AppendMessageV10 appends a text, a text with attachments or an email. In a
// live chat it appends inbound text and form responses only.
type AppendMessageV10 struct {
	// ConversationID is required.
	ConversationID string
	// Channel is the channel of the conversation. Required.
	Channel channel.Channel
	// Message is required.
	Message message.Message
}

// AppendMessageV13 is [AppendMessageV10] with all of the live chat's message
// types and with announcements on every channel.
type AppendMessageV13 AppendMessageV10

// AppendMessageV14 appends any number of messages, of WhatsApp's and Apple's
// rich types too, and Apple's capability list.
// The vendor names this version and does not describe it: what it adds is
// assumed.
type AppendMessageV14 struct {
	// ConversationID is required.
	ConversationID string
	// Channel is the channel of the conversation. Required.
	Channel channel.Channel
	// Messages holds at least one message.
	Messages []message.Message
	// CapabilityList tells what an Apple device can show, as the channel's
	// event gives it; it is refused on other channels.
	CapabilityList string
}

// Validate implements [AppendMessageRequest].
func (r AppendMessageV10) Validate() error { return validate(r.form()) }

// Validate implements [AppendMessageRequest].
func (r AppendMessageV13) Validate() error { return validate(r.form()) }

// Validate implements [AppendMessageRequest].
func (r AppendMessageV14) Validate() error { return validate(r.form()) }

func (r AppendMessageV10) form() *appendMessage {
	f := &appendMessage{
		version: outcome.V10, conversationID: r.ConversationID, field: single,
		appendBody: appendBody{Channel: r.Channel},
	}
	f.take(r.Message)
	return f
}

func (r AppendMessageV13) form() *appendMessage {
	f := AppendMessageV10(r).form()
	f.version = outcome.V13
	return f
}

func (r AppendMessageV14) form() *appendMessage {
	f := &appendMessage{
		version: outcome.V14, conversationID: r.ConversationID, field: several,
		appendBody: appendBody{Channel: r.Channel, Extras: r.CapabilityList},
	}
	f.take(r.Messages...)
	return f
}

type appendMessage struct {
	version        outcome.Version
	conversationID string
	appendBody
	batch
	// field names the i-th message for its violations.
	field func(int) string
}

func (*appendMessage) operation() outcome.Operation { return outcome.AppendMessage }
func (f *appendMessage) revision() outcome.Version  { return f.version }
func (f *appendMessage) ids() pathIDs               { return pathIDs{conversation: f.conversationID} }

func (f *appendMessage) violations() outcome.Violations {
	var v outcome.Violations
	requireID(&v, "ConversationID", f.conversationID)
	onlyOn(&v, channel.Apple, f.Channel, "CapabilityList", f.Extras)
	if len(f.messages) == 0 {
		v.Add("Messages", "is empty")
	}
	if !f.Channel.Known() {
		v.Add("Channel", "is not one of the seven channels")
	}
	checkMessages(&v, f, f.Channel, f.field, f.messages)
	return v
}

// appendBody is the JSON of a request. Messages and callback URL are filled in when
// it is encoded.
type appendBody struct {
	Channel     channel.Channel `json:"channel"`
	Messages    []any           `json:"messages"`
	Extras      string          `json:"extras,omitempty"`
	CallbackURL string          `json:"callbackUrl,omitempty"`
}

func (f *appendMessage) body(callbackURL string) any {
	f.Messages, f.CallbackURL = f.wire(), callbackURL
	return &f.appendBody
}

// requireMarks implements [traceable].
func (f *appendMessage) requireMarks(v *outcome.Violations) { f.batch.requireMarks(v, f.field) }

// look implements [traceable]: the messages are there if the conversation's
// transcript holds them, whether or not it was closed since.
func (f *appendMessage) look(ctx context.Context, c *Client, s *settings) finding {
	return f.lookIn(ctx, c, s, f.conversationID)
}

// AppendMessageReceipt is what AppendMessage returns.
type AppendMessageReceipt struct {
	Receipt
	// MessageAliasIDs are the alias ids of the messages, in order, those that
	// the client made included.
	MessageAliasIDs []string
}

// AppendMessage appends to a conversation. It ends on onAppendMessageSuccess,
// or with an error on onAppendMessageFailure or a standard edge. To a closed
// conversation only an announcement can be appended. It is unsafe to repeat,
// see [Class]; one in doubt is looked for, see [WithReconciliation].
func (c *Client) AppendMessage(ctx context.Context, request AppendMessageRequest, options ...CallOption) (*AppendMessageReceipt, error) {
	form, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &AppendMessageReceipt{receipt, form.aliasIDs}, nil
}
