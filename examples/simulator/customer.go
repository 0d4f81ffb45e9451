package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// write lets a customer write. Without a receiver the message is in the conversation at
// once, whose id write returns. With one the receiver gets an event, and it is up to the
// program under test to create the conversation.
func (s *simulator) write(ctx context.Context, address channel.Address, m message.Message) (id string, err error) {
	if s.sender == nil {
		return s.server.Write(address, m)
	}
	event, err := engagetest.Event(address, m)
	if err != nil {
		return "", err
	}
	if _, err = s.sender.Send(ctx, event); err != nil {
		return "", fmt.Errorf("the receiver did not accept the event: %w", err)
	}
	return "", nil
}

// written lets a customer write a message, with the file of the form, and reports what became
// of it.
func (s *simulator) written(w http.ResponseWriter, r *http.Request, address channel.Address, m message.Message) {
	ctx, cancel := context.WithTimeout(r.Context(), callTime)
	defer cancel()
	m, err := s.withFile(m, r)
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not written: ", err, "."))
		return
	}
	id, err := s.write(ctx, address, m)
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not written: ", err, "."))
		return
	}
	if id == "" {
		s.show(w, http.StatusOK, "report", report{Title: "The receiver has accepted the event."})
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: "The customer has written.", Open: id})
}

// writeAsNewCustomer lets a customer write to the business. Addresses that the form leaves
// empty are made up.
func (s *simulator) writeAsNewCustomer(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	address, err := newCustomer(
		channel.Channel(r.PostFormValue("channel")), strings.TrimSpace(r.PostFormValue("business")),
		strings.TrimSpace(r.PostFormValue("customer")), r.PostFormValue("subject"))
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not written: ", err, "."))
		return
	}
	s.written(w, r, address, customerMessage(address, r.PostFormValue("text")))
}

// newCustomer returns the address of a customer who writes to the business for the first
// time. It makes up what is empty. Only an email has a subject. It returns an error for an
// unknown channel.
func newCustomer(ch channel.Channel, business, customer, subject string) (channel.Address, error) {
	id := strings.ToLower(rand.Text()[:10])
	members := channel.Members{Channel: ch}
	switch ch {
	case channel.SMS, channel.WhatsApp:
		members.BusinessAddress, members.CustomerAddress = "+15550100", "+1555"+digits(7)
	case channel.Email:
		members.BusinessAddress, members.CustomerAddress = "help@shop.example", id+"@mail.example"
		members.Subject = cmp.Or(subject, "A question")
	default:
		members.BusinessAddress, members.CustomerAddress = "shop", id
	}
	members.BusinessAddress = cmp.Or(business, members.BusinessAddress)
	members.CustomerAddress = cmp.Or(customer, members.CustomerAddress)
	if ch == channel.LiveChat {
		members.ThreadID, members.BrowserFingerprint = "thread-"+members.CustomerAddress, members.CustomerAddress
	}
	return members.Address()
}

// digits returns n random digits.
func digits(n int) string {
	random := make([]byte, n)
	rand.Read(random)
	for i := range random {
		random[i] = '0' + random[i]%10
	}
	return string(random)
}

// customerMessage returns a text of a customer in the form of the channel.
func customerMessage(address channel.Address, text string) message.Message {
	email, ok := address.(channel.EmailAddress)
	if !ok {
		return message.Text{Direction: message.Inbound, Text: text}
	}
	return message.Email{Direction: message.Inbound, Content: message.EmailContent{
		From: email.From, To: []string{email.Mailbox}, PlainBody: text, StrippedText: text,
		Headers: map[string]string{"Message-ID": "<" + rand.Text() + "@mail.example>"},
	}}
}

// writeInConversation lets the customer of a conversation write a sample of the type in the
// form, or a text if there is no such sample.
func (s *simulator) writeInConversation(w http.ResponseWriter, r *http.Request) {
	conversation, ok := s.customerOf(w, r)
	if !ok {
		return
	}
	m := sampleOf(conversation.Channel, message.Type(r.PostFormValue("type")), message.Inbound)
	if m == nil {
		m = customerMessage(conversation.Address(), r.PostFormValue("text"))
	}
	s.written(w, r, conversation.Address(), m)
}

// customerOf returns the conversation of a request whose customer is about to write, and
// parses the form. It writes why and returns false if there is no such conversation, if that
// has no address to write from, or if the form is malformed.
func (s *simulator) customerOf(w http.ResponseWriter, r *http.Request) (engagetest.Conversation, bool) {
	conversation, ok := s.server.Conversation(r.PathValue("id"))
	if !ok || conversation.Address() == nil {
		s.fail(w, http.StatusNotFound, "There is no such conversation.")
		return conversation, false
	}
	return conversation, s.form(w, r)
}

// answer lets the customer answer a rich message.
func (s *simulator) answer(w http.ResponseWriter, r *http.Request) {
	conversation, ok := s.customerOf(w, r)
	if !ok {
		return
	}
	position, err := strconv.Atoi(r.PostFormValue("message"))
	if err != nil || position < 0 || position >= len(conversation.Messages) {
		s.fail(w, http.StatusNotFound, "There is no such message.")
		return
	}
	question, err := message.Decode(conversation.Messages[position].Raw)
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, "The message cannot be decoded.")
		return
	}
	answer, err := engagetest.Answer(question, choicesOf(r)...)
	if err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not answered: ", errors.Unwrap(err), "."))
		return
	}
	s.written(w, r, conversation.Address(), answer)
}

// choicesOf returns the choices in a form. The field choice has the identifiers of what
// was chosen. The field value- and the identifier of a page has what was entered on it.
func choicesOf(r *http.Request) []message.Choice {
	var choices []message.Choice
	for _, identifier := range r.PostForm["choice"] {
		choices = append(choices, message.Choice{Identifier: identifier})
	}
	var entered []message.Choice
	for name, values := range r.PostForm {
		if identifier, ok := strings.CutPrefix(name, "value-"); ok && values[0] != "" {
			entered = append(entered, message.Choice{Identifier: identifier, Value: values[0]})
		}
	}
	slices.SortFunc(entered, func(a, b message.Choice) int { return cmp.Compare(a.Identifier, b.Identifier) })
	return append(choices, entered...)
}
