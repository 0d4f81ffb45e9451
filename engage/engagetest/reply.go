package engagetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// alreadyClosed is the code with which the service refuses to close a closed
// conversation (observed). No other code of the service is publicly known, so all
// other replies have their HTTP status as the code.
const alreadyClosed = "4547"

// result is the result of an operation.
type result struct {
	status         int
	code           string // If empty, the reply has the status as its code.
	description    string
	conversationID string
	value          any
	edge           outcome.Edge // If empty, the edge of the route or of the status.
	resolved       *resolution  // Set by Resolve only.
}

// resolution is what only Resolve reports.
type resolution struct {
	TransID   string `json:"transId,omitempty"`
	TaskID    string `json:"taskId,omitempty"`
	Operation string `json:"conversationOperation,omitempty"`
}

// ok reports whether the operation succeeded.
func (r result) ok() bool { return r.status < http.StatusBadRequest }

// invalid reports whether the request itself was wrong. The service reports that
// in its reply, never by callback.
func (r result) invalid() bool {
	return r.status == http.StatusBadRequest || r.status == http.StatusUnprocessableEntity
}

// misunderstood reports whether the server does not understand the request, so that the
// client has a mistake.
func (r result) misunderstood() bool {
	switch r.status {
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return true
	}
	return r.invalid()
}

// acknowledged sets the time at which a write changed the conversation, and returns
// the result of the write.
func acknowledged(c *Conversation, at time.Time) result {
	c.UpdatedAt = at
	return result{
		status:         http.StatusAccepted,
		description:    "accepted",
		conversationID: c.ID,
		value:          acknowledgement{c.ID},
	}
}

type acknowledgement struct {
	ConversationID string `json:"conversationId"`
}

// conflict is the result of a request that the state of a conversation forbids.
func conflict(c *Conversation, description string) *result {
	return &result{status: http.StatusConflict, description: description, conversationID: c.ID}
}

// unknown is the result of a request for something that does not exist.
func unknown(description string) result {
	return result{status: http.StatusNotFound, description: description}
}

// asynchronous returns the result for the reply when a callback reports r. It says
// only that the request was accepted.
func (r result) asynchronous() result {
	accepted := result{status: http.StatusAccepted, description: "accepted"}
	if r.resolved != nil {
		accepted.resolved = &resolution{TransID: r.resolved.TransID}
	}
	return accepted
}

// envelope is the body of every reply except that to a request for a token.
type envelope struct {
	Status      string `json:"status"`
	Code        string `json:"code"`
	Description string `json:"description"`
	TID         string `json:"tid,omitempty"`
	*resolution
	Value any `json:"value,omitempty"`
}

// envelope returns the result in the form of a reply.
func (r result) envelope(tid string) envelope {
	e := envelope{
		Status:      "success",
		Code:        r.code,
		Description: r.description,
		TID:         tid,
		resolution:  r.resolved,
		Value:       r.value,
	}
	if !r.ok() {
		e.Status = "failure"
	}
	if e.Code == "" {
		e.Code = strconv.Itoa(r.status)
	}
	return e
}

// reply is a reply before it is sent.
type reply struct {
	status int
	header http.Header
	body   []byte
	// edge is the outcome edge that the reply stands for, or empty.
	edge outcome.Edge
	// refusal says why the server does not understand the request, or is empty.
	refusal string
}

// reply returns the reply that reports a result. The envelope has the transaction id
// if the operation is a write or has failed.
func (c *call) reply(r result) reply {
	tid := c.tid
	if r.ok() && !c.route.write {
		tid = ""
	}
	made := reply{status: r.status, body: encode(r.envelope(tid)), edge: c.edge(r, r.ok())}
	if c.route == nil || r.misunderstood() {
		made.refusal = r.description
	}
	if r.status == http.StatusMethodNotAllowed {
		made.header = add(nil, "Allow", c.methods...)
	}
	return made
}

