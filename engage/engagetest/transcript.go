package engagetest

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
)

// transcript is one page of a conversation's messages, oldest first.
type transcript struct {
	// Count is the number of messages in the whole conversation (assumed).
	Count    int               `json:"countOfRecords"`
	Messages []json.RawMessage `json:"messages"`
}

func fetchTranscript(s *state, c *call) result {
	offset := c.body.number("offset", 0, 0, math.MaxInt32)
	limit := c.body.number("limit", 10, 1, 500)
	conversation, refusal := s.target(c)
	if refusal != nil {
		return *refusal
	}
	total := len(conversation.Messages)
	start := min(offset, total)
	page := transcript{Count: total, Messages: []json.RawMessage{}}
	for _, m := range conversation.Messages[start:min(start+limit, total)] {
		page.Messages = append(page.Messages, m.Raw)
	}
	return result{status: http.StatusOK, description: "transcript", conversationID: conversation.ID, value: page}
}

// number returns a whole number of a query, and notes one that is out of range.
func (o *object) number(name string, absent, least, most int) int {
	var text string
	if !o.take(name, "a number", &text) {
		return absent
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < least || number > most {
		o.malformed(name, "is not a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return absent
	}
	return number
}
