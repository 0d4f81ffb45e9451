package engagetest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// Always is the [Fault.Times] of a fault that does not end.
const Always = -1

// Fault is something that goes wrong with a request. Its fields can be combined:
//
//	Fault{Status: 503, Header: http.Header{"Retry-After": {"2"}}} // refused
//	Fault{Status: 401, Times: 2}                                  // refused twice
//	Fault{Connection: ConnectionReset}                            // reset, not applied
//	Fault{Connection: StreamRefused}                              // never looked at (HTTP/2)
//	Fault{Applied: true, Connection: ConnectionClosed}            // applied, reply lost
//	Fault{Applied: true, Connection: ConnectionCutShort}          // applied, reply incomplete
//	Fault{Status: 502, Shape: HTML, Times: Always}                // a proxy's page, until ClearFaults
//	Fault{Applied: true, Status: 503, Shape: PlainText}           // applied, a proxy lost the reply
//	Fault{Applied: true, Status: 204}                             // applied, reply without a body
//	Fault{Status: 307}                                            // redirected, not applied
//	Fault{Body: `{"status":"under maintenance"}`}                 // 200, not applied
//	Fault{Repeated: true}                                         // applied twice by a gateway
//	Fault{ApplyDelay: time.Second}                                // acknowledged, applied later
//	Fault{Applied: true, Delay: time.Minute}                      // applied, reply late
//	Fault{Callback: CallbackDoubled}                              // callback posted twice
//	Fault{Header: http.Header{"Connection": {"close"}}}           // GOAWAY over HTTP/2, after the reply
//
// A fault that changes the reply or breaks the connection prevents the operation,
// unless Applied or ApplyDelay is set. A fault that only delays, adds headers, repeats
// the request or changes the callback does not prevent it.
type Fault struct {
	// Times is the number of requests that the fault affects. Zero means one.
	// [Always], or any other negative number, means all, until [Server.ClearFaults].
	Times int
	// Applied makes the fault act after the operation has been applied, instead of
	// before.
	Applied bool
	// ApplyDelay makes the server acknowledge a write at once and apply it in the
	// background, this long after the request arrived. The server waits as with Delay.
	// It does not apply the write if the request is invalid or the server is closed
	// first. Other operations are not delayed.
	ApplyDelay time.Duration
	// Repeated makes the server apply the request twice, as if a gateway had sent it
	// again. The repetition has a transaction id and a callback of its own. The client
	// gets the first reply. Callback affects only the first callback. If Callback is
	// empty, the first callback is posted after the second.
	Repeated bool
	// Delay is a time to wait before the operation, or after it if Applied or
	// ApplyDelay is set. The wait takes the time of package time, whatever the clock. If the
	// client leaves or the server is closed meanwhile, the request ends without a
	// reply.
	Delay time.Duration

	// Status is the HTTP status of the reply, from 200 to 999. Any other value
	// counts as 500. The body is a failure in the service's envelope, or a success
	// if the status is below 300. There is no body with 204 and 205. A redirect leads
	// to the same URL, unless Header has a Location.
	Status int
	// Code and Description are members of the envelope. If Code is empty, the envelope
	// has the HTTP status as its code. If one of them is set and Status is zero, the
	// reply is a failure. Its HTTP status is 200, or that of the operation if Applied is
	// set. In the reply to a request for a token they are error and error_description.
	Code        string
	Description string
	// Header has headers to add to the reply, such as Retry-After. Date, Location and the
	// trace ids replace those of the server.
	Header http.Header
	// Body, if not empty, replaces the body of the reply.
	Body string
	// Shape changes the body of the reply.
	Shape Shape

	// Connection is how the connection breaks.
	Connection Connection

	// Callback is what happens to the callback of a write.
	Callback CallbackFault
	// CallbackDelay is a time to wait before the callback is posted, as with Delay. It
	// does not affect a callback that is overtaken.
	CallbackDelay time.Duration
}

// Shape is a form that a fault gives to the body of a reply.
type Shape string

