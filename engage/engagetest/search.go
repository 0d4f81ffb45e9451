package engagetest

import (
	"encoding/json"
	"iter"
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
)

// address is what a request says about where a conversation takes place.
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

// address reads the members that Search and Create share. Each channel knows
// only its own.
func (o *object) address() address {
	a := address{channel: o.channel(), customer: o.optionalText("customerAddress"), business: o.requiredText("bizAddress")}
	switch a.channel {
	case channel.LiveChat:
		a.threadID = o.optionalText("threadId")
		a.fingerprint = o.optionalText("browserFingerprint")
	case channel.Email:
		a.subject = o.requiredText("subject")
		a.toRecipients = o.texts("toRecipients")
		a.ccRecipients = o.texts("ccRecipients")
		a.inReplyTo = o.optionalText("inReplyTo")
	}
	return a
}

// address returns where the conversation takes place.
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

// checkFindable notes what a search lacks: live chat is found by its thread, or
// by user and fingerprint.
func (a address) checkFindable(o *object) {
	switch {
	case a.channel == channel.LiveChat && a.threadID != "":
	case a.channel == channel.LiveChat && (a.customer == "" || a.fingerprint == ""):
		o.malformed("threadId", "is missing, and so is customerAddress or browserFingerprint")
	case a.customer == "":
		o.malformed("customerAddress", "is missing")
	}
}

// found is what a search answers. That a closed conversation exists too is
// assumed.
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

// orNull returns nil for an empty text, which the service writes as null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// find returns the conversation at an address, or nil. An email goes to the
// conversation that In-Reply-To names, even if that one is closed, before any of
// the same subject (documented).
func (s *state) find(a address) *Conversation {
	for conversation := range s.matches(a) {
		return conversation
	}
	return nil
}

// findOpen returns an open conversation at an address, by whichever rule, or
// nil.
func (s *state) findOpen(a address) *Conversation {
	for conversation := range s.matches(a) {
		if conversation.open() {
			return conversation
		}
	}
	return nil
}

// matches yields what each rule for an address finds, the foremost rule first:
// an open conversation if there is one, else the newest.
func (s *state) matches(a address) iter.Seq[*Conversation] {
	candidates := s.byCustomer[pair{a.channel, a.customer, a.business}]
	rules := []func(*Conversation) bool{func(*Conversation) bool { return true }}
	switch {
	case a.channel == channel.LiveChat && a.threadID != "":
		candidates = s.byThread[thread{a.business, a.threadID}]
		rules = []func(*Conversation) bool{a.sameCustomer}
	case a.channel == channel.LiveChat:
		rules = []func(*Conversation) bool{a.sameBrowser}
	case a.channel == channel.Email:
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

// openOrNewest returns the newest open conversation that keeps to a rule, else
// the newest that does; nil if there is none. Candidates are oldest first.
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

// answered reports whether In-Reply-To names an email of the conversation or
// the one that the conversation itself began as an answer to.
func (a address) answered(c *Conversation) bool {
	if a.inReplyTo == "" {
		return false
	}
	return a.inReplyTo == c.InReplyTo || slices.ContainsFunc(c.Messages, func(m Message) bool {
		return m.Type == "email" && messageID(m.Raw) == a.inReplyTo
	})
}

// messageID returns the Message-ID header of an email, or nothing.
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
