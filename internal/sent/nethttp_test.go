package sent_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/http2test"
	"github.com/engagesdk/engage-go/internal/sent"
)

// TestNetHTTPReportsWhatBecameOfAStream holds what the net/http of this Go release says
// after each end of a stream, for a request whose body it cannot rewind. The package
// depends on these texts.
func TestNetHTTPReportsWhatBecameOfAStream(t *testing.T) {
	const retry = "http2: Transport: cannot retry err [%s] after Request.Body was written; define Request.GetBody to avoid this error"
	for name, c := range map[string]struct {
		decide  func(*http2test.Stream)
		text    string
		notSent bool
	}{
		"refused": {
			(*http2test.Stream).Refuse,
			fmt.Sprintf(retry, "stream error: stream ID 1; REFUSED_STREAM; received from peer"), true,
		},
		"protocol error": {
			func(s *http2test.Stream) { s.Reset(http2test.ProtocolError) },
			fmt.Sprintf(retry, "stream error: stream ID 1; PROTOCOL_ERROR; received from peer"), false,
		},
		"internal error": {
			func(s *http2test.Stream) { s.Reset(http2test.InternalError) },
			"stream error: stream ID 1; INTERNAL_ERROR; received from peer", false,
		},
		"canceled": {
			func(s *http2test.Stream) { s.Reset(http2test.Cancel) },
			"stream error: stream ID 1; CANCEL; received from peer", false,
		},
		"a connection that closes before the stream": {
			func(s *http2test.Stream) { s.GoAway(0, http2test.NoError) },
			fmt.Sprintf(retry, "http2: Transport received Server's graceful shutdown GOAWAY"), true,
		},
		"a connection that closes for an error before its first stream": {
			func(s *http2test.Stream) { s.GoAway(0, http2test.EnhanceYourCalm) },
			"http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM", true,
		},
		"a connection that closes for an error without a name": {
			func(s *http2test.Stream) { s.GoAway(0, 0x2a) },
			"http2: Transport received GOAWAY from server ErrCode:unknown error code 0x2a", true,
		},
		"a connection that closes after the stream": {
			func(s *http2test.Stream) { s.GoAway(s.ID, http2test.NoError); s.Close() },
			`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""`, false,
		},
		"a connection that breaks": {
			(*http2test.Stream).Close, "unexpected EOF", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := http2test.Start(t, http2test.Config{Handler: new(applying), Decide: c.decide})
			transport := overHTTP2(t, server)
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, &reader{[]byte("x")})
			require.NoError(t, err)
			_, err = transport.RoundTrip(request)
			require.EqualError(t, err, c.text)

			var watch sent.Watch
			_, err = send(t.Context(), &sent.Client{Transport: transport}, http.MethodPost, server.URL, []byte("x"), &watch)
			require.Error(t, err)
			require.Equal(t, c.notSent, watch.NotSent())
		})
	}
}

// closing returns a context under which the request loses its first connection before
// the header is written.
func closing(ctx context.Context, server *http2test.Server) context.Context {
	first := true
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if !first {
			return
		}
		first = false
		// Until net/http has noticed it and closed its end.
		for got.Conn.SetReadDeadline(time.Time{}) == nil {
			server.CloseConnections()
			<-time.After(time.Millisecond)
		}
	}})
}

// TestNetHTTPReportsAConnectionThatWasGoneBeforeTheHeader holds what net/http says if
// a connection is closed between its choice for a request and the header.
func TestNetHTTPReportsAConnectionThatWasGoneBeforeTheHeader(t *testing.T) {
	server := http2test.Start(t, http2test.Config{Handler: new(applying)})
	transport := overHTTP2(t, server)
	roundTrip := func() error {
		request, err := http.NewRequestWithContext(closing(t.Context(), server), http.MethodPost, server.URL, strings.NewReader("x"))
		require.NoError(t, err)
		request.GetBody = nil
		_, err = transport.RoundTrip(request)
		return err
	}
	require.EqualError(t, roundTrip(), "http2: client conn could not be established")
	_, err := send(t.Context(), &sent.Client{Transport: transport}, http.MethodPost, server.URL, []byte("x"), new(sent.Watch))
	require.NoError(t, err)
	require.EqualError(t, roundTrip(), "net/http: cannot rewind body after connection loss")
	require.EqualValues(t, 1, server.Requests.Load())
}

func TestAConnectionThatWasGoneBeforeTheHeaderIsReplaced(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		var body []byte
		if method == http.MethodPost {
			body = []byte("x")
		}
		server := http2test.Start(t, http2test.Config{Handler: new(applying)})
		client := &sent.Client{Transport: overHTTP2(t, server)}
		var watch sent.Watch
		_, err := send(closing(t.Context(), server), client, method, server.URL, body, &watch)
		require.Error(t, err)
		require.True(t, watch.NotSent(), method)
		_, err = send(t.Context(), client, method, server.URL, body, new(sent.Watch))
		require.NoError(t, err)

		watch = sent.Watch{}
		_, err = send(closing(t.Context(), server), client, method, server.URL, body, &watch)
		require.NoError(t, err)
		require.False(t, watch.Repeated(), method)
		require.EqualValues(t, 2, server.Requests.Load(), method)
	}
}
