package stream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/stream"
)

const typing = `{"channel":"AppleBusinessChat","event":"TYPINGINDICATOR","type":"typing_start","abcUserId":"u","abcAccountId":"a","tid":"1"}`

// receiving is a receiver with its inbox. Its method post signs the bodies.
type receiving struct {
	*stream.Receiver
	inbox *stream.MemoryInbox
}

func newReceiving(t testing.TB, options ...stream.ReceiverOption) receiving {
	t.Helper()
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	t.Cleanup(inbox.Close)
	options = append([]stream.ReceiverOption{stream.WithSignature(stream.SHA256, current, previous)}, options...)
	receiver, err := stream.NewReceiver(inbox, options...)
	require.NoError(t, err)
	return receiving{receiver, inbox}
}

// post posts a signed body. It calls change, if that is not nil, with the request before.
func (r receiving) post(body string, change func(*http.Request)) *http.Response {
	request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(stream.SignatureHeader, stream.Sign(stream.SHA256, current, []byte(body)))
	if change != nil {
		change(request)
	}
	recorder := httptest.NewRecorder()
	r.ServeHTTP(recorder, request)
	return recorder.Result()
}

func TestAReceiverStoresAnEventBeforeItAnswers(t *testing.T) {
	r := newReceiving(t)
	reply := r.post(typing, func(request *http.Request) { request.Header.Set("X-WX-GTRID", "trace-1") })
	require.Equal(t, http.StatusOK, reply.StatusCode)

	delivery, err := r.inbox.Take(t.Context())
	require.NoError(t, err)
	require.Equal(t, typing, string(delivery.Data))
	require.Equal(t, "current", delivery.VerifiedBy)
	require.Equal(t, "trace-1", delivery.TraceID)
	require.WithinDuration(t, time.Now(), delivery.Received, time.Minute)
	event, err := delivery.Event()
	require.NoError(t, err)
	require.Equal(t, "trace-1", event.Head().TraceID)
	require.Equal(t, delivery.ID, event.Head().ID)
	decoded, err := stream.Decode([]byte(typing))
	require.NoError(t, err)
	require.Equal(t, decoded.Head().Conversation, delivery.Conversation)

	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode, "a duplicate is a success for its sender")
	require.Equal(t, stream.ReceiverCounts{
		Accepted: 1, Duplicates: 1, Refused: map[stream.Refusal]uint64{},
		Secrets: map[string]uint64{"current": 2, "previous": 0}, Algorithms: map[stream.Algorithm]uint64{stream.SHA256: 2},
	}, r.Counts())
}

func TestAnEntryKeepsOnlyItsEventOfTheBody(t *testing.T) {
	space := strings.Repeat(" ", 1<<16)
	for name, body := range map[string]string{
		"an event":        space + typing + space,
		"one of an array": "[" + space + typing + space + "," + strings.Replace(typing, `"1"`, `"2"`, 1) + "]",
	} {
		r := newReceiving(t)
		require.Equal(t, http.StatusOK, r.post(body, nil).StatusCode, name)
		delivery, err := r.inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, typing, string(delivery.Data), name)
		require.Less(t, cap(delivery.Data), 2*len(typing), name)
	}
}

func TestTheTraceIDOfThePayloadCountsBeforeThatOfTheHeader(t *testing.T) {
	r := newReceiving(t)
	body := strings.Replace(typing, `"tid":"1"`, `"tid":"1","x-wx-gtrid":"of the payload"`, 1)
	require.Equal(t, http.StatusOK, r.post(body, func(request *http.Request) {
		request.Header.Set("X-Wx-Gtrid", "of the header")
	}).StatusCode)
	delivery, err := r.inbox.Take(t.Context())
	require.NoError(t, err)
	require.Equal(t, "of the payload", delivery.TraceID)
}

func TestAReceiverAnswersAProbe(t *testing.T) {
	r := newReceiving(t)
	reply := r.post("", func(request *http.Request) {
		request.Method = http.MethodHead
		request.Header = http.Header{}
	})
	require.Equal(t, http.StatusOK, reply.StatusCode)
	require.EqualValues(t, 1, r.Counts().Probes)
	require.Zero(t, r.inbox.Counts())
}

