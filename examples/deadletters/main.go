// Deadletters lists, shows and requeues dead letters: the events that no handler of a
// worker could handle. It reaches them in three places:
//
//	deadletters -memory /run/receiver.sock list
//	deadletters -nats nats://127.0.0.1:4222 show ID
//	deadletters -kafka kafka-1:9093 -kafka-topics engage-events -kafka-group desk requeue ID
//
// A memory inbox belongs to a running program. The example receiver serves its own to this
// tool with -admin. The tool does not join a group of Kafka, and creates nothing.
//
// list shows all letters, and show shows one. Neither shows what a customer wrote, unless
// -body asks show for it. requeue makes the workers handle one letter again, or all with
// -all. It changes nothing without -yes. Kafka keeps a letter that was requeued, so that
// -all requeues it each time.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/stream"
)

func main() {
	program.Main("deadletters", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

// configuration holds the flags and the environment.
type configuration struct {
	memory                                       string
	nats, natsInbox, natsCredentials             string
	kafka, kafkaTopics, kafkaGroup, kafkaLetters string
	kafkaUser, kafkaMechanism, kafkaPassword     string
	kafkaTLS                                     bool
	kind                                         string // memory, nats or kafka
	command, id                                  string
	body, all, yes                               bool
}

func configure(args []string, getenv func(string) string, out io.Writer) (configuration, error) {
	var c configuration
	flags := flag.NewFlagSet("deadletters", flag.ContinueOnError)
	flags.StringVar(&c.memory, "memory", "", "the socket of a program with a memory inbox")
	flags.StringVar(&c.nats, "nats", "", "the URL of a NATS server with a JetStream inbox")
	flags.StringVar(&c.natsInbox, "nats-inbox", "engage-inbox", "the name of the inbox")
	flags.StringVar(&c.natsCredentials, "nats-credentials", "", "a file with the credentials of a user")
	flags.StringVar(&c.kafka, "kafka", "", "the addresses of Kafka brokers, separated by commas")
	flags.StringVar(&c.kafkaTopics, "kafka-topics", "", "the topics of the events, separated by commas")
	flags.StringVar(&c.kafkaGroup, "kafka-group", "", "the group that handles the events")
	flags.StringVar(&c.kafkaLetters, "kafka-letters", "", "the topic of the dead letters, if it is not the default of the group")
	flags.BoolVar(&c.kafkaTLS, "kafka-tls", false, "encrypt the connections")
	flags.StringVar(&c.kafkaUser, "kafka-user", "", "the user to log in as, with the password of KAFKA_PASSWORD")
	flags.StringVar(&c.kafkaMechanism, "kafka-mechanism", "SCRAM-SHA-512", "how the user logs in")
	flags.BoolVar(&c.body, "body", false, "show what the customer wrote")
	flags.BoolVar(&c.all, "all", false, "requeue all letters")
	flags.BoolVar(&c.yes, "yes", false, "really requeue")
	if err := program.Parse(flags, args, out, "command", "id"); err != nil {
		return configuration{}, err
	}
	c.command, c.id, c.kafkaPassword = flags.Arg(0), flags.Arg(1), getenv("KAFKA_PASSWORD")

	var kinds []string
	flags.Visit(func(f *flag.Flag) {
		kind, _, _ := strings.Cut(f.Name, "-")
		if _, known := opens[kind]; known && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	})
	if len(kinds) != 1 {
		return configuration{}, misuse("use the flags of one source: -memory, -nats or -kafka")
	}
	c.kind = kinds[0]
	return c, c.check()
}

// check checks that the command has what it needs, and nothing else.
func (c configuration) check() error {
	switch {
	case c.command != "list" && c.command != "show" && c.command != "requeue":
		return misuse("the command is list, show or requeue")
	case c.command == "list" && c.id != "":
		return misuse("list takes no id")
	case c.command == "show" && c.id == "":
		return misuse("show needs an id")
	case c.command == "requeue" && (c.id == "") != c.all:
		return misuse("requeue needs an id or -all")
	case c.body && c.command != "show":
		return misuse("-body is for show")
	case (c.all || c.yes) && c.command != "requeue":
		return misuse("-all and -yes are for requeue")
	}
	return nil
}

func misuse(problem string) error { return fmt.Errorf("%w: %s", program.ErrMisuse, problem) }

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	c, err := configure(args, getenv, out)
	if err != nil {
		return err
	}
	source, closeSource, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closeSource()
	switch c.command {
	case "list":
		return list(ctx, source, out)
	case "show":
		return show(ctx, source, c.id, c.body, out)
	}
	return requeue(ctx, source, c, out)
}

// list prints a line for each letter.
func list(ctx context.Context, source deadLetters, out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprintln(table, "ID\tRECEIVED\tATTEMPTS\tBYTES\tREASON")
	for letter, err := range source.DeadLetters(ctx) {
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", printable(letter.ID), letter.Received.UTC().Format(time.RFC3339),
			letter.Attempts, len(letter.Data), printable(letter.Reason))
	}
	return nil
}

