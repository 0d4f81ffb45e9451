// Package program starts and ends the examples: how they read their arguments,
// how a signal stops them, and with which status they exit.
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

// ErrMisuse says that a program was called in another way than its usage says.
var ErrMisuse = errors.New("wrong usage")

// Main runs the program called name and exits. The status is 0 if run succeeded
// or showed the usage, 2 if it ended in [ErrMisuse], and 1 if it failed. The
// context of run ends when the program is interrupted or told to terminate.
func Main(name string, run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends a program that takes its time over the first.
	context.AfterFunc(ctx, stop)
	os.Exit(status(os.Stderr, name, run(ctx, os.Args[1:])))
}

// status tells of err, and returns what to exit with.
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

// Parse reads the arguments of the program that flags are named after. Behind
// the flags there may be one argument for each of the operands, which are then
// flags.Args; any other is refused with [ErrMisuse]. If args ask for help, it
// writes the usage to out and returns [flag.ErrHelp].
func Parse(flags *flag.FlagSet, args []string, out io.Writer, operands ...string) error {
	flags.Init(flags.Name(), flag.ContinueOnError)
	flags.SetOutput(io.Discard) // Main tells what is wrong
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

// usage is the line that shows how the program is called.
func usage(flags *flag.FlagSet, operands []string) string {
	line := "usage: " + flags.Name()
	flags.VisitAll(func(f *flag.Flag) { line += " [-" + f.Name + "]" })
	for _, operand := range operands {
		line += " [" + operand + "]"
	}
	return line
}
