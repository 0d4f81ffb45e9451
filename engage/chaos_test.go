package engage_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/chaostest"
	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// chaos chooses what goes wrong at random.
type chaos struct{ *chaostest.Faults }

func newChaos() chaos { return chaos{chaostest.NewFaults()} }

// chaosRetry sets short waits and a short time for each attempt.
var chaosRetry = chaostest.Retry(200 * time.Millisecond)

// decide chooses what becomes of a stream: one in twenty is refused, as many are reset
// after the request was handled, and some connections are closed by GOAWAY.
func (c chaos) decide(s *http2test.Stream) {
	switch i := c.Percent(); {
	case i < 5:
		s.Refuse()
	case i < 10:
		s.Reset(http2test.InternalError)
	case i == 10 && s.ID > 1:
		s.GoAway(s.ID-2, http2test.NoError)
	}
}

// dial refuses one connection in ten.
func (c chaos) dial(refusing string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.Percent() < 10 {
			address = refusing
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// chaosCall is a call and its result.
type chaosCall struct {
	text    string // The text of its message, which is unique.
	create  bool
	proof   engage.Proof
	failure *outcome.Error
}

// result returns the result in a few words.
func (c chaosCall) result() string {
	operation := "append"
	if c.create {
		operation = "create"
	}
	if c.failure == nil {
		return operation + ": " + string(c.proof)
	}
	return fmt.Sprintf("%s: error, %s", operation, c.failure.Effect)
}

// possible reports whether the message can be there that many times after such a result.
func (c chaosCall) possible(times int) bool {
	switch {
	case c.failure == nil || c.failure.Effect == outcome.Applied:
		return times == 1
	case c.failure.Effect == outcome.MaybeApplied:
		return times <= 1
	}
	return times == 0
}

func TestResultsAreTrueInChaos(t *testing.T) {
	const callers, callsEach = 96, 30
	c := newChaos()
	server := engagetest.NewServer()
	defer server.Close()
	transport := &http.Transport{DialContext: c.dial(closedPort(t)), MaxIdleConnsPerHost: callers}
	defer transport.CloseIdleConnections()
	client := func(options ...engage.Option) *engage.Client {
		client, err := server.Client(append(options, engage.WithTransport(transport), chaosRetry)...)
		require.NoError(t, err)
		return client
	}
	requireTrueResults(t, server, c.Choose, callers, callsEach, []*engage.Client{
		client(),
		client(engage.WithCallOptions(settleTime(time.Second))),
		client(engage.WithCallbacks(newCallbacks(t))),
	})
}

func TestResultsAreTrueInChaosOverHTTP2(t *testing.T) {
	const callers, callsEach = 32, 30
	c := newChaos()
	server := engagetest.NewServer()
	defer server.Close()
	front := http2test.Start(t, http2test.Config{Handler: server.Handler(), Decide: c.decide})
	client := func(options ...engage.Option) *engage.Client {
		return clientOf(t, front.URL, front.TLS, append(options, chaosRetry)...)
	}
	requireTrueResults(t, server, c.ChooseReply, callers, callsEach, []*engage.Client{
		client(),
		client(engage.WithCallOptions(settleTime(time.Second))),
		client(engage.WithCallbacks(newCallbacks(t))),
	})
}

// requireTrueResults makes callsEach writes by each of the callers, while fault chooses
// what goes wrong, and requires that the result of each says what became of its message.
func requireTrueResults(t *testing.T, server *engagetest.Server, fault engagetest.FaultFunc, callers, callsEach int, clients []*engage.Client) {
	t.Helper()
	var conversations []string
	for i := range 16 {
		status := engagetest.Queued
		if i == 0 {
			status = engagetest.Closed
		}
		conversations = append(conversations, server.Seed(engagetest.Conversation{
			Status: status, Channel: channel.SMS, BusinessAddress: "1", CustomerAddress: fmt.Sprint("seeded-", i),
		}))
	}
	server.FailFunc(fault)

	results := make(chan chaosCall, callers*callsEach)
	var calling sync.WaitGroup
	for caller := range callers {
		calling.Go(func() {
			for i := range callsEach {
				call := chaosCall{text: fmt.Sprintf("%d-%d", caller, i), create: i%5 == 0}
				if i == callsEach/2 && caller == 0 {
					server.RevokeTokens()
				}
				// Longer than the settle time. A lost callback takes as long.
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				call.make(ctx, clients[i%len(clients)], conversations[(caller+i)%len(conversations)])
				cancel()
				results <- call
			}
		})
	}
	calling.Wait()
	close(results)
	server.ClearFaults()

	there := countTexts(server)
	counts := map[string]int{}
	doubtful, absent := 0, 0
	for call := range results {
		counts[call.result()]++
		require.True(t, call.possible(there[call.text]), "%s, but the message is there %d times: %v", call.result(), there[call.text], call.failure)
		if call.failure != nil && call.failure.Effect == outcome.MaybeApplied {
			doubtful++
			absent += 1 - there[call.text]
		}
	}
	for _, result := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%5d %s", counts[result], result)
	}
	t.Logf("of %d that may have been applied, %d were not", doubtful, absent)
	for _, seen := range []string{"acknowledged", "confirmed", "reconciled", "error, refused", "error, maybe applied", "error, applied"} {
		require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(counts)), func(result string) bool { return strings.HasSuffix(result, seen) }), seen)
	}
}

// make makes the call and keeps its result.
func (c *chaosCall) make(ctx context.Context, client *engage.Client, conversation string) {
	text := message.Text{Direction: message.Inbound, Text: c.text}
	var err error
	if c.create {
		var receipt *engage.CreateConversationReceipt
		receipt, err = client.CreateConversation(ctx, engage.CreateConversationV13{
			Address: channel.SMSAddress{Business: "1", Customer: "created-" + c.text}, Messages: []message.Message{text},
		})
		if err == nil {
			c.proof = receipt.Proof
		}
	} else {
		var receipt *engage.AppendMessageReceipt
		receipt, err = client.AppendMessage(ctx, engage.AppendMessageV13{ConversationID: conversation, Channel: channel.SMS, Message: text})
		if err == nil {
			c.proof = receipt.Proof
		}
	}
	if err != nil && !errors.As(err, &c.failure) {
		panic(err)
	}
}

// countTexts counts how often each text is in any conversation.
func countTexts(server *engagetest.Server) map[string]int {
	there := map[string]int{}
	for _, conversation := range server.Conversations() {
		for _, m := range conversation.Messages {
			there[m.Text]++
		}
	}
	return there
}
