package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// report is what the desk shows of an action.
type report struct {
	Title    string
	Failed   bool
	Edge     outcome.Edge
	Effect   string // The proof of a success, or the effect of a failure. Empty if unknown.
	Details  []string
	TraceIDs []string
	Open     string // The conversation to open, or "".
}

// statusOf returns the HTTP status with which the desk reports the error of a call, or of
// what comes before the call.
func statusOf(err error) int {
	failure, ok := errors.AsType[*outcome.Error](err)
	switch {
	case !ok, failure.Edge == outcome.OnInvalidData:
		return http.StatusUnprocessableEntity
	case failure.Effect == outcome.Refused:
		return http.StatusConflict
	}
	return http.StatusBadGateway
}

// succeeded returns the report of a call that succeeded.
func succeeded(operation outcome.Operation, receipt engage.Receipt) report {
	r := report{Title: string(operation), Edge: receipt.Outcome, Effect: string(receipt.Proof), TraceIDs: distinct(receipt.TraceIDs)}
	if receipt.AlreadyDone {
		r.Details = append(r.Details, "It had been done before.")
	}
	r.Details = append(r.Details, attempts(receipt.Attempts)...)
	return r
}

// failed returns the report of a call that failed, or that was not made.
func failed(operation outcome.Operation, err error) report {
	r := report{Title: string(operation), Failed: true}
	failure, ok := errors.AsType[*outcome.Error](err)
	if !ok { // No call was made.
		r.Details = []string{err.Error()}
		return r
	}
	r.Edge = failure.Edge
	if failure.Effect != 0 {
		r.Effect = failure.Effect.String()
	}
	for _, violation := range failure.Violations {
		r.Details = append(r.Details, violation.String())
	}
	if failure.Description != "" {
		r.Details = append(r.Details, cut(failure.Description, 200))
	}
	r.Details = append(r.Details, attempts(failure.Attempts)...)
	r.TraceIDs = distinct(failure.TraceIDs)
	return r
}

// distinct returns the values of trace ids, each once.
func distinct(ids []outcome.TraceID) []string {
	var values []string
	for _, id := range ids {
		if !slices.Contains(values, id.Value) {
			values = append(values, id.Value)
		}
	}
	return values
}

// attempts describes the attempts of a call, if there is more to say than that one
// succeeded.
func attempts(all []outcome.Attempt) []string {
	var lines []string
	for i, a := range all {
		switch {
		case a.Err != nil:
			lines = append(lines, fmt.Sprintf("Attempt %d: %v, %s.", i+1, a.Err, a.Effect))
		case a.Effect != 0:
			lines = append(lines, fmt.Sprintf("Attempt %d: status %d, %s.", i+1, a.Status, a.Effect))
		case len(all) > 1:
			lines = append(lines, fmt.Sprintf("Attempt %d: status %d.", i+1, a.Status))
		}
	}
	return lines
}
