package engage_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// lost is a source of which nothing is left once it is bound.
type lost struct{ auth.TokenSource }

func (lost) Bind(*url.URL, http.RoundTripper) (auth.TokenSource, error) {
	return (*auth.Cache)(nil), nil
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	var noSource *auth.Cache
	for name, c := range map[string]struct {
		endpoint engage.Endpoint
		source   auth.TokenSource
		option   engage.Option
		want     string
	}{
		"no source":               {engage.US, nil, nil, "token source is nil"},
		"a nil pointer as source": {engage.US, noSource, nil, "token source is nil"},
		"an unknown region":       {"mars", auth.Static(token), nil, "neither a region (us, us-azure, uk, eu, ca, anz, in, uk-private) nor a URL"},
		"no endpoint":             {"", auth.Static(token), nil, "neither a region"},
		"another scheme":          {"ftp://example.com", auth.Static(token), nil, "is neither https"},
		"plain http":              {"http://example.com/api/v1", auth.Static(token), nil, "is neither https"},
		"a loopback look-alike":   {"http://localhost.example.com", auth.Static(token), nil, "is neither https"},
		"no host":                 {"https:///api", auth.Static(token), nil, "no host"},
		"a password":              {"https://ann:pa55word@example.com", auth.Static(token), nil, "user information"},
		"a query":                 {"https://example.com?key=pa55word", auth.Static(token), nil, "query"},
		"a fragment":              {"https://example.com#top", auth.Static(token), nil, "fragment"},
		"a broken URL":            {"https://exa mple.com", auth.Static(token), nil, "is not a URL"},
		"incomplete credentials":  {engage.US, auth.ClientCredentials{}, nil, "ClientSecret"},
		"a source that is lost":   {engage.US, lost{auth.Static(token)}, nil, "the token source: its Bind returned nil"},
		"one operation's is lost": {engage.US, auth.Static(token), engage.WithAuthorization("Sing", lost{}), "the token source: its Bind returned nil"},
		"a nil option":            {engage.US, auth.Static(token), nil, "option is nil"},
		"a nil transport":         {engage.US, auth.Static(token), engage.WithTransport((*http.Transport)(nil)), "transport is nil"},
		"no TLS configuration":    {engage.US, auth.Static(token), engage.WithTLSConfig(nil), "configuration is nil"},
		"a nil logger":            {engage.US, auth.Static(token), engage.WithLogger(nil), "logger is nil"},
		"a limit of nothing":      {engage.US, auth.Static(token), engage.WithReplyLimit(0), "not positive"},
		"a negative timeout":      {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: -1})), "AttemptTimeout is negative"},
		"no attempts":             {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: -1})), "Attempts is negative"},
		"waits that shrink":       {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 2, LongestWait: 1})), "FirstWait is greater than LongestWait"},
		"a negative settle time":  {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithReconciliation(engage.Reconciliation{SettleTime: -1})), "SettleTime is negative"},
		"a nil limiter":           {engage.US, auth.Static(token), engage.WithLimiter(limiterFunc(nil)), "limiter is nil"},
		"a code of a read":        {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.SearchConversation, "7"), "no convergent operation"},
		"a code of an append":     {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.AppendMessage, "7"), "no convergent operation"},
		"an empty code":           {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.AddParticipant, ""), "the code is empty"},
		"an unknown policy":       {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: 9})), "Policy is not a retry policy"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := engage.New(c.endpoint, c.source, c.option)
			if c.option == nil && name != "a nil option" {
				client, err = engage.New(c.endpoint, c.source)
			}
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "pa55word")
			require.Nil(t, client)
		})
	}
}

func TestATransportBringsItsOwnTLS(t *testing.T) {
	for _, options := range [][]engage.Option{
		{engage.WithTransport(http.DefaultTransport), engage.WithTLSConfig(&tls.Config{})},
		{engage.WithTLSConfig(&tls.Config{}), engage.WithTransport(http.DefaultTransport)},
	} {
		_, err := engage.New(engage.US, auth.Static(token), options...)
		require.ErrorContains(t, err, "WithTLSConfig: the transport of WithTransport has a TLS configuration of its own")
	}
}

func TestNewReportsEveryFaultAtOnce(t *testing.T) {
	_, err := engage.New("mars", nil, engage.WithLogger(nil), engage.WithReplyLimit(-1))
	for _, want := range []string{"endpoint", "token source", "logger", "limit"} {
		require.ErrorContains(t, err, want)
	}
}

