package contract_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/contract"
	"github.com/engagesdk/engage-go/outcome"
)

// service returns an Engage in memory and a checker of its traffic.
func service(t *testing.T, options ...engagetest.Option) (*engagetest.Server, *contract.Checker) {
	t.Helper()
	server := engagetest.New(t, options...)
	server.SeedTeam(engagetest.Team{Name: team, InWorkingHours: true, OutOfOfficeResponse: "We are back at nine.", TimeZone: "Europe/Berlin"})
	server.SeedBusinessHours(engagetest.BusinessHours{
		ID: schedule, Slot: "working_hours", TimeZone: "Europe/Berlin",
		WorkingHours: engagetest.WorkingHoursSlot{ShiftName: "Day", StartTime: "09:00", EndTime: "17:00"},
		Holiday:      engagetest.HolidaySlot{Name: "New Year", StartDate: "2027-01-01", EndDate: "2027-01-01"},
		Override:     engagetest.OverrideSlot{Name: "Inventory", StartDateTime: "2026-01-31T12:00:00Z", EndDateTime: "2026-01-31T18:00:00Z"},
	})
	return server, &contract.Checker{Document: read(t), Transport: server.HTTPClient().Transport}
}

// clientOf returns a client whose traffic with the server is checked.
func clientOf(t *testing.T, server *engagetest.Server, checker *contract.Checker, options ...engage.Option) *engage.Client {
	t.Helper()
	client, err := server.Client(append([]engage.Option{engage.WithTransport(checker)}, options...)...)
	require.NoError(t, err)
	return client
}

// requireClean requires that a checker has checked something and found nothing.
func requireClean(t *testing.T, checker *contract.Checker) {
	t.Helper()
	findings, checked := checker.Findings()
	require.NotZero(t, checked)
	require.Empty(t, findings)
}

func TestEveryRequestAndReplyFollowsTheDocument(t *testing.T) {
	server, checker := service(t, engagetest.WithConversationIDs())
	client := clientOf(t, server, checker)
	for _, c := range calls(t, server.Seed) {
		edge, err := c.do(t.Context(), client)
		require.NoError(t, err, c.name)
		require.Contains(t, outcome.Successes(c.operation), edge, c.name)
	}
	requireClean(t, checker)
}

// reports is a transport that checks the callbacks of a server before it posts them.
type reports struct {
	http.RoundTripper
	document *contract.Document
	server   *engagetest.Server

	mu       sync.Mutex
	findings []string
	seen     map[outcome.Operation]int
}

func (r *reports) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	var report struct{ TID string }
	if err := json.Unmarshal(body, &report); err != nil {
		return nil, err
	}
	r.mu.Lock()
	for _, write := range r.server.Requests() {
		if write.TransactionID == report.TID {
			r.seen[write.Operation]++
			r.findings = append(r.findings, r.document.Callback(write.Operation, body)...)
		}
	}
	r.mu.Unlock()
	copied := request.Clone(request.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return r.RoundTripper.RoundTrip(copied)
}

func TestEveryCallbackFollowsTheDocument(t *testing.T) {
	handler, err := callback.New("https://flows.example.com/engage/callbacks")
	require.NoError(t, err)
	posts := &reports{
		RoundTripper: engagetest.HandlerTransport(handler), document: read(t), seen: map[outcome.Operation]int{},
	}
	server, checker := service(t, engagetest.WithCallbackTransport(posts))
	posts.server = server
	client := clientOf(t, server, checker, engage.WithCallbacks(handler))
	var writes []outcome.Operation
	for _, o := range engage.Operations() {
		if o.Class != engage.Read {
			writes = append(writes, o.Name)
		}
	}
	done := map[outcome.Operation]int{}
	for _, c := range calls(t, server.Seed) {
		// A few calls of each write suffice: their reports do not depend on the message.
		if done[c.operation]++; done[c.operation] > 10 || !slices.Contains(writes, c.operation) {
			continue
		}
		edge, err := c.do(t.Context(), client)
		require.NoError(t, err, c.name)
		require.Contains(t, outcome.Successes(c.operation), edge, c.name)
	}
	closed := server.Seed(engagetest.Conversation{Status: engagetest.Closed, Channel: channel.SMS})
	_, err = client.HoldConversation(t.Context(), engage.HoldConversationV10{ConversationID: closed})
	require.Equal(t, outcome.Failure, outcome.EdgeOf(err), "a failure is reported, too")

	posts.mu.Lock()
	defer posts.mu.Unlock()
	require.Empty(t, posts.findings)
	for _, write := range writes {
		require.NotZero(t, posts.seen[write], write)
	}
	requireClean(t, checker)
}

