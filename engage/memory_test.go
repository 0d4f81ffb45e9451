package engage_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/stretchr/testify/require"
)

// keeper is a transport that keeps the context of the first request, and answers each
// request only when the test wants it.
type keeper struct {
	first context.Context
	// begun gets a channel for each request. Closing that answers the request.
	begun chan chan struct{}
}

func (k *keeper) RoundTrip(r *http.Request) (*http.Response, error) {
	if k.first == nil {
		k.first = r.Context()
	}
	answer := make(chan struct{})
	k.begun <- answer
	<-answer
	return inMemory{}.RoundTrip(r)
}

// requireCollected waits until the garbage collector has freed what value points
// to. The goroutine of a call that has ended may hold it for a moment, and so may
// the runtime's list of timers.
func requireCollected[T any](t *testing.T, value weak.Pointer[T], whose ...any) {
	t.Helper()
	require.Eventually(t, func() bool {
		runtime.GC()
		return value.Value() == nil
	}, time.Minute, time.Millisecond, whose...)
}

func TestAContextThatATransportKeepsHoldsNoOtherCallInMemory(t *testing.T) {
	type key struct{}
	transport := &keeper{begun: make(chan chan struct{})}
	client := over(t, transport)
	// begin makes a call and returns a function that ends it.
	begin := func(ctx context.Context) (end func()) {
		done := make(chan error, 1)
		go func() {
			_, err := client.SearchConversation(ctx, searchRequest)
			done <- err
		}()
		answer := <-transport.begun
		return func() {
			close(answer)
			require.NoError(t, <-done)
		}
	}
	end := begin(t.Context())
	// Each call begins before the previous one ends.
	values := make([]weak.Pointer[[64]byte], 4)
	for i := range values {
		value := new([64]byte)
		values[i] = weak.Make(value)
		endNext := begin(context.WithValue(t.Context(), key{}, value))
		end()
		end = endNext
	}
	end()
	for i, value := range values {
		requireCollected(t, value, "call %d", i+1)
	}
	runtime.KeepAlive(transport.first)
}

func TestAReceiptDoesNotHoldItsMessageInMemory(t *testing.T) {
	client := over(t, inMemory{})
	var sent weak.Pointer[message.Attachment]
	receipt := func() *engage.AppendMessageReceipt {
		files := []message.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: "https://example.com/a.png"}}
		sent = weak.Make(&files[0])
		receipt, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{
			ConversationID: "C1", Channel: channel.WhatsApp, Message: message.Attachments{Direction: message.Inbound, Attachments: files},
		})
		require.NoError(t, err)
		return receipt
	}()
	requireCollected(t, sent)
	require.NotEmpty(t, receipt.Raw())
}

func TestTheTimeoutOfAnAttemptDoesNotHoldTheClientInMemory(t *testing.T) {
	dropped := func() weak.Pointer[engage.Client] {
		client := over(t, inMemory{})
		_, err := appendTo(appendRequest, engage.WithRetry(engage.Retry{AttemptTimeout: 24 * time.Hour}))(t.Context(), client)
		require.NoError(t, err)
		return weak.Make(client)
	}()
	requireCollected(t, dropped)
}
