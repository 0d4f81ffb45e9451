package main

import (
	"context"
	"net/http"
	"slices"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/outcome"
)

// agentCall is a call of the agent's client about a conversation.
type agentCall func(context.Context, engagetest.Conversation, *http.Request) (engage.Receipt, error)

// call returns the action that makes a call, of which operation is the name, and reports how
// it ended.
func (s *simulator) call(operation outcome.Operation, call agentCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conversation, ok := s.server.Conversation(r.PathValue("id"))
		if !ok {
			s.fail(w, http.StatusNotFound, "There is no such conversation.")
			return
		}
		if !s.form(w, r) {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), callTime)
		defer cancel()
		receipt, err := call(ctx, conversation, r)
		if err != nil {
			s.show(w, statusOf(err), "report", failed(operation, err))
			return
		}
		s.show(w, http.StatusOK, "report", succeeded(operation, receipt))
	}
}

// receiptOf returns what a receipt points to. The receipt is nil if there is an error.
func receiptOf(receipt *engage.Receipt, err error) (engage.Receipt, error) {
	if err != nil {
		return engage.Receipt{}, err
	}
	return *receipt, nil
}

func (s *simulator) join(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.AddParticipant(ctx, engage.AddParticipantV10{
		ConversationID: c.ID, Participant: r.PostFormValue("agent"),
	}))
}

func (s *simulator) leave(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.RemoveParticipant(ctx, engage.RemoveParticipantV10{
		ConversationID: c.ID, Participant: r.PostFormValue("agent"),
	}))
}

func (s *simulator) hold(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.HoldConversation(ctx, engage.HoldConversationV10{ConversationID: c.ID}))
}

func (s *simulator) closeConversation(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: c.ID}))
}

func (s *simulator) reopen(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: c.ID}))
}

func (s *simulator) reply(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	m, err := s.withFile(agentMessage(c, message.Type(r.PostFormValue("type")), r.PostFormValue("text")), r)
	if err != nil {
		return engage.Receipt{}, err
	}
	return s.append(ctx, c, m)
}

// append appends a message to a conversation with the client of the agent.
func (s *simulator) append(ctx context.Context, c engagetest.Conversation, m message.Message) (engage.Receipt, error) {
	receipt, err := s.client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: c.ID, Channel: c.Channel, Messages: []message.Message{m},
	})
	if err != nil {
		return engage.Receipt{}, err
	}
	return receipt.Receipt, nil
}

// agentMessage returns a message of an agent: a sample of a rich type, or a text in the
// form of the channel.
func agentMessage(c engagetest.Conversation, typ message.Type, text string) message.Message {
	if sample := sampleOf(c.Channel, typ, message.Outbound); sample != nil {
		return sample
	}
	switch {
	case typ == "announcement":
		return message.Text{Direction: message.Announcement, Text: text}
	case c.Channel == channel.Email:
		return message.Email{Direction: message.Outbound, Content: message.EmailContent{
			From: c.BusinessAddress, To: []string{c.CustomerAddress}, PlainBody: text, StrippedText: text,
		}}
	}
	return message.Text{Direction: message.Outbound, Text: text}
}

// sampleOf returns the sample of a type in a direction, or nil if the channel has none. A
// text is never a sample.
func sampleOf(ch channel.Channel, typ message.Type, direction message.Direction) message.Message {
	all := samples.Messages(ch)
	i := slices.IndexFunc(all, func(m message.Message) bool {
		return typ != message.TypeText && m.Type() == typ && message.DirectionOf(m) == direction
	})
	if i < 0 {
		return nil
	}
	return all[i]
}
