package engagetest

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Always is the number of times of a fault that does not end.
const Always = -1

// Fault is one thing that goes wrong with a request. Its fields combine:
//
//	Fault{Status: 503, Header: http.Header{"Retry-After": {"2"}}} // refused, not carried out
//	Fault{Status: 401, Times: 2}                                  // twice
//	Fault{Connection: ConnectionReset}                            // reset, not carried out
//	Fault{Applied: true, Connection: ConnectionClosed}            // carried out, its reply lost
//	Fault{Applied: true, Connection: ConnectionCutShort}          // carried out, its reply torn
//	Fault{Status: 502, Shape: HTML, Times: Always}                // a proxy's page, until ClearFaults
//	Fault{Applied: true, Delay: time.Minute}                      // carried out, its reply late
//	Fault{Callback: CallbackDoubled}                              // told twice
//
// A fault that changes the answer or breaks the connection keeps the operation
// from being carried out, unless it is Applied. One that only delays, adds
// headers or meddles with the callback lets it be.
type Fault struct {
	// Times is how many requests the fault befalls. Zero is one; [Always] is
	// all, until [Server.ClearFaults].
	Times int
	// Applied puts the fault behind the work: the operation is carried out and
	// only then something goes wrong.
	Applied bool
	// Delay is the time before the work, or behind it if Applied. It is real
	// time, whatever the server's clock. If the client leaves or the server is
	// closed meanwhile, the request ends there without an answer.
	Delay time.Duration

	// Status is the HTTP status to answer with, from 200 to 999; others are
	// taken as 500. The answer is a failure in the service's envelope; below
	// 300 it claims success.
	Status int
	// Code and Description are told in the envelope; an empty code is the
	// status. Without a Status they make a failure that comes with 200, or with
	// the operation's own status if Applied. For a token they become its error
	// and error_description.
	Code        string
	Description string
	// Header is added to the answer, such as Retry-After.
	Header http.Header
	// Shape spoils the body of the answer.
	Shape Shape
	// Body, if not empty, is sent in place of the body.
	Body string

	// Connection breaks it off.
	Connection Connection

	// Callback is what happens to the callback of a write.
	Callback CallbackFault
	// CallbackDelay is the time before it is posted, in real time.
	CallbackDelay time.Duration
}

// Shape is a way to spoil the body of an answer.
type Shape string

// The shapes. The zero value leaves the body as it is.
const (
	// Empty is no body at all.
	Empty Shape = "empty"
	// HTML is a proxy's page.
	HTML Shape = "html"
	// Truncated is JSON that ends in its middle, in a reply that is complete.
	Truncated Shape = "truncated"
	// WrongShape is JSON of another kind: an array.
	WrongShape Shape = "wrong shape"
	// Oversized is JSON of 64 MiB.
	Oversized Shape = "oversized"
	// Numbers is the envelope with status and code as numbers, as the service
	// was seen to write them too.
	Numbers Shape = "numbers"
	// Bare is an acknowledgement that holds nothing but the transaction id, in
	// another of its spellings, TransId.
	Bare Shape = "bare"
)

// Connection is a way to break off a connection.
type Connection string

// The ways to break off a connection. The zero value keeps it. Over HTTP/2 they
// end the request's stream instead.
const (
	// ConnectionClosed closes it before the first byte of the answer.
	ConnectionClosed Connection = "closed"
	// ConnectionReset resets it before the first byte of the answer.
	ConnectionReset Connection = "reset"
	// ConnectionCutShort closes it in the middle of the answer's body.
	ConnectionCutShort Connection = "cut short"
)

// CallbackFault is what happens to the callback of a write.
type CallbackFault string

// What can happen to a callback. The zero value posts it once, after the
// acknowledgement.
const (
	// CallbackLost is never posted.
	CallbackLost CallbackFault = "lost"
	// CallbackDoubled is posted twice.
	CallbackDoubled CallbackFault = "doubled"
	// CallbackEarly is posted before the acknowledgement is sent, which waits
	// for its answer, though no longer than ten seconds.
	CallbackEarly CallbackFault = "early"
	// CallbackOvertaken is held back until another callback has been posted.
	CallbackOvertaken CallbackFault = "overtaken"
)

