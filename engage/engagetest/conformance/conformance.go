// Package conformance finds out how an Engage tenant differs from what package engage
// assumes. The vendor does not publish the paths of the API, so the routes of the client
// are assumed. So are some members and rules; see engage.Operations. A user with a
// tenant can test them:
//
//	func TestTenant(t *testing.T) {
//		conformance.Run(t, conformance.Target{
//			Endpoint: engage.EU,
//			Source:   auth.ClientCredentials{…},
//			Address:  channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
//		})
//	}
//
// By default [Run] only reads. With Writes it also creates a conversation and takes it
// through the operations of the client, except for ResolveConversation, which belongs to
// a flow. The report marks the operations that it left out. [Check] does the same in a
// program that is not a test.
//
// # The report
//
// Run logs the [Report], which go test shows with the flag -v. It has a table of what is
// documented, observed or assumed of each operation, and what this tenant did. If the
// tenant has other routes, the report ends with the options of engage.New that set
// them. It contains no token, no address and no text of a message: of the tenant's
// replies it shows statuses, codes and names of members. The failures of a test also have
// the descriptions in the tenant's replies.
//
// The server of package engagetest passes.
package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Target is the tenant to test.
type Target struct {
	// Endpoint and Source are those of engage.New. They are required.
	Endpoint engage.Endpoint
	Source   auth.TokenSource
	// Options are further options of engage.New, such as routes that are known already.
	Options []engage.Option
	// Address is the address of a test customer. It is required. With Writes it must
	// have no open conversation.
	Address channel.Address

	// Writes allows [Run] to change the tenant: it creates a conversation and leaves it
	// behind, closed. The messages in it are inbound, so that nobody gets them.
	Writes bool
	// Message is the inbound message to create the conversation with and to append. It
	// must have no alias id. The default is a text. An email conversation needs an email.
	Message message.Message
	// Participant is the id of an agent, who joins the conversation and leaves it. If it
	// is empty, the operations with participants are not tested.
	Participant string
	// Team is the name of a team. Run reads its working hours, and with Writes transfers
	// the conversation to it. Schedule is the id of a schedule of business hours. Without
	// them these operations are not tested.
	Team, Schedule string
	// Candidates are routes to test if the tenant does not have that of the client. Run
	// takes the first one that works. If the tenant answers 405 to a write, Run also
	// tests POST, PUT and PATCH by itself.
	Candidates map[outcome.Operation][]engage.Route

	// Patience is how long Run waits for the tenant to apply a write. The default is 30
	// seconds.
	Patience time.Duration
	// Report, if not nil, gets the report of [Run], too.
	Report io.Writer
}

// Run tests the target and logs a report. It fails t if an operation works by no route,
// and then leaves out the operations that depend on it. It does not fail t if the tenant
// differs in a way that an option of the client can set right.
func Run(t testing.TB, target Target) {
	t.Helper()
	report, failures := check(t.Context(), target)
	for _, failure := range failures {
		t.Errorf("conformance: %v", failure)
	}
	if len(report.Rows) == 0 {
		return
	}
	t.Log("\n" + report.String())
	if target.Report != nil {
		if _, err := io.WriteString(target.Report, report.String()); err != nil {
			t.Errorf("conformance: writing the report: %v", err)
		}
	}
}

// Check tests the target outside of a test. It returns what the tenant did, and an error
// that joins everything for which [Run] fails a test. errors.As finds the [*outcome.Error]
// of a call in it. Unlike the report, the error may contain descriptions of the tenant. The
// report has no rows if the target is invalid. If ctx ends early, a conversation that Check
// created can stay open.
func Check(ctx context.Context, target Target) (Report, error) {
	report, failures := check(ctx, target)
	return report, errors.Join(failures...)
}

// check tests the target. It returns the report, and what fails a test.
func check(ctx context.Context, target Target) (Report, []error) {
	if target.Message == nil {
		target.Message = message.Text{Direction: message.Inbound, Text: "This is a conformance test."}
	}
	if target.Patience == 0 {
		target.Patience = 30 * time.Second
	}
	if target.Address == nil {
		return Report{}, []error{errors.New("the target has no address")}
	}
	client, err := engage.New(target.Endpoint, target.Source, target.Options...)
	if err != nil {
		return Report{}, []error{err}
	}
	s := &suite{
		Target:  target,
		client:  client,
		clients: []*engage.Client{client},
		routes:  make(map[outcome.Operation]engage.Route),
		seen:    make(map[outcome.Operation][]string),
	}
	defer s.closeIdleConnections()
	s.run(ctx)
	return Report{Rows: s.sorted(), Routes: s.routes}, s.failures
}

