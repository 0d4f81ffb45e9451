package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/outcome"
)

// scenario fills the simulator with life.
type scenario struct {
	Name        string
	Title       string
	Description string
	run         func(*stage) error
}

// scenarios has the scenarios in the order in which the desk shows them.
var scenarios = []scenario{
	{"day", "A day in a contact center", "Forty customers write on all channels. Agents join, answer with texts and rich messages, and close the conversations.", day},
	{"lost-reply", "A lost reply", "The service appends the message of an agent and loses its reply. The client finds the message in the transcript. Then the transcript fails, too.", lostReply},
	{"burst", "A burst", "A thousand customers write in ten seconds.", burst},
}

// find returns the conversation at an address, which it looks up with the API. It returns
// false if there is none yet.
func (st *stage) find(address channel.Address) (engagetest.Conversation, bool, error) {
	found, err := st.client.SearchConversation(st.ctx, engage.SearchConversationV13{Address: address})
	if err != nil || found.ConversationID == "" {
		return engagetest.Conversation{}, false, err
	}
	c, ok := st.server.Conversation(found.ConversationID)
	return c, ok, nil
}

// names are the names of customers.
var names = []string{"Ann", "Ben", "Cleo", "Dana", "Eli", "Finn", "Gita", "Hugo", "Ines", "Jon"}

// questions are the first messages of customers.
var questions = []string{
	"Where is my order?", "The shoe does not fit. Can I swap it?", "Do you have it in blue?",
	"I was charged twice.", "When do you open?", "The parcel arrived damaged.",
}

// visit is a customer who has written and is not done.
type visit struct {
	address channel.Address
	step    int // The last step, from 1. 0 if nobody has reacted yet.
}

// customers is how many customers write on a day.
const customers = 40

// day runs a day in a contact center: at every step a customer arrives or a visit goes on. A
// visit waits as long as the program under test has not created its conversation.
func day(st *stage) error {
	random := rand.New(rand.NewPCG(1, 1)) // Every day is the same, except for the addresses.
	var visits []*visit
	for arrived := 0; arrived < customers || len(visits) > 0; {
		if len(visits) == 0 || arrived < customers && random.IntN(4) == 0 {
			v, err := st.arrive(arrived, random)
			if err != nil {
				return err
			}
			arrived++
			visits = append(visits, v)
		} else {
			i := random.IntN(len(visits))
			more, err := st.goOn(visits[i], random)
			if err != nil {
				return err
			}
			if !more {
				visits = slices.Delete(visits, i, i+1)
			}
		}
		if err := st.pause(time.Second); err != nil {
			return err
		}
	}
	return nil
}

// arrive lets the customer with a number write, from 0.
func (st *stage) arrive(number int, random *rand.Rand) (*visit, error) {
	all := channel.All()
	if st.sender != nil { // No document shows an event of the channel API.
		all = slices.DeleteFunc(all, func(ch channel.Channel) bool { return ch == channel.API })
	}
	question := questions[random.IntN(len(questions))]
	address, err := newCustomer(all[number%len(all)], "", "", question)
	if err != nil {
		return nil, err
	}
	name := names[number%len(names)]
	st.play.say(fmt.Sprintf("%s writes on %s.", name, channelName(address.Channel())), true)
	st.changed.ring()
	id, err := st.write(st.ctx, address, customerMessage(address, question))
	if err != nil {
		return nil, err
	}
	st.server.Update(id, func(c *engagetest.Conversation) { c.CustomerName = name })
	return &visit{address: address}, nil
}

// goOn does the next step of a visit. It reports whether there are more.
func (st *stage) goOn(v *visit, random *rand.Rand) (more bool, err error) {
	c, ok, err := st.find(v.address)
	if err != nil || !ok {
		return err == nil, err // The program under test has not created it yet.
	}
	agent := fmt.Sprintf("agent-%d", 1+random.IntN(5))
	switch v.step++; v.step {
	case 1:
		_, err = st.client.AddParticipant(st.ctx, engage.AddParticipantV10{ConversationID: c.ID, Participant: agent})
	case 2:
		_, err = st.append(st.ctx, c, agentMessage(c, message.TypeText, "Hello, let me look that up."))
	case 3:
		_, err = st.append(st.ctx, c, agentQuestion(c, random))
	case 4:
		_, err = st.write(st.ctx, v.address, reaction(c))
	case 5:
		_, err = st.append(st.ctx, c, agentMessage(c, message.TypeText, "It is settled. Have a good day!"))
	default:
		_, err = st.client.CloseConversation(st.ctx, engage.CloseConversationV10{ConversationID: c.ID})
		return false, err
	}
	return true, err
}

