package main

import (
	"regexp"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// head is what the desk shows of an open conversation above the transcript.
type head struct {
	ID           string
	Status       engagetest.Status
	Channel      channel.Channel
	Customer     string
	Business     string
	Name         string
	Subject      string
	Queue        string
	Participants []string
}

func newHead(c engagetest.Conversation) head {
	return head{
		ID: c.ID, Status: c.Status, Channel: c.Channel, Customer: c.CustomerAddress, Business: c.BusinessAddress,
		Name: c.CustomerName, Subject: c.Subject, Queue: c.TeamID, Participants: c.Participants,
	}
}

// conversationView is an open conversation on the desk.
type conversationView struct {
	head
	Messages      []messageView
	Earlier       int            // The number of messages before the first of Messages.
	AgentTypes    []message.Type // What an agent can send besides text.
	CustomerTypes []message.Type // What the customer can write besides text.
}

// messageView is a message in a transcript.
type messageView struct {
	Conversation string
	Position     int // In the conversation, from 0.
	Direction    message.Direction
	At           time.Time
	Subject      string          // Of an email.
	Message      message.Message // Decoded. Its type is that of Type.
	Type         message.Type
	Raw          string // Only of a message of an unknown type.
	Earlier      bool   // Whether its place is before the messages that a page shows.
}

// newConversationView returns the view of a conversation with its newest messages.
func newConversationView(c engagetest.Conversation) *conversationView {
	v := &conversationView{head: newHead(c)}
	for _, m := range samples.Messages(c.Channel) {
		switch {
		case m.Type() == message.TypeText:
		case message.DirectionOf(m) == message.Inbound:
			v.CustomerTypes = append(v.CustomerTypes, m.Type())
		default:
			v.AgentTypes = append(v.AgentTypes, m.Type())
		}
	}
	v.show(c, len(c.Messages))
	return v
}

// show sets the messages of the view to the window that ends before the message with the
// position before.
func (v *conversationView) show(c engagetest.Conversation, before int) {
	before = min(before, len(c.Messages))
	v.Earlier = max(before-window, 0)
	v.Messages = nil
	for i := v.Earlier; i < before; i++ {
		v.Messages = append(v.Messages, newMessageView(c, c.Messages[i], i))
	}
}

func newMessageView(c engagetest.Conversation, kept engagetest.Message, position int) messageView {
	v := messageView{
		Conversation: c.ID, Position: position, Direction: kept.Direction, At: kept.Timestamp, Type: message.Type(kept.Type),
	}
	decoded, err := message.Decode(kept.Raw)
	if _, unknown := decoded.(message.Unknown); err != nil || unknown {
		v.Type, v.Raw = "unknown", text(kept.Raw)
		return v
	}
	v.Message, v.Type = decoded, decoded.Type()
	if v.Type == message.TypeEmail {
		v.Subject = c.Subject
	}
	return v
}

// part is a part of an announcement.
type part struct {
	Text  string
	Style string // "bold", "italic" or "".
}

// marks matches a part of an announcement that is bold or italic (documented).
var marks = regexp.MustCompile(`\*\*(.+?)\*\*|\b_(.+?)_\b`)

// styled returns the parts of an announcement. Together they have its text without the marks.
func styled(text string) []part {
	var parts []part
	end := 0
	for _, m := range marks.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, part{Text: text[end:m[0]]})
		if m[2] >= 0 {
			parts = append(parts, part{text[m[2]:m[3]], "bold"})
		} else {
			parts = append(parts, part{text[m[4]:m[5]], "italic"})
		}
		end = m[1]
	}
	return append(parts, part{Text: text[end:]})
}
