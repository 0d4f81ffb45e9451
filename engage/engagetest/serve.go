package engagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/outcome"
)

// maxRequestBytes is the largest body that the server accepts.
const maxRequestBytes = 4 << 20

// call is a request while the server handles it.
type call struct {
	route      *route   // Nil if no operation has this path and method.
	methods    []string // The methods of the path, if route is nil.
	parameters map[string]string
	query      string // The query of the URL, still encoded.
	header     http.Header
	content    []byte
	body       *object
	now        time.Time // When the request arrived, or later when a delayed write is applied.
	tid        string
	// callbackURL is where the server posts the outcome of a write.
	callbackURL string
	request     *Request      // In the log.
	wait        time.Duration // How long the client must wait if it is beyond the rate limit.
}

// operation returns the operation of the request, or "" if it has no route.
func (c *call) operation() outcome.Operation {
	if c.route == nil {
		return ""
	}
	return c.route.operation
}

// serve handles a request. It reads and records the request, performs the operation
// and sends the reply. A fault may change each of these steps. The callbacks follow
// the reply, even if a fault aborts it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c, err := s.receive(w, r)
	if err != nil {
		abort()
	}
	request := c.record(r)
	c.request = request
	s.log.add(request)
	if s.limit != nil && c.operation() != Token {
		c.wait = s.limit.count(w.Header(), c.now)
	}
	fault := s.faults.next(request)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()

	after := fault.Applied || fault.ApplyDelay > 0 // Whether the fault acts after the operation.
	if !after {
		if !wait(ctx, fault.Delay) {
			abort()
		}
		if fault.replaces() {
			s.send(ctx, w, request, fault.spoil(c, fault.reply(c, 0)), fault)
			return
		}
	}
	own, post := s.perform(c, fault)
	if own.refusal != "" {
		s.log.refused(request, own.refusal)
	}
	if fault.Callback == CallbackEarly {
		post()
	} else {
		defer post()
	}
	if after {
		if !wait(ctx, fault.Delay) {
			abort()
		}
		if fault.refuses() {
			own = fault.reply(c, own.status)
		}
	}
	s.send(ctx, w, request, fault.spoil(c, own), fault)
}

// receive reads a request. It returns an error if the client leaves before it has sent
// the whole body.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*call, error) {
	c := &call{query: r.URL.RawQuery, header: r.Header, now: s.now(), tid: s.transactionID()}
	c.route, c.parameters, c.methods = match(r)
	var err error
	c.content, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes+1))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		err = nil // call.check refuses the request.
	}
	return c, err
}

// perform performs the operation of a request as the fault says. It returns the
// operation's own reply and a function that posts the callbacks.
func (s *Server) perform(c *call, f Fault) (own reply, post func()) {
	act, refusal := s.prepare(c)
	if act == nil {
		return refusal, func() {}
	}
	if f.ApplyDelay == 0 {
		f.ApplyDelay = s.delay
	}
	if c.route.write && f.ApplyDelay > 0 {
		s.applyLater(c, act, f)
		return c.reply(result{status: http.StatusAccepted, description: "accepted"}), func() {}
	}
	return s.applyNow(c, act, f)
}

// applyNow applies an action, twice if the fault repeats the request. It returns the first
// reply and a function that posts the callbacks.
func (s *Server) applyNow(c *call, act action, f Fault) (own reply, post func()) {
	own, first := s.finish(c, s.apply(c, act))
	if !f.Repeated {
		return own, func() { s.callbacks.post(first, f) }
	}
	second := s.repeat(*c)
	if f.Callback == "" && second != nil {
		f.Callback = CallbackOvertaken
	}
	return own, func() {
		s.callbacks.post(first, f)
		s.callbacks.post(second, Fault{CallbackDelay: f.CallbackDelay})
	}
}

// applyLater applies a write after the ApplyDelay of the fault, in the background, and
// then posts its callbacks. It drops the write if the server is closed first.
func (s *Server) applyLater(c *call, act action, f Fault) {
	s.log.has(c.request, outcome.MaybeApplied)
	started := s.callbacks.run(func() {
		if !wait(s.ctx, f.ApplyDelay) {
			s.log.has(c.request, outcome.Refused)
			return
		}
		c.now = s.now()
		_, post := s.applyNow(c, act, f)
		post()
	})
	if !started {
		s.log.has(c.request, outcome.Refused)
	}
}

// repeat performs a request once more, with a transaction id of its own. It returns the
// callback to post, or nil if there is none.
func (s *Server) repeat(c call) *notice {
	c.tid = s.transactionID()
	act, _ := s.prepare(&c)
	if act == nil { // The token has just been revoked.
		return nil
	}
	_, callback := s.finish(&c, s.apply(&c, act))
	return callback
}

