package engagetest_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// deliveries makes the server collect what it delivers.
func (s *session) deliveries() *[]engagetest.Delivery {
	collected := new([]engagetest.Delivery)
	s.OnDelivery(func(d engagetest.Delivery) { *collected = append(*collected, d) })
	return collected
}

func TestOutboundMessagesAreDelivered(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	delivered := s.deliveries()
	client, err := s.Client()
	require.NoError(t, err)
	address := channel.WhatsAppAddress{Business: "+100", Customer: "+199"}
	hello := message.Stamp(message.Text{Direction: message.Outbound, Text: "hello"}, "a1", time.Now())
	created, err := client.CreateConversation(t.Context(), engage.CreateConversationV13{Address: address, Messages: []message.Message{hello}})
	require.NoError(t, err)
	id := created.ConversationID
	question := message.Stamp(message.NewWhatsAppButtons("Done?", message.NewWhatsAppButton("y", "Yes")), "a2", time.Now())
	_, err = client.AppendMessage(t.Context(), engage.AppendMessageV14{ConversationID: id, Channel: channel.WhatsApp, Messages: []message.Message{
		question,
		message.Text{Direction: message.Inbound, Text: "hi"},
		message.Text{Direction: message.Announcement, Text: "the customer is typing"},
	}})
	require.NoError(t, err)

	require.Len(t, *delivered, 2)
	for i, want := range []message.Message{hello, question} {
		got := (*delivered)[i]
		require.Equal(t, id, got.ConversationID)
		require.Equal(t, address, got.Address)
		require.Empty(t, engagetest.Diff([]message.Message{want}, []message.Message{got.Message}))
	}
}

// The customer gets a message twice if a gateway repeats the request, and once if the
// service refuses the repetition. A seeded message and a refused one are not delivered.
func TestAMessageIsDeliveredOnceForEachAppend(t *testing.T) {
	const outbound = `{"channel":"sms","messages":[{"aliasId":"a1","direction":"outbound","type":"text","text":"hi","timestamp":"2026-01-31T12:00:00Z"}]}`
	for name, c := range map[string]struct {
		options []engagetest.Option
		status  engagetest.Status
		fault   engagetest.Fault
		want    int
	}{
		"lost reply":       {nil, engagetest.Active, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}, 1},
		"lost request":     {nil, engagetest.Active, engagetest.Fault{Connection: engagetest.ConnectionClosed}, 0},
		"repeated":         {nil, engagetest.Active, engagetest.Fault{Repeated: true}, 2},
		"repeats ignored":  {[]engagetest.Option{engagetest.WithRepeatsIgnored()}, engagetest.Active, engagetest.Fault{Repeated: true}, 1},
		"closed":           {nil, engagetest.Closed, engagetest.Fault{}, 0},
		"applied later on": {nil, engagetest.Active, engagetest.Fault{ApplyDelay: time.Minute}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, append(c.options, engagetest.WithoutNetwork())...)
				delivered := s.deliveries()
				id := s.Seed(engagetest.Conversation{Channel: "sms", Status: c.status, Messages: []engagetest.Message{{Direction: "outbound", Type: "text"}}})
				s.Fail(outcome.AppendMessage, c.fault)
				_, _ = s.do(s.request(http.MethodPost, "/conversations/"+id+"/messages", outbound))
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Len(t, *delivered, c.want)
			})
		})
	}
}

// The customer answers at once, so the agent's next request already finds the answer.
func TestADeliveryCanAnswerForTheCustomer(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	s.OnDelivery(func(d engagetest.Delivery) {
		answer, err := engagetest.Answer(d.Message, message.Choice{Identifier: "y"})
		require.NoError(t, err)
		_, err = s.Write(d.Address, answer)
		require.NoError(t, err)
	})
	client, err := s.Client()
	require.NoError(t, err)
	id, err := s.Write(addresses["WhatsApp"], says(addresses["WhatsApp"], "hello"))
	require.NoError(t, err)
	_, err = client.AppendMessage(t.Context(), engage.AppendMessageV14{ConversationID: id, Channel: channel.WhatsApp, Messages: []message.Message{
		message.NewWhatsAppButtons("Done?", message.NewWhatsAppButton("y", "Yes")),
	}})
	require.NoError(t, err)
	chosen, ok := message.ChoiceOf(s.Messages(id)[2])
	require.True(t, ok)
	require.Equal(t, "Yes", chosen.Title)

	s.OnDelivery(nil)
	_, err = client.AppendMessage(t.Context(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.WhatsApp, Message: message.Text{Direction: message.Outbound, Text: "thanks"},
	})
	require.NoError(t, err)
	require.Len(t, s.Messages(id), 4)
}

