package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
	"github.com/engagesdk/engage-go/outcome"
)

// deskHeader is a header that the script of the desk sets. A page from elsewhere cannot
// set it without the permission of the simulator, which gives none.
const deskHeader = "Simulator-Desk"

const (
	maxForm  = 17 << 20         // The largest form in bytes, with a file.
	callTime = 20 * time.Second // The longest time that a call of an agent may take.
)

// addActions adds the actions of the desk to mux.
func (s *simulator) addActions(mux *http.ServeMux) {
	for path, action := range map[string]http.HandlerFunc{
		"/conversations/{id}/join":   s.call(outcome.AddParticipant, s.join),
		"/conversations/{id}/leave":  s.call(outcome.RemoveParticipant, s.leave),
		"/conversations/{id}/reply":  s.call(outcome.AppendMessage, s.reply),
		"/conversations/{id}/hold":   s.call(outcome.HoldConversation, s.hold),
		"/conversations/{id}/close":  s.call(outcome.CloseConversation, s.closeConversation),
		"/conversations/{id}/reopen": s.call(outcome.ReopenConversation, s.reopen),
		"/conversations/{id}/write":  s.writeInConversation,
		"/conversations/{id}/answer": s.answer,
		"/conversations":             s.writeAsNewCustomer,
		"/faults":                    s.faultOn,
		"/faults/off":                s.faultOff,
		"/scenarios":                 s.startScenario,
		"/scenarios/stop":            s.stopScenario,
		"/state/save":                s.saveState,
	} {
		mux.Handle("POST "+path, s.fromDesk(maxForm, action))
	}
	mux.Handle("POST /state", s.fromDesk(maxState, s.uploadState))
}

// fromDesk refuses requests that the desk did not send, and those that are too large.
func (s *simulator) fromDesk(size int64, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(deskHeader) == "" {
			http.Error(w, "Only the desk may do this.", http.StatusForbidden)
			return
		}
		if r.ContentLength > size {
			s.tooLarge(w, size)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, size)
		next.ServeHTTP(w, r)
	})
}

// tooLarge writes that a request is too large.
func (s *simulator) tooLarge(w http.ResponseWriter, limit int64) {
	w.Header().Set("Connection", "close") // Nobody reads the rest.
	s.fail(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("Not sent: it is larger than %d MiB.", limit>>20))
}

// report is what the desk shows of an action.
type report struct {
	Title    string
	Failed   bool
	Edge     outcome.Edge
	Effect   string // Empty if it says nothing.
	Details  []string
	TraceIDs []string
	Open     string // The conversation to open, or "".
}

// form parses the form of a request. If it cannot, it writes why and returns false.
func (s *simulator) form(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	if err == nil {
		err = r.ParseMultipartForm(maxForm)
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		s.tooLarge(w, tooLarge.Limit)
		return false
	}
	if err != nil && !errors.Is(err, http.ErrNotMultipart) {
		s.fail(w, http.StatusBadRequest, "The form is malformed.")
		return false
	}
	return true
}

// agentCall is a call of the agent's client about a conversation.
type agentCall func(context.Context, engagetest.Conversation, *http.Request) (engage.Receipt, error)

// call returns the action that makes a call and reports how it ended.
func (s *simulator) call(operation outcome.Operation, call agentCall) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conversation, ok := s.server.Conversation(r.PathValue("id"))
		if !ok {
			s.fail(w, http.StatusNotFound, "There is no such conversation.")
			return
		}
		if !s.form(w, r) {
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), callTime)
		defer cancel()
		receipt, err := call(ctx, conversation, r)
		if err != nil {
			s.show(w, statusOf(err), "report", failed(operation, err))
			return
		}
		s.show(w, http.StatusOK, "report", succeeded(operation, receipt))
	}
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

func succeeded(operation outcome.Operation, receipt engage.Receipt) report {
	r := report{Title: string(operation), Edge: receipt.Outcome, Effect: string(receipt.Proof), TraceIDs: distinct(receipt.TraceIDs)}
	if receipt.AlreadyDone {
		r.Details = append(r.Details, "It was so already.")
	}
	r.Details = append(r.Details, attempts(receipt.Attempts)...)
	return r
}

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

// receiptOf returns a receipt that is not nil.
func receiptOf(receipt *engage.Receipt, err error) (engage.Receipt, error) {
	if err != nil {
		return engage.Receipt{}, err
	}
	return *receipt, nil
}

func (s *simulator) join(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.AddParticipant(ctx, engage.AddParticipantV10{
		ConversationID: c.ID, Participant: r.PostFormValue("agent"),
	}))
}

func (s *simulator) leave(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.RemoveParticipant(ctx, engage.RemoveParticipantV10{
		ConversationID: c.ID, Participant: r.PostFormValue("agent"),
	}))
}

func (s *simulator) hold(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.HoldConversation(ctx, engage.HoldConversationV10{ConversationID: c.ID}))
}

func (s *simulator) closeConversation(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: c.ID}))
}

