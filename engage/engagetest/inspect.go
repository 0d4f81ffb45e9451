package engagetest

import (
	"encoding/json"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// NewConversation returns a conversation at an address with messages, for
// [Server.Seed]. It takes what the messages contain and checks nothing. As in a request,
// the surplus files of an inbound message are dropped. It panics if a message has no
// JSON.
func NewConversation(address channel.Address, messages ...message.Message) Conversation {
	members := address.Members()
	c := Conversation{
		Channel:            members.Channel,
		CustomerAddress:    members.CustomerAddress,
		BusinessAddress:    members.BusinessAddress,
		ThreadID:           members.ThreadID,
		BrowserFingerprint: members.BrowserFingerprint,
		Subject:            members.Subject,
		ToRecipients:       members.ToRecipients,
		CCRecipients:       members.CCRecipients,
		InReplyTo:          members.InReplyTo,
	}
	for _, m := range messages {
		raw := encode(m)
		o, _ := newObject(raw)
		o.raw = raw
		made := o.message(c.Channel)
		o.readRefused(&made)
		made.Raw = o.raw
		c.Messages = append(c.Messages, made)
	}
	return c.clone()
}

// readRefused reads the content of a message that message refused because of the channel
// or the direction. It does nothing if the content was read.
func (o *object) readRefused(m *Message) {
	i := slices.IndexFunc(contents, func(c content) bool { return c.typ == m.Type })
	if i >= 0 && slices.ContainsFunc(contents[i].members, o.has) {
		o.content(contents[i], m)
	}
}

// Address returns the address of the conversation. It returns nil if the channel is
// unknown.
func (c Conversation) Address() channel.Address {
	switch c.Channel {
	case sms:
		return channel.SMSAddress{Business: c.BusinessAddress, Customer: c.CustomerAddress}
	case facebook:
		return channel.FacebookAddress{PageID: c.BusinessAddress, PageScopedID: c.CustomerAddress}
	case liveChat:
		return channel.LiveChatAddress{
			AppID:              c.BusinessAddress,
			UserID:             c.CustomerAddress,
			ThreadID:           c.ThreadID,
			BrowserFingerprint: c.BrowserFingerprint,
		}
	case email:
		c = c.clone()
		return channel.EmailAddress{
			Mailbox:   c.BusinessAddress,
			From:      c.CustomerAddress,
			Subject:   c.Subject,
			To:        c.ToRecipients,
			CC:        c.CCRecipients,
			InReplyTo: c.InReplyTo,
		}
	case whatsApp:
		return channel.WhatsAppAddress{Business: c.BusinessAddress, Customer: c.CustomerAddress}
	case apple:
		return channel.AppleAddress{AccountID: c.BusinessAddress, UserID: c.CustomerAddress}
	case api:
		return channel.APIAddress{BusinessID: c.BusinessAddress, UserID: c.CustomerAddress}
	}
	return nil
}

// Messages returns the messages of the conversation with that id, oldest first. A message
// that package message cannot decode becomes a message.Unknown. Messages returns nil if
// there is no such conversation. To compare the messages with others, use [Diff].
func (s *Server) Messages(id string) []message.Message {
	c, ok := s.Conversation(id)
	if !ok {
		return nil
	}
	messages := make([]message.Message, len(c.Messages))
	for i, m := range c.Messages {
		messages[i] = decoded(m.Raw)
	}
	return messages
}

// decoded returns a message in the types of the SDK.
func decoded(raw json.RawMessage) message.Message {
	m, err := message.Decode(raw)
	if err != nil {
		return message.Unknown{Raw: raw}
	}
	return m
}
