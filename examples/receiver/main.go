// Receiver receives the channel events of Webex Engage Streaming and appends each
// customer's message to its conversation: receiver, inbox, worker and client in one
// program.
//
// Without configuration it sends itself a few signed events of every channel, each of
// them twice, and keeps the conversations in memory. With -listen it waits for events
// at that address until it is interrupted or terminated. ENGAGE_HUB_SECRET is then the
// secret that signs them. ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET
// name the tenant.
//
// Before it ends it accepts no more events, handles those that it has accepted, and
// prints a report. The inbox is in memory. Events that cannot be handled in time are
// lost, and the program reports how many. The module stream/jetstream has a durable
// inbox.
//
// With -admin the program serves its dead letters to examples/deadletters.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/stream"
)

// shutdownTime is how long the program may take to handle the events that it has accepted.
// Kubernetes, for example, kills a program 30 seconds after it asks it to end.
const shutdownTime = 25 * time.Second

func main() {
	program.Main("receiver", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

// configuration holds the flags and the environment, except for the tenant.
type configuration struct {
	listen     string            // Empty if the program sends itself events.
	admin      string            // The path of the socket. Empty without one.
	secret     stream.Secret     // Signs the events.
	businesses map[string]string // The page or number of each app.
}

func configure(args []string, getenv func(string) string, out io.Writer) (configuration, error) {
	flags := flag.NewFlagSet("receiver", flag.ContinueOnError)
	listen := flags.String("listen", "", "the address to wait for events at, such as :8080; if empty, the program sends itself some")
	socket := flags.String("admin", "", "a path for a socket, on which examples/deadletters lists and requeues dead letters")
	businesses := flags.String("businesses", "a_shop_page=page-1066,a_shop_number=15550100",
		"which page or number belongs to which app, for channels whose events name only the app")
	if err := program.Parse(flags, args, out); err != nil {
		return configuration{}, err
	}
	c := configuration{listen: *listen, admin: *socket}
	var err error
	if c.businesses, err = pairs(*businesses); err != nil {
		return configuration{}, fmt.Errorf("%w: -businesses: %w", program.ErrMisuse, err)
	}
	secret := getenv("ENGAGE_HUB_SECRET")
	// The made-up events are only for a tenant in memory or on the loopback. Only these have
	// a URL with http; a region is no URL.
	if base := getenv("ENGAGE_BASE_URL"); c.listen == "" && base != "" && !strings.HasPrefix(base, "http://") {
		return configuration{}, errors.New("set -listen: the events of this program are not for the tenant of ENGAGE_BASE_URL")
	}
	switch {
	case secret != "":
	case c.listen == "":
		secret = "used by this program only"
	default:
		return configuration{}, errors.New("set ENGAGE_HUB_SECRET to the secret that signs the events")
	}
	c.secret = stream.NewSecret(secret).Named("hub")
	return c, nil
}

// pairs parses a list such as app=business,app=business. It returns an empty map for an
// empty text, and an error that names every pair that is malformed or repeats an app.
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
			problems = append(problems, fmt.Sprintf("the app %q is listed twice", app))
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
	if c.admin != "" {
		stop, err := admin.Serve(c.admin, inbox)
		if err != nil {
			return err
		}
		defer stop()
	}
	receiver, err := stream.NewReceiver(inbox,
		stream.WithSignature(stream.SHA256, c.secret), stream.WithReceiverLogger(slog.Default()))
	if err != nil {
		return err
	}
	d := desk{deliverer: &engage.Deliverer{Client: engageTenant.Client}, businesses: c.businesses, out: out}
	worker, err := d.worker(inbox)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", cmp.Or(c.listen, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	server := &http.Server{Handler: receiver, ReadHeaderTimeout: 5 * time.Second}

	if c.listen != "" {
		fmt.Fprintln(out, "Waiting for events at", url)
	}
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- stream.Serve(serving, server, listener, worker) }()
	if c.listen == "" {
		err = feed(ctx, url, c.secret)
		stop()
	}
	err = errors.Join(err, <-served)
	report(out, receiver, worker, inbox)
	return err
}

// report prints what became of the events. Call it when the worker has ended.
func report(out io.Writer, receiver *stream.Receiver, worker *stream.Worker, inbox *stream.MemoryInbox) {
	received, worked := receiver.Counts(), worker.Counts()
	var refused uint64
	for _, requests := range received.Refused {
		refused += requests
	}
	fmt.Fprintf(out, "\n%d events accepted, %d duplicates dropped, %d requests refused\n", received.Accepted, received.Duplicates, refused)
	fmt.Fprintf(out, "%d handled, %d dead letters\n", worked.Handled, worked.DeadLettered)
	for _, letter := range inbox.DeadLetters() {
		fmt.Fprintf(out, "  dead letter: %s: %s\n", letter.ID, letter.Reason)
	}
}
