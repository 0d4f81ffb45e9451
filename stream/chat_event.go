package stream

import (
	"cmp"
	"encoding/json"
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

// wireChatMessage is a message as the payload has it.
type wireChatMessage struct {
	TransID             tolerant.String               `json:"transid"`
	Type                tolerant.String               `json:"type"`
	Text                tolerant.String               `json:"text"`
	Attachments         json.RawMessage               `json:"attachments"`
	Timestamp           tolerant.String               `json:"timestamp"`
	InteractiveResponse tolerant.Object[wirePostback] `json:"interactive_response"`
	WhatsAppResponse    tolerant.Object[wirePostback] `json:"wab_interactive_response"`
}

// Messages returns the messages that came with the event; none is no error. It
// fails with a [*DecodeError] where the payload has something else in their
// place.
func (e ChatEvent) Messages() ([]ChatMessage, error) {
	list := e.JSON("messages")
	if list == nil {
		return nil, nil
	}
	var wire []wireChatMessage
	if err := json.Unmarshal(list, &wire); err != nil {
		return nil, &DecodeError{"has messages that cannot be read"}
	}
	messages := make([]ChatMessage, len(wire))
	for i, w := range wire {
		m, err := w.message()
		if err != nil {
			return nil, err
		}
		messages[i] = m
	}
	return messages, nil
}

func (w wireChatMessage) message() (ChatMessage, error) {
	attachments, err := attachmentsOf(unwrap(w.Attachments))
	at, _ := ParseTime(string(w.Timestamp))
	answer, whatsApp := w.InteractiveResponse.Fields, w.WhatsAppResponse.Fields
	return ChatMessage{
		TransactionID: string(w.TransID),
		Type:          string(w.Type),
		Text:          string(w.Text),
		Attachments:   attachments,
		Postback: Postback{
			Identifier: string(whatsApp.Identifier),
			Title:      cmp.Or(string(whatsApp.Title), string(answer.Title)),
			Payload:    string(answer.Postback),
		},
		Time:     at,
		whatsApp: whatsApp != wirePostback{},
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