func TestRoutesAreChecked(t *testing.T) {
	const (
		segment = "Path has a segment that is empty, consists of dots or is escaped wrongly"
		ids     = "Path must contain each of these once and no others: {conversation}"
	)
	for _, c := range []struct{ method, path, faults string }{
		{"", "/a/{conversation}", "Method must be one of GET, POST, PUT, PATCH, DELETE"},
		{"FETCH", "/a/{conversation}", "Method must be one of GET, POST, PUT, PATCH, DELETE"},
		{"POST", "", "Path does not begin with a slash"},
		{"POST", "ab/{conversation}", "Path does not begin with a slash"},
		{"POST", "/a?x=1/{conversation}", "Path contains a query, a fragment, a backslash or a control character"},
		{"POST", "/a\n/{conversation}", "Path contains a query, a fragment, a backslash or a control character"},
		{"POST", "/../{conversation}", segment},
		{"POST", "/%2e%2e/{conversation}", segment},
		{"POST", "//{conversation}", segment},
		{"POST", "/%zz/{conversation}", segment},
		{"POST", "/a", ids},
		{"POST", "/a/{conversation}/{participant}", ids},
		{"POST", "/{conversation}/{conversation}", ids},
		{"POST", "/{}/{conversation}", "Path has braces without a name; " + ids},
		{"", "/../a", "Method must be one of GET, POST, PUT, PATCH, DELETE; " + segment + "; " + ids},
	} {
		_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.AppendMessage, engage.Route{Method: c.method, Path: c.path}))
		require.EqualError(t, err, "engage: WithRoute(AppendMessage): "+c.faults)
	}
	_, err := engage.New(engage.US, auth.Static(token), engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "POST", Path: "/{conversation}"}))
	require.EqualError(t, err, "engage: WithRoute(SearchConversation): Path contains braces, but the call has no ids")
	_, err = engage.New(engage.US, auth.Static(token), engage.WithRoute("Sing", engage.Route{}))
	require.ErrorContains(t, err, "no method")
}

// badRequest is a request and the fields that are wrong with it.
type badRequest struct {
	name   string
	do     func(context.Context, *engage.Client) (outcome.Edge, error)
	fields []string
}

