package engagetest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// createConversation creates a queued conversation. It refuses the request if a
// conversation is open at the same address.
func createConversation(c *call) action {
	a := c.body.address()
	created := queuedAt(a)
	created.AliasID = c.body.optionalText("aliasId")
	created.CustomerName = c.body.optionalText("customerName")
	messages := c.body.messages(a.channel)
	ids := emailIDs(messages)
	for _, field := range c.body.customFields() {
		created.setField(field)
	}
	switch a.channel {
	case liveChat:
		if a.customer == "" {
			c.body.malformed("customerAddress", "is missing")
		}
		if a.threadID == "" {
			c.body.malformed("threadId", "is missing")
		}
		created.Domain = c.body.optionalText("domain")
		created.ProactiveID = c.body.optionalText("proactiveId")
	case apple:
		created.CapabilityList = c.body.any("capabilityList")
	}
	return func(s *state) result {
		if open := s.findOpen(a); open != nil {
			return *conflict(open, "a conversation is already open at this address")
		}
		created.CreatedAt = c.now
		s.put(created)
		s.append(created, messages, ids)
		return acknowledged(created, c.now)
	}
}

// change returns an action that calls change with the conversation in the path of the
// request. The result is the refusal that change returns, or an acknowledgement if it is
// nil. The result is 404 if there is no such conversation.
func (c *call) change(change func(*state, *Conversation) *result) action {
	return func(s *state) result {
		conversation, ok := s.byID[c.parameters["id"]]
		if !ok {
			return unknown("no such conversation")
		}
		if refusal := change(s, conversation); refusal != nil {
			return *refusal
		}
		return acknowledged(conversation, c.now)
	}
}

// changeOpen is like change, and also refuses a closed conversation.
func (c *call) changeOpen(change func(*Conversation) *result) action {
	return c.change(func(_ *state, conversation *Conversation) *result {
		if !conversation.open() {
			return conflict(conversation, "the conversation is closed")
		}
		return change(conversation)
	})
}

// appendMessage appends all messages of a request. If one is refused, it appends
// none.
func appendMessage(c *call) action {
	ch := c.body.channel()
	messages := c.body.messages(ch)
	ids := emailIDs(messages)
	if len(messages) == 0 {
		c.body.malformed("messages", "is missing or empty")
	}
	var capabilities json.RawMessage
	if ch == apple {
		capabilities = c.body.any("extras")
	}
	return c.change(func(s *state, conversation *Conversation) *result {
		switch {
		case conversation.Channel != ch:
			return &result{status: http.StatusUnprocessableEntity, description: "channel is not the conversation's"}
		case !conversation.open() && slices.ContainsFunc(messages, needsOpen):
			return conflict(conversation, "the conversation is closed: only announcements can be appended")
		}
		s.append(conversation, messages, ids)
		if capabilities != nil {
			conversation.CapabilityList = capabilities
		}
		return nil
	})
}

// needsOpen reports whether a closed conversation refuses a message.
func needsOpen(m Message) bool { return m.Direction != "announcement" }

// updateConversation sets the alias id, custom fields, or both. It clears what is empty or
// null (assumed), and also accepts a closed conversation (assumed).
func updateConversation(c *call) action {
	hasAlias := c.body.has("aliasId")
	aliasID := c.body.clearable("aliasId")
	fields := c.body.customFields()
	if !hasAlias && len(fields) == 0 {
		c.body.malformed("aliasId", "is missing, and so is customFields")
	}
	return c.change(func(_ *state, conversation *Conversation) *result {
		if hasAlias {
			conversation.AliasID = aliasID
		}
		for _, field := range fields {
			conversation.setField(field)
		}
		return nil
	})
}

// addParticipant adds a participant and makes the conversation active. It succeeds
// without adding a participant who is already there, and also makes a conversation
// on hold active (assumed).
func addParticipant(c *call) action {
	participant := c.body.requiredText("participant")
	return c.changeOpen(func(conversation *Conversation) *result {
		if !slices.Contains(conversation.Participants, participant) {
			conversation.Participants = append(conversation.Participants, participant)
			conversation.UserID = participant
		}
		conversation.Status = Active
		return nil
	})
}

