package safeerror_test

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

const hidden = "s3cr3t-value"

// text is an error that fmt prints the content of, wherever it finds it.
type text string

func (t text) Error() string { return string(t) }

// list is an error that cannot be compared.
type list []string

func (l list) Error() string { return l[0] }

// shown is all that an error shows of itself.
func shown(err error) string { return fmt.Sprintf("%v %+v %#v %q %s", err, err, err, err, err) }

// timedOut returns the error of a read whose deadline has passed.
func timedOut(t *testing.T) error {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	connection, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetReadDeadline(time.Unix(1, 0)))
	_, err = connection.Read(make([]byte, 1))
	return err
}

// failedDial returns the error of a dial whose context end has ended.
func failedDial(end func(context.Context) (context.Context, context.CancelFunc)) error {
	ctx, cancel := end(context.Background())
	defer cancel()
	_, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:9")
	return err
}

func expired(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, time.Unix(1, 0))
}

func canceled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx, cancel
}

func TestErrorsInsideThoseOfAConnectionAreShown(t *testing.T) {
	for cause, err := range map[string]error{
		"i/o timeout":            timedOut(t),
		"9: i/o timeout":         failedDial(expired),
		"operation was canceled": failedDial(canceled),
		"connection timed out":   &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ETIMEDOUT)},
		"no such host":           &net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}},
		"closed network":         &net.OpError{Op: "write", Err: net.ErrClosed},
		"EOF":                    &net.OpError{Op: "read", Err: io.EOF},
	} {
		require.IsType(t, &net.OpError{}, err)
		require.ErrorContains(t, err, cause)
		require.Same(t, err, safeerror.Exchange(err), cause)
	}
}

func TestErrorsOfTheNetworkAreShown(t *testing.T) {
	own := errors.New("one's own")
	for _, err := range []error{
		io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, syscall.ETIMEDOUT, tls.AlertError(40), own,
		&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ETIMEDOUT}, &net.DNSError{Err: "no such host", Name: "api.example.com"},
		&tls.CertificateVerificationError{Err: errors.New("expired")},
	} {
		require.Equal(t, err, safeerror.Exchange(err, own))
		require.Equal(t, err, safeerror.Exchange(&url.Error{Op: "Post", URL: hidden, Err: err}, own))
	}
}

func TestAlertOfTLSIsShownWhereverItIs(t *testing.T) {
	inner := &net.OpError{Op: "remote error", Err: tls.AlertError(116)}
	for name, err := range map[string]error{"alone": inner, "within another": fmt.Errorf("%s: %w", hidden, inner)} {
		shown := safeerror.Exchange(err)
		require.EqualError(t, shown, "remote error: tls: certificate required", name)
		require.ErrorIs(t, shown, err)
	}
	for name, err := range map[string]error{
		"no alert": &net.OpError{Op: "remote error", Err: text(hidden)},
		"no error": &net.OpError{Op: "remote error"},
	} {
		require.EqualError(t, safeerror.Exchange(err), "the exchange failed (*net.OpError)", name)
	}
}

func TestErrorOfUnknownTextIsReachedButNotShown(t *testing.T) {
	for name, err := range map[string]error{
		"transport":  text(hidden),
		"URL":        &url.Error{Op: "Post", URL: hidden, Err: text(hidden)},
		"two URLs":   &url.Error{URL: hidden, Err: &url.Error{URL: hidden, Err: text(hidden)}},
		"wrapped":    fmt.Errorf("bad Content-Length %q: %w", hidden, text(hidden)),
		"connection": &net.OpError{Op: "dial", Net: "tcp", Err: text(hidden)},
		"proxy":      &net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Err: text(hidden)}},
		"system":     &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", text(hidden))},
		"in a known": &net.OpError{Op: "dial", Err: fmt.Errorf("%s: %w, %w", hidden, syscall.ETIMEDOUT, text(hidden))},
		"beside one": fmt.Errorf("%s: %w, %w", hidden, io.EOF, text(hidden)),
	} {
		t.Run(name, func(t *testing.T) {
			safe := safeerror.Exchange(err)
			require.ErrorIs(t, safe, text(hidden))
			require.ErrorContains(t, safe, "the exchange failed (")
			require.NotContains(t, shown(safe), hidden)
		})
	}
	require.EqualError(t, safeerror.Exchange(list{hidden}, io.EOF), "the exchange failed (safeerror_test.list)")
}

