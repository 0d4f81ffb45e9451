package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// failure is a way in which every attempt of a write fails.
type failure struct {
	effect outcome.Effect
	// when says which failures this one stands for.
	when string
	// unreachable means that no connection can be opened. Otherwise the service has each
	// of the faults in turn.
	unreachable bool
	faults      []engagetest.Fault
	// result says what the caller gets if the client gives up.
	result string
}

// failures has at least one failure for each effect.
var failures = []failure{
	{
		effect: outcome.NotSent, when: "No byte of the request has left.",
		unreachable: true, faults: []engagetest.Fault{{}},
	},
	{
		effect: outcome.Refused, when: "The service asks for another attempt: 429, or 503 from the service itself.",
		faults: []engagetest.Fault{{Status: http.StatusTooManyRequests}, {Status: http.StatusServiceUnavailable}},
	},
	{
		effect: outcome.Refused, when: "The service did not apply the write, such as in a closed conversation.",
		faults: []engagetest.Fault{{Status: http.StatusBadRequest}, {Status: http.StatusConflict}, {Status: http.StatusNotFound}},
		result: fmt.Sprintf("An error on the failure edge of the operation, or on %s.", outcome.OnInvalidData),
	},
	{
		effect: outcome.MaybeApplied, when: "The request was sent, and no reply says what became of it.",
		faults: []engagetest.Fault{{Connection: engagetest.ConnectionClosed}, {Status: http.StatusBadGateway, Shape: engagetest.HTML}},
		result: "An error. Find out what became of the write before you send it again.",
	},
	{
		effect: outcome.Applied, when: "The service reported success, and the rest of its reply cannot be read.",
		faults: []engagetest.Fault{{Applied: true, Shape: engagetest.Truncated}},
		result: "An error. Do not send the write again.",
	},
}

// step is what the client does after a failed attempt.
type step string

const (
	again     step = "another attempt"
	reconcile step = "reconcile"
	giveUp    step = "give up"
)

// drawWrite draws the ways in which an attempt of a write can end, and what the client
// does then.
func drawWrite() ([]byte, error) {
	operations, err := writeOperations()
	if err != nil {
		return nil, err
	}
	attempt := stage{
		name: "attempt", does: "A token, the same bytes each time, and a time limit of its own.",
		ways: []way{{
			class: "good", name: string(engage.Acknowledged), next: "receipt", back: -1,
			explanation: fmt.Sprintf("With callbacks the client waits for the outcome, and the receipt is %s.", engage.Confirmed),
		}},
	}
	for _, f := range failures {
		ways, err := f.ways(operations)
		if err != nil {
			return nil, err
		}
		attempt.ways = append(attempt.ways, ways...)
	}
	return drawLife("The life of a write",
		"How an attempt of a write can end, which effect that has, and whether the client makes another attempt, reconciles or gives up.",
		[]stage{attempt})
}

// ways returns what the client does after f, with the operations for which it does so.
func (f failure) ways(operations []outcome.Operation) ([]way, error) {
	attempts := 0
	does := map[step][]outcome.Operation{}
	for _, operation := range operations {
		s, n, err := f.observe(operation)
		if err != nil {
			return nil, err
		}
		attempts = max(attempts, n)
		does[s] = append(does[s], operation)
	}
	var ways []way
	for _, s := range []step{again, reconcile, giveUp} {
		if len(does[s]) == 0 {
			continue
		}
		w := way{name: f.effect.String(), next: string(s), back: -1, cases: f.when}
		if len(does) > 1 {
			w.cases = names(does[s])
		}
		switch s {
		case again:
			w.class, w.back = "again", 0
			w.explanation = fmt.Sprintf("After a wait, and up to %d attempts in all.", attempts)
		case reconcile:
			w.class = "care"
			w.explanation = fmt.Sprintf("The client looks the write up by its alias ids. If it finds it: a receipt, %s. If not: an error, %s.",
				engage.Reconciled, f.effect)
		case giveUp:
			w.class, w.explanation = "bad", f.result
		}
		ways = append(ways, w)
	}
	return ways, nil
}

// names lists operations.
func names(operations []outcome.Operation) string {
	var list []string
	for _, operation := range operations {
		list = append(list, string(operation))
	}
	return strings.Join(list, ", ")
}

// observe makes a write that fails with each of the faults of f. It returns what the
// client does after the first attempt, and how many attempts it makes. It returns an error
// if the effect is not that of f, or differs between the faults.
func (f failure) observe(operation outcome.Operation) (step, int, error) {
	var does step
	var attempts int
	for _, fault := range f.faults {
		failed, requests, err := f.write(operation, fault)
		if err != nil {
			return "", 0, err
		}
		s := giveUp
		switch attempts = len(failed.Attempts); {
		case attempts > 1:
			s = again
		case slices.ContainsFunc(requests, func(r engagetest.Request) bool { return r.Operation != operation }):
			s = reconcile
		}
		if failed.Effect != f.effect || s != cmp.Or(does, s) {
			return "", 0, fmt.Errorf("%s with %+v: %s, then %s: %w", operation, fault, failed.Effect, s, failed)
		}
		does = s
	}
	return does, attempts, nil
}

// write makes a write that fails with fault each time. It returns the error of the write
// and the requests that the service received.
func (f failure) write(operation outcome.Operation, fault engagetest.Fault) (*outcome.Error, []engagetest.Request, error) {
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	defer server.Close()
	status := engagetest.Active
	if operation == outcome.CreateConversation || operation == outcome.ReopenConversation {
		status = engagetest.Closed
	}
	id := seed(server, status)
	transport := server.Transport()
	if f.unreachable {
		transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("unreachable")
		}}
	}
	client, err := engage.New(engage.Endpoint(server.URL()), auth.Static(server.IssueToken()),
		engage.WithTransport(transport), engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: 1})))
	if err != nil {
		return nil, nil, err
	}
	fault.Times = engagetest.Always
	server.Fail(operation, fault)
	err = writes[operation](context.Background(), client, id)
	failed, ok := errors.AsType[*outcome.Error](err)
	if !ok {
		return nil, nil, fmt.Errorf("%s with %+v did not fail: %w", operation, fault, err)
	}
	return failed, server.Requests(), nil
}
