//go:build browser

package browsertest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

// start starts the simulator on a free port and returns its address. The simulator ends
// with the test, which fails if the simulator fails.
func start(t *testing.T, arguments ...string) (address string) {
	t.Helper()
	simulator := exec.Command(program, append([]string{"-listen", "127.0.0.1:0"}, arguments...)...)
	simulator.Env = append(os.Environ(), "TZ=UTC")
	simulator.Stderr = os.Stderr
	printed, err := simulator.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, simulator.Start())
	lines := bufio.NewReader(printed)
	first, err := lines.ReadString('\n')
	t.Cleanup(func() {
		require.NoError(t, simulator.Process.Signal(os.Interrupt))
		_, _ = io.Copy(io.Discard, lines)
		require.NoError(t, simulator.Wait())
	})
	require.NoError(t, err)
	address, found := strings.CutPrefix(strings.TrimSpace(first), "Desk:  ")
	require.True(t, found, first)
	return strings.TrimSuffix(address, "/")
}

// startWith starts the simulator with a state.
func startWith(t *testing.T, state *engagetest.Server) (address string) {
	t.Helper()
	snapshot, err := state.Snapshot()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(file, snapshot, 0o600))
	return start(t, "-state", file)
}

// newState returns a server to seed, for [startWith].
func newState(t *testing.T, options ...engagetest.Option) *engagetest.Server {
	t.Helper()
	return engagetest.New(t, append(options, engagetest.WithoutNetwork())...)
}
