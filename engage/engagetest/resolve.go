package engagetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
)

// media is a pair of media type and channel as Resolve names them, and the
// members of the message details that hold the address there.
type media struct {
	mediaType    string
	mediaChannel string
	channel      channel.Channel
	customer     string
	business     string
	name         string
}

// allMedia lists what Resolve takes (observed in the vendor's own flows).
var allMedia = []media{
	{"social", "sms", channel.SMS, "senderNumber", "serviceNumber", "customerName"},
	{"social", "facebook", channel.Facebook, "psId", "facebookPageId", "customerName"},
	{"social", "whatsapp", channel.WhatsApp, "customerWhatsappId", "waId", "customerUsername"},
	{"social", "appleMessages", channel.Apple, "abcUserId", "accountId", "customerName"},
	{"email", "email", channel.Email, "customerEmailId", "businessEmailId", "customerName"},
	{"chat", "web", channel.LiveChat, "userId", "appId", "customerName"},
}

// The operations that Resolve reports.
const (
	wasCreated  = "created"
	wasReopened = "reopened"
	wasAppended = "appended"
)

// resolveConversation finds or makes the conversation of an incoming message
// and appends the message (documented). A closed one is re-opened, but in live
// chat, where a new one is made. Of the details it takes the address, the name
// and the text; attachments are not kept.
func resolveConversation(s *state, c *call) result {
	transID := c.body.requiredText("transId")
	c.body.requiredText("flowId")
	c.body.flag("overrideDefaultClose")
	incoming := c.body.incoming()
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
	conversation, operation := s.resolve(incoming, c)
	answer := acknowledged(conversation, c.now)
	answer.resolved = &resolution{TransID: transID, TaskID: conversation.taskID, Operation: operation}
	incoming.message.AliasID = transID
	incoming.message.Timestamp = c.now
	incoming.message.Raw = incoming.encode()
	s.append(conversation, []Message{incoming.message})
	return answer
}

// incoming is the message that Resolve is about.
type incoming struct {
	address address
	name    string
	message Message
}

// incoming reads what the message is and where it came in.
func (o *object) incoming() incoming {
	mediaType, mediaChannel := o.requiredText("mediaType"), o.requiredText("mediaChannel")
	details := o.details()
	i := slices.IndexFunc(allMedia, func(m media) bool {
		return m.mediaType == mediaType && m.mediaChannel == mediaChannel
	})
	if i < 0 {
		o.unusable("mediaChannel", "is unknown for the mediaType")
		return incoming{}
	}
	m := allMedia[i]
	in := incoming{
		address: address{channel: m.channel, customer: details.requiredText(m.customer), business: details.requiredText(m.business)},
		name:    details.text(m.name),
		message: Message{Direction: "inbound", Type: "text", Text: details.text("message")},
	}
	switch m.channel {
	case channel.LiveChat:
		in.address.threadID = details.requiredText("threadId")
	case channel.Email:
		in.message.Type = "email"
		in.address.subject = details.requiredText("subject")
		in.address.inReplyTo = details.text("inReplyTo")
	}
	return in
}

// details reads the message details, which are JSON within a string.
func (o *object) details() *object {
	details := &object{path: "details.messageDetails.", problems: o.problems}
	var text string
	var blocks struct {
		Message map[string]json.RawMessage `json:"messageDetails"`
	}
	switch _, present := o.members["details"]; {
	case !present:
		o.malformed("details", "is missing")
	case !o.take("details", "JSON in a string", &text):
	case json.Unmarshal([]byte(text), &blocks) != nil || blocks.Message == nil:
		o.malformed("details", "holds no messageDetails")
	default:
		details.members = blocks.Message
	}
	return details
}

// resolve returns the conversation for a message and how it came by it.
func (s *state) resolve(in incoming, c *call) (*Conversation, string) {
	conversation := s.find(in.address)
	switch {
	case conversation != nil && conversation.open():
		return conversation, wasAppended
	case conversation != nil && in.address.channel != channel.LiveChat:
		conversation.queue()
		conversation.taskID = s.newTask()
		conversation.AliasID = conversation.taskID
		return conversation, wasReopened
	}
	created := &Conversation{
		Status:          Queued,
		Channel:         in.address.channel,
		CustomerAddress: in.address.customer,
		BusinessAddress: in.address.business,
		ThreadID:        in.address.threadID,
		Subject:         in.address.subject,
		InReplyTo:       in.address.inReplyTo,
		CustomerName:    in.name,
		CreatedAt:       c.now,
		taskID:          s.newTask(),
	}
	if created.Channel != channel.LiveChat {
		created.AliasID = created.taskID
	}
	s.put(created)
	return created, wasCreated
}

// newTask returns the id of a new task.
func (s *state) newTask() string {
	s.tasks++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.tasks)
}

// encode writes the message as a client would have sent it.
func (in incoming) encode() json.RawMessage {
	if in.message.Type != "email" {
		return in.message.encode()
	}
	return encode(map[string]any{
		"aliasId":   in.message.AliasID,
		"direction": in.message.Direction,
		"type":      in.message.Type,
		"timestamp": in.message.Timestamp.Format(time.RFC3339Nano),
		"email": map[string]any{
			"from":      in.address.customer,
			"to":        []string{in.address.business},
			"bodyPlain": in.message.Text,
		},
	})
}

// acceptance is what Resolve answers at once when the rest comes by callback.
func (r *resolution) acceptance() *resolution {
	if r == nil {
		return nil
	}
	return &resolution{TransID: r.TransID}
}

// asynchronous is the answer to a write whose outcome comes by callback. It
// tells no more than that the request was taken.
func (r result) asynchronous() result {
	return result{status: http.StatusAccepted, description: "accepted", resolved: r.resolved.acceptance()}
}
