package engagetest

import (
	"context"
	"net/http"
)

// serve takes a request from its arrival to its answer, through whatever fault
// befalls it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c, err := s.receive(w, r)
	if err != nil {
		abort()
	}
	request := c.record(r)
	s.log.add(request)
	fault := s.faults.next(request)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	if !fault.Applied {
		if !wait(ctx, fault.Delay) {
			abort()
		}
		if fault.answers() {
			s.send(w, request, fault.spoil(c, fault.answer(c, 0)), fault)
			return
		}
	}
	own, notice := s.carryOut(c)
	if fault.Callback == CallbackEarly {
		s.callbacks.post(notice, fault)
	} else {
		// Also when the answer never leaves.
		defer s.callbacks.post(notice, fault)
	}
	if fault.Applied {
		if !wait(ctx, fault.Delay) {
			abort()
		}
		if fault.refuses() {
			own = fault.answer(c, own.status)
		}
	}
	s.send(w, request, fault.spoil(c, own), fault)
}

// carryOut does what a request asks for. It returns the answer and, for a write
// with a callback URL, what to post there.
func (s *Server) carryOut(c *call) (reply, *notice) {
	if refusal := c.check(); refusal != nil {
		return c.answer(*refusal), nil
	}
	if c.operation() == Token {
		return s.tokens.grant(c), nil
	}
	if !s.tokens.valid(c.token(), c.now) {
		return unauthorized(c), nil
	}
	if refusal := c.decode(); refusal != nil {
		return c.answer(*refusal), nil
	}
	r := s.apply(c)
	if !c.route.write || r.invalid() {
		return c.answer(r), nil
	}
	notice := c.notice(r)
	if notice != nil && (!r.ok() || r.resolved != nil) {
		// Who asked for a callback learns of a refusal by it (observed).
		return c.answer(r.asynchronous()), notice
	}
	return c.answer(r), notice
}

// apply carries out an operation on the state.
func (s *Server) apply(c *call) result {
	s.mu.Lock()
	defer s.mu.Unlock()
	return c.route.handle(&s.state, c)
}

// answer puts a result into an envelope. It tells the transaction id of writes
// and of whatever failed.
func (c *call) answer(r result) reply {
	tid := c.tid
	if r.ok() && !c.route.write {
		tid = ""
	}
	answer := reply{status: r.status, body: encode(r.envelope(tid))}
	if r.status == http.StatusMethodNotAllowed {
		answer.header = add(nil, "Allow", c.methods...)
	}
	return answer
}

func unauthorized(c *call) reply {
	answer := c.answer(result{status: http.StatusUnauthorized, description: "the token is missing, unknown or expired"})
	answer.header = add(nil, "WWW-Authenticate", `Bearer error="invalid_token"`)
	return answer
}
