package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
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
	Effect    string // Empty if the request is no write.
	At        time.Time
}

func newRequestRow(r engagetest.Request) requestRow {
	row := requestRow{
		Number: r.Number, Operation: r.Operation, Method: r.Method, Path: cut(r.Path, 200), Status: r.Status, Edge: r.Edge, At: r.Received,
	}
	if r.Effect != 0 {
		row.Effect = r.Effect.String()
	}
	return row
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

// requests holds the newest requests. The zero value has none.
type requests struct {
	mu  sync.Mutex
	all []requestRow // The oldest first.
}

// keptRequests is the number of requests that the log has.
const keptRequests = 2 * window

// follow keeps the requests up to date until ctx ends. It rings changed after every update.
func (l *requests) follow(ctx context.Context, server *engagetest.Server, changed *bell) {
	for updated := range server.RequestChanges(ctx) {
		l.update(updated)
		changed.ring()
		if !sleep(ctx, pause) {
			return
		}
	}
}

// update adds requests, and replaces those that are here already. Only the newest stay.
func (l *requests) update(updated []engagetest.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range updated {
		i, found := slices.BinarySearchFunc(l.all, r.Number, func(row requestRow, number int) int {
			return cmp.Compare(row.Number, number)
		})
		if found {
			l.all[i] = newRequestRow(r)
		} else {
			l.all = slices.Insert(l.all, i, newRequestRow(r))
		}
	}
	l.all = slices.Clone(l.all[max(len(l.all)-keptRequests, 0):])
}

// newest returns up to size requests, the newest first.
func (l *requests) newest(size int) []requestRow {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := slices.Clone(l.all[max(len(l.all)-size, 0):])
	slices.Reverse(rows)
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
