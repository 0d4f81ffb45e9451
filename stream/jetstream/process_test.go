package jetstream_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// programVariable is the environment variable that makes the test binary run one
// of programs.
const programVariable = "JETSTREAM_TEST_PROGRAM"

// programs are the programs that tests start and kill. Each handles the events of
// the inbox at a place until ctx ends, or stops at a breakpoint.
var programs = map[string]func(ctx context.Context, place string, until breakpoint) error{
	"embedding": runEmbedding,
	"worker":    runWorker,
}

// runProgram runs a program until its standard input ends.
func runProgram(name string, arguments []string) error {
	n, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return programs[name](ctx, arguments[0], breakpoint{arguments[1], n})
}

func TestMain(m *testing.M) {
	if name := os.Getenv(programVariable); name != "" {
		if err := runProgram(name, os.Args[1:]); err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
		return
	}
	// The tests mostly wait, so more of them run at a time than by default.
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set("4") // it accepts any number
	}
	os.Exit(m.Run())
}

// process is a running program.
type process struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	lines   *bufio.Scanner
}

// start starts a program, which is killed when ctx ends.
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

// next returns the next report of the process, and which event it is about; ok is
// false if the process has ended. Reports remain readable after a kill.
func (p *process) next() (what, id string, ok bool) {
	ok = p.lines.Scan()
	what, id, _ = strings.Cut(p.lines.Text(), " ")
	return what, id, ok
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Kill())
	for p.lines.Scan() {
	}
	require.Error(p.t, p.command.Wait())
}
