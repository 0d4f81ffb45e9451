// Simulator is a Webex Engage in memory with a web page, the agent's desk. Programs in
// any language call its API. People watch and change the conversations on the desk:
//
//	simulator
//	simulator -scenario day -speed 10
//	simulator -state simulator.json
//
// It prints the addresses of both, and the environment variables with which the other
// examples use it. It ends when it is interrupted.
//
// With -state it loads its state from a file, and saves it there at the end.
//
// With -receiver the messages that customers write on the desk become stream events, which
// it posts to that URL. ENGAGE_HUB_SECRET is then the secret that signs them; without it
// they are not signed. For example, these receive the events of the customers that the desk
// makes up, if both have the same secret and the receiver has the variables that the
// simulator prints:
//
//	simulator -receiver http://127.0.0.1:8191/
//	receiver -listen 127.0.0.1:8191 -businesses shop=shop,+15550100=+15550100
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
	"time"

	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/stream"
)

func main() {
	program.Main("simulator", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8190", "the address to listen at")
	state := flags.String("state", "", "a file to load the state from and to save it to at the end")
	scenario := flags.String("scenario", "", "a scenario to start with: day, lost-reply or burst")
	speed := flags.Float64("speed", 1, "the speed of scenarios, from 0.1 to 1000")
	receiver := flags.String("receiver", "", "a URL to post stream events to when a customer writes")
	if err := program.Parse(flags, args, out); err != nil {
		return err
	}
	if err := checkSpeed(*speed); err != nil {
		return fmt.Errorf("%w: -speed: %w", program.ErrMisuse, err)
	}
	c := configuration{state: stateFile(*state), speed: *speed}
	c.host, _, _ = net.SplitHostPort(*listen)
	if *receiver != "" {
		sender, err := newSender(*receiver, getenv("ENGAGE_HUB_SECRET"))
		if err != nil {
			return err
		}
		c.sender = sender
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -listen)", err)
	}
	defer listener.Close()
	c.url = urlOf(listener.Addr())
	s, err := newSimulator(c)
	if err != nil {
		return err
	}
	defer s.close()
	if *scenario != "" {
		if err := s.start(*scenario, *speed); err != nil {
			return fmt.Errorf("%w: -scenario: %w", program.ErrMisuse, err)
		}
	}
	s.printAddresses(out)
	err = s.serve(ctx, listener)
	if s.state != "" {
		err = errors.Join(err, s.state.save(s.server))
	}
	return err
}

// newSender returns the sender of stream events. A receiver without a secret gets unsigned
// events.
func newSender(receiver, secret string) (*stream.Sender, error) {
	var options []stream.SenderOption
	if secret != "" {
		options = append(options, stream.WithSigning(stream.SHA256, stream.NewSecret(secret).Named("hub")))
	}
	return stream.NewSender(receiver, options...)
}

// urlOf returns the URL, without a path, of a program on this machine that listens at an
// address. Its host is always an IP address.
func urlOf(address net.Addr) string {
	host, port, _ := net.SplitHostPort(address.String())
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// printAddresses prints where the desk and the API are.
func (s *simulator) printAddresses(out io.Writer) {
	fmt.Fprintf(out, "Desk:  %s/\nAPI:   %s/api/v1\n\n", s.url, s.url)
	fmt.Fprintf(out, "export ENGAGE_BASE_URL=%s/api/v1\n", s.url)
	fmt.Fprintf(out, "export ENGAGE_CLIENT_ID=%s\nexport ENGAGE_CLIENT_SECRET=%s\n", s.server.ClientID(), s.server.ClientSecret())
}

// serve serves the API and the desk until ctx ends. Requests then have five seconds to end.
// It closes the listener.
func (s *simulator) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		s.cancel() // Ends the events of open pages.
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(ending) // Close ends what is still running.
		stopped <- server.Close()
	})
	err := server.Serve(listener)
	if !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	return <-stopped
}
