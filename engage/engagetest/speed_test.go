//go:build unix

package engagetest_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// BenchmarkMixedOperations sends the requests of a contact center over loopback: for each
// customer a search, a create, three appends, a transcript, a join and a close. It reports
// the time of the processor for a request, of client and server together. With two
// processors 400 µs allow 5,000 requests a second. Somebody may watch meanwhile, and read
// what changes.
func BenchmarkMixedOperations(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		serveCustomers(b, engagetest.New(b, engagetest.WithConversationIDs()))
	})
	b.Run("watched", func(b *testing.B) {
		server := engagetest.New(b, engagetest.WithConversationIDs())
		var watching sync.WaitGroup
		defer watching.Wait()
		defer server.Close()
		watching.Go(func() {
			seen := make(map[string]int)
			for ids := range server.Changes(b.Context()) {
				for _, id := range ids {
					changed, _ := server.ConversationSince(id, seen[id])
					seen[id] += len(changed.Messages)
				}
				server.List(engagetest.Query{Limit: 50})
			}
		})
		watching.Go(func() {
			for range server.RequestChanges(b.Context()) {
			}
		})
		serveCustomers(b, server)
	})
}

// serveCustomers sends the requests of b.N customers to server.
func serveCustomers(b *testing.B, server *engagetest.Server) {
	client, err := server.Client()
	require.NoError(b, err)
	var customers atomic.Int64
	b.SetParallelism(16)
	b.ReportAllocs()
	before := processorTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := serveCustomer(b.Context(), client, int(customers.Add(1))); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	requests := float64(server.Requests()[len(server.Requests())-1].Number)
	b.ReportMetric((processorTime(b)-before)*1e6/requests, "cpu-µs/request")
	b.ReportMetric(requests/b.Elapsed().Seconds(), "requests/s")
}

// serveCustomer sends eight requests.
func serveCustomer(ctx context.Context, client *engage.Client, number int) error {
	address := channel.SMSAddress{Business: "+100", Customer: fmt.Sprint("+", number)}
	if _, err := client.SearchConversation(ctx, engage.SearchConversationV13{Address: address}); err != nil {
		return err
	}
	created, err := client.CreateConversation(ctx, engage.CreateConversationV13{Address: address})
	if err != nil {
		return err
	}
	id := created.ConversationID
	for _, direction := range []message.Direction{message.Inbound, message.Outbound, message.Inbound} {
		_, err := client.AppendMessage(ctx, engage.AppendMessageV13{
			ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: direction, Text: "Where is my order?"},
		})
		if err != nil {
			return err
		}
	}
	if _, err := client.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: id}); err != nil {
		return err
	}
	if _, err := client.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: id, Participant: "anna"}); err != nil {
		return err
	}
	_, err = client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: id})
	return err
}

// processorTime returns the time of the processor that this process has used, in seconds.
func processorTime(b *testing.B) float64 {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// BenchmarkList reads the first page of ten thousand conversations.
func BenchmarkList(b *testing.B) {
	server := engagetest.New(b, engagetest.WithoutNetwork())
	for i := range 10_000 {
		server.Seed(engagetest.NewConversation(channel.SMSAddress{Business: "+100", Customer: fmt.Sprint("+", i)},
			message.Stamp(message.Text{Direction: message.Inbound, Text: "Where is my order?"}, "a", time.Now())))
	}
	b.ReportAllocs()
	for b.Loop() {
		server.List(engagetest.Query{Status: engagetest.Queued, Limit: 50})
	}
}
