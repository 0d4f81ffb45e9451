package engagetest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

var (
	smsSearch = engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	}
	smsCreate = engage.CreateConversationV13{
		Address:  smsSearch.Address,
		Messages: []message.Message{message.Text{Direction: message.Inbound, Text: "hello"}},
	}
)

// seen is what a client sees of an exchange.
type seen struct {
	err          string
	status       int
	text         string
	header       http.Header
	length       int64
	uncompressed bool
	bodyErr      error
}

// exchange sends a search by hand and returns what a client sees.
func exchange(s *session) seen {
	s.t.Helper()
	response, err := s.HTTPClient().Transport.RoundTrip(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`))
	if err != nil {
		for _, known := range []error{io.EOF, syscall.ECONNRESET} {
			if errors.Is(err, known) {
				return seen{err: known.Error()}
			}
		}
		return seen{err: err.Error()}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	response.Header.Del("Date") // Only a listener sets it.
	for _, id := range []string{"trxid", "TrackingId"} {
		if response.Header.Get(id) != "" {
			response.Header.Set(id, "one of the server's")
		}
	}
	return seen{
		"", response.StatusCode, withoutTID(string(body)), response.Header,
		response.ContentLength, response.Uncompressed, err,
	}
}

// withoutTID replaces the transaction id in a body.
func withoutTID(body string) string {
	before, after, ok := strings.Cut(body, `"tid":"`)
	if !ok {
		return body
	}
	return before + after[len("0123456789abcdef0123456789abcdef"):]
}

func TestTransportReturnsWhatNetHTTPReturns(t *testing.T) {
	for name, fault := range map[string]engagetest.Fault{
		"no fault":          {},
		"refused":           {Status: 503, Header: http.Header{"Retry-After": {"2"}}},
		"redirected":        {Status: 307},
		"no content":        {Status: 204},
		"reset content":     {Status: 205},
		"closed":            {Connection: engagetest.ConnectionClosed},
		"reset":             {Connection: engagetest.ConnectionReset},
		"cut short":         {Connection: engagetest.ConnectionCutShort},
		"HTML":              {Status: 502, Shape: engagetest.HTML},
		"plain text":        {Status: 503, Shape: engagetest.PlainText},
		"empty":             {Shape: engagetest.Empty},
		"gzip":              {Shape: engagetest.Gzip},
		"byte order mark":   {Shape: engagetest.ByteOrderMark},
		"header of its own": {Header: http.Header{"X-Test": {"a", "b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			network, memory := start(t), start(t, engagetest.WithoutNetwork())
			network.Fail(outcome.SearchConversation, fault)
			memory.Fail(outcome.SearchConversation, fault)
			require.Equal(t, exchange(network), exchange(memory))
		})
	}
}

func TestTransportAbortsARequestWhenItsContextEnds(t *testing.T) {
	for name, fault := range map[string]engagetest.Fault{
		"delayed": {Delay: time.Hour},
		"silent":  {Connection: engagetest.ConnectionSilent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := start(t, engagetest.WithoutNetwork())
				s.Fail(outcome.SearchConversation, fault)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := s.Transport().RoundTrip(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`).WithContext(ctx))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, time.Minute, time.Since(began))
			})
		})
	}
}

func TestTransportSendsNothingAfterTheEndOfTheContext(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	cause := errors.New("the caller has left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := s.Transport().RoundTrip(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`).WithContext(ctx))
	require.ErrorIs(t, err, cause)
	require.Empty(t, s.Requests())
}

func TestAResponseToHeadHasNoBody(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	client := http.Client{Transport: engagetest.HandlerTransport(handler)}
	response, err := client.Head("https://receiver.test")
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Empty(t, body)
	require.Equal(t, http.StatusOK, response.StatusCode)
}

func TestTransportReachesAServerWithANetworkToo(t *testing.T) {
	s := start(t)
	response, err := s.Transport().RoundTrip(s.request(http.MethodPost, "/conversations/search", `{`+smsAddress+`}`))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Len(t, s.Requests(), 1)
}

// The service asks for a pause of ten minutes. The client waits that long, and the test
// takes no time.
func TestALongRetryAfterTakesNoRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := engagetest.New(t, engagetest.WithoutNetwork())
		client, err := server.Client(engage.WithCallOptions(engage.WithRetry(engage.Retry{LongestWait: time.Hour})))
		require.NoError(t, err)
		server.Fail(outcome.CreateConversation, engagetest.Fault{
			Status: 429, Header: http.Header{"Retry-After": {"600"}},
		})

		began := time.Now()
		receipt, err := client.CreateConversation(t.Context(), smsCreate)
		require.NoError(t, err)
		require.Len(t, receipt.Attempts, 2)
		require.GreaterOrEqual(t, time.Since(began), 10*time.Minute)
		require.Len(t, server.Conversations(), 1)
	})
}