// badRequests are requests that must be refused, with the reason. Their bodies are
// signed.
var badRequests = []struct {
	name   string
	body   string
	change func(*http.Request)
	why    stream.Refusal
}{
	{"wrong method", typing, func(r *http.Request) { r.Method = http.MethodPut }, stream.RefusedMethod},
	{"get", "", func(r *http.Request) { r.Method = http.MethodGet }, stream.RefusedMethod},
	{"form content type", typing, contentType("application/x-www-form-urlencoded"), stream.RefusedContentType},
	{"xml content type", typing, contentType("application/xml"), stream.RefusedContentType},
	{"text content type", typing, contentType("text/plain"), stream.RefusedContentType},
	{"compressed", zipped(typing), encoding("gzip"), stream.RefusedEncoding},
	{"compressed unknown", typing, encoding("zstd"), stream.RefusedEncoding},
	{"compressed among others", zipped(typing), encoding("identity, GZIP"), stream.RefusedEncoding},
	{"compressed without saying so", zipped(typing), nil, stream.RefusedMalformed},
	{"empty", "", nil, stream.RefusedMalformed},
	{"curly quotes", `{“tid”:“1”}`, nil, stream.RefusedMalformed},
	{"truncated JSON", typing[:len(typing)-7], nil, stream.RefusedMalformed},
	{"trailing comma", `{"tid":"1",}`, nil, stream.RefusedMalformed},
	{"two values", typing + typing, nil, stream.RefusedMalformed},
	{"no object", `"tid"`, nil, stream.RefusedMalformed},
	{"empty array", `[]`, nil, stream.RefusedMalformed},
	{"array with something else", `[` + typing + `,1]`, nil, stream.RefusedMalformed},
	{"too many events", manyEvents(1001), nil, stream.RefusedMalformed},
	{"deeply nested", strings.Repeat(`[`, 20_000), nil, stream.RefusedMalformed},
	{"too large", `{"tid":"1","a":"` + strings.Repeat("a", 5<<20) + `"}`, nil, stream.RefusedTooLarge},
	{"100 MB announced", typing, func(r *http.Request) { r.ContentLength = 100 << 20 }, stream.RefusedTooLarge},
	{"100 MB unannounced", "", func(r *http.Request) {
		r.ContentLength = -1
		r.Body = io.NopCloser(io.LimitReader(zeros{}, 100<<20))
	}, stream.RefusedTooLarge},
	{"over the limit of a middleware", typing, func(r *http.Request) { r.Body = http.MaxBytesReader(nil, r.Body, 5) }, stream.RefusedTooLarge},
	{"broken off", "", func(r *http.Request) {
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(typing[:9]), failing{io.ErrUnexpectedEOF}))
	}, stream.RefusedUnread},
}

func contentType(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Content-Type", value) }
}

func encoding(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Content-Encoding", value) }
}

func zipped(text string) string {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return zipped.String()
}

// zeros is an endless body.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// failing is a body that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestBadRequestsAreRefused(t *testing.T) {
	for _, test := range badRequests {
		t.Run(test.name, func(t *testing.T) {
			r := newReceiving(t)
			requireRefused(t, r, r.post(test.body, test.change), test.why)
		})
	}
	for name, values := range badSignatures([]byte(typing)) {
		t.Run("signature "+name, func(t *testing.T) {
			r := newReceiving(t)
			reply := r.post(typing, func(request *http.Request) { request.Header[stream.SignatureHeader] = values })
			requireRefused(t, r, reply, stream.RefusedSignature)
		})
	}
}

// requireRefused checks that a request was refused and counted, and that nothing was
// stored.
func requireRefused(t *testing.T, r receiving, reply *http.Response, why stream.Refusal) {
	t.Helper()
	require.Equal(t, why.Status(), reply.StatusCode)
	require.Equal(t, map[stream.Refusal]uint64{why: 1}, r.Counts().Refused)
	require.Zero(t, r.Counts().Accepted)
	require.Zero(t, r.inbox.Counts())
	body, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	require.Equal(t, string(why), strings.TrimSpace(string(body)))
	require.Equal(t, "text/plain; charset=utf-8", reply.Header.Get("Content-Type"))
	require.Equal(t, reply.StatusCode == http.StatusServiceUnavailable, reply.Header.Get("Retry-After") != "")
	require.Equal(t, reply.StatusCode == http.StatusMethodNotAllowed, reply.Header.Get("Allow") != "")
}

func TestEveryRefusalHasOneOfThreeStatuses(t *testing.T) {
	for _, refusal := range stream.Refusals() {
		require.Contains(t, []int{400, 405, 503}, refusal.Status(), refusal)
	}
	require.Zero(t, stream.Refusal("other").Status())
}

func TestTheLargestBodyLimitIsValid(t *testing.T) {
	r := newReceiving(t, stream.WithBodyLimit(math.MaxInt64))
	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode)
	require.EqualValues(t, 1, r.Counts().Accepted)
}