func badRequests() []badRequest {
	append13 := func(id string, ch channel.Channel, m message.Message) func(context.Context, *engage.Client) (outcome.Edge, error) {
		return appendTo(engage.AppendMessageV13{ConversationID: id, Channel: ch, Message: m})
	}
	text := func(text string) message.Text { return message.Text{Direction: message.Inbound, Text: text} }
	buttons := message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
		Body:   message.WhatsAppText{Text: "Which?"},
		Action: message.WhatsAppButtonsAction{Buttons: []message.WhatsAppButton{message.NewWhatsAppButton("1", "One")}},
	}}
	var noText *message.Text
	var noAddress *channel.SMSAddress
	longYear := message.Envelope{Timestamp: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}
	return []badRequest{
		{"no conversation id", append13("", channel.SMS, hello), []string{"ConversationID"}},
		{"a blank id", append13("  ", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a slash", append13("a/b", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a backslash", append13(`a\b`, channel.SMS, hello), []string{"ConversationID"}},
		{"an id of a dot", append13(".", channel.SMS, hello), []string{"ConversationID"}},
		{"an id of dots", append13("..", channel.SMS, hello), []string{"ConversationID"}},
		{"an id with a line break", append13("a\r\nb", channel.SMS, hello), []string{"ConversationID"}},
		{"an id that is not UTF-8", append13("a\xff", channel.SMS, hello), []string{"ConversationID"}},
		{"an empty text", append13("C1", channel.SMS, text("")), []string{"Message.Text"}},
		{"a blank text", append13("C1", channel.SMS, text(" \n")), []string{"Message.Text"}},
		{"a text that is not UTF-8", append13("C1", channel.SMS, text("a\xff")), []string{"Message.Text"}},
		{"no direction", append13("C1", channel.SMS, message.Text{Text: "hello"}), []string{"Message.Direction"}},
		{"no message", append13("C1", channel.SMS, nil), []string{"Message"}},
		{"a nil pointer as message", append13("C1", channel.SMS, noText), []string{"Message"}},
		{"no messages", appendTo(engage.AppendMessageV14{ConversationID: "C1", Channel: channel.SMS}), []string{"Messages"}},
		{"no channel", append13("C1", "", hello), []string{"Channel"}},
		{"an unknown channel", append13("C1", "pigeon", hello), []string{"Channel"}},
		{"no channel for what no channel carries yet", append13("C1", "", buttons), []string{"Channel", "Message.Type"}},
		{"a text by email", append13("C1", channel.Email, hello), []string{"Message.Type"}},
		{"an email by SMS", append13("C1", channel.SMS, message.Email{
			Direction: message.Inbound,
			Content:   message.EmailContent{From: "a@example.com", To: []string{"b@example.com"}, PlainBody: "hi"},
		}), []string{"Message.Type"}},
		{"an announcement in 1.0", appendTo(engage.AppendMessageV10{
			ConversationID: "C1", Channel: channel.SMS, Message: message.Text{Direction: message.Announcement, Text: "left"},
		}), []string{"Message.Type"}},
		{"a year that cannot be written", append13("C1", channel.SMS, message.Text{
			Direction: message.Inbound, Text: "hello", Envelope: longYear,
		}), []string{"Message.Timestamp"}},
		{"a capability list on SMS", appendTo(engage.AppendMessageV14{
			ConversationID: "C1", Channel: channel.SMS, Messages: []message.Message{hello}, CapabilityList: "LIST",
		}), []string{"CapabilityList"}},
		{"no address", search(engage.SearchConversationV13{}), []string{"Address"}},
		{"a nil pointer as address", search(engage.SearchConversationV13{Address: noAddress}), []string{"Address"}},
		{"what embeds an address", search(engage.SearchConversationV13{Address: struct{ channel.SMSAddress }{smsAddress}}), []string{"Address"}},
		{"what embeds no address", search(engage.SearchConversationV13{Address: struct{ channel.Address }{}}), []string{"Address"}},
		{"a create with what embeds no address", create(engage.CreateConversationV13{
			Address: struct{ *channel.SMSAddress }{}, AliasID: "\xff",
		}), []string{"Address", "AliasID"}},
		{"half an address", search(engage.SearchConversationV13{Address: channel.SMSAddress{Business: "1"}}), []string{"Address.Customer"}},
		{"half a live chat", create(engage.CreateConversationV10{
			Address: channel.LiveChatAddress{AppID: "app", ThreadID: "thread"},
		}), []string{"Address.UserID"}},
		{"the other half of one", create(engage.CreateConversationV12{
			Address: channel.LiveChatAddress{AppID: "app", UserID: "user", BrowserFingerprint: "user"},
		}), []string{"Address.ThreadID"}},
		{"a live chat with a blank user", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app", UserID: " ", ThreadID: "thread"},
		}), []string{"Address.UserID"}},
		{"a live chat with a blank thread", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app", UserID: "user", BrowserFingerprint: "user", ThreadID: " "},
		}), []string{"Address.ThreadID"}},
		{"a live chat without its visitor", create(engage.CreateConversationV13{
			Address: channel.LiveChatAddress{AppID: "app"}, Domain: "\xff",
		}), []string{"Address.ThreadID", "Address.UserID", "Domain"}},
		{"a domain on SMS", create(engage.CreateConversationV10{Address: smsAddress, Domain: "example.com"}), []string{"Domain"}},
		{"every fault of a create", create(engage.CreateConversationV13{
			Address: channel.EmailAddress{}, CustomerName: "\xff", AliasID: "\xff", Domain: "x", ProactiveID: "x", CapabilityList: "x",
			Messages:     []message.Message{nil, hello},
			CustomFields: []engage.CustomField{{Scope: "planet", Value: "\xff"}},
		}), []string{
			"Address.Mailbox", "Address.From", "Address.Subject", "Domain", "ProactiveID", "CapabilityList", "CustomerName",
			"AliasID", "CustomFields[0].Scope", "CustomFields[0].Key", "CustomFields[0].Value", "Messages[0]", "Messages[1].Type",
		}},
		{"an update of nothing", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.UpdateConversation(ctx, engage.UpdateConversationV10{})
			return outcome.Of(err), err
		}, []string{"ConversationID", "AliasID"}},
		{"every fault of an update", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.UpdateConversation(ctx, engage.UpdateConversationV10{
				ConversationID: "C1", AliasID: "\xff", CustomFields: []engage.CustomField{{}, {Scope: engage.ProfileScope, Key: "\xff"}},
			})
			return outcome.Of(err), err
		}, []string{"AliasID", "CustomFields[0].Scope", "CustomFields[0].Key", "CustomFields[1].Key"}},
		{"no participant to add", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.AddParticipant(ctx, engage.AddParticipantV10{})
			return outcome.Of(err), err
		}, []string{"ConversationID", "Participant"}},
		{"no participant to remove", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: "C1", Participant: ".."})
			return outcome.Of(err), err
		}, []string{"Participant"}},
		{"nothing to close", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.CloseConversation(ctx, engage.CloseConversationV10{})
			return outcome.Of(err), err
		}, []string{"ConversationID"}},
		{"nothing to re-open", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.ReopenConversation(ctx, engage.ReopenConversationV10{})
			return outcome.Of(err), err
		}, []string{"ConversationID"}},
		{"an invalid call option", func(ctx context.Context, c *engage.Client) (outcome.Edge, error) {
			_, err := c.CloseConversation(ctx, engage.CloseConversationV10{}, engage.WithRetry(engage.Retry{Attempts: -1}))
			return outcome.Of(err), err
		}, []string{"ConversationID", "options[0]"}},
	}
}

