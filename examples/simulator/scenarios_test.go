package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// playFast plays a scenario to its end and returns the last caption.
func (b browser) playFast(name string) string {
	b.t.Helper()
	b.act("/scenarios", url.Values{"scenario": {name}, "speed": {"1000"}})
	b.eventually(func() bool { return !b.play.now().Running })
	return b.play.now().Caption
}

func TestADayFillsTheDeskWithEveryChannelAndType(t *testing.T) {
	b := open(t, configuration{})
	require.Equal(t, "It has ended.", b.playFast("day"))
	all := b.server.Conversations()
	require.Len(t, all, customers)
	channels, types := map[channel.Channel]bool{}, map[string]bool{}
	for _, c := range all {
		require.Equal(t, engagetest.Closed, c.Status)
		require.NotEmpty(t, c.CustomerName)
		require.Len(t, c.Messages, 5)
		channels[c.Channel] = true
		for _, m := range c.Messages {
			types[m.Type] = true
		}
	}
	require.Len(t, channels, len(channel.All()))
	require.Greater(t, len(types), 12)
}

func TestTheLostReplyEndsWithOneMessageForEach(t *testing.T) {
	b := open(t, configuration{})
	require.Equal(t, "It has ended.", b.playFast("lost-reply"))
	all := b.server.Conversations()
	require.Len(t, all, 1)
	require.Len(t, all[0].Messages, 3)
	appends := 0
	for _, r := range b.server.Requests() {
		if r.Operation == outcome.AppendMessage {
			appends++
			require.Zero(t, r.Status)
			require.Equal(t, outcome.Applied, r.Effect)
		}
	}
	require.Equal(t, 2, appends)
}

func TestABurstBringsAThousandCustomers(t *testing.T) {
	b := open(t, configuration{})
	require.Equal(t, "It has ended.", b.playFast("burst"))
	require.Len(t, b.server.Conversations(), 1000)
}

func TestADayRunsWithAProgramThatReceivesTheEvents(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification())
	require.NoError(t, err)
	program := httptest.NewServer(receiver)
	defer program.Close()
	sender, err := newSender(program.URL, "")
	require.NoError(t, err)
	b := open(t, configuration{sender: sender})
	client, err := engage.New(engage.Endpoint(b.url+"/api/v1"), auth.ClientCredentials{
		ClientID: b.server.ClientID(), ClientSecret: auth.NewSecret(b.server.ClientSecret()),
	})
	require.NoError(t, err)
	deliverer := engage.Deliverer{Client: client}
	worker, err := stream.NewWorker(inbox, stream.WithHandlers(1))
	require.NoError(t, err)
	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
		m, err := e.Content()
		if err != nil {
			return err
		}
		_, err = deliverer.Deliver(ctx, engage.Inbound{Address: e.AddressFor(e.Business), Message: m})
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	worked := make(chan error, 1)
	go func() { worked <- worker.Run(ctx) }()

	require.Equal(t, "It has ended.", b.playFast("day"))
	b.eventually(func() bool { return len(b.server.Conversations()) == customers })
	cancel()
	<-worked
	require.Zero(t, worker.Counts().DeadLettered)
}

func TestAScenarioCanBeStopped(t *testing.T) {
	b := open(t, configuration{})
	b.act("/scenarios", url.Values{"scenario": {"day"}, "speed": {"0.1"}})
	status, report := b.send("/scenarios", url.Values{"scenario": {"burst"}, "speed": {"1"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "&#34;A day in a contact center&#34; still runs")
	b.act("/scenarios/stop", nil)
	b.eventually(func() bool { return !b.play.now().Running })
	require.Equal(t, "It was stopped.", b.play.now().Caption)
	require.Equal(t, "It has ended.", b.playFast("lost-reply"))
	b.act("/scenarios/stop", nil)
	require.Equal(t, "It has ended.", b.play.now().Caption)
}

func TestAScenarioThatFailsSaysSo(t *testing.T) {
	b := open(t, configuration{})
	b.act("/faults", url.Values{"fault": {"not-found"}, "times": {"always"}})
	require.Contains(t, b.playFast("day"), "It failed: ")
	require.Contains(t, b.get("/scenarios"), "It failed: ")
	caption := b.playFast("lost-reply")
	require.Contains(t, caption, "It failed: ")
	require.NotContains(t, caption, "does not exist", "the search failed, so nobody knows")
}

func TestAnUnknownScenarioOrSpeedIsRefused(t *testing.T) {
	b := open(t, configuration{speed: 1})
	for _, test := range []struct{ scenario, speed, want string }{
		{"<b>war", "1", "there is no scenario &#34;&lt;b&gt;war&#34;"},
		{"day", "0", "the speed is not between 0.1 and 1000"},
		{"day", "NaN", "the speed is not between"},
		{"day", "1e9", "the speed is not between"},
	} {
		status, report := b.send("/scenarios", url.Values{"scenario": {test.scenario}, "speed": {test.speed}})
		require.Equal(t, http.StatusUnprocessableEntity, status)
		require.Contains(t, report, test.want)
	}
}

// A program under test may write anything, such as a rich message without a choice.
func TestACustomerReactsToAnyConversation(t *testing.T) {
	address := channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	thanks := customerText("Yes, thank you!")
	require.Equal(t, thanks, reaction(engagetest.NewConversation(address)))
	require.Equal(t, thanks, reaction(engagetest.NewConversation(address, customerText("hello"))))
	for _, empty := range []message.Message{
		message.WhatsAppButtons{}, message.WhatsAppList{}, message.LiveChatQuickReplies{}, message.LiveChatCarousel{},
		message.AppleQuickReplies{}, message.AppleListPicker{}, message.AppleTimePicker{}, message.AppleForm{},
	} {
		require.Equal(t, thanks, reaction(engagetest.NewConversation(address, empty)), empty.Type())
	}
	question := samples.WhatsAppButtons("Yes", "No")
	require.Equal(t, message.TypeWhatsAppInteractiveResponse, reaction(engagetest.NewConversation(address, question)).Type())
}