// FaultFunc chooses a fault for a request; the zero Fault lets it be. Times is
// not regarded. The request has no Status yet. The function is called from many
// goroutines at once and must neither keep nor change the request's header and
// body.
type FaultFunc func(Request) Fault

// Fail makes the next requests of operation go wrong: the first by the first
// fault, and so on, after those of earlier calls. [Token] stands for requests
// for a token.
func (s *Server) Fail(operation outcome.Operation, faults ...Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, fault := range faults {
		fault.Header = fault.Header.Clone()
		s.faults.scripted[operation] = append(s.faults.scripted[operation], fault)
	}
}

// FailFunc lets choose decide on every request for which no fault is scripted.
// It replaces the function of an earlier call; nil ends it.
func (s *Server) FailFunc(choose FaultFunc) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.choose = choose
}

// ClearFaults ends all faults, those of [Server.FailFunc] too.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	clear(s.faults.scripted)
	s.faults.choose = nil
}

// faults holds what is to go wrong. It is safe for concurrent use.
type faults struct {
	mu       sync.Mutex
	scripted map[outcome.Operation][]Fault
	choose   FaultFunc
}

// next returns the fault of a request.
func (f *faults) next(r *Request) Fault {
	fault, choose := f.take(r.Operation)
	if choose == nil {
		return fault
	}
	return choose(*r)
}

// take takes the next scripted fault of operation; without one it returns the
// function to ask, if there is one.
func (f *faults) take(operation outcome.Operation) (Fault, FaultFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	queue := f.scripted[operation]
	if len(queue) == 0 {
		return Fault{}, f.choose
	}
	fault := queue[0]
	switch {
	case fault.Times < 0:
	case fault.Times > 1:
		queue[0].Times--
	default:
		f.scripted[operation] = queue[1:]
	}
	return fault, nil
}

// answers reports whether the fault stands in for the operation's own answer.
func (f Fault) answers() bool {
	return f.refuses() || f.Shape != "" || f.Body != "" || f.Connection != ""
}

// refuses reports whether the fault says what went wrong.
func (f Fault) refuses() bool { return f.Status != 0 || f.Code != "" || f.Description != "" }

// answer is what the fault answers in place of the operation, whose own status
// is given, or 0.
func (f Fault) answer(c *call, own int) reply {
	status := f.Status
	switch {
	case status == 0 && own != 0:
		status = own
	case status == 0:
		status = http.StatusOK
	case status < http.StatusOK || status > 999:
		status = http.StatusInternalServerError
	}
	if c.operation() == Token {
		return denied(status, f.Code, f.Description)
	}
	e := result{status: status, code: f.Code, description: f.Description}.envelope(c.tid)
	if f.Status == 0 {
		e.Status = "failure"
	}
	return reply{status: status, body: encode(e)}
}

// spoil does to a reply what the fault does to any.
func (f Fault) spoil(c *call, r reply) reply {
	for name, values := range f.Header {
		r.header = add(r.header, name, values...)
	}
	switch f.Shape {
	case Empty:
		r.body = nil
	case HTML:
		r.body = []byte("<!DOCTYPE html>\n<html><head><title>" + strconv.Itoa(r.status) + "</title></head><body>The proxy has no answer.</body></html>\n")
	case Truncated:
		r.body = r.body[:len(r.body)/2]
	case WrongShape:
		r.body = []byte(`["unexpected"]`)
	case Numbers:
		r.body = inNumbers(r.body, r.status)
	case Bare:
		r.body = encode(struct {
			TransID string `json:"TransId"`
		}{c.tid})
	}
	if f.Body != "" {
		r.body = []byte(f.Body)
	}
	return r
}
