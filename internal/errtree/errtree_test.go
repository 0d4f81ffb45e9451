package errtree_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/errtree"
)

func TestErrorWithoutANilPointerIsSound(t *testing.T) {
	for _, err := range []error{
		nil, io.EOF, context.Canceled, syscall.ENOSPC,
		errors.Join(io.EOF, context.Canceled),
		fmt.Errorf("one: %w, other: %w", io.EOF, io.ErrUnexpectedEOF),
		&url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
		&url.Error{Op: "Get"}, // of which the cause is missing
	} {
		require.True(t, errtree.Sound(err), "%v", err)
	}
}

func TestErrorWithANilPointerIsNotSound(t *testing.T) {
	var none *url.Error
	for name, err := range map[string]error{
		"bare":         none,
		"no Unwrap":    (*net.AddrError)(nil),
		"wrapped":      fmt.Errorf("wrapped: %w", none),
		"wrapped deep": &url.Error{Err: fmt.Errorf("deep: %w", &net.OpError{Err: none})},
		"joined":       errors.Join(io.EOF, none),
		"joined deep":  errors.Join(io.EOF, fmt.Errorf("one: %w, other: %w", io.EOF, errors.Join(none))),
	} {
		require.False(t, errtree.Sound(err), name)
	}
}
