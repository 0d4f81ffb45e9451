package mocked

import (
	"net/http"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// row is what this package knows of an operation.
type row struct {
	operation outcome.Operation
	// route is assumed.
	route engage.Route
	// reply is a reply to register, in Go.
	reply string
}

// Replies to register, in Go.
const (
	acknowledged = `mocked.Acknowledged("T-1")`
	hours        = `mocked.Value(…)`
)

// rows is the table of operations.
var rows = []row{
	{outcome.SearchConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/search"}, `mocked.NoConversation()`},
	{outcome.CreateConversation, engage.Route{Method: http.MethodPost, Path: "/conversations"}, acknowledged},
	{outcome.AppendMessage, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/messages"}, acknowledged},
	{outcome.UpdateConversation, engage.Route{Method: http.MethodPatch, Path: "/conversations/{conversation}"}, acknowledged},
	{outcome.AddParticipant, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/participants"}, acknowledged},
	{outcome.RemoveParticipant, engage.Route{Method: http.MethodDelete, Path: "/conversations/{conversation}/participants/{participant}"}, acknowledged},
	{outcome.CloseConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/close"}, acknowledged},
	{outcome.ReopenConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/reopen"}, acknowledged},
	{outcome.HoldConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/hold"}, acknowledged},
	{outcome.TransferConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/{conversation}/transfer"}, acknowledged},
	{outcome.FetchTranscript, engage.Route{Method: http.MethodGet, Path: "/conversations/{conversation}/messages"}, `mocked.Transcript(0)`},
	{outcome.FetchTeamWorkingHours, engage.Route{Method: http.MethodGet, Path: "/teams/{team}/working-hours"}, hours},
	{outcome.BusinessHours, engage.Route{Method: http.MethodGet, Path: "/business-hours/{schedule}"}, hours},
	{outcome.ResolveConversation, engage.Route{Method: http.MethodPost, Path: "/conversations/resolve"}, acknowledged},
	{engagetest.Token, engage.Route{Method: http.MethodPost, Path: "/oauth/token"}, `mocked.Token("token")`},
}

// constant returns the name of the operation in Go.
func (r row) constant() string {
	if r.operation == engagetest.Token {
		return "engagetest.Token"
	}
	return "outcome." + string(r.operation)
}