// suite is a run against one target.
type suite struct {
	Target

	// client uses the routes that were found so far.
	client *engage.Client
	// clients are all clients of the run, that of each candidate included.
	clients []*engage.Client
	// routes are those that differ from the client's own.
	routes map[outcome.Operation]engage.Route
	// id is the id of the conversation.
	id string

	rows []Row
	// seen are the names of the members in the replies to an operation.
	seen map[outcome.Operation][]string
	// failures are what fails a test.
	failures []error
}

// fail adds a failure.
func (s *suite) fail(format string, args ...any) {
	s.failures = append(s.failures, fmt.Errorf(format, args...))
}

// call calls one operation. It returns what its reply has in common with others, and a
// note for the report.
type call func(context.Context, *engage.Client) (reply engage.Reply, note string, err error)

// run calls the operations in the order of a conversation's life.
func (s *suite) run(ctx context.Context) {
	s.readHours(ctx)
	found, ok := s.search(ctx)
	if !ok {
		return
	}
	s.id = found.ConversationID
	if !s.Writes {
		s.readTranscript(ctx)
		return
	}
	if isOpen(found) {
		s.fail("the address has an open conversation already, so nothing was written")
		return
	}
	if !s.create(ctx) {
		return
	}
	s.joinAndLeave(ctx)
	s.step(ctx, outcome.UpdateConversation, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.UpdateConversation(ctx, engage.UpdateConversationV10{ConversationID: s.id, AliasID: "conformance"}))
	})
	s.holdAndTransfer(ctx)
	s.appendMessage(ctx)
	s.close(ctx)
}

// readHours reads the hours of the team and of the schedule.
func (s *suite) readHours(ctx context.Context) {
	if s.Team != "" {
		s.step(ctx, outcome.FetchTeamWorkingHours, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
			hours, err := client.FetchTeamWorkingHours(ctx, engage.FetchTeamWorkingHoursV10{Team: s.Team})
			if err == nil {
				reply = hours.Reply
			}
			return reply, note, err
		})
	}
	if s.Schedule != "" {
		s.step(ctx, outcome.BusinessHours, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
			hours, err := client.BusinessHours(ctx, engage.BusinessHoursV10{ScheduleID: s.Schedule})
			if err == nil {
				reply = hours.Reply
			}
			return reply, note, err
		})
	}
}

// holdAndTransfer puts the conversation on hold, and then into the queue of the team.
func (s *suite) holdAndTransfer(ctx context.Context) {
	held := s.step(ctx, outcome.HoldConversation, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.HoldConversation(ctx, engage.HoldConversationV10{ConversationID: s.id}))
	})
	if held {
		onHold := s.becomes(ctx, func(found *engage.SearchConversationResult) bool { return found.Outcome == outcome.ConversationOnHold })
		s.behavior("a search finds a conversation on hold", engage.Assumed, yes(onHold))
	}
	if s.Team != "" {
		s.step(ctx, outcome.TransferConversation, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
			return receiptOf(client.TransferConversation(ctx, engage.TransferConversationV10{ConversationID: s.id, Team: s.Team}))
		})
	}
}

// search searches for the conversation.
func (s *suite) search(ctx context.Context) (*engage.SearchConversationResult, bool) {
	var found *engage.SearchConversationResult
	ok := s.step(ctx, outcome.SearchConversation, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
		found, err = client.SearchConversation(ctx, engage.SearchConversationV13{Address: s.Address})
		if err == nil {
			reply = found.Reply
		}
		return reply, note, err
	})
	return found, ok
}

