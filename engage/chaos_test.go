package engage_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
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
	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// chaos chooses faults by a seeded generator.
type chaos struct {
	mutex  sync.Mutex
	random *rand.Rand
}

// percent draws a number below 100.
func (c *chaos) percent() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.random.IntN(100)
}

var busySoon = http.Header{"Retry-After": {"0.01"}}

// chaosOfWrites are the faults of writes: one in a hundred requests has each.
var chaosOfWrites = slices.Concat(
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionReset}}, 4),
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionClosed}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionReset}}, 4),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionClosed}}, 4),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionCutShort}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Shape: engagetest.Truncated}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Delay: 400 * time.Millisecond}}, 2),
	slices.Repeat([]engagetest.Fault{{Delay: 400 * time.Millisecond}}, 1),
	slices.Repeat([]engagetest.Fault{{Status: 429, Header: busySoon}}, 4),
	slices.Repeat([]engagetest.Fault{{Status: 503, Header: busySoon}}, 4),
	slices.Repeat([]engagetest.Fault{{Status: 502, Shape: engagetest.HTML}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Status: 502, Shape: engagetest.HTML}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Status: 503, Shape: engagetest.PlainText}}, 3),
	slices.Repeat([]engagetest.Fault{{Body: `{"status":"under maintenance"}`}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Shape: engagetest.ByteOrderMark}}, 1),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionSilent}}, 1),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackLost}}, 3),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackDoubled}}, 8),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackOvertaken}}, 6),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackEarly}}, 8),
	slices.Repeat([]engagetest.Fault{{CallbackDelay: 20 * time.Millisecond}}, 4),
)

// chaosOfReads are the faults of searches, transcripts and requests for tokens.
var chaosOfReads = slices.Concat(
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionClosed}}, 3),
	slices.Repeat([]engagetest.Fault{{Status: 503, Header: busySoon}}, 3),
	slices.Repeat([]engagetest.Fault{{Status: 502, Shape: engagetest.HTML}}, 2),
)

// fault chooses the fault of a request.
func (c *chaos) fault(r engagetest.Request) engagetest.Fault {
	faults := chaosOfReads
	if r.Operation == outcome.AppendMessage || r.Operation == outcome.CreateConversation {
		faults = chaosOfWrites
	}
	if i := c.percent(); i < len(faults) {
		return faults[i]
	}
	return engagetest.Fault{}
}

// faultOfReply chooses the fault of a request, without those of the connection.
func (c *chaos) faultOfReply(r engagetest.Request) engagetest.Fault {
	fault := c.fault(r)
	if fault.Connection != "" {
		return engagetest.Fault{}
	}
	return fault
}

// decide chooses what becomes of a stream: one in twenty is refused, as many are reset
// after the request was handled, and some connections are closed by GOAWAY.
func (c *chaos) decide(s *http2test.Stream) {
	switch i := c.percent(); {
	case i < 5:
		s.Refuse()
	case i < 10:
		s.Reset(http2test.InternalError)
	case i == 10 && s.ID > 1:
		s.GoAway(s.ID-2, http2test.NoError)
	}
}

// dial refuses one connection in ten.
func (c *chaos) dial(refusing string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if c.percent() < 10 {
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
	requireTrueResults(t, server, c.fault, callers, callsEach, []*engage.Client{
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
	requireTrueResults(t, server, c.faultOfReply, callers, callsEach, []*engage.Client{
		client(),
		client(engage.WithCallOptions(settleTime(time.Second))),
		client(engage.WithCallbacks(newCallbacks(t))),
	})
}

func newChaos() *chaos {
	const seed = 20260131
	return &chaos{random: rand.New(rand.NewPCG(seed, seed))}
}

// chaosRetry sets short waits and a short time for each attempt.
var chaosRetry = engage.WithCallOptions(engage.WithRetry(engage.Retry{
	AttemptTimeout: 200 * time.Millisecond, FirstWait: time.Millisecond, LongestWait: 50 * time.Millisecond,
}))

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
