package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/stream"
)

// incoming is the event of a message.
const incoming = `{"channel":"sms","event":"MO","tid":"1","oa":"+15550199","da":"+15550100","message":"Hello"}`

// drawEvent draws the ways of an event from the receiver to the end of its handler.
func drawEvent() ([]byte, error) {
	receiver, err := receiverStage()
	if err != nil {
		return nil, err
	}
	inbox, err := inboxStage()
	if err != nil {
		return nil, err
	}
	worker, err := workerStage()
	if err != nil {
		return nil, err
	}
	return drawLife("The life of an event",
		"How an event goes from the receiver over the inbox to a worker and its handler, and how it can leave each of them.",
		[]stage{receiver, inbox, worker})
}

// receiverStage has the refusals, by what the sender does after their status.
func receiverStage() (stage, error) {
	dropped := way{class: "bad", name: "refused", explanation: "The sender drops the event.", back: -1}
	repeated := way{class: "again", name: "refused", explanation: "The sender sends the event again later.", back: 0}
	var statuses, busy, drops, repeats []string
	for _, refusal := range stream.Refusals() {
		status := fmt.Sprint(refusal.Status())
		if refusal.Status() == http.StatusServiceUnavailable {
			busy, repeats = append(busy, status), append(repeats, string(refusal))
		} else {
			statuses, drops = append(statuses, status), append(drops, string(refusal))
		}
	}
	slices.Sort(statuses)
	dropped.next, dropped.cases = strings.Join(slices.Compact(statuses), ", "), strings.Join(drops, ", ")
	repeated.next, repeated.cases = strings.Join(slices.Compact(busy), ", "), strings.Join(repeats, ", ")

	filtered, err := receive(stream.ResultFiltered)
	filtered.class, filtered.explanation = "box", "The configuration does not allow the event. It is dropped."
	return stage{
		name: "receiver", does: "Verifies the request and finds the id of the event.",
		ways: []way{dropped, repeated, filtered},
	}, err
}

// inboxStage has what the inbox does with an event that was not refused.
func inboxStage() (stage, error) {
	duplicate, err := receive(stream.ResultDuplicate)
	if err != nil {
		return stage{}, err
	}
	duplicate.class, duplicate.explanation = "box", "The inbox remembers the id. The event is dropped."
	accepted, err := receive(stream.ResultAccepted)
	accepted.class, accepted.explanation = "good", "The event is stored. The sender does not send it again."
	return stage{
		name: "inbox", does: "Drops duplicates, stores the event, and delivers in the order of each conversation.",
		ways: []way{duplicate, accepted},
	}, err
}

// receive sends the event that has a result to a receiver. It returns the way with the
// status of the answer.
func receive(result stream.Result) (way, error) {
	const receipt = `{"deliveryInfoNotification":{"deliveryInfo":{"deliveryStatus":"Delivered","deliveryChannel":"sms","destination":"+15550199"},"transid":"2"}}`
	payloads := map[stream.Result][]string{
		stream.ResultAccepted:  {incoming},
		stream.ResultDuplicate: {incoming, incoming},
		stream.ResultFiltered:  {receipt},
	}
	var seen recorder
	receiver, err := stream.NewReceiver(stream.NewMemoryInbox(stream.MemoryLimits{}),
		stream.WithoutVerification(), stream.WithFilter(stream.Configuration{}), stream.WithReceiverObserver(&seen))
	if err != nil {
		return way{}, err
	}
	answer := httptest.NewRecorder()
	for _, payload := range payloads[result] {
		answer = httptest.NewRecorder()
		receiver.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(payload)))
	}
	if last := seen.results[len(seen.results)-1]; last != result {
		return way{}, fmt.Errorf("an event that should be %s is %s", result, last)
	}
	return way{name: string(result), next: fmt.Sprint(answer.Code), back: -1}, nil
}