// oneOfEach returns the first call of each operation.
func oneOfEach(all []call) []call {
	seen := map[outcome.Operation]bool{}
	var first []call
	for _, c := range all {
		if !seen[c.operation] {
			first = append(first, c)
		}
		seen[c.operation] = true
	}
	return first
}

func TestEveryRefusalFollowsTheDocument(t *testing.T) {
	server, checker := service(t)
	client := clientOf(t, server, checker, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
	for _, c := range oneOfEach(calls(t, server.Seed)) {
		for _, status := range []int{307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 423, 429, 451, 500, 501, 502, 503, 504} {
			shapes := []engagetest.Shape{"", engagetest.Numbers, engagetest.Bare}
			if status >= 500 {
				shapes = append(shapes, engagetest.HTML, engagetest.PlainText)
			}
			for _, shape := range shapes {
				fault := engagetest.Fault{Times: engagetest.Always, Status: status, Description: "no", Shape: shape}
				if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
					fault.Header = http.Header{"Retry-After": {"1"}}
				}
				server.Fail(c.operation, fault)
				_, err := c.do(t.Context(), client)
				server.ClearFaults()
				require.Error(t, err, "%s %d %s", c.name, status, shape)
			}
		}
	}
	requireClean(t, checker)
}

func TestASuccessInAnotherFormFollowsTheDocument(t *testing.T) {
	server, checker := service(t)
	client := clientOf(t, server, checker)
	for _, o := range engage.Operations() {
		faults := []engagetest.Fault{{Applied: true, Shape: engagetest.Numbers}}
		if o.Class != engage.Read {
			faults = append(faults, engagetest.Fault{Applied: true, Shape: engagetest.Bare},
				engagetest.Fault{Applied: true, Status: 204}, engagetest.Fault{Applied: true, Status: 205})
		}
		for _, fault := range faults {
			for _, c := range oneOfEach(calls(t, server.Seed)) {
				if c.operation == o.Name {
					server.Fail(o.Name, fault)
					_, err := c.do(t.Context(), client)
					require.NoError(t, err, "%s %+v", c.name, fault)
				}
			}
		}
	}
	requireClean(t, checker)
}

func TestARefusalBecauseOfTheStateFollowsTheDocument(t *testing.T) {
	server, checker := service(t)
	client := clientOf(t, server, checker)
	closed := server.Seed(engagetest.Conversation{Status: engagetest.Closed, Channel: channel.SMS})
	_, err := client.AppendMessage(t.Context(), engage.AppendMessageV10{
		ConversationID: closed, Channel: channel.SMS, Message: message.Text{Direction: message.Inbound, Text: "hello"},
	})
	require.Equal(t, outcome.OnAppendMessageFailure, outcome.EdgeOf(err))
	_, err = client.FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "unknown"})
	require.Equal(t, outcome.Failure, outcome.EdgeOf(err))
	server.Fail(outcome.SearchConversation, engagetest.Fault{Code: "17", Description: "no"})
	_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: addresses()[channel.SMS]})
	require.Equal(t, outcome.OnError, outcome.EdgeOf(err), "a failure with the status 200")
	requireClean(t, checker)
}

