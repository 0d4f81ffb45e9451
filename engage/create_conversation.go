package engage

import (
	"context"
	"log/slog"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// CreateConversation opens a conversation between a customer and the business on a
// channel. It does not search for one that is open already; SearchConversation does.
// The call ends on onConversationCreated, or with an error on onConversationFailed or
// a standard edge.
//
// It is unsafe to repeat; see [Class]. A create that may have been applied is looked
// up by its address; see [Reconciliation].
func (c *Client) CreateConversation(ctx context.Context, request CreateConversationRequest, options ...CallOption) (*CreateConversationReceipt, error) {
	w := request.wire()
	receipt, err := c.write(ctx, w, options)
	if err != nil {
		return nil, err
	}
	return &CreateConversationReceipt{*receipt, w.aliasIDs}, nil
}

// CreateConversationReceipt is the result of CreateConversation.
type CreateConversationReceipt struct {
	Receipt
	// MessageAliasIDs are the alias ids of the messages, in order. The client makes
	// them for messages without one.
	MessageAliasIDs []string
}

// CreateConversationRequest is a request of CreateConversation in one of its
// versions: [CreateConversationV10], [CreateConversationV12] or
// [CreateConversationV13]. Take the highest; the lower ones exist to match a node of a
// flow.
type CreateConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *createConversation
}

// CreateConversationV10 opens a conversation with a first message or without one.
// In a live chat the message is a text. It exists to match a flow; take
// [CreateConversationV13].
type CreateConversationV10 struct {
	// Address is required. That of a live chat needs its user and its thread.
	Address channel.Address
	// CustomerName is the name that agents see.
	CustomerName string
	// Domain is the website of a live chat. It is invalid on other channels.
	Domain string
	// CapabilityList says what an Apple device can show, as in the event of the
	// channel. It is invalid on other channels.
	CapabilityList string
	// Message is the first message; nil opens a blank conversation.
	Message message.Message
}

// CreateConversationV12 opens a conversation as [CreateConversationV10] does, and in
// addition with all message types of the live chat. It exists to match a flow; take
// [CreateConversationV13].
type CreateConversationV12 CreateConversationV10

// CreateConversationV13 opens a conversation with any number of messages, an alias
// id and custom fields. That the proactive id belongs to this version is
// documented; that the other fields do is assumed.
type CreateConversationV13 struct {
	// Address is required. That of a live chat needs its user and its thread.
	Address channel.Address
	// CustomerName is the name that agents see.
	CustomerName string
	// AliasID is an id of the caller for the conversation; empty for none. In the
	// contact center it is the id of the task.
	AliasID string
	// Domain is the website of a live chat. It is invalid on other channels.
	Domain string
	// ProactiveID is the id of the rule that opened a live chat by itself. It is
	// invalid on other channels.
	ProactiveID string
	// CapabilityList says what an Apple device can show, as in the event of the
	// channel. It is invalid on other channels.
	CapabilityList string
	// Messages are the first messages; none opens a blank conversation.
	Messages []message.Message
	// CustomFields are set on the conversation or the profile of the customer.
	CustomFields []CustomField
}

// Validate implements [CreateConversationRequest].
func (r CreateConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r CreateConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [CreateConversationRequest].
func (r CreateConversationV12) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r CreateConversationV12) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [CreateConversationRequest].
func (r CreateConversationV13) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r CreateConversationV13) LogValue() slog.Value { return logValue(r.wire()) }

func (r CreateConversationV10) wire() *createConversation {
	w := &createConversation{
		version: outcome.V10, address: r.Address,
		payload: createJSON{CustomerName: r.CustomerName, Domain: r.Domain, CapabilityList: r.CapabilityList},
	}
	if r.Message != nil {
		w.setOne(r.Message)
	}
	return w
}

func (r CreateConversationV12) wire() *createConversation {
	w := CreateConversationV10(r).wire()
	w.version = outcome.V12
	return w
}

func (r CreateConversationV13) wire() *createConversation {
	w := &createConversation{
		version: outcome.V13, address: r.Address,
		payload: createJSON{
			AliasID: r.AliasID, CustomerName: r.CustomerName, Domain: r.Domain, ProactiveID: r.ProactiveID,
			CapabilityList: r.CapabilityList, CustomFields: r.CustomFields,
		},
	}
	w.setAll(r.Messages)
	return w
}

