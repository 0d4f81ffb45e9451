package engage_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/stretchr/testify/require"
)

// floor is a client written by hand for three calls, with net/http and encoding/json
// only. It sends and reads the same JSON as the client. It has no time limits, retries,
// validation or traces.
type floor struct {
	base  string
	token string
	http  *http.Client
}

type floorAddress struct {
	Channel         string `json:"channel"`
	CustomerAddress string `json:"customerAddress"`
	BizAddress      string `json:"bizAddress"`
}

type floorMessage struct {
	AliasID   string    `json:"aliasId"`
	Direction string    `json:"direction"`
	Type      string    `json:"type"`
	Text      string    `json:"text"`
	Timestamp time.Time `json:"timestamp"`
}

type floorAppend struct {
	Channel  string         `json:"channel"`
	Messages []floorMessage `json:"messages"`
}

type floorCreate struct {
	floorAddress
	CustomerName string         `json:"customerName"`
	Messages     []floorMessage `json:"messages"`
}

type floorReply struct {
	Status      string `json:"status"`
	Code        string `json:"code"`
	Description string `json:"description"`
	TID         string `json:"tid"`
	Value       struct {
		ConversationID string `json:"conversationId"`
		AliasID        string `json:"aliasId"`
		ChatExist      bool   `json:"chatExist"`
		Status         string `json:"status"`
		TeamID         string `json:"teamId"`
		UserID         string `json:"userId"`
	} `json:"value"`
}

func (f *floor) search(ctx context.Context) (*floorReply, error) {
	return f.post(ctx, "/conversations/search", floorAddress{"sms", smsAddress.Customer, smsAddress.Business})
}

func (f *floor) append(ctx context.Context, id string) (*floorReply, error) {
	return f.post(ctx, "/conversations/"+url.PathEscape(id)+"/messages", floorAppend{"sms", []floorMessage{f.hello()}})
}

func (f *floor) create(ctx context.Context) (*floorReply, error) {
	return f.post(ctx, "/conversations", floorCreate{
		floorAddress{"sms", smsAddress.Customer, smsAddress.Business}, "Ann", []floorMessage{f.hello()},
	})
}

// text is the text of a message. With it, a request has about 600 bytes.
var text = strings.Repeat("Is my order on its way? ", 18)

func (f *floor) hello() floorMessage {
	var id [16]byte
	rand.Read(id[:])
	uuid := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	return floorMessage{uuid, "inbound", "text", text, time.Now().UTC()}
}

func (f *floor) post(ctx context.Context, path string, body any) (*floorReply, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, f.base+path, bytes.NewReader(encoded))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+f.token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "engage-go")
	response, err := f.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	reply := new(floorReply)
	return reply, json.Unmarshal(content, reply)
}

var longHello = message.Text{Direction: message.Inbound, Text: text}

// The replies of the service in these comparisons, of about 330 bytes.
const (
	searchReply = `{"status":"success","code":"1000","description":"A conversation was found for the customer's address",` +
		`"tid":"6f1c2a9b-8e7d-4f30-9a55-0c8b7b1d2e3f","value":{"conversationId":"CSR0000000000001",` +
		`"aliasId":"3f9d5c1e-77aa-4b0e-8f64-5d2c9e1a0b7c","chatExist":true,"status":"queued","teamId":"team-3","userId":null,` +
		`"channel":"sms"}}`
	writeReply = `{"status":"success","code":"1000","description":"The request was accepted and is being processed",` +
		`"tid":"6f1c2a9b-8e7d-4f30-9a55-0c8b7b1d2e3f","value":{"conversationId":"CSR0000000000001",` +
		`"aliasId":"3f9d5c1e-77aa-4b0e-8f64-5d2c9e1a0b7c","channel":"sms","timestamp":"2026-11-22T08:30:00.123Z","status":"queued"}}`
)

func replyTo(path string) string {
	if strings.HasSuffix(path, "/search") {
		return searchReply
	}
	return writeReply
}

// inMemory is a transport that answers at once, without a network.
type inMemory struct{}

func (inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	body := replyTo(r.URL.Path)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(body)),
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// comparison is a call by hand and the same call by the client.
type comparison struct {
	name     string
	byHand   func(context.Context, *floor) error
	byTheSDK func(context.Context, *engage.Client) error
}

var comparisons = []comparison{
	{
		"search",
		func(ctx context.Context, f *floor) error { _, err := f.search(ctx); return err },
		func(ctx context.Context, c *engage.Client) error {
			_, err := c.SearchConversation(ctx, searchRequest)
			return err
		},
	},
	{
		"append",
		func(ctx context.Context, f *floor) error { _, err := f.append(ctx, "CSR0000000000001"); return err },
		func(ctx context.Context, c *engage.Client) error {
			_, err := c.AppendMessage(ctx, engage.AppendMessageV13{ConversationID: "CSR0000000000001", Channel: channel.SMS, Message: longHello})
			return err
		},
	},
	{
		"create",
		func(ctx context.Context, f *floor) error { _, err := f.create(ctx); return err },
		func(ctx context.Context, c *engage.Client) error {
			_, err := c.CreateConversation(ctx, engage.CreateConversationV13{
				Address: smsAddress, CustomerName: "Ann", Messages: []message.Message{longHello},
			})
			return err
		},
	},
}