// show prints one letter.
func show(ctx context.Context, source deadLetters, id string, body bool, out io.Writer) error {
	letter, err := find(ctx, source, id)
	if err != nil {
		return err
	}
	what := "unreadable"
	if event, err := letter.Event(); err == nil {
		head := event.Head()
		what = strings.TrimSpace(string(head.Kind) + " " + string(head.Channel))
	}
	for _, line := range [][2]string{
		{"id", letter.ID}, {"event", what}, {"conversation", letter.Conversation}, {"trace id", letter.TraceID},
		{"received", letter.Received.UTC().Format(time.RFC3339)}, {"attempts", fmt.Sprint(letter.Attempts)},
		{"bytes", fmt.Sprint(len(letter.Data))}, {"reason", letter.Reason},
	} {
		fmt.Fprintf(out, "%-13s %s\n", line[0], printable(line[1]))
	}
	if body {
		fmt.Fprintf(out, "\n%s\n", printableLines(letter.Data))
	}
	return nil
}

// find returns the newest letter with an id.
func find(ctx context.Context, source deadLetters, id string) (found stream.DeadLetter, err error) {
	for letter, err := range source.DeadLetters(ctx) {
		if err != nil {
			return stream.DeadLetter{}, err
		}
		if letter.ID == id {
			found = letter
		}
	}
	if found.ID == "" {
		return found, fmt.Errorf("there is no dead letter with the id %s", printable(id))
	}
	return found, nil
}

// requeue requeues one letter or all. It stops at the first that fails.
func requeue(ctx context.Context, source deadLetters, c configuration, out io.Writer) error {
	if !c.yes {
		ids, err := wanted(ctx, source, c)
		if err != nil {
			return err
		}
		for _, id := range ids {
			fmt.Fprintln(out, "would requeue", printable(id))
		}
		fmt.Fprintln(out, "Nothing is changed. Add -yes to requeue.")
		return nil
	}
	n := 0
	for id, err := range requeued(ctx, source, c) {
		switch {
		case err != nil && id == "":
			return err
		case err != nil:
			return fmt.Errorf("requeued %d, then %s failed: %w", n, printable(id), err)
		}
		n++
		fmt.Fprintln(out, "requeued", printable(id))
	}
	return nil
}

// wanted returns the ids of the letters to requeue, each once.
func wanted(ctx context.Context, source deadLetters, c configuration) (ids []string, err error) {
	if !c.all {
		letter, err := find(ctx, source, c.id)
		return []string{letter.ID}, err
	}
	for letter, err := range source.DeadLetters(ctx) {
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, letter.ID) {
			ids = append(ids, letter.ID)
		}
	}
	return ids, nil
}

// requeued requeues the wanted letters and yields their ids. An error ends the iteration.
// It comes with the id of the letter that failed, or without one if the letters cannot be
// read.
func requeued(ctx context.Context, source deadLetters, c configuration) iter.Seq2[string, error] {
	if all, ok := source.(interface {
		RequeueAll(context.Context) iter.Seq2[string, error]
	}); ok && c.all {
		return all.RequeueAll(ctx) // does not read all letters again for each
	}
	return func(yield func(string, error) bool) {
		ids, err := wanted(ctx, source, c) // all of them first, because requeueing changes what is listed
		if err != nil {
			yield("", err)
			return
		}
		for _, id := range ids {
			if err := source.Requeue(ctx, id); !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// printable returns text without what could control a terminal.
func printable(text string) string { return strings.Map(printed, text) }

// printableLines is printable, and keeps line breaks and tabs.
func printableLines(data []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printed(r)
	}, data)
}

// printed returns r, or the replacement character if r could control a terminal.
func printed(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return unicode.ReplacementChar
}
