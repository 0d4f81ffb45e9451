package stream_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestAReceiverMustVerifyAndItsOptionsMustBeValid(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	signed := stream.WithSignature(stream.SHA256, current)
	for name, test := range map[string]struct {
		options []stream.ReceiverOption
		want    string
	}{
		"no check":          {nil, "no option says how requests are verified: use WithSignature or WithoutVerification"},
		"no secret":         {[]stream.ReceiverOption{stream.WithSignature(stream.SHA256)}, "the verifier of signatures: there is no secret"},
		"unknown algorithm": {[]stream.ReceiverOption{stream.WithSignature("md5", current)}, "the verifier of signatures: the algorithm is not known"},
		"nil verifier":      {[]stream.ReceiverOption{stream.WithVerifier(nil)}, "WithVerifier: the verifier was not made with NewVerifier"},
		"zero verifier":     {[]stream.ReceiverOption{stream.WithVerifier(new(stream.Verifier))}, "WithVerifier: the verifier was not made with NewVerifier"},
		"nil option":        {[]stream.ReceiverOption{signed, nil}, "an option is nil"},
		"no token":          {[]stream.ReceiverOption{stream.WithBearer()}, "WithBearer: there is no secret"},
		"empty token":       {[]stream.ReceiverOption{stream.WithBearer(stream.Secret{})}, `WithBearer: secret "" is empty`},
		"no password":       {[]stream.ReceiverOption{stream.WithBasic("ann")}, "WithBasic: there is no secret"},
		"no header":         {[]stream.ReceiverOption{stream.WithAPIKey(" ", current)}, "WithAPIKey: net/http passes no header of that name to handlers"},
		"no limit":          {[]stream.ReceiverOption{signed, stream.WithBodyLimit(0)}, "WithBodyLimit: the value is not positive"},
		"no concurrency":    {[]stream.ReceiverOption{signed, stream.WithConcurrency(0)}, "WithConcurrency: the value is not positive"},
		"no timeout":        {[]stream.ReceiverOption{signed, stream.WithTimeout(-1)}, "WithTimeout: the value is not positive"},
		"no wait":           {[]stream.ReceiverOption{signed, stream.WithRetryAfter(0)}, "WithRetryAfter: the value is not positive"},
		"no logger":         {[]stream.ReceiverOption{signed, stream.WithReceiverLogger(nil)}, "WithReceiverLogger: the logger is nil"},
		"no observer":       {[]stream.ReceiverOption{signed, stream.WithReceiverObserver((*recorder)(nil))}, "WithReceiverObserver: the observer is nil"},
	} {
		receiver, err := stream.NewReceiver(inbox, test.options...)
		require.EqualError(t, err, "stream: "+test.want, name)
		require.Nil(t, receiver, name)
	}
	_, err := stream.NewReceiver(inbox, signed, stream.WithFilter(stream.Configuration{Assets: "some"}))
	require.ErrorContains(t, err, "ssets")
	for _, none := range []stream.Inbox{nil, (*stream.MemoryInbox)(nil)} {
		_, err := stream.NewReceiver(none, signed)
		require.EqualError(t, err, "stream: the receiver has no inbox")
	}
	open, err := stream.NewReceiver(inbox, stream.WithoutVerification())
	require.NoError(t, err)
	reply := receiving{open, inbox}.post(typing, func(r *http.Request) { r.Header.Del(stream.SignatureHeader) })
	require.Equal(t, http.StatusOK, reply.StatusCode)
}

func TestOptionsThatNoRequestCanSatisfyTogetherAreInvalid(t *testing.T) {
	signed, key := stream.WithSignature(stream.SHA256, current), stream.NewSecret("very-secret").Named("k")
	for want, options := range map[string][]stream.ReceiverOption{
		"WithBearer: WithBasic uses the same header, Authorization":                       {stream.WithBasic("ann", key), stream.WithBearer(key)},
		"WithBasic: WithBearer uses the same header, Authorization":                       {stream.WithBearer(key), signed, stream.WithBasic("ann", key)},
		"WithBasic: WithBasic uses the same header, Authorization":                        {stream.WithBasic("ann", key), stream.WithBasic("bob", key)},
		"WithAPIKey: WithBearer uses the same header, Authorization":                      {stream.WithBearer(key), stream.WithAPIKey("authorization", key)},
		"WithAPIKey: WithAPIKey uses the same header, X-Key":                              {stream.WithAPIKey("X-Key", key), stream.WithAPIKey("x-key", key)},
		"WithoutVerification: another option requires a signature or credentials":         {stream.WithoutVerification(), signed},
		"WithAPIKey: WithSignature or WithVerifier uses the same header, X-Hub-Signature": {signed, stream.WithAPIKey(stream.SignatureHeader, key)},
	} {
		_, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}), options...)
		require.EqualError(t, err, "stream: "+want)
	}
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		signed, stream.WithSignature(stream.SHA512, current), stream.WithBearer(key), stream.WithAPIKey("X-Key", key), stream.WithAPIKey("X-Other", key))
	require.NoError(t, err)
	require.NotNil(t, receiver)
}

func TestTheErrorNamesEverythingThatIsWrong(t *testing.T) {
	empty := stream.NewSecret("").Named("old")
	_, err := stream.NewReceiver(nil, nil, stream.WithSignature("md5", empty, stream.NewSecret("").Named("new")),
		stream.WithBasic("a:b", empty, stream.NewSecret("very-secret\n").Named("new")), stream.WithBearer(), stream.WithoutVerification(), stream.WithTimeout(0))
	require.EqualError(t, err, `stream: the receiver has no inbox
stream: an option is nil
stream: the verifier of signatures: the algorithm is not known; secret "old" is empty; secret "new" is empty
stream: WithBasic: the user has a colon or a control character; secret "old" is empty; secret "new" has a control character
stream: WithBearer: there is no secret
stream: WithTimeout: the value is not positive
stream: WithoutVerification: another option requires a signature or credentials
stream: WithBearer: WithBasic uses the same header, Authorization`)

	_, err = stream.NewWorker(stream.NewMemoryInbox(stream.MemoryLimits{}), nil, stream.WithHandlers(0))
	require.EqualError(t, err, "stream: an option is nil\nstream: WithHandlers: the value is not positive")
	_, err = stream.NewSender("https://receiver.example.com", nil, stream.WithAttemptTimeout(0))
	require.EqualError(t, err, "stream: an option is nil\nstream: WithAttemptTimeout: the value is not positive")
}
