package engagetest

import (
	"fmt"
	"net/http"

	"github.com/engagesdk/engage-go/engage/channel"
)

// The operations that Resolve reports.
const (
	wasCreated  = "created"
	wasReopened = "reopened"
	wasAppended = "appended"
)

// resolveConversation finds or makes the conversation of an incoming message
// and appends the message (documented). A closed one is re-opened, but in live
// chat, where a new one is made. Of the details it takes the address, the name
// and the text; attachments are not kept.
func resolveConversation(s *state, c *call) result {
	transID := c.body.requiredText("transId")
	c.body.requiredText("flowId")
	c.body.flag("overrideDefaultClose")
	incoming := c.body.incoming()
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
	conversation, operation := s.resolve(incoming, c)
	answer := acknowledged(conversation, c.now)
	answer.resolved = &resolution{TransID: transID, TaskID: conversation.taskID, Operation: operation}
	incoming.message.AliasID = transID
	incoming.message.Timestamp = c.now
	incoming.message.Raw = incoming.encode()
	s.append(conversation, []Message{incoming.message})
	return answer
}

// resolve returns the conversation for a message and how it came by it.
func (s *state) resolve(in incoming, c *call) (*Conversation, string) {
	conversation := s.find(in.address)
	switch {
	case conversation != nil && conversation.open():
		return conversation, wasAppended
	case conversation != nil && in.address.channel != channel.LiveChat:
		conversation.queue()
		conversation.taskID = s.newTask()
		conversation.AliasID = conversation.taskID
		return conversation, wasReopened
	}
	created := &Conversation{
		Status:          Queued,
		Channel:         in.address.channel,
		CustomerAddress: in.address.customer,
		BusinessAddress: in.address.business,
		ThreadID:        in.address.threadID,
		Subject:         in.address.subject,
		InReplyTo:       in.address.inReplyTo,
		CustomerName:    in.name,
		CreatedAt:       c.now,
		taskID:          s.newTask(),
	}
	if created.Channel != channel.LiveChat {
		created.AliasID = created.taskID
	}
	s.put(created)
	return created, wasCreated
}

// newTask returns the id of a new task.
func (s *state) newTask() string {
	s.tasks++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.tasks)
}

// acceptance is what Resolve answers at once when the rest comes by callback.
func (r *resolution) acceptance() *resolution {
	if r == nil {
		return nil
	}
	return &resolution{TransID: r.TransID}
}

// asynchronous is the answer to a write whose outcome comes by callback. It
// tells no more than that the request was taken.
func (r result) asynchronous() result {
	return result{status: http.StatusAccepted, description: "accepted", resolved: r.resolved.acceptance()}
}