// create creates the conversation and waits until a search finds it.
func (s *suite) create(ctx context.Context) bool {
	var created *engage.CreateConversationReceipt
	ok := s.step(ctx, outcome.CreateConversation, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
		created, err = client.CreateConversation(ctx, engage.CreateConversationV13{Address: s.Address, Messages: []message.Message{s.Message}})
		if err == nil {
			reply, note = created.Reply, string(created.Proof)
		}
		return reply, note, err
	})
	if !ok {
		return false
	}
	s.behavior("the reply to a create contains the conversation's id", engage.Assumed, yes(created.ConversationID != ""))
	isThere := s.becomes(ctx, func(found *engage.SearchConversationResult) bool {
		s.id = found.ConversationID
		return isOpen(found)
	})
	if !isThere {
		s.fail("the conversation was created, and no search found it within %v", s.Patience)
	}
	return isThere
}

// joinAndLeave adds the participant and removes it again.
func (s *suite) joinAndLeave(ctx context.Context) {
	if s.Participant == "" {
		return
	}
	joined := s.step(ctx, outcome.AddParticipant, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.AddParticipant(ctx, engage.AddParticipantV10{ConversationID: s.id, Participant: s.Participant}))
	})
	if !joined {
		return
	}
	active := s.becomes(ctx, func(found *engage.SearchConversationResult) bool { return found.Outcome == outcome.ConversationActive })
	s.behavior("a participant makes the conversation active", engage.Assumed, yes(active))
	s.step(ctx, outcome.RemoveParticipant, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.RemoveParticipant(ctx, engage.RemoveParticipantV10{ConversationID: s.id, Participant: s.Participant}))
	})
}

// appendMessage appends the message and reads it in the transcript.
func (s *suite) appendMessage(ctx context.Context) {
	var aliasIDs []string
	ok := s.step(ctx, outcome.AppendMessage, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
		reply, note, aliasIDs, err = s.appendBy(ctx, client)
		return reply, note, err
	})
	if !s.readTranscript(ctx) || !ok {
		return
	}
	kept := s.until(ctx, func(ctx context.Context) bool {
		page, err := s.client.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: s.id, Limit: 500})
		return err == nil && slices.ContainsFunc(page.Messages, func(m message.Message) bool {
			return slices.Contains(aliasIDs, message.EnvelopeOf(m).AliasID)
		})
	})
	s.behavior("a transcript contains the alias ids of messages", engage.Assumed, yes(kept))
}

// appendBy appends the message by client. It also returns the alias ids of the message.
func (s *suite) appendBy(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, aliasIDs []string, err error) {
	appended, err := client.AppendMessage(ctx, engage.AppendMessageV14{
		ConversationID: s.id, Channel: s.Address.Channel(), Messages: []message.Message{s.Message},
	})
	if err != nil {
		return reply, note, nil, err
	}
	return appended.Reply, string(appended.Proof), appended.MessageAliasIDs, nil
}

// readTranscript reads the transcript, if there is a conversation.
func (s *suite) readTranscript(ctx context.Context) bool {
	return s.id != "" && s.step(ctx, outcome.FetchTranscript, func(ctx context.Context, client *engage.Client) (reply engage.Reply, note string, err error) {
		page, err := client.FetchTranscript(ctx, engage.FetchTranscriptV10{ConversationID: s.id})
		if err == nil {
			reply = page.Reply
		}
		return reply, note, err
	})
}

// close closes the conversation, re-opens it and closes it again. It ends with what a
// closed conversation refuses, because a tenant may apply its writes late, in any order.
func (s *suite) close(ctx context.Context) {
	closing := func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.CloseConversation(ctx, engage.CloseConversationV10{ConversationID: s.id}))
	}
	if !s.step(ctx, outcome.CloseConversation, closing) || !s.becomesClosed(ctx) {
		return
	}
	reopened := s.step(ctx, outcome.ReopenConversation, func(ctx context.Context, client *engage.Client) (engage.Reply, string, error) {
		return receiptOf(client.ReopenConversation(ctx, engage.ReopenConversationV10{ConversationID: s.id}))
	})
	if reopened {
		if !s.becomes(ctx, isOpen) {
			s.fail("the conversation was re-opened, and no search found it open within %v", s.Patience)
		}
		if _, _, err := closing(ctx, s.client); err != nil {
			s.fail("the conversation may be left open: %w", err)
			return
		}
		if !s.becomesClosed(ctx) {
			return
		}
	}
	again, _, err := closing(ctx, s.client)
	s.behavior("a closed conversation is not closed again: code 4547", engage.Observed, answer(again, err))
	appended, _, _, err := s.appendBy(ctx, s.client)
	s.behavior("a closed conversation refuses a message", engage.Documented, answer(appended, err))
}