func TestABodyMayBeAsLargeAsTheLimit(t *testing.T) {
	for name, announced := range map[string]int64{"announced": int64(len(typing)), "unannounced": -1} {
		t.Run(name, func(t *testing.T) {
			length := func(request *http.Request) { request.ContentLength = announced }
			enough := newReceiving(t, stream.WithBodyLimit(int64(len(typing))))
			require.Equal(t, http.StatusOK, enough.post(typing, length).StatusCode)
			require.EqualValues(t, 1, enough.Counts().Accepted)

			less := newReceiving(t, stream.WithBodyLimit(int64(len(typing))-1))
			requireRefused(t, less, less.post(typing, length), stream.RefusedTooLarge)
		})
	}
}

func TestAnArrayIsStoredInOrderAndWithoutDuplicates(t *testing.T) {
	r := newReceiving(t)
	batch := fmt.Sprintf("[%s,%s,%s]", typing, strings.Replace(typing, "start", "end", 1), typing)
	require.Equal(t, http.StatusOK, r.post(batch, nil).StatusCode)
	require.EqualValues(t, 2, r.Counts().Accepted)
	require.EqualValues(t, 1, r.Counts().Duplicates)
	for _, want := range []stream.Kind{stream.KindTypingStarted, stream.KindTypingEnded} {
		delivery, err := r.inbox.Take(t.Context())
		require.NoError(t, err)
		event, err := delivery.Event()
		require.NoError(t, err)
		require.Equal(t, want, event.Head().Kind)
		require.NoError(t, delivery.Ack(t.Context()))
	}
}

func TestSecretsRotateWithoutLosingAnEvent(t *testing.T) {
	r := newReceiving(t)
	reply := r.post(typing, func(request *http.Request) {
		request.Header.Set(stream.SignatureHeader, stream.Sign(stream.SHA256, previous, []byte(typing)))
	})
	require.Equal(t, http.StatusOK, reply.StatusCode)
	require.Equal(t, map[string]uint64{"current": 0, "previous": 1}, r.Counts().Secrets)
}

func TestSignaturesOfSeveralAlgorithmsAreAcceptedSideBySide(t *testing.T) {
	newHash := stream.NewSecret(current.Reveal()).Named("current, SHA-512")
	r := newReceiving(t, stream.WithSignature(stream.SHA512, newHash))
	signedWith := func(signature string) func(*http.Request) {
		return func(request *http.Request) { request.Header.Set(stream.SignatureHeader, signature) }
	}
	for i, test := range []struct {
		algorithm  stream.Algorithm
		secret     stream.Secret
		verifiedBy string
	}{
		{stream.SHA256, current, "current"},
		{stream.SHA512, newHash, "current, SHA-512"},
		{stream.SHA256, previous, "previous"},
	} {
		body := strings.Replace(typing, `"1"`, fmt.Sprintf(`"side-%d"`, i), 1)
		good := stream.Sign(test.algorithm, test.secret, []byte(body))
		require.Equal(t, http.StatusOK, r.post(body, signedWith(good)).StatusCode)
		delivery, err := r.inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, test.verifiedBy, delivery.VerifiedBy)
		require.NoError(t, delivery.Ack(t.Context()))
	}
	for name, signature := range map[string]string{
		"SHA-512 with a secret of SHA-256 only": stream.Sign(stream.SHA512, previous, []byte(typing)),
		"SHA-512 with a foreign secret":         stream.Sign(stream.SHA512, foreign, []byte(typing)),
		"SHA-256 with a foreign secret":         stream.Sign(stream.SHA256, foreign, []byte(typing)),
	} {
		require.Equal(t, http.StatusBadRequest, r.post(typing, signedWith(signature)).StatusCode, name)
	}
	counts := r.Counts()
	require.EqualValues(t, 3, counts.Refused[stream.RefusedSignature])
	require.Equal(t, map[string]uint64{"current": 1, "current, SHA-512": 1, "previous": 1}, counts.Secrets)
	require.Equal(t, map[stream.Algorithm]uint64{stream.SHA256: 2, stream.SHA512: 1}, counts.Algorithms)
}

