package main

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// requestRow is a request in the log of the desk.
type requestRow struct {
	Number    int
	Operation outcome.Operation
	Method    string
	Path      string
	Status    int // 0 if there is no reply.
	Edge      outcome.Edge
	At        time.Time
}

func newRequestRow(r engagetest.Request) requestRow {
	return requestRow{r.Number, r.Operation, r.Method, cut(r.Path, 200), r.Status, r.Edge, r.Received}
}

// requestDetails is what a line of the log opens to.
type requestDetails struct {
	requestRow
	Body    string
	Reply   string
	TraceID string
	Refusal string
}

// longestBody is the number of characters of a body that the desk shows.
const longestBody = 100_000

func newRequestDetails(r engagetest.Request) requestDetails {
	return requestDetails{newRequestRow(r), indented(r.Body), indented(r.Reply), r.TransactionID, r.Refusal}
}

// indented returns a body for people. JSON has a line for each member.
func indented(body []byte) string {
	var lines bytes.Buffer
	if json.Indent(&lines, body, "", "  ") == nil {
		body = lines.Bytes()
	}
	return cut(text(body), longestBody)
}

// newestRequests returns the newest requests, the newest first.
func (s *simulator) newestRequests(size int) []requestRow {
	requests := s.server.Requests()
	var rows []requestRow
	for i := len(requests) - 1; i >= 0 && len(rows) < size; i-- {
		rows = append(rows, newRequestRow(requests[i]))
	}
	return rows
}

// request returns the details of a request, and whether the server still keeps it.
func (s *simulator) request(number int) (requestDetails, bool) {
	for _, r := range s.server.Requests() {
		if r.Number == number {
			return newRequestDetails(r), true
		}
	}
	return requestDetails{}, false
}
