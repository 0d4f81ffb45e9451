package stream_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

func TestAWorkerRunsTheHandlerOfTheEventsType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		var mu sync.Mutex
		seen := map[string]int{}
		note := func(name string) error {
			mu.Lock()
			defer mu.Unlock()
			seen[name]++
			return nil
		}
		w.OnMessage(func(context.Context, stream.MessageEvent) error { return note("message") })
		w.OnTyping(func(context.Context, stream.TypingEvent) error { return note("typing") })
		w.OnClosed(func(context.Context, stream.ClosedEvent) error { return note("closed") })
		w.OnAuthentication(func(context.Context, stream.AuthenticationEvent) error { return note("authentication") })
		w.OnPayment(func(context.Context, stream.PaymentEvent) error { return note("payment") })
		w.OnInvitation(func(context.Context, stream.InvitationEvent) error { return note("invitation") })
		w.OnProfile(func(context.Context, stream.ProfileEvent) error { return note("profile") })
		w.OnSubscription(func(context.Context, stream.SubscriptionEvent) error { return note("subscription") })
		w.OnReceipt(func(context.Context, stream.ReceiptEvent) error { return note("receipt") })
		w.OnAudit(func(context.Context, stream.AuditEvent) error { return note("audit") })
		w.OnChat(func(context.Context, stream.ChatEvent) error { return note("chat") })
		w.OnUnknown(func(context.Context, stream.UnknownEvent) error { return note("unknown") })
		want := map[string]int{}
		for _, test := range headers {
			entry, err := stream.NewEntry(sample(t, test.sample))
			require.NoError(t, err)
			duplicate, err := w.inbox.Put(t.Context(), entry)
			require.NoError(t, err)
			if !duplicate {
				want[nameOf(test.event)]++
			}
		}
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, want, seen)
		require.Zero(t, w.Counts().Ignored)
		require.Zero(t, w.inbox.Counts())
	})
}

// nameOf returns the name of an event's type without Event, as in the On methods.
func nameOf(event stream.Event) string {
	name := fmt.Sprintf("%T", struct{ stream.Event }{event}.Event)
	name = name[len("stream.") : len(name)-len("Event")]
	return string(name[0]+'a'-'A') + name[1:]
}

func TestPhoneNumbersKeepTheirPlusByDefault(t *testing.T) {
	for _, test := range []struct {
		options            []stream.WorkerOption
		customer, business string
	}{
		{nil, "+15550199", "+15550100"},
		{[]stream.WorkerOption{stream.WithoutPlus()}, "15550199", "15550100"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorking(t, test.options...)
			var addresses []channel.Address
			w.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
				addresses = append(addresses, e.Address())
				return nil
			})
			put(t, w.inbox, []byte(`{"channel":"SMS","oa":"+15550199","da":"+15550100","message":"hello","tid":"1"}`))
			w.start()
			synctest.Wait()
			require.NoError(t, w.stop())
			require.Equal(t, []channel.Address{channel.SMSAddress{Customer: test.customer, Business: test.business}}, addresses)
		})
	}
}

func TestTheTextThatClosesALiveChatIsAMessageByDefault(t *testing.T) {
	const closing = `{"channel":"Rtm","event":"MO","userId":"u","appId":"a","thread_id":"t-3","tid":"%d","message":"%s"}`
	for _, test := range []struct {
		options          []stream.WorkerOption
		messages, closed []string
	}{
		{nil, []string{"hello", "$$$$CLOSECHAT$$$$"}, nil},
		{[]stream.WorkerOption{stream.WithCloseChat()}, []string{"hello"}, []string{"t-3"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorking(t, test.options...)
			var messages, closed []string
			w.OnMessage(func(_ context.Context, e stream.MessageEvent) error { messages = append(messages, e.Text); return nil })
			w.OnClosed(func(_ context.Context, e stream.ClosedEvent) error { closed = append(closed, e.ThreadID); return nil })
			put(t, w.inbox, fmt.Appendf(nil, closing, 1, "hello"))
			put(t, w.inbox, fmt.Appendf(nil, closing, 2, "$$$$CLOSECHAT$$$$"))
			w.start()
			synctest.Wait()
			require.NoError(t, w.stop())
			require.Equal(t, test.messages, messages)
			require.Equal(t, test.closed, closed)
		})
	}
}

func TestEventsWithoutAHandlerAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorking(t)
		w.OnTyping(func(context.Context, stream.TypingEvent) error { return nil })
		w.OnTyping(nil)
		put(t, w.inbox, []byte(typing))
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.Equal(t, stream.WorkerCounts{Ignored: 1}, w.Counts())

		var other stream.Event
		w.OnOther(func(_ context.Context, event stream.Event) error { other = event; return nil })
		put(t, w.inbox, payload("ann", 1))
		w.start()
		synctest.Wait()
		require.NoError(t, w.stop())
		require.IsType(t, stream.MessageEvent{}, other)
		require.Equal(t, stream.WorkerCounts{Ignored: 1, Handled: 1}, w.Counts())
	})
}