func TestEveryReplyToARequestForATokenFollowsTheDocument(t *testing.T) {
	server, checker := service(t, engagetest.WithRefusalsAllowed())
	client := &http.Client{Transport: checker}
	post := func(secret string) int {
		reply, err := client.PostForm(server.URL()+"/oauth/token", url.Values{
			"grant_type": {"client_credentials"}, "client_id": {server.ClientID()}, "client_secret": {secret},
		})
		require.NoError(t, err)
		require.NoError(t, reply.Body.Close())
		return reply.StatusCode
	}
	require.Equal(t, http.StatusOK, post(server.ClientSecret()))
	require.Equal(t, http.StatusUnauthorized, post("wrong"))
	for _, status := range []int{400, 401, 403, 429, 500, 503} {
		server.Fail(engagetest.Token, engagetest.Fault{Status: status})
		require.Equal(t, status, post(server.ClientSecret()))
	}
	requireClean(t, checker)
}

func TestAReplyThatNobodyCanReadIsFound(t *testing.T) {
	for _, shape := range []engagetest.Shape{engagetest.Truncated, engagetest.WrongShape} {
		t.Run(string(shape), func(t *testing.T) {
			server, checker := service(t)
			client := clientOf(t, server, checker, engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
			server.Fail(outcome.SearchConversation, engagetest.Fault{Applied: true, Shape: shape})
			_, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: addresses()[channel.SMS]})
			require.Error(t, err)
			findings, _ := checker.Findings()
			require.Contains(t, strings.Join(findings, "\n"), "POST /api/v1/conversations/search: ")
		})
	}
}

func TestEveryEventOfTheFakeFollowsTheDocument(t *testing.T) {
	events := 0
	for _, row := range message.SupportTable() {
		for _, ch := range row.Channels {
			if row.Direction != message.Inbound || ch == channel.API {
				continue // No document shows an event of the channel API.
			}
			m := samples(t)[string(row.Type)+" "+string(row.Direction)]
			event, err := engagetest.Event(addresses()[ch], m)
			if ch == channel.WhatsApp && err != nil {
				require.ErrorContains(t, err, "several files")
				continue
			}
			require.NoError(t, err, "%s on %s", row.Type, ch)
			require.Empty(t, read(t).Event(event), "%s on %s", row.Type, ch)
			events++
		}
	}
	require.Greater(t, events, 15)
}

func TestTheSamplesOfStreamEventsFollowTheDocument(t *testing.T) {
	paths, err := filepath.Glob("../../stream/testdata/events/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		event, err := os.ReadFile(path)
		require.NoError(t, err)
		findings := read(t).Event(event)
		if filepath.Base(path) == "unknown_channel.json" {
			require.Equal(t, []string{`the event of the channel "Telepathy": the document has no webhook for it`}, findings)
			continue
		}
		require.Empty(t, findings, path)
	}
}

func TestAnEventWithoutChannelIsFound(t *testing.T) {
	require.Equal(t, []string{`the event of the channel "": the document has no webhook for it`}, read(t).Event([]byte(`{"tid":"1"}`)))
}

