package engage_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// inbound returns a text message of a customer by SMS.
func inbound(text string) engage.Inbound {
	return engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: text, Envelope: message.Envelope{AliasID: "alias-" + text}},
	}
}

// seed puts a conversation at the address of inbound.
func seed(server *engagetest.Server, status engagetest.Status) string {
	return server.Seed(engagetest.Conversation{
		Status: status, Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
	})
}

// stepEdges returns the edges of a delivery's steps.
func stepEdges(d engage.Delivery) []outcome.Edge {
	var all []outcome.Edge
	for _, step := range d.Steps {
		all = append(all, step.Edge)
	}
	return all
}

func newDeliverer(t *testing.T, options ...engagetest.Option) (*engagetest.Server, *engage.Deliverer) {
	t.Helper()
	server := engagetest.NewServer(options...)
	t.Cleanup(server.Close)
	client, err := server.Client(chaosRetry)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return server, &engage.Deliverer{Client: client}
}

func TestDeliverFollowsTheStateOfTheConversation(t *testing.T) {
	appended := []outcome.Edge{outcome.OnAppendMessageSuccess}
	for status, want := range map[engagetest.Status][]outcome.Edge{
		"":                {outcome.NoConversationFound, outcome.OnConversationCreated},
		engagetest.Queued: append([]outcome.Edge{outcome.ConversationInQueue}, appended...),
		engagetest.Active: append([]outcome.Edge{outcome.ConversationActive}, appended...),
		engagetest.OnHold: append([]outcome.Edge{outcome.ConversationOnHold}, appended...),
		engagetest.Closed: append([]outcome.Edge{outcome.ConversationClosed, outcome.ConversationReopened}, appended...),
	} {
		t.Run(string(status), func(t *testing.T) {
			server, deliverer := newDeliverer(t)
			id := ""
			if status != "" {
				id = seed(server, status)
			}
			delivery, err := deliverer.Deliver(t.Context(), inbound("hello"))
			require.NoError(t, err)
			require.Equal(t, want, stepEdges(delivery))
			if id == "" {
				id = server.Conversations()[0].ID
			}
			require.Equal(t, id, delivery.ConversationID)
			conversation, _ := server.Conversation(id)
			require.Equal(t, "alias-hello", conversation.Messages[0].AliasID)
			require.Len(t, server.Conversations(), 1)
		})
	}
}

func TestDeliverDoesNotReopenALiveChat(t *testing.T) {
	server, deliverer := newDeliverer(t)
	server.Seed(engagetest.Conversation{
		Status: engagetest.Closed, Channel: channel.LiveChat, BusinessAddress: "app", CustomerAddress: "visitor", ThreadID: "thread",
	})
	in := inbound("hello")
	in.Address = channel.LiveChatAddress{AppID: "app", UserID: "visitor", ThreadID: "thread"}
	delivery, err := deliverer.Deliver(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, []outcome.Edge{outcome.ConversationClosed, outcome.OnConversationCreated}, stepEdges(delivery))
	require.Len(t, server.Conversations(), 2)
}

func TestDeliverGoesOnWhenSomebodyElseChangesTheConversation(t *testing.T) {
	for name, test := range map[string]struct {
		before engagetest.Status
		change func(*engagetest.Server)
		on     outcome.Operation
		want   []outcome.Edge
	}{
		"an agent closes it before the append": {
			before: engagetest.Active, on: outcome.AppendMessage,
			change: func(s *engagetest.Server) {
				s.Update(s.Conversations()[0].ID, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
			},
			want: []outcome.Edge{
				outcome.ConversationActive, outcome.OnAppendMessageFailure,
				outcome.ConversationClosed, outcome.ConversationReopened, outcome.OnAppendMessageSuccess,
			},
		},
		"another program creates it first": {
			on:     outcome.CreateConversation,
			change: func(s *engagetest.Server) { seed(s, engagetest.Queued) },
			want: []outcome.Edge{
				outcome.NoConversationFound, outcome.OnConversationFailed, outcome.ConversationInQueue, outcome.OnAppendMessageSuccess,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server, deliverer := newDeliverer(t)
			if test.before != "" {
				seed(server, test.before)
			}
			var once sync.Once
			server.FailFunc(func(r engagetest.Request) engagetest.Fault {
				if r.Operation == test.on {
					once.Do(func() { test.change(server) })
				}
				return engagetest.Fault{}
			})
			delivery, err := deliverer.Deliver(t.Context(), inbound("hello"))
			require.NoError(t, err)
			require.Equal(t, test.want, stepEdges(delivery))
			require.Equal(t, map[string]int{"hello": 1}, countTexts(server))
		})
	}
}

func TestDeliverReturnsARefusalThatAnotherSearchDoesNotExplain(t *testing.T) {
	server, deliverer := newDeliverer(t)
	seed(server, engagetest.Active)
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation == outcome.AppendMessage {
			return engagetest.Fault{Status: http.StatusConflict, Code: "9001"}
		}
		return engagetest.Fault{}
	})
	delivery, err := deliverer.Deliver(t.Context(), inbound("hello"))
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, "9001", failure.Code)
	require.Equal(t, []outcome.Edge{outcome.ConversationActive, outcome.OnAppendMessageFailure, outcome.ConversationActive}, stepEdges(delivery))
}