func (s *simulator) reopen(ctx context.Context, c engagetest.Conversation, _ *http.Request) (engage.Receipt, error) {
	return receiptOf(s.client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: c.ID}))
}

func (s *simulator) reply(ctx context.Context, c engagetest.Conversation, r *http.Request) (engage.Receipt, error) {
	m, err := s.withFile(agentMessage(c, message.Type(r.PostFormValue("type")), r.PostFormValue("text")), r)
	if err != nil {
		return engage.Receipt{}, err
	}
	return s.append(ctx, c, m)
}

// withFile returns a message with the file of the form. Without a file, or if the message
// can have none, it returns the message as it is.
func (s *simulator) withFile(m message.Message, r *http.Request) (message.Message, error) {
	file, header, err := r.FormFile("file")
	if err != nil {
		return m, nil // There is none.
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	attachment, err := s.server.AddFile(header.Filename, header.Header.Get("Content-Type"), content)
	if err != nil {
		return nil, err
	}
	if at, err := url.Parse(attachment.URL); err == nil {
		attachment.URL = s.url + at.Path
	}
	files := []message.Attachment{attachment}
	switch m := m.(type) {
	case message.Text:
		if m.Text == "" {
			return message.Attachments{Direction: m.Direction, Attachments: files}, nil
		}
		return message.TextWithAttachments{Direction: m.Direction, Text: m.Text, Attachments: files}, nil
	case message.Email:
		m.Attachments = files
		return m, nil
	}
	return m, nil
}

// append appends a message of an agent to a conversation.
func (s *simulator) append(ctx context.Context, c engagetest.Conversation, m message.Message) (engage.Receipt, error) {
	receipt, err := s.client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: c.ID, Channel: c.Channel, Messages: []message.Message{m},
	})
	if err != nil {
		return engage.Receipt{}, err
	}
	return receipt.Receipt, nil
}

// agentMessage returns a message of an agent: a sample of a rich type, or a text in the
// form of the channel.
func agentMessage(c engagetest.Conversation, typ message.Type, text string) message.Message {
	if sample := sampleOf(c.Channel, typ, message.Outbound); sample != nil {
		return sample
	}
	switch {
	case typ == "announcement":
		return message.Text{Direction: message.Announcement, Text: text}
	case c.Channel == channel.Email:
		return message.Email{Direction: message.Outbound, Content: message.EmailContent{
			From: c.BusinessAddress, To: []string{c.CustomerAddress}, PlainBody: text, StrippedText: text,
		}}
	}
	return message.Text{Direction: message.Outbound, Text: text}
}

// sampleOf returns the sample of a type, or nil if the channel has none.
func sampleOf(ch channel.Channel, typ message.Type, direction message.Direction) message.Message {
	all := samples.Messages(ch)
	i := slices.IndexFunc(all, func(m message.Message) bool {
		return typ != message.TypeText && m.Type() == typ && message.DirectionOf(m) == direction
	})
	if i < 0 {
		return nil
	}
	return all[i]
}

func (s *simulator) faultOn(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	times := 1
	if r.PostFormValue("times") == "always" {
		times = engagetest.Always
	}
	if err := s.faults.on(r.PostFormValue("fault"), outcome.Operation(r.PostFormValue("operation")), times); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not switched on: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: "The fault is on."})
}

func (s *simulator) faultOff(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	number, _ := strconv.Atoi(r.PostFormValue("number"))
	s.faults.off(number)
	s.show(w, http.StatusOK, "report", report{Title: "The fault is off."})
}

func (s *simulator) startScenario(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	speed, err := strconv.ParseFloat(r.PostFormValue("speed"), 64)
	if err != nil {
		speed = s.speed
	}
	if err := s.start(r.PostFormValue("scenario"), speed); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not started: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: "The scenario has started."})
}

func (s *simulator) stopScenario(w http.ResponseWriter, _ *http.Request) {
	s.play.stop()
	s.show(w, http.StatusOK, "report", report{Title: "The scenario has been stopped."})
}

func (s *simulator) saveState(w http.ResponseWriter, _ *http.Request) {
	if s.state == "" {
		s.fail(w, http.StatusConflict, "There is no state file. Start the program with -state, or download the state.")
		return
	}
	if err := s.state.save(s.server); err != nil {
		s.fail(w, http.StatusInternalServerError, fmt.Sprint("Not saved: ", err, "."))
		return
	}
	s.show(w, http.StatusOK, "report", report{Title: fmt.Sprintf("Saved to %s.", s.state)})
}

// uploadState replaces the state with an uploaded one.
func (s *simulator) uploadState(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		s.fail(w, http.StatusBadRequest, "Not loaded: choose a file.")
		return
	}
	defer file.Close()
	if err := restore(s.server, file, header.Size); err != nil {
		s.fail(w, http.StatusUnprocessableEntity, fmt.Sprint("Not loaded, and nothing has changed: ", err, "."))
		return
	}
	s.instance.Store(rand.Text()) // All pages then load again.
	s.changed.ring()
	s.show(w, http.StatusOK, "report", report{Title: "The state is loaded."})
}
