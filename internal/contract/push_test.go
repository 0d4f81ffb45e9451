package contract_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/stream"
)

// observed is a transport that keeps the requests that pass through it.
type observed struct {
	http.RoundTripper
	requests []*http.Request
}

func (o *observed) RoundTrip(request *http.Request) (*http.Response, error) {
	o.requests = append(o.requests, request)
	return o.RoundTripper.RoundTrip(request)
}

// answer returns the status with which a handler answers a request, as the document
// writes it.
func answer(handler http.Handler, method, path, body string) string {
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	handler.ServeHTTP(recorder, request)
	return strconv.Itoa(recorder.Code)
}

func TestTheHeadersOfTheSenderAreThoseOfTheDocument(t *testing.T) {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithSignature(stream.SHA256, stream.NewSecret("hub-secret")))
	require.NoError(t, err)
	posts := &observed{RoundTripper: engagetest.HandlerTransport(receiver)}
	sender, err := stream.NewSender("https://receiver.test/events",
		stream.WithTransport(posts), stream.WithSigning(stream.SHA256, stream.NewSecret("hub-secret")))
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), []byte(`{"channel":"SMS","message":"hello","tid":"t-1"}`))
	require.NoError(t, err)

	known := map[string]bool{"Content-Type": true, "User-Agent": true, "Accept": true, "Accept-Encoding": true}
	for _, parameter := range at(t, root(t), "webhooks", "sms", "post")["parameters"].([]any) {
		known[http.CanonicalHeaderKey(parameter.(object)["name"].(string))] = true
	}
	require.Len(t, posts.requests, 1)
	require.Equal(t, http.MethodPost, posts.requests[0].Method)
	require.Contains(t, posts.requests[0].Header, "X-Hub-Signature")
	for name := range posts.requests[0].Header {
		require.Contains(t, known, name)
	}
}

func TestTheAnswersOfTheReceiverAreThoseOfTheDocument(t *testing.T) {
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), stream.WithoutVerification())
	require.NoError(t, err)
	const event = `{"channel":"SMS","message":"hello","tid":"t-1"}`
	responses := at(t, root(t), "webhooks", "sms", "post", "responses")
	for _, test := range []struct{ method, body, want string }{
		{http.MethodPost, event, "200"}, {http.MethodPost, `{`, "400"}, {http.MethodGet, "", "405"},
	} {
		require.Equal(t, test.want, answer(receiver, test.method, "/events", test.body))
		require.Contains(t, responses, test.want)
	}
	require.Contains(t, at(t, root(t), "webhooks", "probe", "head", "responses"), answer(receiver, http.MethodHead, "/events", ""))
}

func TestTheAnswersToCallbacksAreThoseOfTheDocument(t *testing.T) {
	handler, err := callback.New("https://flows.example.com/callbacks", callback.WithLimit(24))
	require.NoError(t, err)
	awaited, err := handler.Expect(t.Context(), nil)
	require.NoError(t, err)
	own := strings.TrimPrefix(awaited.URL(), "https://flows.example.com")
	responses := at(t, root(t), "components", "callbacks", "Outcome", "{$request.body#/callbackUrl}", "post", "responses")
	for _, test := range []struct{ path, body, want string }{
		{own, `{"status":"success"}`, "200"}, {own, `[]`, "400"}, {"/callbacks/other", `{}`, "404"}, {own, `{"status":"much too long"}`, "413"},
	} {
		require.Equal(t, test.want, answer(handler, http.MethodPost, test.path, test.body))
		require.Contains(t, responses, test.want)
	}
}
