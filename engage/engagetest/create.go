package engagetest

import "github.com/engagesdk/engage-go/engage/channel"

// createConversation makes a queued conversation, unless an open one is at the
// same address.
func createConversation(s *state, c *call) result {
	a := c.body.address()
	created := &Conversation{
		Status:             Queued,
		Channel:            a.channel,
		CustomerAddress:    a.customer,
		BusinessAddress:    a.business,
		ThreadID:           a.threadID,
		BrowserFingerprint: a.fingerprint,
		Subject:            a.subject,
		ToRecipients:       a.toRecipients,
		CCRecipients:       a.ccRecipients,
		InReplyTo:          a.inReplyTo,
		AliasID:            c.body.optionalText("aliasId"),
		CustomerName:       c.body.optionalText("customerName"),
		CreatedAt:          c.now,
	}
	messages := c.body.messages(a.channel)
	for _, field := range c.body.customFields() {
		created.setField(field)
	}
	switch a.channel {
	case channel.LiveChat:
		created.Domain = c.body.optionalText("domain")
		created.ProactiveID = c.body.optionalText("proactiveId")
	case channel.Apple:
		created.CapabilityList = c.body.any("capabilityList")
	}
	a.checkComplete(c.body)
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
	if open := s.findOpen(a); open != nil {
		return conflict(open, "a conversation is already open at this address")
	}
	s.put(created)
	s.append(created, messages)
	return acknowledged(created, c.now)
}

// checkComplete notes what an address lacks to create a conversation.
func (a address) checkComplete(o *object) {
	if a.customer == "" {
		o.malformed("customerAddress", "is missing")
	}
	if a.channel == channel.LiveChat && a.threadID == "" {
		o.malformed("threadId", "is missing")
	}
}