func TestTrafficThatDiffersFromTheDocumentIsFound(t *testing.T) {
	const text = `{"direction":"inbound","type":"text","timestamp":"2026-01-31T12:00:00Z","text":"hello"}`
	for name, test := range map[string]struct{ method, path, body, want string }{
		"a path":                    {"POST", "/conversation/search", `{}`, "/conversation/search"},
		"a verb":                    {"PUT", "/conversations/search", `{}`, "PUT"},
		"a member":                  {"POST", "/conversations/search", `{"channel":"sms","customerAddress":"c","bizAddress":"b","tenant":"t"}`, "tenant"},
		"a missing member":          {"POST", "/conversations/search", `{"channel":"sms","customerAddress":"c"}`, "bizAddress"},
		"a channel":                 {"POST", "/conversations/search", `{"channel":"fax","customerAddress":"c","bizAddress":"b"}`, "channel"},
		"a member of a message":     {"POST", "/conversations/c/messages", `{"channel":"sms","messages":[` + text[:len(text)-1] + `,"priority":1}]}`, ": $.messages[0] additional properties 'priority' not allowed"},
		"a message type":            {"POST", "/conversations/c/messages", `{"channel":"sms","messages":[{"direction":"inbound","type":"fax","timestamp":"2026-01-31T12:00:00Z"}]}`, "$.messages[0].type names no type of the document"},
		"a time":                    {"POST", "/conversations/c/messages", `{"channel":"sms","messages":[{"direction":"inbound","type":"text","timestamp":"yesterday","text":"hello"}]}`, "timestamp"},
		"a parameter of the query":  {"GET", "/conversations/c/messages?page=2", ``, "page"},
		"a number out of its range": {"GET", "/conversations/c/messages?limit=501", ``, "limit"},
		"a body":                    {"GET", "/conversations/c/messages", `{}`, "body"},
		"a member of the details": {
			"POST", "/conversations/resolve",
			`{"transId":"t","flowId":"f","mediaType":"social","mediaChannel":"sms","details":"{\"messageDetails\":{\"fax\":\"1\"}}"}`, "$.messageDetails.fax",
		},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, "http://service.test/api/v1"+test.path, strings.NewReader(test.body))
			request.Header.Set("Authorization", "Bearer token")
			if test.body != "" {
				request.Header.Set("Content-Type", "application/json")
			}
			require.Contains(t, strings.Join(read(t).Request(request, []byte(test.body)), "\n"), test.want)
		})
	}
	t.Run("a reply", func(t *testing.T) {
		request := httptest.NewRequest(http.MethodPost, "http://service.test/api/v1/conversations/c/close", nil)
		reply := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
		require.Empty(t, read(t).Reply(request, reply, []byte(`{"tid":"t"}`)))
		require.Contains(t, strings.Join(read(t).Reply(request, reply, []byte(`{"tid":"t","ticket":"t"}`)), "\n"), "ticket")
		require.Contains(t, strings.Join(read(t).Reply(request, reply, []byte(`{"value":{"seat":1}}`)), "\n"), "$.body.value.seat")
		require.Contains(t, strings.Join(read(t).Reply(request, reply, []byte(`{"tid":["t"]}`)), "\n"), "tid")
		reply.Header.Set("X-Seat", "1")
		require.Contains(t, strings.Join(read(t).Reply(request, reply, []byte(`{"tid":"t"}`)), "\n"), "X-Seat")
	})
	t.Run("a message of a transcript", func(t *testing.T) {
		request := httptest.NewRequest(http.MethodGet, "http://service.test/api/v1/conversations/c/messages", nil)
		reply := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
		transcript := func(message string) []byte { return []byte(`{"value":{"messages":[` + message + `]}}`) }
		require.Empty(t, read(t).Reply(request, reply, transcript(text)))
		require.Empty(t, read(t).Reply(request, reply, transcript(`{"type":"fax","pages":2}`)), "another type is allowed")
		require.Contains(t, strings.Join(read(t).Reply(request, reply, transcript(text[:len(text)-1]+`,"seat":1}`)), "\n"), "'seat' not allowed")
	})
	t.Run("a callback", func(t *testing.T) {
		require.Empty(t, read(t).Callback(outcome.CloseConversation, []byte(`{"tid":"t","status":"success"}`)))
		require.Equal(t, []string{"the callback of CloseConversation: $.body.outcome is not declared"},
			read(t).Callback(outcome.CloseConversation, []byte(`{"tid":"t","outcome":"success"}`)))
		require.Contains(t, strings.Join(read(t).Callback(outcome.CloseConversation, []byte(`{"tid":7}`)), "\n"), "tid")
		require.Equal(t, []string{"the callback of SearchConversation: the document has none"},
			read(t).Callback(outcome.SearchConversation, []byte(`{}`)))
	})
	t.Run("an event", func(t *testing.T) {
		require.Empty(t, read(t).Event([]byte(`{"channel":"SMS","message":"hello"}`)))
		require.Equal(t, []string{"the event sms: $.body.colour is not declared"}, read(t).Event([]byte(`{"channel":"SMS","colour":"red"}`)))
		require.Contains(t, strings.Join(read(t).Event([]byte(`{"channel":"SMS","message":7}`)), "\n"), "message")
		require.Contains(t, strings.Join(read(t).Event([]byte(`[]`)), "\n"), "the event is no JSON object")
	})
}
