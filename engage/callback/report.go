package engage

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
)

// ReportStatus says what became of a write. Values that the service invents are
// kept.
type ReportStatus string

// The statuses (assumed).
const (
	ReportSuccess ReportStatus = "success"
	ReportFailure ReportStatus = "failure"
)

// weight orders statuses by how much they tell of the outcome: a success, a
// failure, and nothing by any other.
func (s ReportStatus) weight() int {
	switch s {
	case ReportSuccess:
		return 2
	case ReportFailure:
		return 1
	}
	return 0
}

// Report is what a callback tells of a write.
type Report struct {
	// TransactionID is the id that the write was acknowledged with.
	TransactionID string       `json:"tid,omitempty"`
	Status        ReportStatus `json:"status"`
	// Code and Description are the service's own. The description may quote
	// what was sent.
	Code        string `json:"code,omitempty"`
	Description string `json:"description,omitempty"`
	// ConversationID is empty if the callback does not name it.
	ConversationID string `json:"conversationId,omitempty"`
}

// errNotAReport does not quote the body.
var errNotAReport = errors.New("engage: the callback is not a JSON object that tells of a write")

// DecodeReport reads the body of a callback: a JSON object with tid, code and
// description (observed), status and conversationId (assumed), at its top or in
// value, in any spelling of the replies. The status may be a word of success or
// of failure or an HTTP status, in any case and with blanks around it; any other
// is kept, and so is 202, which says no more than the acknowledgement. Where one
// in value tells of a failure, that counts. A body that has none of these members
// is an error.
func DecodeReport(body []byte) (Report, error) {
	members, ok := tolerant.Split(body)
	if !ok {
		return Report{}, errNotAReport
	}
	envelope := tolerant.EnvelopeOf(members)
	value := tolerant.MembersOf(envelope.Value)
	nested := reportStatus(value.Text("status"))
	report := Report{
		TransactionID:  cmp.Or(envelope.Transaction, tolerant.IDsOf(value).Transaction),
		Status:         cmp.Or(reportStatus(envelope.Status), nested),
		Code:           cmp.Or(envelope.Code, value.Text("code")),
		Description:    cmp.Or(envelope.Description, value.Text("description")),
		ConversationID: cmp.Or(envelope.ConversationID, value.Text("conversationId")),
	}
	if nested == ReportFailure { // Whatever the envelope says of itself.
		report.Status = nested
	}
	if report == (Report{}) {
		return Report{}, errNotAReport
	}
	return report, nil
}

// reportStatus folds what means the same. That a write was accepted is not yet
// its outcome.
func reportStatus(text string) ReportStatus {
	status := strings.TrimSpace(text)
	if _, failed := failedStatus(status); failed {
		return ReportFailure
	}
	if succeeded(status) && httpStatus(status) != http.StatusAccepted {
		return ReportSuccess
	}
	return ReportStatus(status)
}
