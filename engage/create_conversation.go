package engage

import (
	"context"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// CreateConversationRequest is a request of CreateConversation, in one of its
// versions: [CreateConversationV10], [CreateConversationV12] or
// [CreateConversationV13].
type CreateConversationRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *createConversation
}

// CreateConversationV10 opens a conversation, with or without a first message.
// In a live chat the message is a text.
type CreateConversationV10 struct {
	// Address is required. A live chat needs its user and its thread.
	Address channel.Address
	// CustomerName is shown to agents.
	CustomerName string
	// Domain is the website of a live chat; it is refused on other channels.
	Domain string
	// CapabilityList tells what an Apple device can show, as the channel's
	// event gives it; it is refused on other channels.
	CapabilityList string
	// Message is the first message; nil opens a blank conversation.
	Message message.Message
}

// CreateConversationV12 is [CreateConversationV10] with all of the live chat's
// message types.
type CreateConversationV12 CreateConversationV10

// CreateConversationV13 opens a conversation with any number of messages, an
// alias id and custom fields. Only the proactive id is known to belong to this
// version; that the others do is assumed.
type CreateConversationV13 struct {
	// Address is required. A live chat needs its user and its thread.
	Address channel.Address
	// CustomerName is shown to agents.
	CustomerName string
	// AliasID is an id of one's own for the conversation; empty for none. In
	// the contact center it is the id of the task.
	AliasID string
	// Domain is the website of a live chat; it is refused on other channels.
	Domain string
	// ProactiveID is the id of the rule that opened a live chat by itself; it
	// is refused on other channels.
	ProactiveID string
	// CapabilityList tells what an Apple device can show, as the channel's
	// event gives it; it is refused on other channels.
	CapabilityList string
	// Messages are the first messages; none opens a blank conversation.
	Messages []message.Message
	// CustomFields are set on the conversation or the customer's profile.
	CustomFields []CustomField
}

// Validate implements [CreateConversationRequest].
func (r CreateConversationV10) Validate() error { return validate(r.form()) }

// Validate implements [CreateConversationRequest].
func (r CreateConversationV12) Validate() error { return validate(r.form()) }

// Validate implements [CreateConversationRequest].
func (r CreateConversationV13) Validate() error { return validate(r.form()) }

func (r CreateConversationV10) form() *createConversation {
	f := &createConversation{
		version: outcome.V10, address: r.Address, field: single,
		createBody: createBody{CustomerName: r.CustomerName, Domain: r.Domain, CapabilityList: r.CapabilityList},
	}
	if r.Message != nil {
		f.take(r.Message)
	}
	return f
}

func (r CreateConversationV12) form() *createConversation {
	f := CreateConversationV10(r).form()
	f.version = outcome.V12
	return f
}

func (r CreateConversationV13) form() *createConversation {
	f := &createConversation{
		version: outcome.V13, address: r.Address, field: several,
		createBody: createBody{
			AliasID: r.AliasID, CustomerName: r.CustomerName, Domain: r.Domain, ProactiveID: r.ProactiveID,
			CapabilityList: r.CapabilityList, CustomFields: r.CustomFields,
		},
	}
	f.take(r.Messages...)
	return f
}

type createConversation struct {
	version outcome.Version
	address channel.Address
	createBody
	batch
	// field names the i-th message for its violations.
	field func(int) string
}

func (*createConversation) operation() outcome.Operation { return outcome.CreateConversation }
func (f *createConversation) revision() outcome.Version  { return f.version }
func (*createConversation) ids() pathIDs                 { return pathIDs{} }

func (f *createConversation) violations() outcome.Violations {
	var v outcome.Violations
	requireAddress(&v, f.address)
	ch := f.channel()
	if ch == channel.LiveChat {
		members := f.address.Members()
		requireForLiveChat(&v, "Address.UserID", members.CustomerAddress)
		requireForLiveChat(&v, "Address.ThreadID", members.ThreadID)
	}
	onlyOn(&v, channel.LiveChat, ch, "Domain", f.Domain)
	onlyOn(&v, channel.LiveChat, ch, "ProactiveID", f.ProactiveID)
	onlyOn(&v, channel.Apple, ch, "CapabilityList", f.CapabilityList)
	requireUTF8(&v, "CustomerName", f.CustomerName)
	requireUTF8(&v, "AliasID", f.AliasID)
	requireCustomFields(&v, f.CustomFields)
	checkMessages(&v, f, ch, f.field, f.messages)
	return v
}

