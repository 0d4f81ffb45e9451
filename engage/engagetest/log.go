package engagetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// loggedRequests is how many of the newest requests a description has, and how many of the
// newest stream events.
const loggedRequests = 50

// Log returns a description of the newest requests and stream events, for people. Each
// request has a line with its number, its operation, its path, and the status and the edge
// of the reply. Below it follow the reason of a refusal and the callbacks. At the end each
// stream event has a line with its transaction id. Bodies are in [Server.Requests] and
// [Server.StreamEvents].
func (s *Server) Log() string {
	requests := s.Requests()
	callbacks := make(map[string][]Callback)
	for _, c := range s.Callbacks() {
		callbacks[c.TransactionID] = append(callbacks[c.TransactionID], c)
	}
	var log strings.Builder
	received := 0 // More than are kept, if older ones have been dropped.
	if len(requests) > 0 {
		received = requests[len(requests)-1].Number
	}
	fmt.Fprintf(&log, "engagetest: the server received %d requests", received)
	if older := len(requests) - loggedRequests; older > 0 {
		fmt.Fprintf(&log, ", and these are the newest %d", loggedRequests)
		requests = requests[older:]
	}
	for _, r := range requests {
		fmt.Fprintf(&log, "\n%s", r.line())
		if r.Refusal != "" {
			fmt.Fprintf(&log, "\n      refused: %s", r.Refusal)
		}
		for _, c := range callbacks[r.TransactionID] {
			fmt.Fprintf(&log, "\n      callback %s", c.line())
		}
	}
	events := s.StreamEvents()
	for _, e := range events[max(0, len(events)-loggedRequests):] {
		fmt.Fprintf(&log, "\n%s", e.line())
	}
	return log.String()
}

// refusals describes the requests that the server did not understand. It returns "" if
// there are none.
func (s *Server) refusals() string {
	requests := slices.DeleteFunc(s.Requests(), func(r Request) bool { return r.Refusal == "" })
	requests = requests[max(0, len(requests)-loggedRequests):]
	s.log.mu.Lock()
	refused := s.log.refusals
	s.log.mu.Unlock()
	var report strings.Builder
	fmt.Fprintf(&report, "engagetest: the server refused %d of the requests", refused)
	switch {
	case refused == 0:
		return ""
	case len(requests) == 0:
		report.WriteString(", which have been dropped since")
	case len(requests) < refused:
		fmt.Fprintf(&report, ", and these are the newest %d:", len(requests))
	default:
		report.WriteByte(':')
	}
	for _, r := range requests {
		fmt.Fprintf(&report, "\n%s\n      refused: %s", r.line(), r.Refusal)
	}
	report.WriteString("\nIf the test wants this, create the server with WithRefusalsAllowed.")
	return report.String()
}

// line describes the request in one line.
func (r *Request) line() string {
	status := "no reply"
	if r.Status != 0 {
		status = strings.TrimSpace(fmt.Sprint(r.Status, " ", r.Edge))
	}
	return fmt.Sprintf("%5s %s %s %s: %s", fmt.Sprintf("#%d", r.Number),
		cmp.Or(string(r.Operation), "unknown operation"), r.Method, r.Path, status)
}

// line describes the callback in one line.
func (c Callback) line() string {
	if c.Err != nil {
		return fmt.Sprintf("%s %s: %v", c.Code, c.Edge, c.Err)
	}
	return fmt.Sprintf("%s %s: answered %d", c.Code, c.Edge, c.Status)
}

// line describes the stream event in one line.
func (e StreamEvent) line() string {
	var ids struct {
		TID     string `json:"tid"`
		Receipt struct {
			TransID string `json:"transid"`
		} `json:"deliveryInfoNotification"`
	}
	_ = json.Unmarshal(e.Payload, &ids) // An event of the caller's may have none.
	became := "received"
	if e.Err != nil {
		became = e.Err.Error()
	}
	return fmt.Sprintf("stream event %q, attempts: %d: %s", cmp.Or(ids.TID, ids.Receipt.TransID), len(e.Attempts), became)
}