func TestAnEventWithoutAnIDIsStoredUnderADigestOfItsPayload(t *testing.T) {
	for name, test := range map[string]struct{ body, other string }{
		"an unknown channel": {`{"channel":"Telepathy","userId":"u","appId":"a","n":1}`, `{"channel":"Telepathy","userId":"u","appId":"a","n":2}`},
		"no party":           {`{"channel":"SMS","message":"hello"}`, `{"channel":"SMS","message":"hello again"}`},
		"a receipt": {
			`{"deliveryInfoNotification":{"deliveryInfo":{"deliveryStatus":"Read","destination":"1"}}}`,
			`{"deliveryInfoNotification":{"deliveryInfo":{"deliveryStatus":"Read","destination":"2"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t)
			require.Equal(t, http.StatusOK, r.post(test.body, nil).StatusCode)
			require.Equal(t, http.StatusOK, r.post("["+test.body+"]", nil).StatusCode, "a duplicate")
			require.Equal(t, http.StatusOK, r.post(test.other, nil).StatusCode)
			require.EqualValues(t, 2, r.Counts().Accepted)
			require.EqualValues(t, 1, r.Counts().Duplicates)
			require.Empty(t, r.Counts().Refused)
			delivery, err := r.inbox.Take(t.Context())
			require.NoError(t, err)
			require.Regexp(t, "^[0-9a-f]{32}$", delivery.ID)
			event, err := delivery.Event()
			require.NoError(t, err)
			require.Equal(t, delivery.ID, event.Head().ID)
			require.Equal(t, test.body, string(event.Head().Raw))
		})
	}
}

// The signature is over the bytes as they were sent, the mark included.
func TestAByteOrderMarkBeforeAnEventIsIgnored(t *testing.T) {
	const mark = "\ufeff"
	for name, body := range map[string]string{"an event": mark + typing, "an array": mark + " [" + typing + "]"} {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t)
			require.Equal(t, http.StatusOK, r.post(body, nil).StatusCode)
			delivery, err := r.inbox.Take(t.Context())
			require.NoError(t, err)
			require.Equal(t, typing, string(delivery.Data))
			require.Equal(t, idOf(t, typing), delivery.ID)

			unmarked := func(request *http.Request) {
				signature := stream.Sign(stream.SHA256, current, []byte(strings.TrimPrefix(body, mark)))
				request.Header.Set(stream.SignatureHeader, signature)
			}
			require.Equal(t, http.StatusBadRequest, r.post(body, unmarked).StatusCode)
			require.EqualValues(t, 1, r.Counts().Refused[stream.RefusedSignature])
		})
	}
}

func TestAFilterDropsWhatTheConfigurationDoesNotAllow(t *testing.T) {
	r := newReceiving(t, stream.WithFilter(stream.Configuration{Channels: []channel.Channel{channel.Apple}}))
	require.Equal(t, http.StatusOK, r.post(string(sample(t, "sms_webhook")), nil).StatusCode)
	require.Zero(t, r.inbox.Counts())
	require.EqualValues(t, 1, r.Counts().Filtered)
	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode)
	require.Equal(t, 1, r.inbox.Counts().Entries)
	require.EqualValues(t, 1, r.Counts().Accepted)
	require.EqualValues(t, 1, r.Counts().Filtered)
}

func TestTheEventsAroundAFilteredOneAreStored(t *testing.T) {
	r := newReceiving(t, stream.WithFilter(stream.Configuration{Channels: []channel.Channel{channel.Apple}}))
	last := strings.Replace(typing, `"tid":"1"`, `"tid":"2"`, 1)
	sms := string(sample(t, "sms_webhook"))
	require.Equal(t, http.StatusOK, r.post("["+sms+","+typing+","+sms+","+last+","+sms+"]", nil).StatusCode)
	require.EqualValues(t, 3, r.Counts().Filtered)
	require.EqualValues(t, 2, r.Counts().Accepted)
	for _, want := range []string{typing, last} {
		delivery, err := r.inbox.Take(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, string(delivery.Data))
		require.NoError(t, delivery.Ack(t.Context()))
	}
}

func TestAFilterIsItsOwnCopy(t *testing.T) {
	for name, change := range map[string]func(*stream.Configuration){
		"assets":   func(c *stream.Configuration) { c.AssetIDs[0] = "b" },
		"channels": func(c *stream.Configuration) { c.Channels[0] = channel.SMS },
		"events":   func(c *stream.Configuration) { c.Events[0] = stream.AuditLogs },
	} {
		t.Run(name, func(t *testing.T) {
			configuration := stream.Configuration{
				Assets: stream.ChosenAssets, AssetIDs: []string{"a"},
				Channels: []channel.Channel{channel.Apple}, Events: []stream.EventFamily{stream.IncomingEvents},
			}
			r := newReceiving(t, stream.WithFilter(configuration))
			change(&configuration)
			require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode)
			require.EqualValues(t, 1, r.Counts().Accepted)
		})
	}
}

func TestAFullInboxAsksTheSenderToRetry(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: 1})
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current), stream.WithRetryAfter(90*time.Second))
	require.NoError(t, err)
	r := receiving{receiver, inbox}
	second := strings.Replace(typing, `"tid":"1"`, `"tid":"2"`, 1)
	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode)

	reply := r.post(second, nil)
	require.Equal(t, http.StatusServiceUnavailable, reply.StatusCode)
	require.Equal(t, "90", reply.Header.Get("Retry-After"))
	require.EqualValues(t, 1, r.Counts().Refused[stream.RefusedFull])
	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode, "a duplicate needs no room")

	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.NoError(t, delivery.Ack(t.Context()))
	require.Equal(t, http.StatusOK, r.post(second, nil).StatusCode, "the sender's retry finds room")
}

func TestAnErrorOfTheInboxAsksTheSenderToRetry(t *testing.T) {
	var logged bytes.Buffer
	broken := brokenInbox{errors.New("the disk is full")}
	receiver, err := stream.NewReceiver(broken, stream.WithSignature(stream.SHA256, current),
		stream.WithReceiverLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	require.NoError(t, err)
	reply := receiving{Receiver: receiver}.post(typing, nil)
	require.Equal(t, http.StatusServiceUnavailable, reply.StatusCode)
	require.NotEmpty(t, reply.Header.Get("Retry-After"))
	require.EqualValues(t, 1, receiver.Counts().Refused[stream.RefusedInbox])
	require.Contains(t, logged.String(), "the disk is full")
	require.NotContains(t, logged.String(), "abcUserId")
}

// brokenInbox is an inbox whose methods fail.
type brokenInbox struct{ err error }

func (b brokenInbox) Put(context.Context, stream.Entry) (bool, error) { return false, b.err }

func (b brokenInbox) Take(context.Context) (stream.Delivery, error) { return stream.Delivery{}, b.err }

// waitingInbox reports that Put was called and waits before it stores the entry.
type waitingInbox struct {
	stream.Inbox
	came, goOn chan struct{}
}

func (w waitingInbox) Put(ctx context.Context, entry stream.Entry) (bool, error) {
	w.came <- struct{}{}
	select {
	case <-w.goOn:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	return w.Inbox.Put(ctx, entry)
}

func TestTooManyRequestsAskTheSenderToRetry(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	waiting := waitingInbox{inbox, make(chan struct{}), make(chan struct{})}
	receiver, err := stream.NewReceiver(waiting, stream.WithSignature(stream.SHA256, current), stream.WithConcurrency(1))
	require.NoError(t, err)
	r := receiving{receiver, inbox}
	first := make(chan int)
	go func() { first <- r.post(typing, nil).StatusCode }()
	<-waiting.came
	require.Zero(t, inbox.Counts(), "nothing is stored yet, and nothing is answered yet")
	require.Equal(t, http.StatusServiceUnavailable, r.post(typing, nil).StatusCode)
	close(waiting.goOn)
	require.Equal(t, http.StatusOK, <-first)
	require.EqualValues(t, 1, r.Counts().Refused[stream.RefusedBusy])
	go func() { <-waiting.came }()
	require.Equal(t, http.StatusOK, r.post(typing, nil).StatusCode, "when the first one is answered")
}

func TestAReceiverDoesNotWaitForAnInboxThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		waiting := waitingInbox{inbox, make(chan struct{}, 1), make(chan struct{})}
		receiver, err := stream.NewReceiver(waiting, stream.WithSignature(stream.SHA256, current), stream.WithTimeout(time.Minute))
		require.NoError(t, err)
		asked := time.Now()
		require.Equal(t, http.StatusServiceUnavailable, receiving{receiver, inbox}.post(typing, nil).StatusCode)
		require.Equal(t, time.Minute, time.Since(asked))
		require.Zero(t, inbox.Counts())
	})
}

func TestARequestWithoutAPossibleSignatureIsRefusedBeforeItsBodyIsRead(t *testing.T) {
	good := stream.Sign(stream.SHA256, current, []byte(typing))
	for name, values := range map[string][]string{
		"no signature":    nil,
		"two":             {good, good},
		"too short":       {good[:len(good)-2]},
		"too long":        {good + "00"},
		"not hexadecimal": {good[:len(good)-1] + "g"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t)
			reply := r.post("", func(request *http.Request) {
				request.Header[stream.SignatureHeader] = values
				request.Body = io.NopCloser(failing{errors.New("the body was read")})
			})
			requireRefused(t, r, reply, stream.RefusedSignature)
		})
	}
}