func TestBadRequestsNameEveryFieldAndAreNotSent(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t)
	for _, bad := range badRequests() {
		t.Run(bad.name, func(t *testing.T) {
			got, err := bad.do(t.Context(), client)
			require.Equal(t, outcome.OnInvalidData, got)
			require.ErrorIs(t, err, outcome.ErrOnInvalidData)
			failure := failureOf(t, err)
			require.Equal(t, outcome.NotSent, failure.Effect)
			var fields []string
			for _, violation := range failure.Violations {
				fields = append(fields, violation.Field)
				require.NotEmpty(t, violation.Problem)
				require.Contains(t, err.Error(), violation.Field+" "+violation.Problem)
			}
			require.Equal(t, bad.fields, fields)
		})
	}
	require.Empty(t, server.seen(), "nothing is sent")
}

func TestValidateTellsTheSameWithoutAClient(t *testing.T) {
	for _, request := range []interface{ Validate() error }{
		engage.SearchConversationV10{}, engage.SearchConversationV11{}, engage.SearchConversationV13{},
		engage.CreateConversationV10{}, engage.CreateConversationV12{}, engage.CreateConversationV13{},
		engage.AppendMessageV10{}, engage.AppendMessageV13{}, engage.AppendMessageV14{},
		engage.UpdateConversationV10{}, engage.AddParticipantV10{}, engage.RemoveParticipantV10{},
		engage.CloseConversationV10{}, engage.ReopenConversationV10{}, engage.FetchTranscriptV10{},
	} {
		failure := failureOf(t, request.Validate())
		require.Equal(t, outcome.OnInvalidData, failure.Edge)
		require.Contains(t, fmt.Sprintf("%T", request), string(failure.Operation))
		require.True(t, strings.HasSuffix(fmt.Sprintf("%T", request), "V"+strings.ReplaceAll(string(failure.Version), ".", "")))
		require.NotEmpty(t, failure.Violations)
	}
	for _, address := range []channel.Address{
		channel.SMSAddress{Business: "b", Customer: "c"}, channel.FacebookAddress{PageID: "b", PageScopedID: "c"},
		channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t"}, channel.EmailAddress{Mailbox: "b", From: "c", Subject: "s"},
		channel.WhatsAppAddress{Business: "b", Customer: "c"}, channel.AppleAddress{AccountID: "b", UserID: "c"},
		channel.APIAddress{BusinessID: "b", UserID: "c"}, &channel.SMSAddress{Business: "b", Customer: "c"},
	} {
		require.NoError(t, engage.SearchConversationV13{Address: address}.Validate(), "%T", address)
		require.NoError(t, engage.CreateConversationV13{Address: address}.Validate(), "%T", address)
	}
}

func TestHeadersOfOnesOwn(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t, engage.WithCallOptions(engage.WithHeader("X-Tenant", "t-1")))
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"}, engage.WithHeader("TrackingId", "flow-7"))
	require.NoError(t, err)
	require.Equal(t, "flow-7", server.seen()[0].header.Get("TrackingId"))
	require.Equal(t, "t-1", server.seen()[0].header.Get("X-Tenant"))

	_, err = client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Empty(t, server.seen()[1].header.Get("TrackingId"), "the header of one call does not stay")

	for name, value := range map[string]string{
		"Authorization": "Bearer other", "key": "other", "Access_token": "other", "host": "example.com", "Content-Length": "1", "bad name": "x", "": "x", "X-Split": "a\r\nb: c",
	} {
		_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"}, engage.WithHeader(name, value))
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, name)
	}
	require.Len(t, server.seen(), 2)
}

