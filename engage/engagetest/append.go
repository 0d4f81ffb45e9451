package engagetest

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
)

// appendMessage appends all the messages of a request or none.
func appendMessage(s *state, c *call) result {
	ch := c.body.channel()
	messages := c.body.messages(ch)
	if len(messages) == 0 {
		c.body.malformed("messages", "is missing or empty")
	}
	var capabilities json.RawMessage
	if ch == channel.Apple {
		capabilities = c.body.any("extras")
	}
	conversation, refusal := s.target(c)
	switch {
	case refusal != nil:
		return *refusal
	case conversation.Channel != ch:
		return result{status: http.StatusUnprocessableEntity, description: "channel is not the conversation's"}
	case !conversation.open() && slices.ContainsFunc(messages, needsOpen):
		return conflict(conversation, "the conversation is closed: only announcements can be appended")
	}
	s.append(conversation, messages)
	if capabilities != nil {
		conversation.CapabilityList = capabilities
	}
	return acknowledged(conversation, c.now)
}

// needsOpen reports whether a message can only go into an open conversation.
func needsOpen(m Message) bool { return m.Direction != "announcement" }

// append adds messages, leaving out repeats where the server ignores those.
func (s *state) append(c *Conversation, messages []Message) {
	for _, m := range messages {
		if s.ignoreRepeats && c.holds(m.AliasID) {
			continue
		}
		c.Messages = append(c.Messages, m)
	}
}

// holds reports whether a message of that alias id is in the conversation.
func (c *Conversation) holds(aliasID string) bool {
	return aliasID != "" && slices.ContainsFunc(c.Messages, func(m Message) bool {
		return m.AliasID == aliasID
	})
}
