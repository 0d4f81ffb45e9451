package stream_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// floor is a receiver as one writes it by hand for a single kind of event: read, verify,
// decode in two passes, drop duplicates, dispatch. It knows one spelling of one channel. It
// has no inbox, no limits and no order.
type floor struct {
	secret []byte
	mu     sync.Mutex
	seen   map[string]struct{}
	handle func(floorMessage)
}

type floorHead struct {
	Channel string          `json:"channel"`
	Event   string          `json:"event"`
	Type    string          `json:"type"`
	TID     string          `json:"tid"`
	Data    json.RawMessage `json:"dataIntegration"`
}

type floorMessage struct {
	Channel     string `json:"channel"`
	UserID      string `json:"abcUserId"`
	AccountID   string `json:"abcAccountId"`
	AppID       string `json:"appId"`
	Event       string `json:"event"`
	Timestamp   string `json:"ts"`
	TID         string `json:"tid"`
	Message     string `json:"message"`
	Attachments string `json:"attachments"`
	Locale      string `json:"locale"`
	TraceID     string `json:"x-wx-gtrid"`
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "read", http.StatusServiceUnavailable)
		return
	}
	claimed, err := hex.DecodeString(strings.TrimPrefix(r.Header.Get("X-Hub-Signature"), "sha256="))
	mac := hmac.New(sha256.New, f.secret)
	mac.Write(body)
	if err != nil || !hmac.Equal(mac.Sum(nil), claimed) {
		http.Error(w, "signature", http.StatusBadRequest)
		return
	}
	var head floorHead
	if json.Unmarshal(body, &head) != nil || head.TID == "" {
		http.Error(w, "malformed", http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	key := head.Channel + "|" + head.Event + "|" + head.TID
	_, duplicate := f.seen[key]
	f.seen[key] = struct{}{}
	f.mu.Unlock()
	if duplicate {
		return
	}
	switch head.Event {
	case "MO":
		var message floorMessage
		if json.Unmarshal(body, &message) == nil {
			f.handle(message)
		}
	}
}

// signed is a body with its signature.
type signed struct {
	body      []byte
	signature []string
}

// signedMessages returns n different messages of about a kilobyte from 100 customers.
func signedMessages(tb testing.TB, n int) []signed {
	tb.Helper()
	var compact bytes.Buffer
	require.NoError(tb, json.Compact(&compact, sample(tb, "apple_message_datastream")))
	requests := make([]signed, n)
	for i := range requests {
		body := bytes.Replace(compact.Bytes(), []byte(`"t-1"`), fmt.Appendf(nil, `"%032d"`, i), 1)
		body = bytes.Replace(body, []byte(`AQAAY`), fmt.Appendf(nil, "%d", i%100), 1)
		requests[i] = signed{body, []string{stream.Sign(stream.SHA256, current, body)}}
	}
	return requests
}

// poster posts bodies to a handler without the cost of a server.
type poster struct {
	request *http.Request
	body    bytes.Reader
	reply   blank
}

func newPoster(tb testing.TB) *poster {
	request, err := http.NewRequest(http.MethodPost, "/", nil)
	require.NoError(tb, err)
	p := &poster{request: request, reply: blank{header: http.Header{}}}
	request.Header["Content-Type"] = []string{"application/json"}
	request.Body = io.NopCloser(&p.body)
	return p
}

func (p *poster) post(handler http.Handler, s signed) (status int) {
	p.body.Reset(s.body)
	p.request.ContentLength = int64(len(s.body))
	p.request.Header[stream.SignatureHeader] = s.signature
	p.reply.status = http.StatusOK
	handler.ServeHTTP(&p.reply, p.request)
	return p.reply.status
}

// blank is a response writer that keeps only the status.
type blank struct {
	header http.Header
	status int
}

func (b *blank) Header() http.Header         { return b.header }
func (b *blank) Write(p []byte) (int, error) { return len(p), nil }
func (b *blank) WriteHeader(status int)      { b.status = status }

// A server's writer has WriteString and SetReadDeadline, too.
func (b *blank) WriteString(s string) (int, error) { return len(s), nil }
func (b *blank) SetReadDeadline(time.Time) error   { return nil }

// subject is a receiver with the work that a worker does for an event: take, decode,
// dispatch, acknowledge.
type subject struct {
	http.Handler
	inbox  *stream.MemoryInbox
	handle func(stream.MessageEvent)
}

func newSubject(tb testing.TB, handle func(stream.MessageEvent)) subject {
	tb.Helper()
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, current))
	require.NoError(tb, err)
	return subject{receiver, inbox, handle}
}

// work handles one event without the goroutines of a worker.
func (s subject) work(ctx context.Context) error {
	delivery, err := s.inbox.Take(ctx)
	if err != nil {
		return err
	}
	event, err := delivery.Event()
	if err != nil {
		return err
	}
	switch e := event.(type) {
	case stream.MessageEvent:
		s.handle(e)
	default:
		return errors.New("not a message")
	}
	return delivery.Ack(ctx)
}

