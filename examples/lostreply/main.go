// Lostreply appends a message. The service applies the append, and its reply gets
// lost. A program that sends again has the message in the conversation twice. One
// that gives up does not know that it is there. This one ends with one message, and
// knows it.
//
// It runs twice, each time against an Engage in memory that loses the reply on
// purpose. The first time the client finds the message in the transcript of the
// conversation. The second tenant has no transcripts: a callback reports the
// outcome.
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

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/outcome"
)

func main() {
	program.Main("lostreply", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Stdout)
	})
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if err := program.Parse(flag.NewFlagSet("lostreply", flag.ContinueOnError), args, out); err != nil {
		return err
	}
	fmt.Fprintln(out, "The reply is lost, and the client looks the message up in the transcript")
	standalone := engagetest.NewServer()
	defer standalone.Close()
	if err := loseReply(ctx, out, standalone); err != nil {
		return err
	}

	fmt.Fprintln(out, "\nThe reply is lost, there are no transcripts, and a callback reports the outcome")
	contactCenter := engagetest.NewServer()
	defer contactCenter.Close()
	contactCenter.Fail(outcome.FetchTranscript, engagetest.Fault{Status: http.StatusNotFound, Times: engagetest.Always})
	callbacks, stop, err := serveCallbacks()
	if err != nil {
		return err
	}
	defer stop()
	return loseReply(ctx, out, contactCenter, engage.WithCallbacks(callbacks))
}

// loseReply appends one message, loses the reply, and prints what the client knows
// of the message and what the conversation contains.
func loseReply(ctx context.Context, out io.Writer, server *engagetest.Server, options ...engage.Option) error {
	client, err := server.Client(options...)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	id := server.Seed(engagetest.Conversation{
		Channel: channel.SMS, BusinessAddress: "+15550100", CustomerAddress: "+15550199",
	})
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})

	receipt, err := client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: id,
		Channel:        channel.SMS,
		Messages:       []message.Message{message.Text{Direction: message.Inbound, Text: "Is anybody there?"}},
	})
	if err != nil {
		return err
	}
	for i, attempt := range receipt.Attempts {
		fmt.Fprintf(out, "  attempt %d: %v, %s\n", i+1, attempt.Err, attempt.Effect)
	}
	fmt.Fprintf(out, "  receipt: %s, %s\n", receipt.Outcome, receipt.Proof)
	conversation, _ := server.Conversation(id)
	fmt.Fprintf(out, "  messages in the conversation: %d\n", len(conversation.Messages))
	return nil
}

// serveCallbacks serves callbacks on a loopback address until stop is called. A
// program in production serves them over TLS, where the service can reach them.
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
	go server.Serve(listener)
	return callbacks, server.Close, nil
}
