//go:build unix

package admin_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/stream"
)

func TestTheSocketIsForItsOwnerOnly(t *testing.T) {
	folder, err := os.MkdirTemp("", "admin")
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	socket := filepath.Join(folder, "admin")
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	stop, err := admin.Serve(socket, inbox)
	require.NoError(t, err)
	defer stop()
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077)
	_, err = admin.Serve(socket, inbox)
	require.Error(t, err)
}