func TestADeliveryHasReceipts(t *testing.T) {
	sent := message.Stamp(message.Text{Direction: message.Outbound, Text: "hello"}, "a1", time.Now())
	codes := map[stream.ReceiptStatus]string{
		stream.ReceiptSubmitted: "7501", stream.ReceiptDelivered: "7500", stream.ReceiptRead: "7502", stream.ReceiptClicked: "7528",
		stream.ReceiptBounced: "7520", stream.ReceiptComplained: "7521", stream.ReceiptNotVerified: "7522", stream.ReceiptFailed: "7010",
	}
	for name, address := range addresses {
		if name == "API" {
			continue
		}
		for status, code := range codes {
			payload, err := engagetest.Delivery{Address: address, Message: sent}.Receipt(status)
			require.NoError(t, err)
			decoded, err := stream.Decode(payload)
			require.NoError(t, err)
			got := decoded.(stream.ReceiptEvent)
			require.Equal(t, status, got.Status)
			require.Equal(t, code, got.Code)
			require.Equal(t, address.Channel(), got.Channel)
			require.Equal(t, address.Members().CustomerAddress, got.Customer)
			require.Equal(t, "a1", got.TransactionID)
			require.Equal(t, "a1", got.CorrelationID)
		}
	}
	for want, d := range map[string]engagetest.Delivery{
		`no document shows a receipt of the channel "api"`: {Address: addresses["API"], Message: sent},
		"the delivery has no address":                      {Message: sent},
	} {
		_, err := d.Receipt(stream.ReceiptRead)
		require.EqualError(t, err, "engagetest: Receipt: "+want)
	}
}

// underTest is a receiver under test with its inbox.
type underTest struct {
	sender *stream.Sender
	worker *stream.Worker
	refuse func() bool // Whether the receiver is busy.
}

// newReceiver returns a receiver that is reached in memory, and a sender for it.
func newReceiver(t *testing.T) *underTest {
	t.Helper()
	secret := stream.NewSecret("the hub secret").Named("test")
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	handler, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
	require.NoError(t, err)
	r := &underTest{refuse: func() bool { return false }}
	r.worker, err = stream.NewWorker(inbox)
	require.NoError(t, err)
	r.sender, err = stream.NewSender("https://receiver.test/events",
		stream.WithSigning(stream.SHA256, secret),
		stream.WithTransport(engagetest.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if r.refuse() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			handler.ServeHTTP(w, request)
		}))))
	require.NoError(t, err)
	return r
}

// run runs the worker until it waits for events.
func (r *underTest) run(t *testing.T) {
	t.Helper()
	synctest.Wait()
	go func() { _ = r.worker.Run(t.Context()) }()
	synctest.Wait()
}

func TestWhatACustomerWritesReachesTheReceiver(t *testing.T) {
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
				var received []message.Message
				r.worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
					content, err := e.Content()
					received = append(received, content)
					return err
				})
				s.StreamTo(r.sender)
				id, err := s.Write(address, says(address, "hello"))
				require.NoError(t, err)
				r.run(t)

				events := s.StreamEvents()
				require.Len(t, events, 1)
				if name == "API" {
					require.ErrorContains(t, events[0].Err, "no document shows an event")
					return
				}
				require.NoError(t, events[0].Err)
				require.Len(t, events[0].Attempts, 1)
				require.Len(t, received, 1)
				require.Equal(t, s.Messages(id)[0].Type(), received[0].Type())
				require.Equal(t, message.TextOf(s.Messages(id)[0]), message.TextOf(received[0]))
				require.Equal(t, message.EnvelopeOf(s.Messages(id)[0]).AliasID, message.EnvelopeOf(received[0]).AliasID)
				require.True(t, message.EnvelopeOf(s.Messages(id)[0]).Timestamp.Equal(message.EnvelopeOf(received[0]).Timestamp))

				s.StreamTo(nil)
				_, err = s.Write(address, says(address, "hello?"))
				require.NoError(t, err)
				s.SendEvent(events[0].Payload)
				synctest.Wait()
				require.Len(t, s.StreamEvents(), 1)
			})
		})
	}
}