// prepare returns the action that performs a request. If nothing is left to perform, it
// returns a nil action and the reply, which is a refusal or a token.
func (s *Server) prepare(c *call) (action, reply) {
	if c.wait > 0 {
		return nil, c.exhausted(c.wait)
	}
	if refusal := c.check(); refusal != nil {
		return nil, c.reply(*refusal)
	}
	if c.operation() == Token {
		return nil, s.tokens.grant(c)
	}
	if !s.tokens.valid(c.token(), c.now) {
		return nil, c.unauthorized()
	}
	if refusal := c.decode(); refusal != nil {
		return nil, c.reply(*refusal)
	}
	act := c.route.handle(c)
	if refusal := c.body.refusal(); refusal != nil {
		return nil, c.reply(*refusal)
	}
	return act, reply{}
}

// finish returns the reply to a request whose result is r, and the callback to post.
// There is a callback only for a write with a callback URL.
func (s *Server) finish(c *call, r result) (reply, *notice) {
	if !c.route.write || r.invalid() {
		return c.reply(r), nil
	}
	notice := c.notice(r)
	if notice != nil && (!r.ok() || r.resolved != nil) {
		// With a callback URL the service reports a refusal by callback (observed).
		return c.reply(r.asynchronous()), notice
	}
	return c.reply(r), notice
}

// apply applies an action to the state, delivers the outbound messages that it appends,
// and returns its result.
func (s *Server) apply(c *call, act action) result {
	r, appended, deliver := s.act(c, act)
	if c.route.write {
		effect := outcome.Applied
		if !r.ok() {
			effect = outcome.Refused
		}
		s.log.has(c.request, effect)
	}
	for _, u := range appended {
		deliver(u.delivery())
	}
	return r
}

// act performs an action. If there is a function for deliveries, act also returns that and
// the outbound messages to deliver.
func (s *Server) act(c *call, act action) (r result, appended []undelivered, deliver func(Delivery)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r = act(&s.state)
	if c.route.write && r.ok() {
		s.state.changed(r.conversationID)
	}
	if !s.state.conversationIDs && c.route.write {
		r.value = nil
	}
	appended, s.state.undelivered = s.state.undelivered, nil
	return r, appended, s.state.deliver
}

// check returns the refusal of a request that no operation accepts, or nil.
func (c *call) check() *result {
	switch {
	case c.route == nil && len(c.methods) > 0:
		return &result{status: http.StatusMethodNotAllowed, description: "the path accepts only " + strings.Join(c.methods, " and ")}
	case c.route == nil:
		return new(unknown("no such path"))
	case len(c.content) > maxRequestBytes:
		return &result{status: http.StatusRequestEntityTooLarge, description: "the body is too large"}
	}
	return nil
}

// token returns the bearer token of the request, or "".
func (c *call) token() string {
	scheme, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// mediaType returns the content type of the request without its parameters.
func (c *call) mediaType() string {
	mediaType, _, _ := mime.ParseMediaType(c.header.Get("Content-Type"))
	return mediaType
}

// decode reads the members of the request, and the callback URL of a write. POST and
// PATCH have the members in the body, other methods in the query. It returns a refusal
// if they cannot be read, or nil.
func (c *call) decode() *result {
	read := c.decodeQuery
	if c.route.method == http.MethodPost || c.route.method == http.MethodPatch {
		read = c.decodeBody
	}
	if refusal := read(); refusal != nil {
		return refusal
	}
	if c.route.write {
		c.readCallbackURL()
	}
	return nil
}

func (c *call) decodeBody() *result {
	document := bytes.TrimSpace(c.content)
	switch {
	case c.query != "":
		return malformed("a query is not expected")
	case len(document) == 0:
		document = []byte("{}")
	case c.mediaType() != "application/json":
		return &result{status: http.StatusUnsupportedMediaType, description: "the content type is not application/json"}
	case !utf8.Valid(document):
		return malformed("the body is not UTF-8")
	}
	body, ok := newObject(document)
	if !ok {
		return malformed("the body is not a JSON object")
	}
	c.body = body
	return nil
}

func (c *call) decodeQuery() *result {
	query, err := url.ParseQuery(c.query)
	switch {
	case len(bytes.TrimSpace(c.content)) > 0:
		return malformed("a body is not expected")
	case err != nil:
		return malformed("the query is malformed")
	}
	c.body = queryObject(query)
	return nil
}

func malformed(description string) *result {
	return &result{status: http.StatusBadRequest, description: description}
}

func (c *call) readCallbackURL() {
	if !c.body.take("callbackUrl", "a string", &c.callbackURL) {
		return
	}
	parsed, err := url.Parse(c.callbackURL)
	if err != nil || parsed.Host == "" || !slices.Contains([]string{"http", "https"}, parsed.Scheme) {
		c.body.unusable("callbackUrl", "is not an http or https URL")
	}
}
