package engage

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
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
// is kept. A body that has none of these members is an error.
func DecodeReport(body []byte) (Report, error) {
	var e tolerant.Envelope[tolerant.Object[reportedValue]]
	var top reportedValue
	if json.Unmarshal(body, &e) != nil || json.Unmarshal(body, &top) != nil {
		return Report{}, errNotAReport
	}
	value := e.Value.Fields
	report := Report{
		TransactionID:  cmp.Or(e.Transaction(), value.Transaction()),
		Status:         cmp.Or(reportStatus(e.Status), reportStatus(value.Status)),
		Code:           string(cmp.Or(e.Code, value.Code)),
		Description:    string(cmp.Or(e.Description, value.Description)),
		ConversationID: string(cmp.Or(top.ConversationID, value.ConversationID)),
	}
	if report == (Report{}) {
		return Report{}, errNotAReport
	}
	return report, nil
}

// reportedValue is what a callback may hold in value.
type reportedValue struct {
	Status         tolerant.String `json:"status"`
	Code           tolerant.String `json:"code"`
	Description    tolerant.String `json:"description"`
	ConversationID tolerant.String `json:"conversationId"`
	tolerant.IDs
}

// reportStatus folds what means the same.
func reportStatus(text tolerant.String) ReportStatus {
	status := strings.TrimSpace(string(text))
	if _, failed := failedStatus(status); failed {
		return ReportFailure
	}
	switch strings.ToLower(status) {
	case "success", "successful", "succeeded", "ok":
		return ReportSuccess
	}
	if number, err := strconv.Atoi(status); err == nil && number/100 == 2 {
		return ReportSuccess
	}
	return ReportStatus(status)
}