// channel is that of the address; empty without one.
func (f *createConversation) channel() channel.Channel {
	if !isAddress(f.address) {
		return ""
	}
	return f.address.Channel()
}

// requireForLiveChat notes a part of the address that a search can do without
// and a create cannot, unless the address has noted it already.
func requireForLiveChat(v *outcome.Violations, field, value string) {
	noted := func(violation outcome.Violation) bool { return violation.Field == field }
	switch {
	case strings.TrimSpace(value) != "", slices.ContainsFunc(*v, noted):
	case value == "":
		v.Add(field, "is empty")
	default:
		v.Add(field, "is blank")
	}
}

// onlyOn notes a value that only channel able can carry, unless the actual one is
// not known.
func onlyOn(v *outcome.Violations, able, actual channel.Channel, field, value string) {
	if value != "" && actual != able && actual.Known() {
		v.Add(field, "can be sent on "+string(able)+" only")
	}
	requireUTF8(v, field, value)
}

// createBody is the JSON of a request. Address, messages and callback URL are
// filled in when it is encoded.
type createBody struct {
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

func (f *createConversation) body(callbackURL string) any {
	f.Members, f.Messages, f.CallbackURL = f.address.Members(), f.wire(), callbackURL
	return &f.createBody
}

// requireMarks implements [traceable].
func (f *createConversation) requireMarks(v *outcome.Violations) {
	if len(f.messages) == 0 && f.AliasID == "" {
		v.Add("AliasID", noMark)
	}
	f.batch.requireMarks(v, f.field)
}

// look implements [traceable]. The conversation was created if the one at its
// address holds the messages it was to begin with; where it was to begin
// without any, if it is open and has the alias id. A conversation without either
// mark proves nothing: it may have been there before.
func (f *createConversation) look(ctx context.Context, c *Client, s *settings) finding {
	at, err := c.search(ctx, &searchConversation{outcome.V13, f.address}, s)
	isClosed := at != nil && at.isClosed()
	switch {
	case at == nil:
		return finding{sight: unknowable, why: err}
	case at.ConversationID == "" && at.Exists:
		return finding{sight: unclear, why: errNoMark}
	case at.ConversationID == "":
		return finding{sight: absent, why: errNoAddress}
	case len(f.messages) > 0:
		found := f.lookIn(ctx, c, s, at.ConversationID)
		if found.sight == absent {
			// It may be in another one that was at the address.
			return finding{sight: unclear, why: found.why, closed: isClosed}
		}
		return found
	case f.AliasID == "":
		return finding{sight: unknowable, why: errNoMark}
	case !strings.EqualFold(at.AliasID, f.AliasID):
		return finding{sight: unclear, why: errOtherAliasID, closed: isClosed}
	case isClosed, !at.Exists, at.Outcome == outcome.OnInvalidChoice:
		return finding{sight: unclear, why: errOtherAliasID}
	}
	return finding{sight: there, conversationID: at.ConversationID}
}

// CreateConversationReceipt is what CreateConversation returns.
type CreateConversationReceipt struct {
	Receipt
	// MessageAliasIDs are the alias ids of the messages, in order, those that
	// the client made included.
	MessageAliasIDs []string
}

// CreateConversation opens a conversation between a customer and the business
// on a channel. It does not look for one that is open already; SearchConversation
// does. It ends on onConversationCreated, or with an error on
// onConversationFailed or a standard edge. It is unsafe to repeat, see [Class];
// one in doubt is looked for, see [WithReconciliation].
func (c *Client) CreateConversation(ctx context.Context, request CreateConversationRequest, options ...CallOption) (*CreateConversationReceipt, error) {
	form, receipt, err := write(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return &CreateConversationReceipt{receipt, form.aliasIDs}, nil
}
