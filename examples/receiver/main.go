// Receiver takes in the channel events of Webex Engage Streaming and brings
// each customer's message into its conversation: receiver, inbox, worker and
// client in one program.
//
// Without configuration it feeds itself a few signed events of every channel,
// some of them twice, and the conversations are in memory. With -listen it waits
// for events at that address until it is interrupted or told to terminate;
// ENGAGE_HUB_SECRET is then the secret they are signed with, and
// ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET name the tenant.
//
// Before it ends it refuses new events, handles those it has accepted, and
// reports. The inbox is in memory: what cannot be handled then is lost, and the
// program says so. The module stream/jetstream has an inbox that lasts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/stream"
)

// What ends a program gives it some 30 seconds to do so by itself. The first of
// these is for the events that were accepted, the second for the one that is
// being handled after that.
const (
	drainTime  = 20 * time.Second
	handleTime = 5 * time.Second
)

func main() {
	program.Main("receiver", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

// configuration is what the program is told.
type configuration struct {
	listen     string
	secret     stream.Secret
	businesses map[string]string
}

func configure(args []string, getenv func(string) string, out io.Writer) (configuration, error) {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	listen := flags.String("listen", "", "the address to wait for events at, such as :8080; empty feeds itself")
	businesses := flags.String("businesses", "a_shop_page=page-1066,a_shop_number=15550100",
		"which page or number belongs to which app, for the channels whose events name the app only")
	if err := program.Parse(flags, args, out); err != nil {
		return configuration{}, err
	}
	c := configuration{listen: *listen}
	var err error
	if c.businesses, err = pairs(*businesses); err != nil {
		return configuration{}, fmt.Errorf("%w: -businesses: %w", program.ErrMisuse, err)
	}
	secret := getenv("ENGAGE_HUB_SECRET")
	switch {
	case secret != "":
	case c.listen == "":
		secret = "only this program signs with it"
	default:
		return configuration{}, errors.New("set ENGAGE_HUB_SECRET to the secret that events are signed with")
	}
	c.secret = stream.NewSecret("hub", secret)
	return c, nil
}

// pairs reads app=business,app=business. The empty text has none.
func pairs(text string) (map[string]string, error) {
	businesses := map[string]string{}
	if text == "" {
		return businesses, nil
	}
	var problems []string
	for pair := range strings.SplitSeq(text, ",") {
		app, business, _ := strings.Cut(pair, "=")
		if app == "" || business == "" {
			problems = append(problems, fmt.Sprintf("%q is not app=business", pair))
		} else if _, twice := businesses[app]; twice {
			problems = append(problems, fmt.Sprintf("the app %q is there twice", app))
		}
		businesses[app] = business
	}
	if problems != nil {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return businesses, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	c, err := configure(args, getenv, out)
	if err != nil {
		return err
	}
	engageTenant, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer engageTenant.Close()

	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, c.secret))
	if err != nil {
		return err
	}
	d := desk{client: engageTenant.Client, businesses: c.businesses, out: out}
	worker, err := d.worker(inbox)
	if err != nil {
		return err
	}
	server, err := listen(receiver, c.listen)
	if err != nil {
		return err
	}
	if c.listen != "" {
		fmt.Fprintln(out, "Waiting for events at", server.url)
	}
	// What is accepted is handled, even after ctx has ended.
	working, finish := context.WithCancel(context.WithoutCancel(ctx))
	defer finish()
	worked := make(chan error, 1)
	go func() { worked <- worker.Run(working) }()

	if c.listen != "" {
		err = server.wait(ctx)
	} else {
		err = feed(ctx, server.url, c.secret)
	}
	limited, cancel := context.WithTimeout(working, drainTime)
	defer cancel()
	err = errors.Join(err, server.close(limited))
	drain(limited, inbox)
	finish()
	err = errors.Join(err, <-worked)

	report(out, receiver, worker, inbox)
	if lost := inbox.Counts().Entries; lost > 0 {
		err = errors.Join(err, fmt.Errorf("%d events were accepted and not handled", lost))
	}
	return err
}

// drain returns when the inbox is empty, or when ctx ends.
func drain(ctx context.Context, inbox *stream.MemoryInbox) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for inbox.Counts().Entries > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// report prints what became of the events.
func report(out io.Writer, receiver *stream.Receiver, worker *stream.Worker, inbox *stream.MemoryInbox) {
	received, worked := receiver.Counts(), worker.Counts()
	var refused uint64
	for _, requests := range received.Refused {
		refused += requests
	}
	fmt.Fprintf(out, "\n%d events accepted, %d copies dropped, %d requests refused\n", received.Accepted, received.Duplicates, refused)
	fmt.Fprintf(out, "%d handled, %d given up\n", worked.Handled, worked.DeadLettered)
	for _, letter := range inbox.DeadLetters() {
		fmt.Fprintf(out, "  given up: %s: %s\n", letter.ID, letter.Reason)
	}
}