// workerStage has the ways in which a delivery ends.
func workerStage() (stage, error) {
	broken := errors.New("the handler failed")
	last := 0
	for end := ""; end != "term"; {
		last++
		var err error
		if _, end, err = handle(returns(broken), last); err != nil {
			return stage{}, err
		}
	}
	s := stage{name: "worker", does: "Takes the event and runs the handler of its type. Runs it again if it fails."}
	for _, w := range []struct {
		way
		handler func(context.Context, stream.MessageEvent) error
		result  stream.Result
	}{
		{way{class: "good", explanation: "The handler returned nil.", back: -1}, returns(nil), stream.ResultHandled},
		{way{class: "box", explanation: "The event has no handler.", back: -1}, nil, stream.ResultIgnored},
		{
			way{class: "again", explanation: "The handler returned an error or panicked. The event is delivered again after a wait.", back: 1},
			returns(broken), stream.ResultFailed,
		},
		{
			way{
				class: "bad", back: -1,
				explanation: fmt.Sprintf("The error is permanent, or attempt %d failed. A program can requeue the event.", last),
			},
			returns(stream.Permanent(broken)), stream.ResultDeadLettered,
		},
	} {
		results, end, err := handle(w.handler, 1)
		if err != nil {
			return stage{}, err
		}
		if result := results[len(results)-1]; result != w.result {
			return stage{}, fmt.Errorf("a delivery that should be %s is %s", w.result, result)
		}
		w.name, w.next = string(w.result), end
		s.ways = append(s.ways, w.way)
	}
	return s, nil
}

// returns returns a handler that returns err.
func returns(err error) func(context.Context, stream.MessageEvent) error {
	return func(context.Context, stream.MessageEvent) error { return err }
}

// handle delivers an event to a worker with handler, as the attempt of that number. It
// returns the results, and how the delivery was settled: ack, nak or term.
func handle(handler func(context.Context, stream.MessageEvent) error, attempt int) ([]stream.Result, string, error) {
	entry, err := stream.NewEntry([]byte(incoming))
	if err != nil {
		return nil, "", err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	delivery := &settlement{stop: stop}
	source := make(single, 1)
	source <- stream.Delivery{Entry: entry, Attempt: attempt, Settlement: delivery}
	var seen recorder
	worker, err := stream.NewWorker(source, stream.WithWorkerObserver(&seen))
	if err != nil {
		return nil, "", err
	}
	worker.OnMessage(handler)
	if err := worker.Run(ctx); err != nil {
		return nil, "", err
	}
	return seen.results, delivery.end, nil
}

// single is a source of the deliveries in the channel.
type single chan stream.Delivery

func (s single) Take(ctx context.Context) (stream.Delivery, error) {
	select {
	case delivery := <-s:
		return delivery, nil
	case <-ctx.Done():
		return stream.Delivery{}, ctx.Err()
	}
}

// settlement records how a delivery ends, and then stops the worker.
type settlement struct {
	end  string
	stop func()
}

func (s *settlement) settle(end string) error {
	s.end = end
	s.stop()
	return nil
}

func (s *settlement) Ack(context.Context) error                { return s.settle("ack") }
func (s *settlement) Nak(context.Context, time.Duration) error { return s.settle("nak") }
func (s *settlement) Term(context.Context, string) error       { return s.settle("term") }
func (s *settlement) Extend(context.Context) error             { return nil }

// recorder is an observer that keeps the results.
type recorder struct{ results []stream.Result }

func (r *recorder) Received(_ context.Context, result stream.Result) {
	r.results = append(r.results, result)
}

func (r *recorder) Handled(_ context.Context, result stream.Result, _ time.Duration) {
	r.results = append(r.results, result)
}

func (r *recorder) TraceParent(*http.Request) string { return "" }

func (r *recorder) HandlerStarted(ctx context.Context, _ stream.HandlerStart) context.Context {
	return ctx
}

func (r *recorder) HandlerEnded(context.Context, stream.HandlerEnd) {}

func (r *recorder) Waiting(context.Context, stream.Backlog) {}
