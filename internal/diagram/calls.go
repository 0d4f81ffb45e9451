package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// address is the address of the conversation that every call is about. The agent anna is
// in it.
var address = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}

// writes has a call of each write.
var writes = map[outcome.Operation]func(ctx context.Context, c *engage.Client, id string) error{
	outcome.CreateConversation: func(ctx context.Context, c *engage.Client, _ string) error {
		_, err := c.CreateConversation(ctx, engage.CreateConversationV13{Address: address, Messages: []message.Message{text}})
		return err
	},
	outcome.AppendMessage: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.AppendMessage(ctx, engage.AppendMessageV14{ConversationID: id, Channel: channel.SMS, Messages: []message.Message{text}})
		return err
	},
	outcome.UpdateConversation: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.UpdateConversation(ctx, engage.UpdateConversationV10{ConversationID: id, AliasID: "task-17"})
		return err
	},
	outcome.AddParticipant: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: id, Participant: "anna"})
		return err
	},
	outcome.RemoveParticipant: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: id, Participant: "anna"})
		return err
	},
	outcome.CloseConversation: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
		return err
	},
	outcome.ReopenConversation: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: id})
		return err
	},
	outcome.HoldConversation: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.HoldConversation(ctx, engage.HoldConversationV10{ConversationID: id})
		return err
	},
	outcome.TransferConversation: func(ctx context.Context, c *engage.Client, id string) error {
		_, err := c.TransferConversation(ctx, engage.TransferConversationV10{ConversationID: id, Team: "sales"})
		return err
	},
	outcome.ResolveConversation: func(ctx context.Context, c *engage.Client, _ string) error {
		_, err := c.ResolveConversation(ctx, engage.ResolveConversationV12{
			TransID: "t-1", FlowID: "f-1", MediaType: engage.SocialMedia, MediaChannel: engage.MediaSMS,
			Details: engage.SMSDetails{Address: address, CommonDetails: engage.CommonDetails{Text: text.Text}},
		})
		return err
	},
}

var text = message.Text{Direction: message.Inbound, Text: "Hello"}

// writeOperations returns the writes in the order of the table of operations. It returns
// an error if the table and [writes] differ.
func writeOperations() ([]outcome.Operation, error) {
	var operations []outcome.Operation
	for _, operation := range engage.Operations() {
		if operation.Class == engage.Read {
			continue
		}
		if writes[operation.Name] == nil {
			return nil, fmt.Errorf("there is no call of %s", operation.Name)
		}
		operations = append(operations, operation.Name)
	}
	if len(operations) != len(writes) {
		return nil, errors.New("there is a call of an operation that is no write")
	}
	return operations, nil
}

// seed adds a conversation in a state to the server and returns its id.
func seed(server *engagetest.Server, status engagetest.Status) string {
	return server.Seed(engagetest.Conversation{
		Status: status, Channel: channel.SMS, BusinessAddress: address.Business, CustomerAddress: address.Customer,
		Participants: []string{"anna"},
	})
}
