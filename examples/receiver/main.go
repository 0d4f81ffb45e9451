// Receiver takes in the channel events of Webex Engage Streaming and brings
// each customer's message into its conversation: receiver, inbox, worker and
// client in one program.
//
// Without configuration it feeds itself a few signed events of every channel,
// some of them twice, and the conversations are in memory. With -listen it waits
// for events at that address until it is interrupted; ENGAGE_HUB_SECRET is then
// the secret they are signed with, and ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and
// ENGAGE_CLIENT_SECRET name the tenant.
//
// The inbox is in memory: what it holds is lost when the program ends. The
// module stream/jetstream has one that lasts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/stream"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

// configuration is what the program is told.
type configuration struct {
	listen     string
	secret     stream.Secret
	businesses map[string]string
}

func configure(args []string, getenv func(string) string) (configuration, error) {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	listen := flags.String("listen", "", "the address to wait for events at, such as :8080; empty feeds itself")
	businesses := flags.String("businesses", "a_shop_page=page-1066,a_shop_number=15550100",
		"which page or number belongs to which app, for the channels whose events name the app only")
	if err := flags.Parse(args); err != nil {
		return configuration{}, err
	}
	c := configuration{listen: *listen, businesses: map[string]string{}}
	for pair := range strings.SplitSeq(*businesses, ",") {
		if app, business, ok := strings.Cut(pair, "="); ok {
			c.businesses[app] = business
		}
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

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	c, err := configure(args, getenv)
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
	url, stop, err := serve(receiver, c.listen)
	if err != nil {
		return err
	}
	defer stop()
	if c.listen != "" {
		fmt.Fprintln(out, "Waiting for events at", url)
		err = worker.Run(ctx)
	} else if err = feed(ctx, url, c.secret); err == nil {
		err = drain(ctx, worker, inbox)
	}
	report(out, receiver, worker, inbox)
	return err
}

// serve answers requests with handler at address until stop is called. An empty
// address is any of the loopback's.
func serve(handler http.Handler, address string) (url string, stop func(), err error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		server.Serve(listener)
	}()
	return "http://" + listener.Addr().String(), func() {
		// What the inbox has is answered before the program ends.
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Shutdown(grace)
		<-ended
	}, nil
}

// drain runs the worker until the inbox is empty.
func drain(ctx context.Context, worker *stream.Worker, inbox *stream.MemoryInbox) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer stop()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for inbox.Counts().Entries > 0 {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return worker.Run(ctx)
}

// report prints what became of the events.
func report(out io.Writer, receiver *stream.Receiver, worker *stream.Worker, inbox *stream.MemoryInbox) {
	received, worked := receiver.Counts(), worker.Counts()
	fmt.Fprintf(out, "\n%d events accepted, %d copies dropped, %d refused\n", received.Accepted, received.Duplicates, len(received.Refused))
	fmt.Fprintf(out, "%d handled, %d given up\n", worked.Handled, worked.DeadLettered)
	for _, letter := range inbox.DeadLetters() {
		fmt.Fprintln(out, "  given up:", letter.Reason)
	}
}
