// Package main is the command mutate. It makes small changes to the code of packages,
// one at a time, and reports those that no test notices. Run it at the root of a module:
//
//	go run ./internal/mutate [flags] package|file.go ...
//
// Such a change is a mutant: a condition is negated, the boundary of a comparison is
// moved, a statement is left out, or a value is zero that is returned or set in a
// struct. The command prints each mutant that survives the tests, and at the end the
// share that the tests noticed. Some of those that survive change no behaviour.
//
// The flags:
//
//	-test packages   run the tests of these packages, separated by commas, in place of
//	                 those of the arguments
//	-skip regexp     skip these tests, such as slow ones
//	-timeout time    take longer tests for failed; the default is 1m
//
// For example, this tests the engine by the tests of package engage:
//
//	go run ./internal/mutate -test ./engage -skip 'Chaos|README|ManyCallers' ./internal/engine
//
// It changes no file. It compiles all mutants into one test binary for each package, by
// an overlay of the go command. An environment variable turns one mutant on. For each
// mutant, it runs only the tests that reach it, the fastest first.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	tests := flag.String("test", "", "packages whose tests are run, separated by commas")
	skip := flag.String("skip", "", "regexp of the tests that are skipped")
	timeout := flag.Duration("timeout", time.Minute, "how long the tests of a mutant may take")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, flag.Args(), *tests, *skip, *timeout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// run makes the mutants of targets, runs the tests for each, and prints what survives.
func run(ctx context.Context, out io.Writer, targets []string, tests, skip string, timeout time.Duration) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := listFiles(ctx, targets)
	if err != nil {
		return err
	}
	set, err := parse(files)
	if err != nil {
		return err
	}
	names := strings.Split(cmp.Or(tests, packagesOf(files)), ",")
	suites, err := build(ctx, dir, set, names)
	if err != nil {
		return err
	}
	for _, s := range suites {
		if err := s.measure(ctx, skip); err != nil {
			return err
		}
	}
	noticed, survived := 0, 0
	for i, m := range set.mutants {
		if m.dropped {
			continue
		}
		if i%100 == 0 {
			fmt.Fprintf(os.Stderr, "mutant %d of %d\n", i+1, len(set.mutants))
		}
		fails, err := isNoticed(ctx, suites, m, timeout)
		if ctx.Err() != nil {
			break // the tests were stopped, and say nothing of the mutant
		}
		if err != nil {
			return err
		}
		if fails {
			noticed++
			continue
		}
		survived++
		fmt.Fprintln(out, m)
	}
	if noticed+survived > 0 {
		fmt.Fprintf(out, "noticed %d of %d mutants (%.1f %%)\n", noticed, noticed+survived, 100*float64(noticed)/float64(noticed+survived))
	}
	return ctx.Err()
}

// isNoticed reports whether the tests that reach a mutant fail with it. It returns an
// error if they cannot be run.
func isNoticed(ctx context.Context, suites []*suite, m *mutant, timeout time.Duration) (bool, error) {
	for _, s := range suites {
		if noticed, err := s.notices(ctx, m, timeout); noticed || err != nil {
			return noticed, err
		}
	}
	return false, nil
}

// packagesOf returns the folders of files, separated by commas.
func packagesOf(files []string) string {
	var dirs []string
	for _, file := range files {
		dir := "./" + filepath.Dir(file)
		if len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, ",")
}
