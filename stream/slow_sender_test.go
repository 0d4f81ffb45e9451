package stream_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// answerOf sends the beginning of a request and not the rest. It returns all that the
// server sends until it closes the connection.
func answerOf(t *testing.T, handler http.Handler, request string) string {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(connection, request)
	require.NoError(t, err)
	reply, err := io.ReadAll(connection)
	require.NoError(t, err)
	return string(reply)
}

// slowRequest returns the beginning of a request whose body does not end.
func slowRequest(method, header string) string {
	return fmt.Sprintf("%s / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n{", method, len(typing), header)
}

// signedHeader is the signature of typing as a line of the header.
var signedHeader = stream.SignatureHeader + ": " + stream.Sign(stream.SHA256, current, []byte(typing)) + "\r\n"

func TestASlowSenderIsCutOff(t *testing.T) {
	for name, test := range map[string]struct{ request, answer string }{
		"signed":           {slowRequest("POST", signedHeader), "503 Service Unavailable"},
		"unsigned":         {slowRequest("POST", ""), "400 Bad Request"},
		"of another type":  {slowRequest("POST", "Content-Type: text/plain\r\n"), "400 Bad Request"},
		"by another means": {slowRequest("PUT", signedHeader), "405 Method Not Allowed"},
		"a probe":          {slowRequest("HEAD", ""), "200 OK"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiving(t, stream.WithTimeout(50*time.Millisecond))
			require.Contains(t, answerOf(t, r, test.request), test.answer)
			require.Zero(t, r.inbox.Counts())
		})
	}
}

// heldInbox waits before it stores an entry, even after the context has ended.
type heldInbox struct {
	stream.Inbox
	came, goOn chan struct{}
}

func (h heldInbox) Put(ctx context.Context, entry stream.Entry) (bool, error) {
	h.came <- struct{}{}
	<-h.goOn
	return h.Inbox.Put(ctx, entry)
}

func TestASlowSenderIsCutOffByABusyReceiver(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	held := heldInbox{inbox, make(chan struct{}), make(chan struct{})}
	receiver, err := stream.NewReceiver(held, stream.WithSignature(stream.SHA256, current),
		stream.WithConcurrency(1), stream.WithTimeout(50*time.Millisecond))
	require.NoError(t, err)
	first := make(chan struct{})
	go func() { defer close(first); receiving{receiver, inbox}.post(typing, nil) }()
	<-held.came
	require.Contains(t, answerOf(t, receiver, slowRequest("POST", signedHeader)), "503 Service Unavailable")
	require.EqualValues(t, 1, receiver.Counts().Refused[stream.RefusedBusy])
	close(held.goOn)
	<-first
}

// deadlines is a response writer that keeps the deadlines for reading.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(deadline time.Time) error {
	d.set = append(d.set, deadline)
	return nil
}

// puttingInbox is an inbox that calls a function for each entry.
type puttingInbox struct {
	stream.Inbox
	put func()
}

func (p puttingInbox) Put(context.Context, stream.Entry) (bool, error) { p.put(); return false, nil }

// The server reads on while the event is stored, and a deadline would end the request.
func TestNoDeadlineForReadingIsLeftWhileAnEventIsStored(t *testing.T) {
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	whileStored := time.Now()
	inbox := puttingInbox{put: func() { whileStored = w.set[len(w.set)-1] }}
	receiver, err := stream.NewReceiver(inbox, stream.WithoutVerification())
	require.NoError(t, err)
	receiver.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(typing)))
	require.Equal(t, http.StatusOK, w.Code)
	require.False(t, w.set[0].IsZero(), "the body has a deadline")
	require.True(t, whileStored.IsZero())
}
