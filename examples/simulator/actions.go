package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// deskHeader is a header that the script of the desk sets. A page from elsewhere cannot
// set it without the permission of the simulator, which gives none.
const deskHeader = "Simulator-Desk"

const (
	maxForm  = 9 << 20          // The largest form in bytes, with a file of up to 8 MiB.
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

// fromDesk refuses requests that the desk did not send, and those whose body has more than
// size bytes.
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

// form parses the form of a request, with or without files. It writes why and returns false
// if it cannot.
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