// isOpen reports whether a search found an open conversation.
func isOpen(found *engage.SearchConversationResult) bool {
	return found.Outcome != outcome.NoConversationFound && found.Outcome != outcome.ConversationClosed
}

// becomesClosed waits until the conversation is closed. If it stays open, becomesClosed
// adds a failure and returns false.
func (s *suite) becomesClosed(ctx context.Context) bool {
	closed := s.becomes(ctx, func(found *engage.SearchConversationResult) bool { return !isOpen(found) })
	if !closed {
		s.fail("the conversation was closed, and a search still finds it open after %v", s.Patience)
	}
	return closed
}

// step calls an operation by each of its routes until one works, and notes what the
// tenant did. It reports whether one worked. Otherwise it adds a failure.
func (s *suite) step(ctx context.Context, operation outcome.Operation, do call) bool {
	routes := append([]engage.Route{s.client.Routes()[operation]}, s.Candidates[operation]...)
	for i := 0; i < len(routes); i++ {
		client := s.client
		if i > 0 {
			var err error
			if client, err = s.clientWith(operation, routes[i]); err != nil {
				s.fail("a candidate is invalid: %w", err)
				continue
			}
		}
		reply, note, err := do(ctx, client)
		s.noteRoute(operation, routes[i], reply, note, err)
		if err == nil {
			s.see(operation, reply)
			if i > 0 {
				s.client, s.routes[operation] = client, routes[i]
			}
			return true
		}
		status, misses := missesRoute(err)
		if !misses {
			s.fail("%w", err)
			return false
		}
		if status == http.StatusMethodNotAllowed && rowOf(operation).Class != engage.Read {
			routes = withMethods(routes, routes[i])
		}
	}
	s.fail("%s works by none of %d routes: see Candidates", operation, len(routes))
	return false
}

// missesRoute returns the HTTP status in err, and reports whether it says that the tenant
// has no such route. A call that may have been applied had a route.
func missesRoute(err error) (status int, misses bool) {
	failure, ok := errors.AsType[*outcome.Error](err)
	if !ok || failure.Effect >= outcome.MaybeApplied {
		return 0, false
	}
	switch failure.Status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return failure.Status, true
	}
	return failure.Status, false
}

// withMethods adds the path of a route with other methods to routes.
func withMethods(routes []engage.Route, route engage.Route) []engage.Route {
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch} {
		if other := (engage.Route{Method: method, Path: route.Path}); !slices.Contains(routes, other) {
			routes = append(routes, other)
		}
	}
	return routes
}

// clientWith returns a client with the routes found so far and one more.
func (s *suite) clientWith(operation outcome.Operation, route engage.Route) (*engage.Client, error) {
	options := slices.Clone(s.Options)
	for found, other := range s.routes {
		options = append(options, engage.WithRoute(found, other))
	}
	client, err := engage.New(s.Endpoint, s.Source, append(options, engage.WithRoute(operation, route))...)
	if err == nil {
		s.clients = append(s.clients, client)
	}
	return client, err
}

// closeIdleConnections closes the idle connections of all clients.
func (s *suite) closeIdleConnections() {
	for _, client := range s.clients {
		client.CloseIdleConnections()
	}
}

// becomes waits until a search has a result as wanted. It reports whether one had.
func (s *suite) becomes(ctx context.Context, wanted func(*engage.SearchConversationResult) bool) bool {
	return s.until(ctx, func(ctx context.Context) bool {
		found, err := s.client.SearchConversation(ctx, engage.SearchConversationV13{Address: s.Address})
		if err != nil || !wanted(found) {
			return false
		}
		s.see(outcome.SearchConversation, found.Reply)
		return true
	})
}

// until calls check, again and again, until it returns true or the patience is at its
// end. It reports whether check returned true.
func (s *suite) until(ctx context.Context, check func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	for wait := 50 * time.Millisecond; !check(ctx); wait = min(2*wait, 2*time.Second) {
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
	return true
}

// receiptOf returns the reply of a receipt, with its proof as the note.
func receiptOf(receipt *engage.Receipt, err error) (engage.Reply, string, error) {
	if err != nil {
		return engage.Reply{}, "", err
	}
	return receipt.Reply, string(receipt.Proof), nil
}
