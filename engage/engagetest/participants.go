package engagetest

import "slices"

// addParticipant makes the conversation active, also if it was on hold and the
// participant is in it already; who is in it is not added again (assumed).
func addParticipant(s *state, c *call) result {
	participant := c.body.requiredText("participant")
	conversation, refusal := s.openTarget(c)
	if refusal != nil {
		return *refusal
	}
	if !slices.Contains(conversation.Participants, participant) {
		conversation.Participants = append(conversation.Participants, participant)
		conversation.UserID = participant
	}
	conversation.Status = Active
	return acknowledged(conversation, c.now)
}

// removeParticipant puts the conversation back in queue with the last one. One
// who is not in it is not found (assumed).
func removeParticipant(s *state, c *call) result {
	conversation, refusal := s.openTarget(c)
	if refusal != nil {
		return *refusal
	}
	i := slices.Index(conversation.Participants, c.parameters["participant"])
	if i < 0 {
		return unknown("no such participant in the conversation")
	}
	conversation.Participants = slices.Delete(conversation.Participants, i, i+1)
	if remaining := len(conversation.Participants); remaining > 0 {
		conversation.UserID = conversation.Participants[remaining-1]
	} else {
		conversation.queue()
	}
	return acknowledged(conversation, c.now)
}
