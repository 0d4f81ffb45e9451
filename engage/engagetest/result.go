package engagetest

import (
	"net/http"
	"strconv"
	"time"
)

// alreadyClosed is the code with which the service refuses to close a closed
// conversation (observed). It is the only code of the service that is publicly
// known; everything else the server answers has its HTTP status for a code.
const alreadyClosed = "4547"

// result is what an operation came to.
type result struct {
	status         int
	code           string // The status, if empty.
	description    string
	conversationID string
	value          any
	// resolved is set by Resolve alone.
	resolved *resolution
}

// resolution is what Resolve tells besides.
type resolution struct {
	TransID   string `json:"transId,omitempty"`
	TaskID    string `json:"taskId,omitempty"`
	Operation string `json:"conversationOperation,omitempty"`
}

// ok reports whether the operation was carried out.
func (r result) ok() bool { return r.status < http.StatusBadRequest }

// invalid reports whether the request itself was wrong. The service says so at
// once, never by callback.
func (r result) invalid() bool {
	return r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity
}

// acknowledged is the answer to a write that was carried out at some time.
func acknowledged(c *Conversation, at time.Time) result {
	c.UpdatedAt = at
	return result{
		status:         http.StatusAccepted,
		description:    "accepted",
		conversationID: c.ID,
		value:          acknowledgement{c.ID},
	}
}

type acknowledgement struct {
	ConversationID string `json:"conversationId"`
}

// conflict is the answer to a request that the state of things forbids.
func conflict(c *Conversation, description string) result {
	return result{status: http.StatusConflict, description: description, conversationID: c.ID}
}

// unknown is the answer to a request for something that does not exist.
func unknown(description string) result {
	return result{status: http.StatusNotFound, description: description}
}

// envelope is the form of every answer but a token.
type envelope struct {
	Status      string `json:"status"`
	Code        string `json:"code"`
	Description string `json:"description"`
	TID         string `json:"tid,omitempty"`
	*resolution
	Value any `json:"value,omitempty"`
}

// envelope puts the result into the form of an answer.
func (r result) envelope(tid string) envelope {
	e := envelope{
		Status:      "success",
		Code:        r.code,
		Description: r.description,
		TID:         tid,
		resolution:  r.resolved,
		Value:       r.value,
	}
	if !r.ok() {
		e.Status = "failure"
	}
	if e.Code == "" {
		e.Code = strconv.Itoa(r.status)
	}
	return e
}