func newFloor() *floor {
	return &floor{secret: []byte(current.Reveal()), seen: map[string]struct{}{}, handle: func(floorMessage) {}}
}

// batch is how many different requests a benchmark has. After that it starts again with
// an empty memory.
const batch = 1 << 12

func BenchmarkReceive(b *testing.B) {
	requests := signedMessages(b, batch)
	b.Logf("%d bytes", len(requests[0].body))
	p := newPoster(b)
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		handler := newFloor()
		for i := 0; b.Loop(); i++ {
			if i%batch == 0 {
				clear(handler.seen)
			}
			if p.post(handler, requests[i%batch]) != http.StatusOK {
				b.Fatal("refused")
			}
		}
	})
	b.Run("receiver-and-worker", func(b *testing.B) {
		b.ReportAllocs()
		var s subject
		for i := 0; b.Loop(); i++ {
			if i%batch == 0 {
				s = newSubject(b, func(stream.MessageEvent) {})
			}
			if p.post(s, requests[i%batch]) != http.StatusOK {
				b.Fatal("refused")
			}
			if err := s.work(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("receiver", func(b *testing.B) {
		b.ReportAllocs()
		var s subject
		for i := 0; b.Loop(); i++ {
			if i%batch == 0 {
				s = newSubject(b, nil)
			}
			if p.post(s, requests[i%batch]) != http.StatusOK {
				b.Fatal("refused")
			}
		}
	})
}

// BenchmarkServe receives over loopback HTTP on 64 connections while a worker runs.
func BenchmarkServe(b *testing.B) {
	requests := signedMessages(b, batch)
	serve := func(b *testing.B, handler http.Handler) {
		server := httptest.NewServer(handler)
		defer server.Close()
		transport := &http.Transport{MaxIdleConnsPerHost: 64}
		defer transport.CloseIdleConnections()
		client := http.Client{Transport: transport}
		var next atomic.Int64
		b.ReportAllocs()
		b.SetParallelism(64 / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				s := requests[next.Add(1)%batch]
				request, err := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader(s.body))
				if err != nil {
					b.Error(err)
					return
				}
				request.Header[stream.SignatureHeader] = s.signature
				response, err := client.Do(request)
				if err != nil {
					b.Error(err)
					return
				}
				response.Body.Close()
				if response.StatusCode != http.StatusOK {
					b.Error(response.Status)
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) { serve(b, newFloor()) })
	b.Run("receiver-and-worker", func(b *testing.B) {
		s := newSubject(b, nil)
		worker, err := stream.NewWorker(s.inbox)
		require.NoError(b, err)
		worker.OnMessage(func(context.Context, stream.MessageEvent) error { return nil })
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- worker.Run(ctx) }()
		serve(b, s)
		cancel()
		require.NoError(b, <-ended)
	})
}

func BenchmarkRefuse(b *testing.B) {
	requests := signedMessages(b, 2)
	forged := signed{requests[0].body, requests[1].signature}
	p := newPoster(b)
	for name, handler := range map[string]http.Handler{"floor": newFloor(), "receiver": newSubject(b, nil)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p.post(handler, forged) != http.StatusBadRequest {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	data := signedMessages(b, 1)[0].body
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var message floorMessage
			if err := json.Unmarshal(data, &message); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stream", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := stream.Decode(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSeen adds ids to full memories of different sizes. The cost of an id does not
// depend on the size.
func BenchmarkSeen(b *testing.B) {
	for _, capacity := range []int{1_000, 100_000} {
		ids := make([]string, 3*capacity)
		for i := range ids {
			ids[i] = fmt.Sprintf("%032x", i)
		}
		b.Run(fmt.Sprint(capacity), func(b *testing.B) {
			seen := stream.NewSeen(capacity)
			for _, id := range ids {
				seen.Claim(id)
				seen.Commit(id)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if id := ids[i%len(ids)]; seen.Claim(id) {
					seen.Commit(id)
				}
			}
		})
	}
}

// BenchmarkDeadLetter adds dead letters to inboxes that keep the most they can. The cost of
// a dead letter does not depend on how many are kept.
func BenchmarkDeadLetter(b *testing.B) {
	for _, limit := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			inbox := stream.NewMemoryInbox(stream.MemoryLimits{DeadLetters: limit})
			terminate := func(n int) {
				id := fmt.Sprint(n)
				if _, err := inbox.Put(b.Context(), stream.Entry{ID: id, Conversation: id}); err != nil {
					b.Fatal(err)
				}
				delivery, err := inbox.Take(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if err := delivery.Term(b.Context(), "no use"); err != nil {
					b.Fatal(err)
				}
			}
			for n := range limit {
				terminate(n)
			}
			b.ReportAllocs()
			for n := limit; b.Loop(); n++ {
				terminate(n)
			}
		})
	}
}
