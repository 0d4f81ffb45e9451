package jetstream_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// programVariable is the environment variable that makes the test binary one of
// programs.
const programVariable = "JETSTREAM_TEST_PROGRAM"

// programs are what tests start and kill.
var programs = map[string]func(arguments []string) error{
	"putter": putAndHandle,
	"worker": runWorker,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(programVariable); name != "" {
		if err := programs[name](os.Args[1:]); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// process is a program that runs.
type process struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Scanner
}

// start starts a program, which ends with ctx at the latest.
func start(ctx context.Context, t *testing.T, program string, arguments ...string) *process {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(ctx, executable, arguments...)
	command.Env = append(os.Environ(), programVariable+"="+program)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	return &process{t, command, input, bufio.NewScanner(output)}
}

// next returns what the process did next, and to which entry; ok is false when
// it has ended. What it wrote before it was killed is there to be read.
func (p *process) next() (what, id string, ok bool) {
	ok = p.lines.Scan()
	what, id, _ = strings.Cut(p.lines.Text(), " ")
	return what, id, ok
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
