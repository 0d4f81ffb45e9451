package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// mixed makes the calls of one customer after the other: most of them search and append.
// It is safe for concurrent use.
type mixed struct {
	client    *engage.Client
	customers atomic.Int64
}

// apiClient returns a client that calls the simulator over HTTP.
func (b browser) apiClient(connections int) *engage.Client {
	b.t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connections
	b.t.Cleanup(transport.CloseIdleConnections)
	client, err := engage.New(engage.Endpoint(b.url+"/api/v1"), auth.ClientCredentials{
		ClientID: b.server.ClientID(), ClientSecret: auth.NewSecret(b.server.ClientSecret()),
	}, engage.WithTransport(transport))
	require.NoError(b.t, err)
	return client
}

// perCustomer is the number of requests that customer makes.
const perCustomer = 10

// customer makes the calls of a new customer.
func (m *mixed) customer(ctx context.Context) error {
	address := channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprintf("+1555%07d", m.customers.Add(1))}
	if _, err := m.client.CreateConversation(ctx, engage.CreateConversationV13{
		Address: address, Messages: []message.Message{customerText("Where is my order?")},
	}); err != nil {
		return err
	}
	found, err := m.client.SearchConversation(ctx, engage.SearchConversationV13{Address: address})
	if err != nil {
		return err
	}
	id := found.ConversationID
	if _, err := m.client.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: id, Participant: "agent-7"}); err != nil {
		return err
	}
	for range 3 {
		if _, err := m.client.SearchConversation(ctx, engage.SearchConversationV13{Address: address}); err != nil {
			return err
		}
		if _, err := m.client.AppendMessage(ctx, engage.AppendMessageV13{
			ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: message.Outbound, Text: "It will be with you tomorrow."},
		}); err != nil {
			return err
		}
	}
	_, err = m.client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
	return err
}

func TestNothingFailsUnderLoadWhileDesksAreOpen(t *testing.T) {
	b := open(t, configuration{})
	for _, view := range []url.Values{{"view": {"conversations"}}, {"view": {"conversations"}, "status": {"active"}}, {"view": {"requests"}}} {
		events := b.follow("/", view)
		go func() {
			for events.lines.Scan() {
			}
		}()
	}
	const programs, rounds = 8, 10
	m := mixed{client: b.apiClient(programs)}
	failed := make(chan error, programs)
	for range programs {
		go func() {
			var err error
			for range rounds {
				if err == nil {
					err = m.customer(t.Context())
				}
			}
			failed <- err
		}()
	}
	for range programs {
		require.NoError(t, <-failed)
	}
	b.eventually(func() bool { return b.conversations.tabs("")[4].Count == programs*rounds })
	require.Contains(t, b.get("/?status=closed"), "4 messages")
}

// BenchmarkMixed measures the requests per second of mixed operations over HTTP, with the
// desk open in one browser.
func BenchmarkMixed(b *testing.B) {
	desk := open(b, configuration{})
	events := desk.follow("/", url.Values{"view": {"conversations"}})
	go func() {
		for events.lines.Scan() {
		}
	}()
	m := mixed{client: desk.apiClient(64)}
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(loop *testing.PB) {
		for loop.Next() {
			if err := m.customer(b.Context()); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N*perCustomer)/b.Elapsed().Seconds(), "requests/s")
}