func TestErrorOfNetHTTPThatQuotesNothingIsShown(t *testing.T) {
	for given, want := range map[string]string{
		"http2: client connection lost":                                          "",
		"net/http: TLS handshake timeout":                                        "",
		"stream error: stream ID 15; CANCEL; received from peer":                 "",
		"stream error: stream ID 1; ENHANCE_YOUR_CALM":                           "",
		"http2: Transport received GOAWAY from server ErrCode:ENHANCE_YOUR_CALM": "",
		"http2: Transport: cannot retry err [stream error: stream ID 3; PROTOCOL_ERROR; received from peer] after Request.Body was written": "stream error: stream ID 3; PROTOCOL_ERROR; received from peer",
	} {
		err := errors.New(given)
		safe := safeerror.Exchange(err)
		require.EqualError(t, safe, cmp.Or(want, given))
		require.ErrorIs(t, safe, err)
	}
	for _, given := range []string{
		`net/http: HTTP/1.x transport connection broken: malformed HTTP response "hunter2"`,
		`http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug="hunter2"`,
		"http2: Transport received GOAWAY from server ErrCode:hunter2", "stream error: stream ID 1; unknown error code 0xhunter2", "stream error: stream ID 1; hunter2", "http2: Transport: cannot retry err [hunter2] after",
	} {
		require.EqualError(t, safeerror.Exchange(errors.New(given)), "the exchange failed (*errors.errorString)")
	}
}

func TestErrorOfTheUsersCodeIsShownWithoutWhatWasSent(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"the vault is sealed", "the vault is sealed"},
		{"token s3cr3t-value refused", "token [cut] refused"},
		{"s3cr3t-value, s3cr3t-value+more", "[cut], [cut]"},
		{"a form with key=a%2Fb+%22c%22", "a form with key=[cut]"},
		{`a quoted "a/b \"c\""`, `a quoted "[cut]"`},
		{"a path with a%2Fb%20%22c%22", "a path with [cut]"},
		{"no way to http://worker:pass@proxy.example:3128", "no way to http://[cut]"},
		{"no way to http://worker:pa/ss@proxy.example:3128, or back", "no way to http://[cut] or back"},
		{`Get "https://engage.example/v1?key=1": refused`, `Get "https://engage.example[cut]": refused`},
		{"https://engage.example and https://engage.example#x", "https://engage.example and https://engage.example[cut]"},
		{"://", "://"},
	} {
		err := errors.New(c.given)
		safe := safeerror.Show(err, hidden, hidden+"+more", `a/b "c"`, "")
		require.EqualError(t, safe, c.want)
		require.ErrorIs(t, safe, err)
	}
	require.NoError(t, safeerror.Show(nil))
	require.EqualError(t, safeerror.Show(&url.Error{Op: "Post", URL: "/path", Err: text("broken " + hidden)}, hidden), "broken [cut]")
	require.EqualError(t, safeerror.Show(&url.Error{Op: "Post", URL: "/path", Err: io.EOF}), "EOF")
	require.NotContains(t, shown(safeerror.Show(text(hidden), hidden)), hidden)
	require.LessOrEqual(t, len(safeerror.Show(text(strings.Repeat("é", 10_000))).Error()), 1<<10+len("…"))

	// The text is the SDK's own, or of the network.
	for _, err := range []error{safeerror.New("there is no token"), &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}} {
		require.Equal(t, err, safeerror.Show(err))
		require.Equal(t, err, safeerror.Exchange(err))
	}
}

func TestErrorWithoutACauseIsNotShown(t *testing.T) {
	for name, err := range map[string]error{
		"URL":        &url.Error{URL: hidden},
		"connection": &net.OpError{Op: "dial"},
		"system":     &net.OpError{Op: "dial", Err: &os.SyscallError{Syscall: "connect"}},
		"no error":   nil,
	} {
		t.Run(name, func(t *testing.T) {
			safe := safeerror.Exchange(err)
			require.ErrorContains(t, safe, "the exchange failed")
			require.NotErrorIs(t, safe, io.EOF)
			require.NotContains(t, shown(safe), hidden)
			require.NotContains(t, shown(safe), "PANIC")
		})
	}
	require.NotContains(t, shown(safeerror.Show(&url.Error{URL: hidden})), hidden)
}

func TestURLOfAWrappedErrorIsNotShown(t *testing.T) {
	err := fmt.Errorf("the limiter failed: %w", &url.Error{Op: "Post", URL: "/" + hidden, Err: text("broken")})
	for _, safe := range []error{safeerror.Show(err), safeerror.Exchange(err)} {
		require.NotContains(t, shown(safe), hidden)
		require.ErrorIs(t, safe, text("broken"))
	}
	require.EqualError(t, safeerror.Show(err), "broken")
}

func TestEndOfTheContextIsTheCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	require.Equal(t, io.EOF, safeerror.Cause(ctx, io.EOF))
	cancel(text(hidden))
	safe := safeerror.Cause(ctx, io.EOF)
	require.EqualError(t, safe, "context canceled")
	require.ErrorIs(t, safe, context.Canceled)
	require.ErrorIs(t, safe, text(hidden))
	require.NotContains(t, shown(safe), hidden)
}

func TestTextStandsForTheError(t *testing.T) {
	require.EqualError(t, safeerror.New("there is no token"), "there is no token")
	require.NoError(t, errors.Unwrap(safeerror.New("there is no token")))
	wrapped := safeerror.Wrap("it failed", text(hidden))
	require.EqualError(t, wrapped, "it failed")
	require.ErrorIs(t, wrapped, text(hidden))
	require.NotContains(t, shown(wrapped), hidden)
}
