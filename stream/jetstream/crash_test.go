package jetstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream/jetstream"
	"github.com/engagesdk/engage-go/stream/jetstream/embedded"
)

// childFolder is the environment variable that makes the test binary the program
// which is killed.
const childFolder = "JETSTREAM_TEST_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(childFolder); folder != "" {
		if err := child(folder); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// What the child puts, each time that it starts.
const (
	childConversations = 4
	childLength        = 10
)

// child puts all entries and handles them. It prints what it does and waits for
// a line before each acknowledgement, and after it.
func child(folder string) error {
	ctx := context.Background()
	inbox, err := embedded.Open(ctx, embedded.Config{Folder: folder}, jetstream.Config{Lines: 4, Lease: 300 * time.Millisecond})
	if err != nil {
		return err
	}
	for n := range childLength {
		for c := range childConversations {
			if _, err := inbox.Put(ctx, entry(fmt.Sprintf("c%d", c), n)); err != nil {
				return err
			}
		}
	}
	input := bufio.NewReader(os.Stdin)
	say := func(what, id string) error {
		fmt.Println(what, id)
		_, err := input.ReadString('\n')
		return err
	}
	for {
		delivery, err := inbox.Take(ctx)
		if err != nil {
			return err
		}
		if err := say("handled", delivery.ID); err != nil {
			return err
		}
		if err := delivery.Ack(ctx); err != nil {
			fmt.Println("late", delivery.ID)
			continue
		}
		if err := say("acknowledged", delivery.ID); err != nil {
			return err
		}
	}
}

// process is a child that runs.
type process struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Scanner
}

func start(t *testing.T, folder string) *process {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), executable)
	command.Env = append(os.Environ(), childFolder+"="+folder)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	return &process{t, command, input, bufio.NewScanner(output)}
}

// next returns what the process did next, and to which entry.
func (p *process) next() (what, id string) {
	p.t.Helper()
	require.True(p.t, p.lines.Scan(), "the process ended")
	what, id, _ = strings.Cut(p.lines.Text(), " ")
	return what, id
}

func (p *process) proceed() {
	p.t.Helper()
	_, err := io.WriteString(p.input, "\n")
	require.NoError(p.t, err)
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Kill())
	for p.lines.Scan() {
	}
	require.Error(p.t, p.command.Wait())
}

// A process that embeds the server is killed between handling and acknowledging,
// and right after acknowledging.
func TestAProcessThatIsKilledLosesNothing(t *testing.T) {
	t.Parallel()
	const all = childConversations * childLength
	killAt := map[string][]int{"handled": {5, 15, 25}, "acknowledged": {10, 20, 30}}
	seen := map[string]int{}
	handled, acknowledged, next := map[string]int{}, map[string]int{}, map[string]int{}
	var interrupted []string

	folder := t.TempDir()
	p := start(t, folder)
	for len(acknowledged) < all {
		what, id := p.next()
		conversation, _, _ := strings.Cut(id, "-")
		switch what {
		case "handled":
			require.Zero(t, acknowledged[id], "%s is given out after it was acknowledged", id)
			require.Equal(t, fmt.Sprintf("%s-%d", conversation, next[conversation]), id)
			handled[id]++
		case "acknowledged":
			acknowledged[id]++
			next[conversation]++
		case "late": // the lease ran out
			continue
		default:
			t.Fatalf("the process says %s %s", what, id)
		}
		seen[what]++
		if !slices.Contains(killAt[what], seen[what]) {
			p.proceed()
			continue
		}
		if what == "handled" {
			interrupted = append(interrupted, id)
		}
		p.kill()
		p = start(t, folder)
	}
	p.kill()

	require.Len(t, interrupted, 3)
	for _, id := range interrupted {
		require.Greater(t, handled[id], 1, "%s was handled again", id)
	}
	require.Len(t, acknowledged, all)
	for id, times := range acknowledged {
		require.Equal(t, 1, times, id)
	}
}
