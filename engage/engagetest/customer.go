package engagetest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// Write appends a message of the customer at address to their conversation, and returns
// the id of the conversation. As with the operation ResolveConversation, Write re-opens
// a closed conversation, and creates one if there is none. On live chat it creates a new
// one instead of re-opening (documented). It finds the conversation of an email by the
// InReplyTo of the address, or else by the In-Reply-To header of the message.
//
// An empty alias id becomes a transaction id of the server, and a zero timestamp the
// time of its clock. If there is a receiver of [Server.StreamTo], Write also sends the
// [Event] of the message. Use [Answer] for the answer to a rich message, and [Reply] for the
// answer to an email.
//
// Write returns an error and changes nothing if the address is incomplete or m is not
// inbound. The same holds if the service does not accept m on the channel.
func (s *Server) Write(address channel.Address, m message.Message) (id string, err error) {
	if problems := address.Problems(); len(problems) > 0 {
		return "", fmt.Errorf("engagetest: Write: the %s of the address %s", problems[0].Field, problems[0].Text)
	}
	to, now := address.Members(), s.now()
	if to.Channel == liveChat && (to.CustomerAddress == "" || to.ThreadID == "") {
		return "", errors.New("engagetest: Write: the address has no UserID or no ThreadID")
	}
	written, err := fromCustomer(to.Channel, message.Stamp(m, s.transactionID(), now))
	if err != nil {
		return "", fmt.Errorf("engagetest: Write: %w", err)
	}
	if to.InReplyTo == "" {
		to.InReplyTo = written.emailHeader("In-Reply-To")
	}
	id = s.write(addressOf(to), written, now)
	if s.events.streams() {
		event, err := Event(address, message.Stamp(m, written.AliasID, written.Timestamp))
		if err != nil {
			s.events.add(StreamEvent{Err: err})
			return id, nil
		}
		s.SendEvent(event)
	}
	return id, nil
}

// write appends a message to the conversation at an address, and returns its id.
func (s *Server) write(to address, m Message, now time.Time) string {
	messages := []Message{m}
	ids := emailIDs(messages)
	s.mu.Lock()
	defer s.mu.Unlock()
	conversation, _ := s.state.resolve(incoming{address: to}, now)
	s.state.append(conversation, messages, ids)
	conversation.UpdatedAt = now
	s.state.changed(conversation.ID)
	return conversation.ID
}

// fromCustomer returns a message of a customer as a conversation of the channel keeps it.
func fromCustomer(ch channel.Channel, m message.Message) (Message, error) {
	if message.DirectionOf(m) != "inbound" {
		return Message{}, errors.New("the message is not inbound")
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return Message{}, fmt.Errorf("the message has no JSON: %w", err)
	}
	o, _ := newObject(raw)
	o.raw = raw
	read := o.message(ch)
	if refusal := o.refusal(); refusal != nil {
		return Message{}, fmt.Errorf("the service does not accept the message: %s", refusal.description)
	}
	read.Raw = o.raw
	return read, nil
}

// Reply returns the email with which the customer answers an email. It has the header
// In-Reply-To if the email has a Message-ID. So [Server.Write] finds the conversation of
// the email, even if that is closed or has another subject. The answer has a Message-ID
// of its own.
func Reply(to message.Email, text string) message.Email {
	headers := map[string]string{"Message-ID": "<" + rand.Text() + "@customer.example>"}
	if id := header(to.Content.Headers, "Message-ID"); id != "" {
		headers["In-Reply-To"] = id
	}
	customer, business := to.Content.From, to.Content.To
	if to.Direction != "inbound" {
		customer, business = slices.Concat(to.Content.To, to.Content.CC, []string{""})[0], []string{to.Content.From}
	}
	return message.Email{Direction: "inbound", Content: message.EmailContent{
		From: customer, To: business, PlainBody: text, StrippedText: text, Headers: headers,
	}}
}

// header returns the value of a header, whose name may be in any case, or "".
func header(headers map[string]string, name string) string {
	for present, value := range headers {
		if strings.EqualFold(present, name) {
			return value
		}
	}
	return ""
}
