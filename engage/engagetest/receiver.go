package engagetest

import (
	"slices"
	"sync"

	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

// maxRecordedEvents is how many of the newest stream events are kept.
const maxRecordedEvents = 10_000

// StreamTo makes the server send stream events to a receiver, through sender. A nil sender
// ends that. Without StreamTo the server sends none.
//
// [Server.Write] then appends its message and also sends the [Event] of it. A receiver
// that appends the message of each event would append this one a second time. To test
// such a receiver, do not call Write, but send the event with [Server.SendEvent].
func (s *Server) StreamTo(sender *stream.Sender) {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	s.events.sender = sender
}

// SendEvent sends a stream event to the receiver of [Server.StreamTo] in the background.
// The sender repeats it as the vendor does. Events that are sent at the same time arrive
// in any order, as the vendor promises none. To test duplicates, send an event twice.
// SendEvent does nothing if there is no receiver or the server is closed.
func (s *Server) SendEvent(payload []byte) {
	s.events.mu.Lock()
	sender := s.events.sender
	s.events.mu.Unlock()
	if sender == nil {
		return
	}
	payload = slices.Clone(payload)
	s.callbacks.run(func() {
		attempts, err := sender.Send(s.ctx, payload)
		s.events.add(StreamEvent{Payload: payload, Attempts: attempts, Err: err})
	})
}

// StreamEvent is an event that the server sent to the receiver of [Server.StreamTo].
type StreamEvent struct {
	Payload []byte
	// Attempts are the attempts to send it, and Err is nil if the last one succeeded;
	// see stream.Sender. If Payload is nil, there was no attempt, and Err says why the
	// message of a [Server.Write] has no event.
	Attempts []outcome.Attempt
	Err      error
}

// StreamEvents returns the stream events that were received or have failed, in the order
// in which that happened. The server keeps the newest ten thousand.
func (s *Server) StreamEvents() []StreamEvent {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	all := slices.Clone(s.events.ended)
	for i := range all {
		all[i].Payload = slices.Clone(all[i].Payload)
		all[i].Attempts = slices.Clone(all[i].Attempts)
	}
	return all
}

// events has the receiver and the events that were sent to it. It is safe for concurrent
// use.
type events struct {
	mu     sync.Mutex
	sender *stream.Sender
	ended  []StreamEvent
}

// add records an event.
func (e *events) add(ended StreamEvent) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, ended)
	if len(e.ended) > maxRecordedEvents {
		e.ended[0] = StreamEvent{}
		e.ended = e.ended[1:]
	}
}

// streams reports whether there is a receiver.
func (e *events) streams() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sender != nil
}