// The shapes. The zero value leaves the body as it is.
const (
	// Empty is no body at all.
	Empty Shape = "empty"
	// HTML is the error page of a proxy.
	HTML Shape = "html"
	// PlainText is the text of a proxy that lost its connection to the service. The
	// reply has no trace ids in its header.
	PlainText Shape = "plain text"
	// ByteOrderMark is the body with a byte order mark (EF BB BF) before it.
	ByteOrderMark Shape = "byte order mark"
	// Gzip is the body compressed with gzip, even if the request does not accept it.
	Gzip Shape = "gzip"
	// Truncated is the first half of the JSON, in a complete reply.
	Truncated Shape = "truncated"
	// WrongShape is JSON of an unexpected kind, an array.
	WrongShape Shape = "wrong shape"
	// Oversized is JSON of more than 64 MiB. [ConnectionCutShort] does not cut it short.
	Oversized Shape = "oversized"
	// Numbers is the envelope with status and code as numbers (observed).
	Numbers Shape = "numbers"
	// Bare is an acknowledgement that has only the transaction id, spelled TransId
	// (observed).
	Bare Shape = "bare"
)

// Connection is a way in which a connection breaks.
type Connection string

// The ways in which a connection breaks. The zero value keeps it. Over HTTP/2 they
// end only the stream of the request, except for ConnectionSilent and ConnectionGoAway.
const (
	// ConnectionClosed closes the connection before the first byte of the reply.
	ConnectionClosed Connection = "closed"
	// ConnectionReset resets the connection before the first byte of the reply.
	ConnectionReset Connection = "reset"
	// ConnectionCutShort closes the connection in the middle of the reply's body.
	ConnectionCutShort Connection = "cut short"
	// ConnectionSilent keeps the connection open but sends nothing more on it, not even
	// to other requests or to pings. The client can open other connections.
	ConnectionSilent Connection = "silent"
	// StreamRefused refuses the request with REFUSED_STREAM, as an HTTP/2 server does that
	// has not looked at it. Without [WithTLS] it is like ConnectionClosed.
	StreamRefused Connection = "stream refused"
	// ConnectionGoAway ends the connection with a GOAWAY that says that the server did not
	// get the request. The server still answers the other requests that it has got on the
	// connection. If some of them came later, it says with REFUSED_STREAM that it did not get
	// this one. Without [WithTLS] it is like ConnectionClosed.
	ConnectionGoAway Connection = "go away"
)

// CallbackFault is what happens to the callback of a write.
type CallbackFault string

// What can happen to a callback. With the zero value it is posted once, after the
// reply.
const (
	// CallbackLost means that the callback is never posted.
	CallbackLost CallbackFault = "lost"
	// CallbackDoubled means that the callback is posted twice.
	CallbackDoubled CallbackFault = "doubled"
	// CallbackEarly means that the callback is posted before the reply is sent. The
	// server waits up to ten seconds for the receiver to answer.
	CallbackEarly CallbackFault = "early"
	// CallbackOvertaken means that the callback is posted after the next callback of
	// the server. If none follows, it is never posted.
	CallbackOvertaken CallbackFault = "overtaken"
)

// FaultFunc chooses the fault of a request. The zero Fault means none. The server
// does not use the Times of the result, and panics if a Shape, Connection or Callback is
// unknown. It calls the function from many goroutines.
// The function must not change or keep the header and the body of the request.
type FaultFunc func(Request) Fault

// Fail adds faults to the queue of an operation. Each request of the operation takes
// the first fault of the queue. Use [Token] for requests for a token. Fail panics if the
// server has no such operation, or if a fault has an unknown Shape, Connection or
// Callback.
func (s *Server) Fail(operation outcome.Operation, faults ...Fault) {
	if !slices.ContainsFunc(routes, func(r route) bool { return r.operation == operation }) {
		panic(fmt.Sprintf("engagetest: Fail: the server has no operation %q", operation))
	}
	for _, fault := range faults {
		if problem := fault.validate(); problem != "" {
			panic("engagetest: Fail: " + problem)
		}
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, fault := range faults {
		fault.Header = fault.Header.Clone()
		s.faults.scripted[operation] = append(s.faults.scripted[operation], fault)
	}
}

// FailFunc sets the function that chooses the fault of each request whose operation
// has no fault in its queue. A nil function chooses none.
func (s *Server) FailFunc(choose FaultFunc) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.choose = choose
}

// Randomly returns a function for [Server.FailFunc] that chooses fault for a random part
// of the requests. The part is a number from 0 to 1. If there are operations, only their
// requests can get the fault. With the same seed, the requests of the same numbers get it
// in each run; see [Request.Number].
func Randomly(part float64, seed uint64, fault Fault, operations ...outcome.Operation) FaultFunc {
	fault.Header = fault.Header.Clone()
	return func(r Request) Fault {
		chosen := len(operations) == 0 || slices.Contains(operations, r.Operation)
		if chosen && rand.New(rand.NewPCG(seed, uint64(r.Number))).Float64() < part {
			return fault
		}
		return Fault{}
	}
}

