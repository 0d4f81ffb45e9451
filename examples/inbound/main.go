// Inbound reads customers' messages, one JSON object a line, and brings each
// into its conversation. It prints a line for each message with the edge it
// ended on, then how often each edge was met, and exits with status 1 if any
// message failed. If it is interrupted it says before which line it stopped.
//
//	inbound messages.ndjson
//	inbound < messages.ndjson
//
// The fields of a line are those of the type line. Without configuration the
// conversations are in memory; with ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and
// ENGAGE_CLIENT_SECRET set they are those of that tenant.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/examples/internal/flow"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

// errFailed says that a message failed; its line has told why.
var errFailed = errors.New("not every message arrived")

func main() {
	program.Main("inbound", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdin, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("inbound", flag.ContinueOnError)
	if err := program.Parse(flags, args, out, "file"); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		file, err := os.Open(flags.Arg(0))
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	engageTenant, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer engageTenant.Close()

	r := router{flow: flow.Inbound{Client: engageTenant.Client}, out: out, edges: map[outcome.Edge]int{}}
	defer r.summarize()
	for line, err := range lines(program.Input(ctx, in)) {
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return fmt.Errorf("stopped before line %d: %w", line.number, err)
		}
		r.route(ctx, line)
	}
	if r.failed > 0 {
		return errFailed
	}
	return nil
}

// router brings messages into their conversations and keeps count.
type router struct {
	flow   flow.Inbound
	out    io.Writer
	edges  map[outcome.Edge]int
	failed int
}

// route brings one line into its conversation and prints what happened.
func (r *router) route(ctx context.Context, line numbered) {
	var steps []string
	r.flow.OnStep = func(step string, edge outcome.Edge) { steps = append(steps, step+" "+string(edge)) }

	edge, err := r.receive(ctx, line.text)
	r.edges[edge]++
	fmt.Fprintf(r.out, "%4d  %-24s  %s\n", line.number, edge, strings.Join(steps, ", "))
	if err == nil {
		return
	}
	r.failed++
	violations := flow.Violations(err)
	for _, violation := range violations {
		fmt.Fprintf(r.out, "      %s\n", violation)
	}
	if len(violations) == 0 {
		fmt.Fprintf(r.out, "      %v\n", err)
	}
}

func (r *router) receive(ctx context.Context, text string) (outcome.Edge, error) {
	if len(text) > longest {
		return outcome.OnInvalidData, fmt.Errorf("the line is longer than %d bytes", longest)
	}
	l, err := parse(text)
	if err != nil {
		return outcome.OnInvalidData, err
	}
	address, m, err := l.read()
	if err != nil {
		return outcome.OnInvalidData, err
	}
	return r.flow.Receive(ctx, address, m)
}

// summarize prints how often each edge was met.
func (r *router) summarize() {
	total := 0
	var names []string
	for edge, count := range r.edges {
		total += count
		names = append(names, string(edge))
	}
	slices.Sort(names)
	fmt.Fprintf(r.out, "\n%d messages, %d failed\n", total, r.failed)
	for _, name := range names {
		fmt.Fprintf(r.out, "%4d  %s\n", r.edges[outcome.Edge(name)], name)
	}
}
