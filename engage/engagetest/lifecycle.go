package engagetest

// target returns the conversation that a request is about, or why there is
// none: something is wrong with the request, or it names one that is unknown.
func (s *state) target(c *call) (*Conversation, *result) {
	if refusal := c.body.refusal(); refusal != nil {
		return nil, refusal
	}
	conversation, ok := s.byID[c.parameters["id"]]
	if !ok {
		return nil, new(unknown("no such conversation"))
	}
	return conversation, nil
}

// openTarget is target for what can only be done to an open conversation.
func (s *state) openTarget(c *call) (*Conversation, *result) {
	conversation, refusal := s.target(c)
	if refusal == nil && !conversation.open() {
		return nil, new(conflict(conversation, "the conversation is closed"))
	}
	return conversation, refusal
}

// closeConversation ends a conversation. Its agents leave; the last one stays
// known as its user.
func closeConversation(s *state, c *call) result {
	conversation, refusal := s.target(c)
	if refusal != nil {
		return *refusal
	}
	if !conversation.open() {
		already := conflict(conversation, "the conversation is already closed")
		already.code = alreadyClosed
		return already
	}
	conversation.Status = Closed
	conversation.Participants = nil
	return acknowledged(conversation, c.now)
}

// reopenConversation puts a closed conversation in queue. It is refused if it is
// open, or if another one at its address is (assumed).
func reopenConversation(s *state, c *call) result {
	conversation, refusal := s.target(c)
	if refusal != nil {
		return *refusal
	}
	if conversation.open() {
		return conflict(conversation, "the conversation is not closed")
	}
	if s.findOpen(conversation.address()) != nil {
		return conflict(conversation, "a conversation is already open at this address")
	}
	conversation.queue()
	return acknowledged(conversation, c.now)
}

// holdConversation parks a conversation. Parking a parked one changes nothing
// and succeeds (assumed).
func holdConversation(s *state, c *call) result {
	conversation, refusal := s.openTarget(c)
	if refusal != nil {
		return *refusal
	}
	conversation.Status = OnHold
	return acknowledged(conversation, c.now)
}

// transferConversation queues a conversation at another team; its agents leave
// (assumed).
func transferConversation(s *state, c *call) result {
	team, skill := c.body.requiredText("team"), c.body.optionalText("skill")
	conversation, refusal := s.openTarget(c)
	if refusal != nil {
		return *refusal
	}
	conversation.TeamID, conversation.Skill = team, skill
	conversation.Participants = nil
	conversation.queue()
	return acknowledged(conversation, c.now)
}

// queue makes the conversation wait for an agent.
func (c *Conversation) queue() {
	c.Status = Queued
	c.UserID = ""
}
