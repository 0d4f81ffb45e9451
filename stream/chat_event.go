package stream

import (
	"cmp"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// ChatEvent is what Engage tells a virtual agent: that a chat was assigned to
// it, that messages came, or that the chat was closed. Its Kind tells which.
// Header.Customer is the destination, Header.Business the asset.
type ChatEvent struct {
	Header
	// ChatID is Engage's id of the chat.
	ChatID string
	// Skill is the one the chat was assigned for.
	Skill string
	// Outcome is how a chat that was closed ended.
	Outcome string
}

func chatEvent(h Header) ChatEvent {
	return ChatEvent{Header: h, ChatID: h.Member("chatId"), Skill: h.Member("skill"), Outcome: h.Member("chatOutcome")}
}

// ChatMessage is one message of a chat.
type ChatMessage struct {
	// TransactionID identifies the message, to de-duplicate by it; it may hold
	// two ids with a bar between them.
	TransactionID string
	// Type is "text" or another of the vendor's words.
	Type string
	Text string
	// Attachments are the files. Which members they have is not documented;
	// those of every other payload are tried.
	Attachments []Attachment
	// Postback is the answer that was tapped; zero if none was.
	Postback Postback
	// Time is zero where it cannot be read.
	Time time.Time

	whatsApp bool
}

// Messages returns the messages that came with the event; none is no error. It
// fails with a [*DecodeError] where the payload has something else in their
// place.
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

// Content returns the message as AppendMessage takes it, inbound, with its
// transaction id for alias id; nil for a message without text, files or an
// answer. An answer outside WhatsApp becomes its title as text.
func (m ChatMessage) Content() message.Message {
	content := plainMessage(cmp.Or(m.Text, m.Postback.Title), m.Attachments)
	if m.whatsApp {
		content = message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{
			Title: m.Postback.Title, Identifier: m.Postback.Identifier,
		}}
	}
	return message.Stamp(content, m.TransactionID, m.Time)
}
