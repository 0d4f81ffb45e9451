package stream

import (
	"cmp"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// ChatEvent is an event that Engage sends to a virtual agent: a chat was assigned to
// it, messages came, or the chat was closed. Header.Kind says which. Header.Customer is
// the payload's destinationId, and Header.Business is its asset.
type ChatEvent struct {
	Header
	// ChatID is Engage's id of the chat.
	ChatID string
	// Skill is the skill that the chat was assigned for.
	Skill string
	// Outcome is how the chat ended, if it was closed.
	Outcome string
}

func chatEvent(h Header) ChatEvent {
	return ChatEvent{Header: h, ChatID: h.Member("chatId"), Skill: h.Member("skill"), Outcome: h.Member("chatOutcome")}
}

// ChatMessage is one message of a chat.
type ChatMessage struct {
	// TransactionID identifies the message, for example to recognize duplicates.
	// It may hold two ids with a bar between them.
	TransactionID string
	// Type is "text" or another of the vendor's words.
	Type string
	// Text is what the customer wrote.
	Text string
	// Attachments are the files. Their members are not documented. It is assumed
	// that they are those of other payloads.
	Attachments []Attachment
	// Postback is the answer that the customer tapped. It is zero if there is
	// none.
	Postback Postback
	// Time is when the message was written. It is zero if it cannot be read.
	Time time.Time

	whatsApp bool
}

// Messages returns the messages of the event, if there are any. It returns a
// [*DecodeError] if they cannot be read, or if there are more than [message.MaxValues].
func (e ChatEvent) Messages() ([]ChatMessage, error) {
	list := e.JSON("messages")
	if list == nil {
		return nil, nil
	}
	raw, ok := tolerant.AllElements(list, message.MaxValues)
	if !ok || list[0] != '[' {
		return nil, &DecodeError{"has messages that cannot be read"}
	}
	messages := make([]ChatMessage, len(raw))
	for i, element := range raw {
		if element[0] != '{' {
			return nil, &DecodeError{"has messages that cannot be read"}
		}
		m, err := chatMessageOf(tolerant.MembersOf(element))
		if err != nil {
			return nil, err
		}
		messages[i] = m
	}
	return messages, nil
}

// chatMessageOf reads one message.
func chatMessageOf(m tolerant.Members) (ChatMessage, error) {
	attachments, err := attachmentsOf(m.Nested("attachments"))
	at, _ := ParseTime(m.Text("timestamp"))
	answer := tolerant.MembersOf(m.Nested("interactiveResponse"))
	whatsApp := tolerant.MembersOf(m.Nested("wabInteractiveResponse"))
	identifier, title := whatsApp.Text("identifier"), whatsApp.Text("title")
	return ChatMessage{
		TransactionID: m.Text("transid"),
		Type:          m.Text("type"),
		Text:          m.Text("text"),
		Attachments:   attachments,
		Postback:      Postback{Identifier: identifier, Title: cmp.Or(title, answer.Text("title")), Payload: answer.Text("postback")},
		Time:          at,
		whatsApp:      identifier != "" || title != "",
	}, err
}

// Content returns the message as an inbound message for AppendMessage. Its alias id is
// the transaction id. The answer that a customer tapped becomes a text, its title, except
// on WhatsApp. Content returns nil for a message without text, files or an answer.
func (m ChatMessage) Content() message.Message {
	content := plainMessage(cmp.Or(m.Text, m.Postback.Title), m.Attachments)
	if m.whatsApp {
		content = message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{
			Title: m.Postback.Title, Identifier: m.Postback.Identifier,
		}}
	}
	return message.Stamp(content, m.TransactionID, m.Time)
}