// createConversation implements [wireRequest] for all versions.
type createConversation struct {
	version outcome.Version
	address channel.Address
	payload createJSON
	messages
}

// createJSON is the body of the request.
type createJSON struct {
	channel.Members
	AliasID        string        `json:"aliasId,omitempty"`
	CustomerName   string        `json:"customerName,omitempty"`
	Domain         string        `json:"domain,omitempty"`
	ProactiveID    string        `json:"proactiveId,omitempty"`
	CapabilityList string        `json:"capabilityList,omitempty"`
	Messages       []any         `json:"messages,omitempty"`
	CustomFields   []CustomField `json:"customFields,omitempty"`
	CallbackURL    string        `json:"callbackUrl,omitempty"`
}

func (w *createConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.CreateConversation, w.version
}

func (w *createConversation) channel() channel.Channel { return channelOf(w.address) }

func (*createConversation) ids() pathIDs { return pathIDs{} }

// givenAliasIDs returns the alias ids that the caller gave the conversation and the
// messages.
func (w *createConversation) givenAliasIDs() []string {
	ids := w.messages.givenAliasIDs()
	if w.payload.AliasID != "" {
		ids = append([]string{w.payload.AliasID}, ids...)
	}
	return ids
}

func (w *createConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateAddress(&v, w.address)
	ch := w.channel()
	if ch == channel.LiveChat {
		members := w.address.Members()
		validateLiveChatPart(&v, "Address.UserID", members.CustomerAddress)
		validateLiveChatPart(&v, "Address.ThreadID", members.ThreadID)
	}
	validateOnlyOn(&v, channel.LiveChat, ch, "Domain", w.payload.Domain)
	validateOnlyOn(&v, channel.LiveChat, ch, "ProactiveID", w.payload.ProactiveID)
	validateOnlyOn(&v, channel.Apple, ch, "CapabilityList", w.payload.CapabilityList)
	validateText(&v, "CustomerName", w.payload.CustomerName)
	validateText(&v, "AliasID", w.payload.AliasID)
	validateCustomFields(&v, w.payload.CustomFields)
	w.validateMessages(&v, outcome.CreateConversation, w.version, ch)
	return v
}

// validateAliasIDs implements [findable].
func (w *createConversation) validateAliasIDs() outcome.Violations {
	v := w.messages.validateAliasIDs()
	if len(w.list) == 0 && w.payload.AliasID == "" {
		v.Add("AliasID", aliasIDProblem)
	}
	return v
}

func (w *createConversation) body(callbackURL string) any {
	w.payload.Members, w.payload.Messages, w.payload.CallbackURL = w.address.Members(), w.encodable(), callbackURL
	return &w.payload
}

// lookUp implements [findable]. The conversation was created if the one at its
// address contains the first messages. Without messages, it was created if the one
// at its address is open and has the alias id. Any other conversation proves
// nothing: it may have been there before.
func (w *createConversation) lookUp(ctx context.Context, c *Client, s *settings) lookup {
	// Search returns a result beside an error for a conversation in an unknown state.
	there, err := c.search(ctx, &searchConversation{outcome.V13, w.address}, s)
	if there == nil {
		return lookup{reason: err, final: true}
	}
	isClosed := there.isClosed()
	switch {
	case there.ConversationID == "" && there.Exists:
		return lookup{reason: errNoMark}
	case there.ConversationID == "":
		return lookup{state: absent, reason: errNoConversation}
	case len(w.list) > 0:
		l := w.lookUpIn(ctx, c, s, there.ConversationID)
		if l.state == absent {
			// It may be in another conversation that was at the address.
			return lookup{reason: l.reason, onlyClosed: isClosed}
		}
		return l
	case w.payload.AliasID == "":
		return lookup{reason: errNoMark, final: true}
	case !strings.EqualFold(there.AliasID, w.payload.AliasID):
		return lookup{reason: errOtherAliasID, onlyClosed: isClosed}
	case isClosed, !there.Exists, there.Outcome == outcome.OnInvalidChoice:
		return lookup{reason: errNotOpen}
	}
	return lookup{state: found, conversationID: there.ConversationID}
}