// The callback of a create comes three minutes after the acknowledgement.
func TestCallbacksArriveInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		callbacks, err := callback.New("https://receiver.example.com/engage", callback.WithTimeout(time.Hour))
		require.NoError(t, err)
		server := engagetest.New(t, engagetest.WithoutNetwork(), engagetest.WithCallbackTransport(engagetest.HandlerTransport(callbacks)))
		client, err := server.Client(engage.WithCallbacks(callbacks))
		require.NoError(t, err)
		server.Fail(outcome.CreateConversation, engagetest.Fault{CallbackDelay: 3 * time.Minute})

		began := time.Now()
		receipt, err := client.CreateConversation(t.Context(), smsCreate)
		require.NoError(t, err)
		require.Equal(t, engage.Confirmed, receipt.Proof)
		require.Equal(t, 3*time.Minute, time.Since(began))
		require.Equal(t, server.Conversations()[0].ID, receipt.ConversationID)
		synctest.Wait() // The server notes the callback when it is answered.
		require.Equal(t, http.StatusOK, server.Callbacks()[0].Status)
	})
}

func TestCloseDropsDelayedWritesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := start(t, engagetest.WithoutNetwork())
		s.Fail(outcome.CreateConversation, engagetest.Fault{ApplyDelay: time.Hour})
		require.Equal(t, http.StatusAccepted, s.post("/conversations", `{`+smsAddress+`}`).status)
		s.Close()
		require.Equal(t, began, time.Now())
		require.Empty(t, s.Conversations())
	})
}

func TestAPanicOfATestsFunctionReachesTheCaller(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	s.FailFunc(func(engagetest.Request) engagetest.Fault { panic("the test has a mistake") })
	require.PanicsWithValue(t, "the test has a mistake", func() { s.post("/conversations/search", "") })
}

// The vendor sends an event again after a minute, and later once more in addition. The
// receiver under test stores it once.
func TestSignedStreamEventsReachAReceiverInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := stream.NewSecret("the hub secret").Named("test")
		inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
		receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
		require.NoError(t, err)
		busy := true
		handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if busy {
				busy = false
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			receiver.ServeHTTP(w, r)
		})
		sender, err := stream.NewSender("https://receiver.test/events",
			stream.WithSigning(stream.SHA256, secret),
			stream.WithTransport(engagetest.HandlerTransport(handler)))
		require.NoError(t, err)
		event, err := engagetest.Event(smsSearch.Address, message.Text{Direction: message.Inbound, Text: "hello"})
		require.NoError(t, err)

		began := time.Now()
		attempts, err := sender.Send(t.Context(), event)
		require.NoError(t, err)
		require.Len(t, attempts, 2)
		require.Equal(t, time.Minute, time.Since(began))
		_, err = sender.Send(t.Context(), event)
		require.NoError(t, err)

		worker, err := stream.NewWorker(inbox)
		require.NoError(t, err)
		var received []string
		worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
			received = append(received, e.ID)
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- worker.Run(ctx) }()
		synctest.Wait()
		cancel()
		require.NoError(t, <-ended)
		require.Len(t, received, 1)
	})
}

func TestAnInformationalStatusIsNotTheResponse(t *testing.T) {
	client := &http.Client{Transport: engagetest.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
	}))}
	response, err := client.Get("https://engage.test")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusCreated, response.StatusCode)
}