// The receiver is busy at first, and the vendor repeats the event after a minute. Later
// it sends the event once more.
func TestAnEventIsRepeatedAsTheVendorDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
		answers := []bool{true, true}
		r.refuse = func() bool {
			refuse := len(answers) > 0
			answers = answers[min(1, len(answers)):]
			return refuse
		}
		handled := 0
		r.worker.OnMessage(func(context.Context, stream.MessageEvent) error { handled++; return nil })
		s.StreamTo(r.sender)
		began := time.Now()
		_, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
		require.NoError(t, err)
		require.Zero(t, time.Since(began), "Write does not wait for the receiver")
		time.Sleep(3 * time.Minute)
		events := s.StreamEvents()
		require.Len(t, events, 1)
		require.NoError(t, events[0].Err)
		var waits []time.Duration
		for _, attempt := range events[0].Attempts {
			waits = append(waits, attempt.Wait)
		}
		require.Equal(t, []time.Duration{0, time.Minute, time.Minute}, waits)

		s.SendEvent(events[0].Payload)
		r.run(t)
		require.Len(t, s.StreamEvents(), 2)
		require.Equal(t, 1, handled)
	})
}

// A receiver that stays busy gets an event four times, and then never again.
func TestAnEventThatIsNeverReceivedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
		r.refuse = func() bool { return true }
		s.StreamTo(r.sender)
		_, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
		require.NoError(t, err)
		time.Sleep(time.Hour)
		events := s.StreamEvents()
		require.Len(t, events, 1)
		require.Len(t, events[0].Attempts, 4)
		require.Error(t, events[0].Err)
	})
}

func TestAReceiptReachesTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
		var statuses []stream.ReceiptStatus
		r.worker.OnReceipt(func(_ context.Context, e stream.ReceiptEvent) error {
			statuses = append(statuses, e.Status)
			return nil
		})
		s.StreamTo(r.sender)
		s.OnDelivery(func(d engagetest.Delivery) {
			for _, status := range []stream.ReceiptStatus{stream.ReceiptSubmitted, stream.ReceiptFailed} {
				receipt, err := d.Receipt(status)
				require.NoError(t, err)
				s.SendEvent(receipt)
			}
		})
		id, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
		require.NoError(t, err)
		s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[{"aliasId":"a1","direction":"outbound","type":"text","text":"hi","timestamp":"2026-01-31T12:00:00Z"}]}`)
		r.run(t)
		require.ElementsMatch(t, []stream.ReceiptStatus{stream.ReceiptSubmitted, stream.ReceiptFailed}, statuses)
	})
}

// The vendor promises no order. Here the second event of a conversation comes first, and
// twice.
func TestEventsCanArriveInAnyOrderAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t)
		var received []string
		r.worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			received = append(received, e.TransactionID)
			return nil
		})
		var events [][]byte
		for _, id := range []string{"a1", "a2"} {
			event, err := engagetest.Event(addresses["SMS"], message.Stamp(says(addresses["SMS"], "hello"), id, time.Now()))
			require.NoError(t, err)
			events = append(events, event)
		}
		for _, event := range [][]byte{events[1], events[0], events[1]} {
			_, err := r.sender.Send(t.Context(), event)
			require.NoError(t, err)
		}
		r.run(t)
		require.Equal(t, []string{"a2", "a1"}, received)
	})
}

func TestCloseDropsEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := start(t, engagetest.WithoutNetwork()), newReceiver(t)
		r.refuse = func() bool { return true }
		s.StreamTo(r.sender)
		_, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
		require.NoError(t, err)
		synctest.Wait()
		s.Close()
		require.ErrorIs(t, s.StreamEvents()[0].Err, context.Canceled)
		_, err = s.Write(addresses["SMS"], says(addresses["SMS"], "hello?"))
		require.NoError(t, err)
		require.Len(t, s.StreamEvents(), 1)
	})
}