func TestDeliverReturnsTheRefusalIfTheConversationChangesEachTime(t *testing.T) {
	server, deliverer := newDeliverer(t)
	id := seed(server, engagetest.Active)
	other := map[engagetest.Status]engagetest.Status{engagetest.Active: engagetest.OnHold, engagetest.OnHold: engagetest.Active}
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation != outcome.AppendMessage {
			return engagetest.Fault{}
		}
		server.Update(id, func(c *engagetest.Conversation) { c.Status = other[c.Status] })
		return engagetest.Fault{Status: http.StatusConflict, Code: "9001"}
	})
	delivery, err := deliverer.Deliver(t.Context(), inbound("hello"))
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok, "a message that is in no conversation was not delivered")
	require.Equal(t, "9001", failure.Code)
	require.Equal(t, outcome.OnAppendMessageFailure, delivery.Edge())
	require.Empty(t, countTexts(server))
}

// The first attempt of the append was applied, the second one was refused.
func TestDeliverDoesNotGoOnFromAnAppendThatMayHaveBeenApplied(t *testing.T) {
	server, deliverer := newDeliverer(t)
	id := seed(server, engagetest.Active)
	attempts := 0
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation != outcome.AppendMessage {
			return engagetest.Fault{}
		}
		attempts++
		if attempts == 1 {
			return engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset}
		}
		server.Update(id, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
		return engagetest.Fault{}
	})
	delivery, err := deliverer.Deliver(t.Context(), inbound("hello"),
		engage.WithRetry(engage.Retry{Policy: engage.RetryAlways, FirstWait: time.Millisecond}),
		engage.WithReconciliation(engage.Reconciliation{Off: true}))
	require.Equal(t, []outcome.Edge{outcome.ConversationActive, outcome.OnAppendMessageFailure}, stepEdges(delivery))
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Equal(t, map[string]int{"hello": 1}, countTexts(server))
}

// The reply to the re-open is lost, and the next attempt finds the conversation open.
func TestDeliverGoesOnAfterAReopenThatWasAppliedBefore(t *testing.T) {
	server, deliverer := newDeliverer(t)
	seed(server, engagetest.Closed)
	server.Fail(outcome.ReopenConversation, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionReset})
	delivery, err := deliverer.Deliver(t.Context(), inbound("hello"))
	require.NoError(t, err)
	require.Equal(t, []outcome.Edge{
		outcome.ConversationClosed, outcome.ConversationReopenFailed, outcome.ConversationInQueue, outcome.OnAppendMessageSuccess,
	}, stepEdges(delivery))
	require.Equal(t, map[string]int{"hello": 1}, countTexts(server))
}

// The program was killed after the write, and handles the event again.
func TestAMessageThatIsDeliveredAgainIsThereOnce(t *testing.T) {
	for name, between := range map[string]func(*engagetest.Conversation){
		"the conversation is open":   func(*engagetest.Conversation) {},
		"the conversation is closed": func(c *engagetest.Conversation) { c.Status = engagetest.Closed },
	} {
		t.Run(name, func(t *testing.T) {
			server, deliverer := newDeliverer(t)
			in := inbound("hello")
			delivery, err := deliverer.Deliver(t.Context(), in)
			require.NoError(t, err)
			require.True(t, server.Update(delivery.ConversationID, between))
			in.Again = true
			again, err := deliverer.Deliver(t.Context(), in)
			require.NoError(t, err)
			require.Equal(t, delivery.ConversationID, again.ConversationID)
			require.Equal(t, map[string]int{"hello": 1}, countTexts(server))
			left := engagetest.Conversation{Status: engagetest.Queued}
			between(&left)
			require.Equal(t, left.Status, server.Conversations()[0].Status, "it is not re-opened")
		})
	}
}

func TestAMessageLikeAnotherIsDeliveredAgainIfAliasIDsAreKept(t *testing.T) {
	server, deliverer := newDeliverer(t)
	_, err := deliverer.Deliver(t.Context(), inbound("yes"))
	require.NoError(t, err)
	second := inbound("yes")
	second.Message, second.Again = message.Text{Direction: message.Inbound, Text: "yes", Envelope: message.Envelope{AliasID: "second"}}, true
	_, err = deliverer.Deliver(t.Context(), second)
	require.Equal(t, outcome.MaybeApplied, outcome.EffectOf(err), "the service may have changed the alias id")
	for range 2 {
		_, err = deliverer.Deliver(t.Context(), second, engage.WithReconciliation(engage.Reconciliation{AliasIDsKept: true}))
		require.NoError(t, err)
		require.Equal(t, map[string]int{"yes": 2}, countTexts(server))
	}
}

