package callback

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Status says what became of a write. A service may also send values that are not
// declared here.
type Status string

// The statuses that report an outcome (assumed).
const (
	Success Status = "success"
	Failure Status = "failure"
)

// weight orders statuses by what they report: a success, a failure, anything else.
func (s Status) weight() int {
	switch s {
	case Success:
		return 2
	case Failure:
		return 1
	}
	return 0
}

// Report is what a callback contains.
type Report struct {
	// TransactionID is the id under which the service acknowledged the write.
	TransactionID string `json:"tid,omitempty"`
	// Status is the outcome, or a value of the service's own.
	Status Status `json:"status"`
	// Code and Description are the service's own. The description may quote
	// what was sent.
	Code        string `json:"code,omitempty"`
	Description string `json:"description,omitempty"`
	// ConversationID is empty if the callback does not contain it.
	ConversationID string `json:"conversationId,omitempty"`
	// ConversationOperation and TaskID are reported for ResolveConversation only
	// (documented): created, reopened or appended, and the id of the task.
	ConversationOperation string `json:"conversationOperation,omitempty"`
	TaskID                string `json:"taskId,omitempty"`
}

// errNotAReport does not quote the body.
var errNotAReport = errors.New("callback: the body is not a JSON object that reports on a write")

// DecodeReport reads the body of a callback: a JSON object with the members tid,
// code and description (observed), conversationOperation and taskId (documented),
// status and conversationId (assumed). They are at its top or in the member value,
// in any spelling that replies have. A byte order mark before the object is
// ignored.
//
// The status of the report is
//
//   - [Success] for a word of success, or an HTTP status from 200 to 299 but 202;
//   - [Failure] for a word of failure, or an HTTP status from 400;
//   - any other status as it is, and so is 202, because acceptance is not an
//     outcome.
//
// The status at the top counts, or the one in value if there is none at the top. A
// failure in value counts in any case. A success in value counts if the status at
// the top only reports acceptance: 202 or "accepted".
//
// It returns an error for a body that has none of these members.
func DecodeReport(body []byte) (Report, error) {
	members, ok := tolerant.Split(body)
	if !ok {
		return Report{}, errNotAReport
	}
	envelope := tolerant.EnvelopeOf(members)
	value := tolerant.MembersOf(envelope.Value)
	nested := statusOf(value.Text("status"))
	report := Report{
		TransactionID:  cmp.Or(envelope.Transaction, tolerant.IDsOf(value).Transaction),
		Status:         cmp.Or(statusOf(envelope.Status), nested),
		Code:           cmp.Or(envelope.Code, value.Text("code")),
		Description:    cmp.Or(envelope.Description, value.Text("description")),
		ConversationID: cmp.Or(envelope.ConversationID, value.Text("conversationId")),

		ConversationOperation: cmp.Or(members.Text("conversationOperation"), value.Text("conversationOperation")),
		TaskID:                cmp.Or(members.Text("taskId"), value.Text("taskId")),
	}
	if nested == Failure || nested == Success && isAcceptance(envelope.Status) {
		report.Status = nested
	}
	if report == (Report{}) {
		return Report{}, errNotAReport
	}
	return report, nil
}

// statusOf returns the status that text means.
func statusOf(text string) Status {
	text = strings.TrimSpace(text)
	if _, failed := tolerant.Failed(text); failed {
		return Failure
	}
	if tolerant.Succeeded(text) && !isAcceptance(text) {
		return Success
	}
	return Status(text)
}

// isAcceptance reports whether a status says no more than that the service has
// accepted the write.
func isAcceptance(text string) bool {
	return tolerant.HTTPStatus(text) == http.StatusAccepted || tolerant.Fold(text) == "accepted"
}
