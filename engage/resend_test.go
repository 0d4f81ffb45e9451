package engage_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// The parts of HTTP/2 frames that resets needs.
const (
	dataFrame, resetFrame, settingsFrame = 0, 3, 4

	endOfStream, acknowledgement = 1, 1
	protocolError                = 1
)

// resets speaks HTTP/2 as far as to read each request to its end, count it and
// then reset its stream, as if it had not been understood.
func resets(conn io.ReadWriter, requests *atomic.Int32) {
	write := func(kind, flags byte, stream uint32, payload []byte) {
		frame := binary.BigEndian.AppendUint32([]byte{0, 0, byte(len(payload)), kind, flags}, stream)
		conn.Write(append(frame, payload...))
	}
	if _, err := io.CopyN(io.Discard, conn, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	write(settingsFrame, 0, 0, nil)
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		switch kind, flags := head[3], head[4]; {
		case kind == settingsFrame && flags&acknowledgement == 0:
			write(settingsFrame, acknowledgement, 0, nil)
		case kind == dataFrame && flags&endOfStream != 0:
			requests.Add(1)
			write(resetFrame, 0, binary.BigEndian.Uint32(head[5:]), []byte{0, 0, 0, protocolError})
		}
	}
}

func TestAResetOverHTTP2IsNotAnsweredWithTheSameRequestByTheTransport(t *testing.T) {
	var requests atomic.Int32
	server := &counting{Server: httptest.NewUnstartedServer(nil)}
	server.TLS = &tls.Config{NextProtos: []string{"h2"}}
	server.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		"h2": func(_ *http.Server, conn *tls.Conn, _ http.Handler) { resets(conn, &requests) },
	}
	server.StartTLS()
	defer server.Close()
	for name, option := range map[string]engage.Option{
		"the client's own transport": engage.WithTLSConfig(server.trusted()),
		"one that was given":         engage.WithTransport(&http.Transport{TLSClientConfig: server.trusted(), ForceAttemptHTTP2: true}),
	} {
		requests.Store(0)
		client, err := engage.New(engage.Endpoint(server.URL), auth.Static(token), option)
		require.NoError(t, err)
		_, err = appendTo(appendRequest, engage.WithReconciliation(false))(t.Context(), client)
		failure := failureOf(t, err)
		require.Equal(t, outcome.MaybeApplied, failure.Effect, name)
		require.Len(t, failure.Attempts, 1, name)
		require.EqualValues(t, 1, requests.Load(), name)
		client.CloseIdleConnections()
	}
}

func TestATransportThatSendsAgainDoesNotHideThatItHadSentBefore(t *testing.T) {
	server := newStub(t, hangUp)
	inner := &http.Transport{}
	defer inner.CloseIdleConnections()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if _, err := inner.RoundTrip(r); err == nil {
			return nil, errors.New("the server was to hang up")
		}
		again := r.Clone(r.Context())
		again.URL.Host = closedPort(t)
		again.Body, _ = r.GetBody()
		return inner.RoundTrip(again)
	})
	_, err := appendTo(appendRequest, engage.WithReconciliation(false))(t.Context(), server.client(t, engage.WithTransport(transport)))
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Len(t, server.seen(), 1)
}

func TestHeadersThatMakeATransportSendAgainAreRefused(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, acknowledged))
	for _, name := range []string{"Idempotency-Key", "x-idempotency-key", "Accept-Encoding", "Expect", "Keep-Alive", "Proxy-Connection"} {
		_, err := appendTo(appendRequest, engage.WithHeader(name, "k"))(t.Context(), server.client(t))
		require.ErrorIs(t, err, outcome.ErrOnInvalidData, name)
	}
	require.Empty(t, server.seen())
}