func TestAMessageThatIsNewToAClosedConversationIsDeliveredAgain(t *testing.T) {
	server, deliverer := newDeliverer(t)
	seed(server, engagetest.Closed)
	in := inbound("hello")
	in.Again = true
	_, err := deliverer.Deliver(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"hello": 1}, countTexts(server))
	require.Equal(t, engagetest.Queued, server.Conversations()[0].Status)
}

// Without the wait for the first conversation, the second message would create another.
func TestDeliverWaitsUntilACreateIsApplied(t *testing.T) {
	server, deliverer := newDeliverer(t)
	server.FailFunc(func(r engagetest.Request) engagetest.Fault {
		if r.Operation == outcome.CreateConversation {
			return engagetest.Fault{ApplyDelay: 100 * time.Millisecond}
		}
		return engagetest.Fault{}
	})
	for _, text := range []string{"one", "two"} {
		_, err := deliverer.Deliver(t.Context(), inbound(text))
		require.NoError(t, err)
	}
	require.Len(t, server.Conversations(), 1)
	require.Equal(t, map[string]int{"one": 1, "two": 1}, countTexts(server))
}

func TestDeliverSendsNothingThatIsInvalid(t *testing.T) {
	server, deliverer := newDeliverer(t)
	in := inbound("hello")
	in.Address, in.CapabilityList = channel.SMSAddress{Business: "+15550100"}, "[]"
	_, err := deliverer.Deliver(t.Context(), in)
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, outcome.OnInvalidData, failure.Edge)
	require.Len(t, failure.Violations, 2)
	require.Empty(t, server.Requests())
}

func TestDeliverTakesInboundMessagesOnly(t *testing.T) {
	server, deliverer := newDeliverer(t)
	for _, direction := range []message.Direction{message.Outbound, message.Announcement} {
		in := inbound("hello")
		in.Message = &message.Text{Direction: direction, Text: "hello"}
		_, err := deliverer.Deliver(t.Context(), in)
		require.Equal(t, outcome.OnInvalidData, outcome.EdgeOf(err))
		require.ErrorContains(t, err, "Messages[0].Direction must be inbound")
	}
	in := inbound("hello")
	in.Message = nil
	require.ErrorContains(t, in.Validate(), "Messages[0] is nil")
	require.Empty(t, server.Requests())
}

func TestDeliverWithoutAClientSendsNothing(t *testing.T) {
	_, err := new(engage.Deliverer).Deliver(t.Context(), inbound("hello"))
	require.Equal(t, outcome.OnInvalidData, outcome.EdgeOf(err))
	require.Equal(t, outcome.NotSent, outcome.EffectOf(err))
	require.ErrorContains(t, err, "Client is nil")
}

func TestAMessageThatIsDeliveredAgainNeedsAnAliasID(t *testing.T) {
	server, deliverer := newDeliverer(t)
	in := inbound("hello")
	in.Again, in.Message = true, message.Text{Direction: message.Inbound, Text: "hello"}
	_, err := deliverer.Deliver(t.Context(), in)
	for _, err := range []error{err, in.Validate()} {
		failure, ok := errors.AsType[*outcome.Error](err)
		require.True(t, ok)
		require.Equal(t, outcome.OnInvalidData, failure.Edge)
		require.Len(t, failure.Violations, 1)
		require.Equal(t, "Messages[0].AliasID", failure.Violations[0].Field)
	}
	require.Empty(t, server.Requests())
}

func TestATurnIsWaitedForUntilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := make(chan struct{})
		client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-hanging
			return nil, r.Context().Err()
		}))
		deliverer := &engage.Deliverer{Client: client}
		first, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := deliverer.Deliver(first, inbound("first"))
			done <- err
		}()
		synctest.Wait()
		short, cancelShort := context.WithTimeout(t.Context(), time.Minute)
		defer cancelShort()
		delivery, err := deliverer.Deliver(short, inbound("second"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, outcome.NotSent, outcome.EffectOf(err))
		require.Equal(t, outcome.OnTimeout, outcome.EdgeOf(err))
		require.Empty(t, delivery.Steps)
		cancel()
		close(hanging)
		require.Equal(t, outcome.OnTimeout, outcome.EdgeOf(<-done))
	})
}

// sharedLocker is a Locker among the deliverers of a test.
type sharedLocker struct {
	keys sync.Map
	fail error
}

func (l *sharedLocker) Lock(ctx context.Context, key string) (context.Context, func(), error) {
	if l.fail != nil {
		return nil, nil, l.fail
	}
	value, _ := l.keys.LoadOrStore(key, make(chan struct{}, 1))
	turn := value.(chan struct{})
	select {
	case turn <- struct{}{}:
		return ctx, func() { <-turn }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func TestDeliverReportsALockerThatFails(t *testing.T) {
	server, deliverer := newDeliverer(t)
	broken := errors.New("no quorum")
	deliverer.Locker = &sharedLocker{fail: broken}
	for range 2 { // the turn is given back
		_, err := deliverer.Deliver(t.Context(), inbound("hello"))
		require.ErrorIs(t, err, broken)
		require.Equal(t, outcome.NotSent, outcome.EffectOf(err))
	}
	require.Empty(t, server.Requests())
}
