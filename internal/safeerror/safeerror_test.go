package safeerror_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
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

// unheeded returns the error of a read that nobody answers in time.
func unheeded(t *testing.T) error {
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

// undialed returns the error of a dial that ends as end has it end.
func undialed(end func(context.Context) (context.Context, context.CancelFunc)) error {
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
		"i/o timeout":            unheeded(t),
		"9: i/o timeout":         undialed(expired),
		"operation was canceled": undialed(canceled),
		"connection refused":     &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"no such host":           &net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host"}}},
		"closed network":         &net.OpError{Op: "write", Err: net.ErrClosed},
		"EOF":                    &net.OpError{Op: "read", Err: io.EOF},
	} {
		require.IsType(t, &net.OpError{}, err)
		require.ErrorContains(t, err, cause)
		require.Equal(t, err, safeerror.Exchange(err), cause)
	}
}

func TestErrorsOfTheNetworkAreShown(t *testing.T) {
	own := errors.New("one's own")
	for _, err := range []error{
		io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded, syscall.ECONNRESET, tls.AlertError(40), own,
		&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}, &net.DNSError{Err: "no such host", Name: "api.example.com"},
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
		"in a known": &net.OpError{Op: "dial", Err: fmt.Errorf("%s: %w, %w", hidden, syscall.ECONNREFUSED, text(hidden))},
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

func TestErrorThatCannotBeAskedIsNotKept(t *testing.T) {
	for name, err := range map[string]error{
		"nil pointer":          (*url.Error)(nil),
		"connection":           (*net.OpError)(nil),
		"wrapped":              fmt.Errorf("%s: %w", hidden, (*net.DNSError)(nil)),
		"within a URL":         &url.Error{URL: hidden, Err: (*net.OpError)(nil)},
		"joined":               errors.Join(text(hidden), (*url.Error)(nil)),
		"URL without a cause":  &url.Error{URL: hidden},
		"connection, no cause": &net.OpError{Op: "dial"},
		"system, no cause":     &net.OpError{Op: "dial", Err: &os.SyscallError{Syscall: "connect"}},
		"no error":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			safe := safeerror.Exchange(err)
			require.ErrorContains(t, safe, "the exchange failed")
			require.NotErrorIs(t, safe, io.EOF)
			require.NotContains(t, shown(safe), hidden)
			require.NotContains(t, shown(safe), "PANIC")
		})
	}
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

	ctx, cancel = context.WithCancelCause(t.Context())
	cancel((*url.Error)(nil))
	require.ErrorIs(t, safeerror.Cause(ctx, nil), context.Canceled)
}

func TestTextStandsForTheError(t *testing.T) {
	require.EqualError(t, safeerror.New("there is no token"), "there is no token")
	require.NoError(t, errors.Unwrap(safeerror.New("there is no token")))
	wrapped := safeerror.Wrap("it failed", text(hidden))
	require.EqualError(t, wrapped, "it failed")
	require.ErrorIs(t, wrapped, text(hidden))
	require.NotContains(t, shown(wrapped), hidden)
	require.NoError(t, errors.Unwrap(safeerror.Wrap("it failed", (*url.Error)(nil))))
}
