package engagetest

import (
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
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

// address reads the members that Search and Create have in common.
func (o *object) address() address {
	a := address{channel: o.channel(), customer: o.optionalText("customerAddress"), business: o.requiredText("bizAddress")}
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

// checkFindable records what a search lacks. Live chat needs the thread, or the
// customer and the fingerprint.
func (a address) checkFindable(o *object) {
	switch {
	case a.channel == liveChat && a.threadID != "":
	case a.channel == liveChat && (a.customer == "" || a.fingerprint == ""):
		o.malformed("threadId", "is missing, and so is customerAddress or browserFingerprint")
	case a.customer == "":
		o.malformed("customerAddress", "is missing")
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

func searchConversation(s *state, c *call) result {
	a := c.body.address()
	a.checkFindable(c.body)
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
	conversation := s.find(a)
	if conversation == nil {
		return result{status: http.StatusOK, description: "no conversation found", value: found{}}
	}
	return result{status: http.StatusOK, description: "conversation found", value: found{
		ConversationID: conversation.ID,
		AliasID:        orNull(conversation.AliasID),
		Exists:         true,
		Status:         conversation.Status,
		TeamID:         orNull(conversation.TeamID),
		UserID:         orNull(conversation.UserID),
	}}
}

// orNull returns nil for an empty text, because the service replies with null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// find returns the conversation at an address, or nil. For an email, In-Reply-To comes
// before the subject, even if it leads to a closed conversation (documented).
func (s *state) find(a address) *Conversation {
	for conversation := range s.matches(a) {
		return conversation
	}
	return nil
}

// findOpen returns an open conversation that any rule finds at an address, or nil.
func (s *state) findOpen(a address) *Conversation {
	for conversation := range s.matches(a) {
		if conversation.open() {
			return conversation
		}
	}
	return nil
}

// matches yields the conversation that each rule finds at an address, in the order of
// the rules. A rule finds the newest open conversation, else the newest closed one.
func (s *state) matches(a address) iter.Seq[*Conversation] {
	candidates := s.byCustomer[pair{a.channel, a.customer, a.business}]
	rules := []func(*Conversation) bool{func(*Conversation) bool { return true }}
	switch {
	case a.channel == liveChat && a.threadID != "":
		candidates = s.byThread[thread{a.business, a.threadID}]
		rules = []func(*Conversation) bool{a.sameCustomer}
	case a.channel == liveChat:
		rules = []func(*Conversation) bool{a.sameBrowser}
	case a.channel == email:
		rules = []func(*Conversation) bool{a.answered, a.sameSubject}
	}
	return func(yield func(*Conversation) bool) {
		for _, rule := range rules {
			if found := openOrNewest(candidates, rule); found != nil && !yield(found) {
				return
			}
		}
	}
}

// openOrNewest returns the newest open candidate that matches a rule, else the newest
// candidate that does, else nil. The candidates are in order, oldest first.
func openOrNewest(candidates []*Conversation, rule func(*Conversation) bool) *Conversation {
	var newest *Conversation
	for _, candidate := range slices.Backward(candidates) {
		switch {
		case !rule(candidate):
		case candidate.open():
			return candidate
		case newest == nil:
			newest = candidate
		}
	}
	return newest
}

func (a address) sameCustomer(c *Conversation) bool {
	return a.customer == "" || a.customer == c.CustomerAddress
}

func (a address) sameBrowser(c *Conversation) bool {
	return c.BrowserFingerprint == "" || a.fingerprint == c.BrowserFingerprint
}

func (a address) sameSubject(c *Conversation) bool { return a.subject == c.Subject }

// answered reports whether In-Reply-To is the id of an email of the conversation, or
// the same as the In-Reply-To that the conversation began with.
func (a address) answered(c *Conversation) bool {
	if a.inReplyTo == "" {
		return false
	}
	return a.inReplyTo == c.InReplyTo || slices.ContainsFunc(c.Messages, func(m Message) bool {
		return m.Type == "email" && messageID(m.Raw) == a.inReplyTo
	})
}

// messageID returns the Message-ID header of an email, or "".
func messageID(raw json.RawMessage) string {
	var message struct {
		Email struct {
			Headers map[string]string `json:"headers"`
		} `json:"email"`
	}
	if json.Unmarshal(raw, &message) != nil {
		return ""
	}
	for name, value := range message.Email.Headers {
		if strings.EqualFold(name, "Message-ID") {
			return value
		}
	}
	return ""
}