// inMemoryPair returns both clients over a transport in memory.
func inMemoryPair(tb testing.TB) (*floor, *engage.Client) {
	tb.Helper()
	client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(inMemory{}))
	require.NoError(tb, err)
	base, err := engage.US.BaseURL()
	require.NoError(tb, err)
	return &floor{base.String(), token, &http.Client{Transport: inMemory{}}}, client
}

// loopbackPair returns both clients of a server on loopback. The floor has the default
// transport of net/http, with as many idle connections as the client's transport.
func loopbackPair(tb testing.TB) (*floor, *engage.Client) {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, replyTo(r.URL.Path))
	}))
	client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token))
	require.NoError(tb, err)
	tuned := http.DefaultTransport.(*http.Transport).Clone()
	tuned.MaxIdleConns, tuned.MaxIdleConnsPerHost = 512, 512
	tb.Cleanup(func() {
		client.CloseIdleConnections()
		tuned.CloseIdleConnections()
		server.Close()
	})
	return &floor{server.URL, token, &http.Client{Transport: tuned}}, client
}

// BenchmarkCall compares calls of the client with those of the floor. The metric ratio is
// the client's time divided by the floor's, and cpu-ratio its processor time divided by
// the floor's. Both take turns in one run, because the speed of a machine changes. Over
// loopback, cpu-ratio is the better measure: the time depends on how soon idle threads
// fall asleep.
func BenchmarkCall(b *testing.B) {
	for name, pair := range map[string]func(testing.TB) (*floor, *engage.Client){"in-memory": inMemoryPair, "loopback": loopbackPair} {
		f, client := pair(b)
		for _, c := range comparisons {
			b.Run(name+"/"+c.name+"/by-hand", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, c.byHand(b.Context(), f))
				}
			})
			b.Run(name+"/"+c.name+"/sdk", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, c.byTheSDK(b.Context(), client))
				}
			})
			b.Run(name+"/"+c.name+"/ratio", func(b *testing.B) {
				var byHand, byTheSDK cost
				for b.Loop() {
					byHand.add(b, 100, func() error { return c.byHand(b.Context(), f) })
					byTheSDK.add(b, 200, func() error { return c.byTheSDK(b.Context(), client) })
					byHand.add(b, 100, func() error { return c.byHand(b.Context(), f) })
				}
				byTheSDK.report(b, byHand)
			})
		}
	}
}

// BenchmarkDeliver compares a delivery to an open conversation with the two calls that it
// makes, in the way of [BenchmarkCall]. The messages are those of 1,000 customers.
func BenchmarkDeliver(b *testing.B) {
	_, client := loopbackPair(b)
	deliverer := &engage.Deliverer{Client: client}
	customers := make([]channel.SMSAddress, 1000)
	for i := range customers {
		customers[i] = channel.SMSAddress{Business: smsAddress.Business, Customer: fmt.Sprintf("+1555%07d", i)}
	}
	next := 0
	customer := func() channel.SMSAddress {
		next++
		return customers[next%len(customers)]
	}
	var byHand, byDeliver cost
	calls := func() error {
		found, err := client.SearchConversation(b.Context(), engage.SearchConversationV13{Address: customer()})
		if err != nil {
			return err
		}
		_, err = client.AppendMessage(b.Context(), engage.AppendMessageV14{
			ConversationID: found.ConversationID, Channel: channel.SMS, Messages: []message.Message{longHello},
		})
		return err
	}
	for b.Loop() {
		byHand.add(b, 100, calls)
		byDeliver.add(b, 200, func() error {
			_, err := deliverer.Deliver(b.Context(), engage.Inbound{Address: customer(), Message: longHello})
			return err
		})
		byHand.add(b, 100, calls)
	}
	byDeliver.report(b, byHand)
}

// cost is a time and a processor time.
type cost struct{ time, cpu time.Duration }

// add calls do that many times and adds its cost.
func (c *cost) add(tb testing.TB, times int, do func() error) {
	cpu, start := cpuTime(tb), time.Now()
	for range times {
		if err := do(); err != nil {
			tb.Fatal(err)
		}
	}
	c.time += time.Since(start)
	c.cpu += cpuTime(tb) - cpu
}

// report reports the cost in proportion to that of a floor.
func (c cost) report(b *testing.B, floor cost) {
	b.ReportMetric(float64(c.time)/float64(floor.time), "ratio")
	if floor.cpu > 0 {
		b.ReportMetric(float64(c.cpu)/float64(floor.cpu), "cpu-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

func TestACallAllocatesNoMoreThanOneWrittenByHand(t *testing.T) {
	f, client := inMemoryPair(t)
	for _, c := range comparisons {
		byHand := testing.AllocsPerRun(500, func() { require.NoError(t, c.byHand(t.Context(), f)) })
		byTheSDK := testing.AllocsPerRun(500, func() { require.NoError(t, c.byTheSDK(t.Context(), client)) })
		t.Logf("%s: %.0f allocations, by hand %.0f", c.name, byTheSDK, byHand)
		require.LessOrEqual(t, byTheSDK, byHand, c.name)
	}
}
