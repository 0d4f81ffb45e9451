// Package program has what the main functions of the examples share: arguments,
// signals and the exit status.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// ErrMisuse is the error of a program whose arguments do not match its usage.
var ErrMisuse = errors.New("wrong usage")

// Main runs the program called name and exits. The exit status is 0 if run succeeds
// or shows the usage, 2 after [ErrMisuse], and 1 after any other error. The context
// of run ends when the program gets an interrupt or a SIGTERM.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal kills a program that is slow to stop.
	context.AfterFunc(ctx, stop)
	os.Exit(status(os.Stderr, name, run(ctx, os.Args[1:])))
}

// status prints err and returns the exit status.
func status(out io.Writer, name string, err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintf(out, "%s: %v\n", name, err)
	if errors.Is(err, ErrMisuse) {
		fmt.Fprintf(out, "%s -h shows its usage\n", name)
		return 2
	}
	return 1
}

// Parse parses args with flags, whose name is that of the program. After the flags
// there may be one argument for each operand, which flags.Arg returns. Parse returns
// [ErrMisuse] for any other argument. If args ask for help, it writes the usage to
// out and returns [flag.ErrHelp].
func Parse(flags *flag.FlagSet, args []string, out io.Writer, operands ...string) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard) // Main prints the error
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(out)
		fmt.Fprintln(out, usage(flags, operands))
		flags.PrintDefaults()
		return err
	case err != nil:
		return fmt.Errorf("%w: %w", ErrMisuse, err)
	case flags.NArg() > len(operands):
		return fmt.Errorf("%w: unexpected argument %q", ErrMisuse, flags.Arg(len(operands)))
	}
	return nil
}

// usage returns the line that shows how to call the program.
func usage(flags *flag.FlagSet, operands []string) string {
	line := "usage: " + flags.Name()
	flags.VisitAll(func(f *flag.Flag) { line += " [-" + f.Name + "]" })
	for _, operand := range operands {
		line += " [" + operand + "]"
	}
	return line
}