func TestEveryRegionIsCalledAtItsDocumentedURL(t *testing.T) {
	for _, region := range engage.Regions() {
		transport := httpmock.NewMockTransport()
		transport.RegisterResponder(http.MethodPost, region.BaseURL+"/conversations/search",
			func(r *http.Request) (*http.Response, error) {
				require.Equal(t, "Bearer "+token, r.Header.Get("Authorization"))
				return httpmock.NewStringResponse(http.StatusOK, found("active")), nil
			})
		client, err := engage.New(region.Name, auth.Static(token), engage.WithTransport(transport))
		require.NoError(t, err)
		_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
		require.NoError(t, err)
		require.Equal(t, 1, transport.GetTotalCallCount())
	}
}

func TestARouteCanBeReplaced(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t, engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "PUT", Path: "/v2/chats/{conversation}/%7Estate"}))
	_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C 1"})
	require.NoError(t, err)
	require.Equal(t, "PUT", server.seen()[0].method)
	require.Equal(t, "/api/v1/v2/chats/C%201/%7Estate", server.seen()[0].path)
	require.Equal(t, "PUT", client.Routes()[outcome.CloseConversation].Method)
	require.Equal(t, "POST", client.Routes()[outcome.ReopenConversation].Method)

	client = server.client(t, engage.WithRoute(outcome.RemoveParticipant, engage.Route{Method: "PUT", Path: "/agents/{participant}/not/{conversation}"}))
	_, err = client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: "C1", Participant: "agent-1"})
	require.NoError(t, err)
	require.Equal(t, "/api/v1/agents/agent-1/not/C1", server.seen()[1].path, "its ids may stand in any order")
}

func TestWhatARouteEscapesStaysEscaped(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	for path, want := range map[string]string{
		"/a%2Fb/größe/{conversation}":              "/a%2Fb/gr%C3%B6%C3%9Fe/C%201",
		"/a%2Fb/x y/{conversation}":                "/a%2Fb/x%20y/C%201",
		`/a%2Fb/{x}.json/{conversation}`:           "/a%2Fb/%7Bx%7D.json/C%201",
		"/a%2fb/%7E(x)*!/{conversation}":           "/a%2fb/%7E(x)*!/C%201",
		"/a%2Fb/a:b@c;d=$e,f&g+'h'/{conversation}": "/a%2Fb/a:b@c;d=$e,f&g+'h'/C%201",
	} {
		client := server.client(t, engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "POST", Path: path}))
		_, err := client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C 1"})
		require.NoError(t, err, path)
		seen := server.seen()
		require.Equal(t, "/api/v1"+want, seen[len(seen)-1].path, path)
	}
}

func TestOneFaultDoesNotHideAnother(t *testing.T) {
	for _, c := range []struct {
		request interface{ Validate() error }
		fields  []string
	}{
		{engage.AppendMessageV14{Channel: "fax", Messages: []message.Message{nil, message.Text{}}},
			[]string{"ConversationID", "Channel", "Messages[0]", "Messages[1].Direction", "Messages[1].Text"}},
		{engage.AppendMessageV13{}, []string{"ConversationID", "Channel", "Message"}},
		{engage.CreateConversationV13{AliasID: "\xff", Messages: []message.Message{nil, message.Text{}}, CustomFields: []engage.CustomField{{}}},
			[]string{"Address", "AliasID", "CustomFields[0].", "Messages[0]", "Messages[1].Direction", "Messages[1].Text"}},
	} {
		failure := failureOf(t, c.request.Validate())
		for _, field := range c.fields {
			require.True(t, slices.ContainsFunc(failure.Violations, func(v outcome.Violation) bool {
				return strings.HasPrefix(v.Field, field)
			}), "%s of %T: %s", field, c.request, failure.Violations)
		}
	}
}

func TestAnInvalidOptionDoesNotHideOtherViolations(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	_, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{}, engage.WithRetry(engage.Retry{Attempts: -1}))
	failure := failureOf(t, err)
	require.Equal(t, outcome.V13, failure.Version)
	var fields []string
	for _, violation := range failure.Violations {
		fields = append(fields, violation.Field)
	}
	require.Equal(t, []string{"ConversationID", "Channel", "Message", "options[0]"}, fields)
	require.Empty(t, server.seen())
}

func TestWaitsMayBeAsLongAsTimeGoes(t *testing.T) {
	server := newStub(t, reply(http.StatusServiceUnavailable, ``))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := server.client(t).SearchConversation(ctx, engage.SearchConversationV13{Address: smsAddress},
		engage.WithRetry(engage.Retry{FirstWait: math.MaxInt64, LongestWait: math.MaxInt64}))
	require.Len(t, failureOf(t, err).Attempts, 1, "the wait would outlast the call")
}