// agentQuestion returns a rich message of the channel, or a text if it has none.
func agentQuestion(c engagetest.Conversation, random *rand.Rand) message.Message {
	var rich []message.Type
	for _, m := range samples.Messages(c.Channel) {
		if message.DirectionOf(m) == message.Outbound && m.Type() != message.TypeText {
			rich = append(rich, m.Type())
		}
	}
	if len(rich) == 0 {
		return agentMessage(c, message.TypeText, "It leaves our house today. Is that all right?")
	}
	return agentMessage(c, rich[random.IntN(len(rich))], "")
}

// reaction returns what the customer answers to the newest message: the first choice of a
// rich message, or a text if it has none. The program under test may have written the
// message, or left the conversation empty.
func reaction(c engagetest.Conversation) message.Message {
	if len(c.Messages) > 0 {
		question, _ := message.Decode(c.Messages[len(c.Messages)-1].Raw)
		for _, choice := range choicesIn(question) {
			if answer, err := engagetest.Answer(question, choice); err == nil {
				return answer
			}
		}
	}
	return customerMessage(c.Address(), "Yes, thank you!")
}

// choicesIn returns the choices of a rich message, in its order. There are none in any
// other message.
func choicesIn(question message.Message) []message.Choice {
	var choices []message.Choice
	add := func(identifier string) { choices = append(choices, message.Choice{Identifier: identifier}) }
	switch q := question.(type) {
	case message.WhatsAppButtons:
		for _, button := range q.Content.Action.Buttons {
			add(button.Reply.ID)
		}
	case message.WhatsAppList:
		for _, section := range q.Content.Action.Sections {
			for _, row := range section.Rows {
				add(row.ID)
			}
		}
	case message.LiveChatQuickReplies:
		for _, option := range q.Content.Options {
			add(option.Identifier)
		}
	case message.LiveChatCarousel:
		for _, card := range q.Content.Elements {
			for _, button := range card.Buttons {
				add(button.Identifier)
			}
		}
	case message.AppleQuickReplies:
		for _, item := range q.Content.Data.QuickReply.Items {
			add(item.Identifier)
		}
	case message.AppleListPicker:
		for _, section := range q.Content.Data.ListPicker.Sections {
			for _, item := range section.Items {
				add(item.Identifier)
			}
		}
	case message.AppleTimePicker:
		for _, slot := range q.Content.Data.Event.Timeslots {
			add(slot.Identifier)
		}
	case message.AppleForm:
		for _, page := range q.Content.Data.Dynamic.Data.Pages {
			for _, item := range page.Items {
				add(item.Identifier)
			}
		}
	}
	return choices
}

// lostReply shows what the client does if a reply is lost. The faults are for the next
// requests of their operations, whoever makes them.
func lostReply(st *stage) error {
	address, err := newCustomer(channel.SMS, "", "", "")
	if err != nil {
		return err
	}
	if err := st.say("A customer writes an SMS."); err != nil {
		return err
	}
	if _, err := st.write(st.ctx, address, customerMessage(address, "Is anybody there?")); err != nil {
		return err
	}
	if err := st.say("An agent answers. The service appends the answer and loses its own reply."); err != nil {
		return err
	}
	c, ok, err := st.find(address)
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("the conversation does not exist")
	}
	lost := engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}
	st.server.Fail(outcome.AppendMessage, lost)
	receipt, err := st.append(st.ctx, c, agentMessage(c, message.TypeText, "Yes. How can I help?"))
	if err != nil {
		return err
	}
	if err := st.say(fmt.Sprintf("The client does not send it again. It looks it up in the transcript: %s, %s.", receipt.Outcome, receipt.Proof)); err != nil {
		return err
	}
	if err := st.say("The agent answers again. The reply is lost, and the transcript fails, too."); err != nil {
		return err
	}
	st.server.Fail(outcome.AppendMessage, lost)
	st.server.Fail(outcome.FetchTranscript, engagetest.Fault{Status: http.StatusNotFound})
	_, err = st.append(st.ctx, c, agentMessage(c, message.TypeText, "Please send me your number."))
	return st.say(fmt.Sprintf("The client reports that it does not know: %s, %s.", outcome.EdgeOf(err), outcome.EffectOf(err)))
}

// burst lets a thousand customers write in ten seconds.
func burst(st *stage) error {
	const size = 1000
	for i := range size {
		ch := []channel.Channel{channel.SMS, channel.WhatsApp, channel.LiveChat, channel.Facebook}[i%4]
		address, err := newCustomer(ch, "", "", "")
		if err != nil {
			return err
		}
		if _, err := st.write(st.ctx, address, customerMessage(address, questions[i%len(questions)])); err != nil {
			return err
		}
		st.play.say(fmt.Sprintf("%d of %d customers have written.", i+1, size), true)
		st.changed.ring()
		if err := st.pause(10 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}