// edge returns the outcome edge on which a node ends that gets the result r. It returns ""
// for a request for a token or for an unknown path. The argument success says whether the
// envelope reports a success.
func (c *call) edge(r result, success bool) outcome.Edge {
	if c.route == nil || c.operation() == Token {
		return ""
	}
	succeeded, failed := c.edges()
	switch {
	case r.status < http.StatusMultipleChoices && success:
		return cmp.Or(r.edge, succeeded)
	case r.status < http.StatusMultipleChoices:
		return cmp.Or(r.edge, failed)
	}
	isResolve := c.operation() == outcome.ResolveConversation
	switch status := r.status; {
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return "onInvalidData"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "onAuthorizationFailure"
	case status == http.StatusRequestTimeout, status == http.StatusGatewayTimeout:
		return "onTimeout"
	case isResolve && status == http.StatusTooManyRequests:
		return "tooManyRequests"
	case isResolve && status == http.StatusServiceUnavailable:
		return "serviceUnavailable"
	case status < http.StatusBadRequest, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return "onError"
	}
	return cmp.Or(r.edge, failed)
}

func (c *call) unauthorized() reply {
	made := c.reply(result{status: http.StatusUnauthorized, description: "the token is missing, unknown or expired"})
	made.header = add(nil, "WWW-Authenticate", `Bearer error="invalid_token"`)
	return made
}

// encode writes JSON. It panics if value has no JSON. Only a message of the caller in
// [NewConversation] can have none.
func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// add adds values to header, which may be nil, and returns it.
func add(header http.Header, name string, values ...string) http.Header {
	if header == nil {
		header = make(http.Header)
	}
	for _, value := range values {
		header.Add(name, value)
	}
	return header
}

// send sends a reply, or breaks the connection as the fault says. It returns after the
// whole reply has been written, so that a callback can follow it.
func (s *Server) send(ctx context.Context, w http.ResponseWriter, request *Request, r reply, f Fault) {
	switch f.Connection {
	case ConnectionClosed:
		abort()
	case ConnectionReset:
		reset(w)
	case ConnectionSilent:
		silence(ctx)
	case StreamRefused:
		reject(ctx, refuse)
	case ConnectionGoAway:
		reject(ctx, goAway)
	}
	header := w.Header()
	switch r.status {
	case http.StatusNoContent, http.StatusNotModified:
		r.body = nil
	case http.StatusResetContent:
		r.body = nil
		header.Set("Content-Length", "0")
	default:
		header.Set("Content-Type", contentType(r.body))
		header.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	s.log.answered(request, r, f)
	if f.Shape != PlainText {
		header.Set("trxid", request.TransactionID)
		header.Set("TrackingId", request.TransactionID)
	}
	if r.status >= http.StatusMultipleChoices && r.status < http.StatusBadRequest {
		header.Set("Location", request.Path)
	}
	maps.Copy(header, r.header)
	if f.Shape == Oversized {
		header.Del("Content-Length")
		w.WriteHeader(r.status)
		writeOversized(w)
		return
	}
	w.WriteHeader(r.status)
	part := r.body
	if f.Connection == ConnectionCutShort {
		part = part[:len(part)/2]
	}
	_, _ = w.Write(part) // An error means that the client has gone.
	_ = http.NewResponseController(w).Flush()
	if f.Connection == ConnectionCutShort {
		abort()
	}
}

func contentType(body []byte) string {
	if bytes.HasPrefix(body, []byte("<")) {
		return "text/html; charset=utf-8"
	}
	return "application/json"
}

// oversize is the length of the padding in an oversized body.
const oversize = 64 << 20

// writeOversized writes JSON that is longer than oversize. It stops early if the client
// has gone.
func writeOversized(w http.ResponseWriter) {
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	_, err := w.Write([]byte(`{"status":"success","value":{"padding":"`))
	for sent := 0; sent < oversize && err == nil; sent += len(chunk) {
		_, err = w.Write(chunk)
	}
	if err == nil {
		_, _ = w.Write([]byte(`"}}`))
	}
}