// ClearFaults removes the faults in the queues of some operations. Without operations it
// removes all faults, and the function of [Server.FailFunc].
func (s *Server) ClearFaults(operations ...outcome.Operation) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, operation := range operations {
		delete(s.faults.scripted, operation)
	}
	if len(operations) == 0 {
		clear(s.faults.scripted)
		s.faults.choose = nil
	}
}

// faults holds the faults of the next requests. It is safe for concurrent use.
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
	fault = choose(*r)
	if problem := fault.validate(); problem != "" {
		panic("engagetest: FailFunc: " + problem)
	}
	return fault
}

// take takes the next fault from the queue of an operation. If the queue is empty, it
// returns the function of FailFunc, which may be nil.
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

// validate returns what is wrong with the fault, or "".
func (f Fault) validate() string {
	switch f.Shape {
	case "", Empty, HTML, PlainText, ByteOrderMark, Gzip, Truncated, WrongShape, Oversized, Numbers, Bare:
	default:
		return fmt.Sprintf("the Shape %q is unknown", f.Shape)
	}
	switch f.Connection {
	case "", ConnectionClosed, ConnectionReset, ConnectionCutShort, ConnectionSilent, StreamRefused, ConnectionGoAway:
	default:
		return fmt.Sprintf("the Connection %q is unknown", f.Connection)
	}
	switch f.Callback {
	case "", CallbackLost, CallbackDoubled, CallbackEarly, CallbackOvertaken:
	default:
		return fmt.Sprintf("the Callback %q is unknown", f.Callback)
	}
	return ""
}

// replaces reports whether the fault replaces the operation's own reply.
func (f Fault) replaces() bool {
	return f.refuses() || f.Shape != "" || f.Body != "" || f.Connection != ""
}

// refuses reports whether the fault has a reply in the service's envelope.
func (f Fault) refuses() bool { return f.Status != 0 || f.Code != "" || f.Description != "" }

// reply returns the reply of the fault. The argument own is the status of the
// operation's own reply, or 0.
func (f Fault) reply(c *call, own int) reply {
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
	r := result{status: status, code: f.Code, description: f.Description}
	success := f.Status != 0 && status < http.StatusMultipleChoices
	e := r.envelope(c.tid)
	if !success {
		e.Status = "failure"
	}
	return reply{status: status, body: encode(e), edge: c.edge(r, success)}
}

// garbles reports whether a client cannot read the reply.
func (f Fault) garbles() bool {
	switch f.Shape {
	case "", Numbers, Bare, ByteOrderMark, Gzip:
		return f.Body != "" || f.Connection == ConnectionCutShort
	}
	return true
}

// spoil returns a reply with the header, the body and the shape of the fault.
func (f Fault) spoil(c *call, r reply) reply {
	for name, values := range f.Header {
		r.header = add(r.header, name, values...)
	}
	if f.Body != "" {
		r.body = []byte(f.Body)
	}
	switch f.Shape {
	case Empty:
		r.body = nil
	case HTML:
		r.body = []byte("<!DOCTYPE html>\n<html><head><title>" + strconv.Itoa(r.status) + "</title></head><body>The proxy has no answer.</body></html>\n")
	case PlainText:
		r.body = []byte("upstream connect error or disconnect/reset before headers")
		r.header = add(r.header, "Content-Type", "text/plain")
	case ByteOrderMark:
		r.body = append([]byte("\ufeff"), r.body...)
	case Gzip:
		r.header = add(r.header, "Content-Type", contentType(r.body))
		r.header = add(r.header, "Content-Encoding", "gzip")
		r.body = compress(r.body)
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
	return r
}

// compress returns body compressed with gzip.
func compress(body []byte) []byte {
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, _ = w.Write(body) // A buffer accepts everything.
	_ = w.Close()
	return compressed.Bytes()
}

// inNumbers returns an envelope with status and code as numbers. It returns any other
// body unchanged.
func inNumbers(body []byte, status int) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil || members["code"] == nil {
		return body
	}
	members["status"] = json.RawMessage(strconv.Itoa(status))
	if code, err := strconv.Atoi(string(bytes.Trim(members["code"], `"`))); err == nil {
		members["code"] = json.RawMessage(strconv.Itoa(code))
	}
	return encode(members)
}