// removeParticipant removes a participant. After the last one the conversation is
// queued again. It answers 404 for a participant who is not there (assumed).
func removeParticipant(c *call) action {
	return c.changeOpen(func(conversation *Conversation) *result {
		i := slices.Index(conversation.Participants, c.parameters["participant"])
		if i < 0 {
			return new(unknown("no such participant in the conversation"))
		}
		conversation.Participants = slices.Delete(conversation.Participants, i, i+1)
		if remaining := len(conversation.Participants); remaining > 0 {
			conversation.UserID = conversation.Participants[remaining-1]
		} else {
			conversation.queue()
		}
		return nil
	})
}

// closeConversation closes a conversation and removes its participants. The last
// agent remains as its user.
func closeConversation(c *call) action {
	return c.change(func(_ *state, conversation *Conversation) *result {
		if !conversation.open() {
			already := conflict(conversation, "the conversation is already closed")
			already.code = alreadyClosed
			return already
		}
		conversation.Status = Closed
		conversation.Participants = nil
		return nil
	})
}

// reopenConversation queues a closed conversation. It refuses the request if the
// conversation, or another one at its address, is open (assumed).
func reopenConversation(c *call) action {
	return c.change(func(s *state, conversation *Conversation) *result {
		if conversation.open() {
			return conflict(conversation, "the conversation is not closed")
		}
		if s.findOpen(conversation.address()) != nil {
			return conflict(conversation, "a conversation is already open at this address")
		}
		conversation.queue()
		return nil
	})
}

// holdConversation puts a conversation on hold. It succeeds without a change if the
// conversation is on hold already (assumed).
func holdConversation(c *call) action {
	return c.changeOpen(func(conversation *Conversation) *result {
		conversation.Status = OnHold
		return nil
	})
}

// transferConversation queues a conversation for another team and removes its
// participants (assumed).
func transferConversation(c *call) action {
	team, skill := c.body.requiredText("team"), c.body.optionalText("skill")
	return c.changeOpen(func(conversation *Conversation) *result {
		conversation.TeamID, conversation.Skill = team, skill
		conversation.Participants = nil
		conversation.queue()
		return nil
	})
}

// edges returns the operation's own edges. The node that transfers by skill has others than
// the one that transfers to a team.
func (c *call) edges() (success, failure outcome.Edge) {
	if c.operation() == outcome.TransferConversation {
		var body struct {
			Skill string `json:"skill"`
		}
		if json.Unmarshal(c.content, &body) == nil && body.Skill != "" {
			return "Success", "Failure"
		}
	}
	return c.route.success, c.route.failure
}

// transcript is a page of a conversation's messages, oldest first.
type transcript struct {
	// Count is the number of messages in the conversation, not on the page (assumed).
	Count    int               `json:"countOfRecords"`
	Messages []json.RawMessage `json:"messages"`
}

// maxPage is the most messages of a page (documented).
const maxPage = 500

func fetchTranscript(c *call) action {
	offset := c.body.number("offset", 0, 0, math.MaxInt32)
	limit := c.body.number("limit", 10, 1, maxPage)
	return func(s *state) result {
		conversation, ok := s.byID[c.parameters["id"]]
		if !ok {
			return unknown("no such conversation")
		}
		total := len(conversation.Messages)
		start := min(offset, total)
		page := transcript{Count: total, Messages: []json.RawMessage{}}
		for i := start; i < min(start+min(limit, s.pageSize), total); i++ {
			page.Messages = append(page.Messages, s.transcribed(conversation, i))
		}
		return result{status: http.StatusOK, description: "transcript", conversationID: conversation.ID, value: page}
	}
}

// transcribed returns the JSON of message i for a transcript.
func (b behavior) transcribed(c *Conversation, i int) json.RawMessage {
	raw := c.Messages[i].Raw
	var members map[string]json.RawMessage
	if !b.replaceAliasIDs && !b.trimText || json.Unmarshal(raw, &members) != nil || members == nil {
		return raw
	}
	if b.replaceAliasIDs {
		members["aliasId"] = encode(fmt.Sprintf("%s-%d", c.ID, i+1))
	}
	var text string
	if b.trimText && json.Unmarshal(members["text"], &text) == nil {
		members["text"] = encode(strings.TrimSpace(text))
	}
	return encode(members)
}

// number returns a whole number of a query. It returns absent if there is none. A number
// that is not from least to most is a problem.
func (o *object) number(name string, absent, least, most int) int {
	var text string
	if !o.take(name, "a number", &text) {
		return absent
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < least || number > most {
		o.malformed(name, "is not a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return absent
	}
	return number
}
