package engage_test

import (
	"context"
	"fmt"
	"log"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// seeded returns a server with a conversation of an agent in status, and its client.
func seeded(t *testing.T, status engagetest.Status) (*engagetest.Server, *engage.Client, string) {
	t.Helper()
	server := engagetest.NewServer()
	t.Cleanup(server.Close)
	client, err := server.Client(engage.WithCallOptions(quick))
	require.NoError(t, err)
	id := server.Seed(engagetest.Conversation{
		Status: status, Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
		Participants: []string{"anna"}, UserID: "anna",
	})
	return server, client, id
}

func TestATransferMovesTheConversationToAnotherQueue(t *testing.T) {
	for name, c := range map[string]struct {
		skill string
		edge  outcome.Edge
	}{
		"of a team":  {"", outcome.OnConversationTransferred},
		"of a skill": {"french", outcome.Success},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, id := seeded(t, engagetest.Active)
			receipt, err := client.TransferConversation(t.Context(), engage.TransferConversationV10{ConversationID: id, Team: "sales", Skill: c.skill})
			require.NoError(t, err)
			require.Equal(t, c.edge, receipt.Outcome)
			require.Equal(t, id, receipt.ConversationID)
			require.NotEmpty(t, receipt.TransactionID)
			after, _ := server.Conversation(id)
			require.Equal(t, engagetest.Queued, after.Status)
			require.Equal(t, []string{"sales", c.skill}, []string{after.TeamID, after.Skill})
			require.Empty(t, after.Participants)
		})
	}
}

func TestATransferOfAClosedConversationIsRefused(t *testing.T) {
	for skill, edge := range map[string]outcome.Edge{"": outcome.OnConversationTransferFailed, "french": outcome.Failure} {
		_, client, id := seeded(t, engagetest.Closed)
		_, err := client.TransferConversation(t.Context(), engage.TransferConversationV10{ConversationID: id, Team: "sales", Skill: skill})
		require.Equal(t, edge, failureOf(t, err).Edge)
		require.Equal(t, outcome.Refused, failureOf(t, err).Effect)
	}
}

func TestATransferThatMayHaveBeenAppliedIsNotRepeated(t *testing.T) {
	for _, fault := range []engagetest.Fault{lostReply, lostRequest} {
		server, client, id := seeded(t, engagetest.Active)
		server.Fail(outcome.TransferConversation, fault)
		_, err := client.TransferConversation(t.Context(), engage.TransferConversationV10{ConversationID: id, Team: "sales"})
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
		require.Equal(t, 1, sent(server, outcome.TransferConversation))
	}
	server, client, id := seeded(t, engagetest.Active)
	server.Fail(outcome.TransferConversation, engagetest.Fault{Status: 429})
	_, err := client.TransferConversation(t.Context(), engage.TransferConversationV10{ConversationID: id, Team: "sales"})
	require.NoError(t, err, "one that was refused with a reason to try again is sent again")
}

func TestHoldParksAConversation(t *testing.T) {
	server, client, id := seeded(t, engagetest.Active)
	server.Fail(outcome.HoldConversation, lostReply)
	receipt, err := client.HoldConversation(t.Context(), engage.HoldConversationV10{ConversationID: id})
	require.NoError(t, err, "it is retried")
	require.Equal(t, outcome.Success, receipt.Outcome)
	require.Equal(t, 2, sent(server, outcome.HoldConversation))
	after, _ := server.Conversation(id)
	require.Equal(t, engagetest.OnHold, after.Status)
	require.Equal(t, []string{"anna"}, after.Participants)

	_, client, id = seeded(t, engagetest.Closed)
	_, err = client.HoldConversation(t.Context(), engage.HoldConversationV10{ConversationID: id})
	require.Equal(t, outcome.Failure, failureOf(t, err).Edge)
}

func ExampleClient_HoldConversation() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

	receipt, err := client.HoldConversation(context.Background(), engage.HoldConversationV10{ConversationID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Outcome)
	// Output: Success
}

func ExampleClient_TransferConversation() {
	server, client, id := start(engagetest.Active)
	defer server.Close()

	for _, skill := range []string{"", "french"} {
		receipt, err := client.TransferConversation(context.Background(), engage.TransferConversationV10{
			ConversationID: id,
			Team:           "sales",
			Skill:          skill,
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Outcome)
	}
	// Output:
	// onConversationTransferred
	// Success
}
