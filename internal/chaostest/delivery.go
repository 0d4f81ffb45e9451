package chaostest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

const (
	// Customers is the number of customers, who are on all channels.
	Customers = 100
	// Each is the number of messages of each customer.
	Each = 20
	// together is how many customers write at a time. It divides Customers.
	together = 25
)

// AttemptTimeout is the time limit of an attempt. A request that outlives its attempt could
// be applied after a lookup has found it absent. So the limit is long enough for a machine
// with much to do.
const AttemptTimeout = 2 * time.Second

// Delivery is one message of a customer. Both numbers count from 0.
type Delivery struct{ Customer, Number int }

// Deliveries returns all deliveries. Those of one customer are close together, so that
// many are made at once.
func Deliveries() []Delivery {
	var all []Delivery
	for first := 0; first < Customers; first += together {
		for number := range Each {
			for customer := range together {
				all = append(all, Delivery{first + customer, number})
			}
		}
	}
	return all
}

// Seed gives a third of the customers a closed conversation, a third one on hold, and the
// others none.
func Seed(server *engagetest.Server) {
	for customer := range Customers {
		m := address(customer, 0).Members()
		conversation := engagetest.Conversation{
			Channel: m.Channel, CustomerAddress: m.CustomerAddress, BusinessAddress: m.BusinessAddress,
			ThreadID: m.ThreadID, Subject: "help", InReplyTo: m.InReplyTo,
		}
		switch customer % 3 {
		case 1:
			conversation.Status = engagetest.Closed
		case 2:
			conversation.Status = engagetest.OnHold
		default:
			continue
		}
		server.Seed(conversation)
	}
}

// address returns the address of a customer's message. It has what the rules of the
// channel are about: the live chats are of one visitor in several threads, and some of
// the emails have a subject of their own and In-Reply-To.
func address(customer, number int) channel.Address {
	who := fmt.Sprint("customer-", customer)
	switch customer % 7 {
	case 0:
		return channel.SMSAddress{Business: "b", Customer: who}
	case 1:
		return channel.FacebookAddress{PageID: "b", PageScopedID: who}
	case 2:
		return channel.LiveChatAddress{AppID: "b", UserID: "visitor", ThreadID: who}
	case 3:
		return channel.WhatsAppAddress{Business: "b", Customer: who}
	case 4:
		return channel.AppleAddress{AccountID: "b", UserID: who}
	case 5:
		return channel.APIAddress{BusinessID: "b", UserID: who}
	}
	email := channel.EmailAddress{Mailbox: "b@example.com", From: who + "@example.com", Subject: "help"}
	if customer%2 == 0 {
		email.Subject, email.InReplyTo = fmt.Sprint("Re: help ", number), "<"+who+"@example.com>"
	}
	return email
}

// aliasID returns the alias id of the message, which is also its text.
func (d Delivery) aliasID() string { return fmt.Sprintf("%d of %d", d.Number, d.Customer) }

// inbound returns the message.
func (d Delivery) inbound() engage.Inbound {
	text, envelope := d.aliasID(), message.Envelope{AliasID: d.aliasID()}
	in := engage.Inbound{
		Address: address(d.Customer, d.Number),
		Message: message.Text{Direction: message.Inbound, Text: text, Envelope: envelope},
	}
	if email, ok := in.Address.(channel.EmailAddress); ok {
		in.Message = message.Email{
			Direction: message.Inbound, Envelope: envelope,
			Content: message.EmailContent{From: email.From, StrippedText: text},
		}
	}
	return in
}

// Deliver delivers the message by deliverer, and repeats it with Again until it is
// delivered, at most 100 times in all. again says that another delivery may have failed
// before. The error is that of the last delivery.
func (d Delivery) Deliver(ctx context.Context, deliverer *engage.Deliverer, again bool) error {
	const most = 100
	in := d.inbound()
	in.Again = again
	var err error
	for range most {
		if _, err = deliverer.Deliver(ctx, in); err == nil {
			break
		}
		in.Again = true
	}
	return err
}

// Check returns an error unless each customer has one conversation that is not closed, and
// all messages of all customers are there once.
func Check(server *engagetest.Server) error {
	var problems []string
	open, there := map[string]int{}, map[string]int{}
	for _, conversation := range server.Conversations() {
		who := fmt.Sprint(conversation.CustomerAddress, " ", conversation.ThreadID)
		if conversation.Status != engagetest.Closed {
			open[who]++
		}
		for _, m := range conversation.Messages {
			there[m.AliasID]++
		}
	}
	for who, count := range open {
		if count != 1 {
			problems = append(problems, fmt.Sprintf("%s has %d open conversations", who, count))
		}
	}
	if len(open) != Customers {
		problems = append(problems, fmt.Sprintf("%d customers have an open conversation", len(open)))
	}
	for _, d := range Deliveries() {
		if count := there[d.aliasID()]; count != 1 {
			problems = append(problems, fmt.Sprintf("message %q is there %d times", d.aliasID(), count))
		}
	}
	if len(there) != Customers*Each {
		problems = append(problems, fmt.Sprintf("there are %d different messages", len(there)))
	}
	if problems != nil {
		return fmt.Errorf("chaostest: %s", strings.Join(problems, "\n"))
	}
	return nil
}
