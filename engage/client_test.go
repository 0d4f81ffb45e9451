package engage_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// unbindable is a source whose Bind returns nil.
type unbindable struct{ auth.TokenSource }

func (unbindable) Bind(*url.URL, http.RoundTripper) (auth.TokenSource, error) {
	return (*auth.Cache)(nil), nil
}

func TestNewReturnsAnErrorForInvalidArguments(t *testing.T) {
	var noSource *auth.Cache
	for name, c := range map[string]struct {
		endpoint engage.Endpoint
		source   auth.TokenSource
		option   engage.Option
		want     string
	}{
		"no source":                {engage.US, nil, nil, "token source is nil"},
		"a nil pointer as source":  {engage.US, noSource, nil, "token source is nil"},
		"an unknown region":        {"mars", auth.Static(token), nil, "neither a region (us, us-azure, uk, eu, ca, anz, in, uk-private) nor a URL"},
		"no endpoint":              {"", auth.Static(token), nil, "neither a region"},
		"another scheme":           {"ftp://example.com", auth.Static(token), nil, "is neither https"},
		"plain http":               {"http://example.com/api/v1", auth.Static(token), nil, "is neither https"},
		"a host like the loopback": {"http://localhost.example.com", auth.Static(token), nil, "is neither https"},
		"no host":                  {"https:///api", auth.Static(token), nil, "no host"},
		"a password":               {"https://ann:pa55word@example.com", auth.Static(token), nil, "user information"},
		"a query":                  {"https://example.com?key=pa55word", auth.Static(token), nil, "query"},
		"a fragment":               {"https://example.com#top", auth.Static(token), nil, "fragment"},
		"a broken URL":             {"https://exa mple.com", auth.Static(token), nil, "is not a URL"},
		"incomplete credentials":   {engage.US, auth.ClientCredentials{}, nil, "ClientSecret"},
		"a source without Bind":    {engage.US, unbindable{auth.Static(token)}, nil, "the token source: its Bind returned nil"},
		"one of an operation":      {engage.US, auth.Static(token), engage.WithAuthorization("Sing", unbindable{}), "the token source: its Bind returned nil"},
		"a nil option":             {engage.US, auth.Static(token), nil, "option is nil"},
		"a nil transport":          {engage.US, auth.Static(token), engage.WithTransport((*http.Transport)(nil)), "transport is nil"},
		"no TLS configuration":     {engage.US, auth.Static(token), engage.WithTLSConfig(nil), "configuration is nil"},
		"a nil logger":             {engage.US, auth.Static(token), engage.WithLogger(nil), "logger is nil"},
		"a limit of zero":          {engage.US, auth.Static(token), engage.WithReplyLimit(0), "not positive"},
		"a negative timeout":       {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{AttemptTimeout: -1})), "AttemptTimeout is negative"},
		"no attempts":              {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{Attempts: -1})), "Attempts is negative"},
		"a FirstWait too long":     {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 2, LongestWait: 1})), "FirstWait is greater than LongestWait"},
		"a negative settle time":   {engage.US, auth.Static(token), engage.WithCallOptions(settleTime(-1)), "SettleTime is negative"},
		"a nil limiter":            {engage.US, auth.Static(token), engage.WithLimiter(limiterFunc(nil)), "limiter is nil"},
		"a code of a read":         {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.SearchConversation, "7"), "no convergent operation"},
		"a code of an append":      {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.AppendMessage, "7"), "no convergent operation"},
		"an empty code":            {engage.US, auth.Static(token), engage.WithAlreadyDoneCode(outcome.AddParticipant, ""), "the code is empty"},
		"an unknown policy":        {engage.US, auth.Static(token), engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: 9})), "Policy is not a retry policy"},
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

func TestNewReportsAllProblemsAtOnce(t *testing.T) {
	_, err := engage.New("mars", nil, engage.WithLogger(nil), engage.WithReplyLimit(-1))
	for _, want := range []string{"endpoint", "token source", "logger", "limit"} {
		require.ErrorContains(t, err, want)
	}
}

func TestWithTLSConfigIsInvalidBesideWithTransport(t *testing.T) {
	for _, options := range [][]engage.Option{
		{engage.WithTransport(http.DefaultTransport), engage.WithTLSConfig(&tls.Config{})},
		{engage.WithTLSConfig(&tls.Config{}), engage.WithTransport(http.DefaultTransport)},
	} {
		_, err := engage.New(engage.US, auth.Static(token), options...)
		require.ErrorContains(t, err, "WithTLSConfig: the transport of WithTransport has a TLS configuration of its own")
	}
}

func TestTheOrderOfOptionsDoesNotMatter(t *testing.T) {
	transport := &closable{RoundTripper: http.DefaultTransport}
	var waits int
	options := []engage.Option{
		engage.WithTransport(transport),
		engage.WithLimiter(limiterFunc(func(context.Context) error { waits++; return nil })),
		engage.WithCallOptions(engage.WithHeader("X-Tenant", "t-1")),
		engage.WithCallbacks(newCallbacks(t)),
		engage.WithCallOptions(engage.WithWaitForOutcome(false)),
	}
	for range options {
		options = append(options[1:], options[0])
		server, before := newStub(t, reply(202, acknowledged)), waits
		_, err := closeConversation(t.Context(), server.client(t, options...))
		require.NoError(t, err)
		require.Equal(t, "t-1", server.seen()[0].header.Get("X-Tenant"))
		require.Contains(t, server.seen()[0].body, "callbackUrl")
		require.Equal(t, before+1, waits)
	}
}

func TestWithHeader(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	client := server.client(t, engage.WithCallOptions(engage.WithHeader("X-Tenant", "t-1")))
	_, err := client.CloseConversation(t.Context(), closeRequest, engage.WithHeader("TrackingId", "flow-7"))
	require.NoError(t, err)
	require.Equal(t, "flow-7", server.seen()[0].header.Get("TrackingId"))
	require.Equal(t, "t-1", server.seen()[0].header.Get("X-Tenant"))

	_, err = client.CloseConversation(t.Context(), closeRequest)
	require.NoError(t, err)
	require.Empty(t, server.seen()[1].header.Get("TrackingId"), "the header belongs to one call")

	for name, value := range map[string]string{
		"Authorization": "Bearer other", "key": "other", "Access_token": "other", "host": "example.com", "Content-Length": "1", "bad name": "x", "": "x", "X-Split": "a\r\nb: c",
		// With these, a transport would repeat a request by itself, or change it.
		"Idempotency-Key": "k", "x-idempotency-key": "k", "Accept-Encoding": "k", "Expect": "k", "Keep-Alive": "k", "Proxy-Connection": "k",
	} {
		_, err := client.CloseConversation(t.Context(), closeRequest, engage.WithHeader(name, value))
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
		_, err = client.SearchConversation(t.Context(), searchRequest)
		require.NoError(t, err)
		require.Equal(t, 1, transport.GetTotalCallCount())
	}
}

func TestAClientPrintsItsHostOnly(t *testing.T) {
	client, err := engage.New("https://engage.example.com/api/5ecret", auth.Static(token),
		engage.WithCallOptions(engage.WithHeader("X-Api-Key", "5ecret")))
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		require.Equal(t, "engage.Client(engage.example.com)", fmt.Sprintf(verb, client))
	}
	require.Equal(t, "engage.Client(engage.example.com)", client.LogValue().String())
}
