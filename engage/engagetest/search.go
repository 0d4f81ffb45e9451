package engagetest

import (
	"net/http"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// address is the address of a conversation. Each channel has its own fields.
type address struct {
	channel      channel.Channel
	customer     string
	business     string
	threadID     string
	fingerprint  string
	subject      string
	toRecipients []string
	ccRecipients []string
	inReplyTo    string
}

// address reads the members that Search and Create have in common. Only live chat may
// omit the customer.
func (o *object) address() address {
	a := address{channel: o.channel(), business: o.requiredText("bizAddress")}
	if a.channel != liveChat {
		o.require("customerAddress")
	}
	a.customer = o.optionalText("customerAddress")
	switch a.channel {
	case liveChat:
		a.threadID = o.optionalText("threadId")
		a.fingerprint = o.optionalText("browserFingerprint")
	case email:
		a.subject = o.requiredText("subject")
		a.toRecipients = o.texts("toRecipients")
		a.ccRecipients = o.texts("ccRecipients")
		a.inReplyTo = o.optionalText("inReplyTo")
	}
	return a
}

// customerKey and thread are the keys by which an address is found. The subject of an
// email is part of the first.
func (a address) customerKey() customerKey {
	key := customerKey{a.channel, a.customer, a.business, ""}
	if a.channel == email {
		key.subject = a.subject
	}
	return key
}

func (a address) thread() thread { return thread{a.business, a.threadID} }

// addressOf returns the address with these members.
func addressOf(m channel.Members) address {
	return address{
		channel:      m.Channel,
		customer:     m.CustomerAddress,
		business:     m.BusinessAddress,
		threadID:     m.ThreadID,
		fingerprint:  m.BrowserFingerprint,
		subject:      m.Subject,
		toRecipients: m.ToRecipients,
		ccRecipients: m.CCRecipients,
		inReplyTo:    m.InReplyTo,
	}
}

// address returns the address of the conversation.
func (c *Conversation) address() address {
	return address{
		channel:      c.Channel,
		customer:     c.CustomerAddress,
		business:     c.BusinessAddress,
		threadID:     c.ThreadID,
		fingerprint:  c.BrowserFingerprint,
		subject:      c.Subject,
		toRecipients: c.ToRecipients,
		ccRecipients: c.CCRecipients,
		inReplyTo:    c.InReplyTo,
	}
}

// found is the value of the reply to a search. Exists is true for a closed
// conversation too (assumed).
type found struct {
	ConversationID string  `json:"conversationId,omitempty"`
	AliasID        *string `json:"aliasId"`
	Exists         bool    `json:"chatExist"`
	Status         Status  `json:"status,omitempty"`
	TeamID         *string `json:"teamId"`
	UserID         *string `json:"userId"`
}

// searchConversation finds the conversation at an address. Live chat needs the thread,
// or the customer and the fingerprint.
func searchConversation(c *call) action {
	a := c.body.address()
	if a.channel == liveChat && a.threadID == "" && (a.customer == "" || a.fingerprint == "") {
		c.body.malformed("threadId", "is missing, and so is customerAddress or browserFingerprint")
	}
	return func(s *state) result {
		conversation := s.find(a)
		if conversation == nil {
			return result{status: http.StatusOK, description: "no conversation found", edge: "noConversationFound", value: found{}}
		}
		return result{status: http.StatusOK, description: "conversation found", edge: conversation.Status.edge(), value: found{
			ConversationID: conversation.ID,
			AliasID:        orNull(conversation.AliasID),
			Exists:         true,
			Status:         conversation.Status,
			TeamID:         orNull(conversation.TeamID),
			UserID:         orNull(conversation.UserID),
		}}
	}
}

// edge returns the outcome edge of a search that finds a conversation in that status.
func (s Status) edge() outcome.Edge {
	switch s {
	case Queued:
		return "conversationInQueue"
	case Active:
		return "conversationActive"
	case OnHold:
		return "conversationOnHold"
	case Closed:
		return "conversationClosed"
	}
	return "onInvalidChoice"
}

// orNull returns nil for an empty text, because the service replies with null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// find returns the conversation at an address, or nil. For an email, In-Reply-To takes
// precedence, even if it leads to a closed conversation (documented) or to that of
// another customer.
func (s *state) find(a address) *Conversation {
	for _, candidates := range s.candidates(a) {
		if found := s.openOrNewest(candidates); found != nil {
			return found
		}
	}
	return nil
}

// findOpen returns an open conversation at an address, or nil.
func (s *state) findOpen(a address) *Conversation {
	for _, candidates := range s.candidates(a) {
		if found := s.openOrNewest(candidates); found != nil && found.open() {
			return found
		}
	}
	return nil
}

// candidates returns the conversations at an address, as one list for each rule of the
// channel. The rules are in the order in which they apply.
func (s *state) candidates(a address) [][]*Conversation {
	same := s.byCustomer[a.customerKey()]
	switch {
	case a.channel == liveChat && a.threadID != "":
		return [][]*Conversation{matching(s.byThread[a.thread()], func(c *Conversation) bool {
			return a.customer == "" || a.customer == c.CustomerAddress
		})}
	case a.channel == liveChat:
		return [][]*Conversation{matching(same, func(c *Conversation) bool {
			return c.BrowserFingerprint == "" || a.fingerprint == c.BrowserFingerprint
		})}
	case a.channel == email && a.inReplyTo != "":
		return [][]*Conversation{s.byEmail[a.inReplyTo], same}
	}
	return [][]*Conversation{same}
}

func matching(all []*Conversation, rule func(*Conversation) bool) []*Conversation {
	var matching []*Conversation
	for _, c := range all {
		if rule(c) {
			matching = append(matching, c)
		}
	}
	return matching
}

// openOrNewest returns the newest open candidate, else the newest one, else nil.
func (s *state) openOrNewest(candidates []*Conversation) *Conversation {
	var best *Conversation
	for _, c := range candidates {
		if best == nil || c.open() && !best.open() || c.open() == best.open() && s.newer(c, best) {
			best = c
		}
	}
	return best
}

// newer reports whether a was created after b. Of two that were created at the same
// time, the one that was added later is newer.
func (s *state) newer(a, b *Conversation) bool {
	if order := a.CreatedAt.Compare(b.CreatedAt); order != 0 {
		return order > 0
	}
	return s.places[a.ID] > s.places[b.ID]
}
