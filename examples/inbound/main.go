// Inbound reads messages of customers, one JSON object a line, and brings each one
// into its conversation. For each message it prints the edge that it ended on, and
// at the end how many messages ended on each edge. It exits with status 1 if a
// message failed. If it is interrupted, it prints the line before which it stopped.
//
//	inbound messages.ndjson
//	inbound < messages.ndjson
//
// The fields of a line are those of the type record. Without configuration the
// conversations are in memory. With ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and
// ENGAGE_CLIENT_SECRET set they are in that tenant.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

// errFailed is the error of run if a message failed.
var errFailed = errors.New("some messages failed")

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

	r := router{deliverer: &engage.Deliverer{Client: engageTenant.Client}, out: out, edges: map[outcome.Edge]int{}}
	defer r.summarize()
	for l, err := range lines(program.Input(ctx, in)) {
		if err = cmp.Or(err, context.Cause(ctx)); err != nil {
			return fmt.Errorf("stopped before line %d: %w", l.number, err)
		}
		r.route(ctx, l)
	}
	if r.failed > 0 {
		return errFailed
	}
	return nil
}

// router brings messages into their conversations and counts their edges.
type router struct {
	deliverer *engage.Deliverer
	out       io.Writer
	edges     map[outcome.Edge]int
	failed    int
}

// route brings the message of one line into its conversation and prints the result.
func (r *router) route(ctx context.Context, l line) {
	delivery, edge, err := r.receive(ctx, l.text)
	r.edges[edge]++
	var steps []string
	for _, step := range delivery.Steps {
		steps = append(steps, fmt.Sprint(step.Operation, " ", step.Edge))
	}
	fmt.Fprintf(r.out, "%4d  %-24s  %s\n", l.number, edge, strings.Join(steps, ", "))
	if err == nil {
		return
	}
	r.failed++
	if failure, ok := errors.AsType[*outcome.Error](err); ok && len(failure.Violations) > 0 {
		for _, violation := range failure.Violations {
			fmt.Fprintf(r.out, "      %s\n", violation)
		}
		return
	}
	fmt.Fprintf(r.out, "      %v\n", err)
}

// receive parses a line and brings its message into its conversation. It returns what
// became of it, and the edge that it ended on.
func (r *router) receive(ctx context.Context, text string) (delivery engage.Delivery, edge outcome.Edge, err error) {
	record, err := parse(text)
	if err != nil {
		return delivery, outcome.OnInvalidData, err
	}
	address, m, err := record.content()
	if err != nil {
		return delivery, outcome.OnInvalidData, err
	}
	delivery, err = r.deliverer.Deliver(ctx, engage.Inbound{
		Address: address, Message: m, CustomerName: record.CustomerName, CapabilityList: record.CapabilityList,
	})
	return delivery, outcome.Of(delivery, err), err
}

// summarize prints how many messages ended on each edge.
func (r *router) summarize() {
	total := 0
	for _, count := range r.edges {
		total += count
	}
	fmt.Fprintf(r.out, "\n%d messages, %d failed\n", total, r.failed)
	for _, edge := range slices.Sorted(maps.Keys(r.edges)) {
		fmt.Fprintf(r.out, "%4d  %s\n", r.edges[edge], edge)
	}
}
