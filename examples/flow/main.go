// Flow takes messages of a customer through an inbound flow, as the vendor's flow builder
// does. It prints the path of each message: every call, the edge that it ended on, and
// the step that the edge leads to.
//
// Without configuration the conversation is in memory, and its messages take each of the
// standard edges. With ENGAGE_BASE_URL, ENGAGE_CLIENT_ID and ENGAGE_CLIENT_SECRET set,
// the first messages go to that tenant, and the flags choose the numbers.
//
// A program that needs no flow of its own uses an engage.Deliverer, which takes the same
// decisions. It also lets the messages of a customer take turns.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

func main() {
	program.Main("flow", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdout)
	})
}

// scene is a message of the customer.
type scene struct {
	title, text string
	// inMemory is how the Engage in memory behaves when it gets the message. If it is not
	// nil, a real tenant does not get the message.
	inMemory *behavior
}

// behavior is the state of the conversation before a message, and perhaps an operation
// that fails with an HTTP status.
type behavior struct {
	state   engagetest.Status
	failing outcome.Operation
	status  int
}

var scenes = []scene{
	{"The customer writes for the first time", "Hello, is my order on its way?", nil},
	{"The customer writes again", "It is order 17.", nil},
	{"The message is empty", "", nil},
	{"An agent has joined the conversation", "Are you there?", &behavior{state: engagetest.Active}},
	{"The conversation was closed", "One more thing.", &behavior{state: engagetest.Closed}},
	{"The flow has no line for a conversation on hold", "Am I on hold?", &behavior{state: engagetest.OnHold}},
	{"The conversation is in an unknown state", "What now?", &behavior{state: "escalated"}},
	{"The service refuses the message", "Not this one.",
		&behavior{engagetest.Active, outcome.AppendMessage, http.StatusConflict}},
	{"The service does not answer in time", "Is it late?",
		&behavior{engagetest.Active, outcome.AppendMessage, http.StatusGatewayTimeout}},
	{"The service fails", "Is it broken?",
		&behavior{engagetest.Active, outcome.SearchConversation, http.StatusInternalServerError}},
	{"The service refuses the token", "Do you know me?",
		&behavior{engagetest.Active, outcome.SearchConversation, http.StatusUnauthorized}},
}

// prepare makes server behave as b says, and ends earlier failures.
func (b behavior) prepare(server *engagetest.Server) {
	for _, conversation := range server.Conversations() {
		server.Update(conversation.ID, func(c *engagetest.Conversation) { c.Status = b.state })
	}
	server.ClearFaults()
	if b.failing != "" {
		server.Fail(b.failing, engagetest.Fault{Status: b.status, Times: engagetest.Always})
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("flow", flag.ContinueOnError)
	business := flags.String("business", "+15550100", "the number the customer writes to")
	customer := flags.String("customer", "+15550199", "the customer's number")
	if err := program.Parse(flags, args, out); err != nil {
		return err
	}
	engageTenant, err := tenant.Open(getenv)
	if err != nil {
		return err
	}
	defer engageTenant.Close()
	fmt.Fprintln(out, "Calling", engageTenant.Name)
	for _, at := range slices.Sorted(maps.Keys(nodes)) {
		for _, edge := range nodes[at].edges.Missing(nodes[at].operation, nodes[at].version) {
			fmt.Fprintf(out, "%s has no line for %s\n", at, edge)
		}
	}

	for _, s := range scenes {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.inMemory != nil && engageTenant.Server == nil:
			continue
		case s.inMemory != nil:
			s.inMemory.prepare(engageTenant.Server)
		}
		fmt.Fprintf(out, "\n%s\n", s.title)
		d := delivery{
			client:  engageTenant.Client,
			address: channel.SMSAddress{Business: *business, Customer: *customer},
			message: message.Text{Direction: message.Inbound, Text: s.text},
		}
		if err := d.run(ctx, out); err != nil {
			return err
		}
	}
	return nil
}
