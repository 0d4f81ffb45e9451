// Lostreply appends a message. The service applies the append, and its reply gets
// lost. A program that sends again has the message in the conversation twice. One
// that gives up does not know that it is there. This one ends with one message, and
// knows it.
//
// It shows this twice. Its own transport loses the replies, so the service needs no fault.
// The first client finds the message in the transcript of the conversation. The second one
// has a wrong path for transcripts, and a callback reports the outcome.
//
// Without configuration the conversation is in memory. With ENGAGE_BASE_URL,
// ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET set it is in that tenant, which must reach
// this machine with its callbacks, as examples/simulator does.
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
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

func main() {
	program.Main("lostreply", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	if err := program.Parse(flag.NewFlagSet("lostreply", flag.ContinueOnError), args, out); err != nil {
		return err
	}
	t, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer t.Close()
	deliverer := engage.Deliverer{Client: t.Client}
	delivery, err := deliverer.Deliver(ctx, engage.Inbound{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Message: message.Text{Direction: message.Inbound, Text: "Hello"},
	})
	if err != nil {
		return err
	}
	s := story{tenant: t, conversation: delivery.ConversationID, out: out}

	fmt.Fprintln(out, "The reply is lost, and the client looks the message up in the transcript")
	if err := s.loseReply(ctx); err != nil {
		return err
	}

	fmt.Fprintln(out, "\nThe reply is lost, there are no transcripts, and a callback reports the outcome")
	callbacks, stop, err := serveCallbacks()
	if err != nil {
		return err
	}
	defer func() { _ = stop() }()
	// The service has no such path.
	noTranscripts := engage.WithRoute(outcome.FetchTranscript, engage.Route{Method: http.MethodGet, Path: "/no-transcripts/{conversation}"})
	return s.loseReply(ctx, noTranscripts, engage.WithCallbacks(callbacks))
}

// story is the conversation in which replies get lost.
type story struct {
	tenant       *tenant.Tenant
	conversation string
	out          io.Writer
}

// loseReply appends one message with a client of its own, which loses the reply. It prints
// what that client knows of the message. Then it counts the message with a client that loses
// nothing.
func (s story) loseReply(ctx context.Context, options ...engage.Option) error {
	client, err := s.tenant.NewClient(append(options, engage.WithMiddleware(losing))...)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	receipt, err := client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: s.conversation,
		Channel:        channel.SMS,
		Messages:       []message.Message{message.Text{Direction: message.Inbound, Text: "Is anybody there?"}},
	})
	if err != nil {
		return err
	}
	for i, attempt := range receipt.Attempts {
		fmt.Fprintf(s.out, "  attempt %d: %v, %s\n", i+1, attempt.Err, attempt.Effect)
	}
	fmt.Fprintf(s.out, "  receipt: %s, %s\n", receipt.Outcome, receipt.Proof)
	times := 0
	for m, err := range s.tenant.Client.Transcript(ctx, s.conversation, nil) {
		if err != nil {
			return err
		}
		if message.EnvelopeOf(m).AliasID == receipt.MessageAliasIDs[0] {
			times++
		}
	}
	fmt.Fprintf(s.out, "  times that the conversation has the message: %d\n", times)
	return nil
}

// losing is a middleware that loses the replies to appends.
func losing(next http.RoundTripper) http.RoundTripper { return losingTransport{next} }

type losingTransport struct{ next http.RoundTripper }

// RoundTrip sends a request. If that is an append, RoundTrip drops the reply and returns the
// error of a connection that the service has closed.
func (t losingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	reply, err := t.next.RoundTrip(request)
	if err != nil || request.Method != http.MethodPost || !strings.HasSuffix(request.URL.Path, "/messages") {
		return reply, err
	}
	return nil, errors.Join(io.EOF, reply.Body.Close())
}

// serveCallbacks serves callbacks on a loopback address until stop is called, which waits
// until the server has ended. A program in production serves them over TLS, where the
// service can reach them.
func serveCallbacks() (callbacks *callback.Handler, stop func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	callbacks, err = callback.New("http://" + listener.Addr().String() + "/engage/callbacks")
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/engage/callbacks/", callbacks)
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	return callbacks, func() error {
		defer func() { <-ended }()
		return server.Close()
	}, nil
}
