package program_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/examples/internal/program"
)

// TestMain makes the test binary the program greet if a test starts it again.
func TestMain(m *testing.M) {
	if os.Getenv("PROGRAM_TEST_PROCESS") != "" {
		program.Main("greet", greet)
	}
	os.Exit(m.Run())
}

// greet is a program with a flag and an operand.
func greet(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("greet", flag.ContinueOnError)
	word := flags.String("word", "Hello", "what to say")
	if err := program.Parse(flags, args, os.Stdout, "name"); err != nil {
		return err
	}
	if flags.Arg(0) == "nobody" {
		return errors.New("nobody is there")
	}
	fmt.Println(*word, flags.Arg(0))
	return nil
}

func TestMainExitsWithTheStatusOfItsProgram(t *testing.T) {
	const usage = "usage: greet [-word] [name]\n  -word string\n    \twhat to say (default \"Hello\")\n"
	for _, test := range []struct {
		args        string
		status      int
		out, errors string
	}{
		{"", 0, "Hello \n", ""},
		{"-word Hi Ann", 0, "Hi Ann\n", ""},
		{"-- -word", 0, "Hello -word\n", ""},
		{"-h", 0, usage, ""},
		{"-word Hi --help", 0, usage, ""},
		{"nobody", 1, "", "greet: nobody is there\n"},
		{"Ann Bob", 2, "", "greet: wrong usage: unexpected argument \"Bob\"\ngreet -h shows its usage\n"},
		{"Ann -word Hi", 2, "", "greet: wrong usage: unexpected argument \"-word\"\ngreet -h shows its usage\n"},
		{"-nope", 2, "", "greet: wrong usage: flag provided but not defined: -nope\ngreet -h shows its usage\n"},
		{"-word", 2, "", "greet: wrong usage: flag needs an argument: -word\ngreet -h shows its usage\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			process := exec.CommandContext(t.Context(), os.Args[0], strings.Fields(test.args)...)
			process.Env = append(os.Environ(), "PROGRAM_TEST_PROCESS=1")
			var out, failures strings.Builder
			process.Stdout, process.Stderr = &out, &failures
			err := process.Run()
			if _, failed := errors.AsType[*exec.ExitError](err); !failed {
				require.NoError(t, err)
			}
			require.Equal(t, test.status, process.ProcessState.ExitCode())
			require.Equal(t, test.out, out.String())
			require.Equal(t, test.errors, failures.String())
		})
	}
}

func TestInputReadsToTheEnd(t *testing.T) {
	read, err := io.ReadAll(program.Input(t.Context(), strings.NewReader("all of it")))
	require.NoError(t, err)
	require.Equal(t, "all of it", string(read))
}

func TestInputEndsWithTheContext(t *testing.T) {
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	in, keyboard := io.Pipe()
	defer keyboard.Close()
	input := program.Input(ctx, in)

	_, err := io.WriteString(keyboard, "a word")
	require.NoError(t, err)
	word := make([]byte, 6)
	_, err = io.ReadFull(input, word)
	require.NoError(t, err)
	require.Equal(t, "a word", string(word))
	cancel(enough)
	_, err = input.Read(word)
	require.ErrorIs(t, err, enough, "without more input")
}
