package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

func TestAFolderHasOneServer(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "made", "here")
	first, err := embedded.Start(t.Context(), embedded.Config{Folder: folder})
	require.NoError(t, err)
	_, err = embedded.Start(t.Context(), embedded.Config{Folder: folder})
	require.ErrorIs(t, err, embedded.ErrInUse)
	_, err = embedded.Open(t.Context(), embedded.Config{Folder: folder}, jetstream.Config{})
	require.ErrorIs(t, err, embedded.ErrInUse)
	require.NoError(t, first.Close())
	require.NoError(t, first.Close())

	second, err := embedded.Start(t.Context(), embedded.Config{Folder: folder})
	require.NoError(t, err)
	require.NoError(t, second.Close())
}

func TestStartSaysAllThatIsWrong(t *testing.T) {
	_, err := embedded.Start(t.Context(), embedded.Config{
		Listen: "nowhere", SyncInterval: -1,
		Cluster: embedded.Cluster{Name: "c", Listen: "127.0.0.1:99999", Routes: []string{"://"}},
	})
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, "Folder is empty; SyncInterval is negative; Listen is not a host and a port; "+
		"Cluster has only one of Name and Server; Cluster.Listen is not a host and a port; Cluster.Routes[0] is not a URL",
		failure.Violations.String())
}

func TestStartFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	occupied := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(occupied, "jetstream"), nil, 0o600))
	locked := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(locked, "lock"), 0o700))

	for name, config := range map[string]embedded.Config{
		"on a folder that is a file":        {Folder: file},
		"on a folder that cannot be locked": {Folder: locked},
		"on a folder of something else":     {Folder: occupied},
		"on an address that is taken":       {Folder: t.TempDir(), Listen: listener.Addr().String()},
		"on options that do not fit": {Folder: t.TempDir(), Configure: func(o *server.Options) {
			o.MaxPayload = 1 << 30
			o.MaxPending = 1
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := embedded.Start(t.Context(), config)
			require.Error(t, err)
		})
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = embedded.Start(ended, embedded.Config{Folder: t.TempDir()})
	require.ErrorIs(t, err, context.Canceled)
	_, err = embedded.StartCluster(ended, t.TempDir())
	require.ErrorIs(t, err, context.Canceled)
}

func TestOpenEndsTheServerIfItFails(t *testing.T) {
	folder := t.TempDir()
	_, err := embedded.Open(t.Context(), embedded.Config{Folder: folder}, jetstream.Config{Replicas: 3})
	require.Error(t, err)
	inbox, err := embedded.Open(t.Context(), embedded.Config{Folder: folder}, jetstream.Config{})
	require.NoError(t, err)
	require.NoError(t, inbox.Close())
	require.NoError(t, inbox.Close())
}

func TestAnotherProgramReachesAServerThatListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	var log bytes.Buffer
	inbox, err := embedded.Open(t.Context(), embedded.Config{
		Folder: t.TempDir(),
		Listen: address,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Configure: func(o *server.Options) {
			o.Users = []*server.User{{Username: "receiver", Password: "hunter2"}}
		},
	}, jetstream.Config{Options: []nats.Option{nats.UserInfo("receiver", "hunter2")}})
	require.NoError(t, err)

	_, err = jetstream.Open(t.Context(), jetstream.Config{URL: "nats://" + address})
	require.ErrorIs(t, err, nats.ErrAuthorization)
	receiver, err := jetstream.Open(t.Context(), jetstream.Config{URL: "nats://" + address, Options: []nats.Option{nats.UserInfo("receiver", "hunter2")}})
	require.NoError(t, err)
	_, err = receiver.Put(t.Context(), stream.Entry{ID: "1", Conversation: "a"})
	require.NoError(t, err)
	require.NoError(t, receiver.Close())
	delivery, err := inbox.Take(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1", delivery.ID)
	require.NoError(t, inbox.Close())
	require.Contains(t, log.String(), "Server is ready")
	require.NotContains(t, log.String(), "hunter2")
}

// An outgoing connection could otherwise take the port of a stopped server, which
// could then not start again.
func TestAClusterUsesNoPortsOfOutgoingConnections(t *testing.T) {
	servers, err := embedded.StartCluster(t.Context(), t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, servers.Close()) }()
	for server := range strings.SplitSeq(servers.URL(), ",") {
		parsed, err := url.Parse(server)
		require.NoError(t, err)
		port, err := strconv.Atoi(parsed.Port())
		require.NoError(t, err)
		require.Less(t, port, 32_768)
	}
}

// Entries are still there when the folder is opened again.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "inbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	ctx := context.Background()
	for range 2 {
		inbox, err := embedded.Open(ctx, embedded.Config{Folder: folder}, jetstream.Config{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(inbox.Put(ctx, stream.Entry{ID: "t-1", Conversation: "sms 777 +15550100", Data: []byte(`{}`)}))
		fmt.Println(inbox.Close())
	}
	// Output:
	// false <nil>
	// <nil>
	// true <nil>
	// <nil>
}
