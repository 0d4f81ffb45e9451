package engagetest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// basePath is the path of the base URL. It is not empty, so that a client that drops
// it fails.
const basePath = "/api/v1"

// Token is the operation of a request for a token, in [Server.Fail] and [Request]. It
// is not an operation of the client.
const Token outcome.Operation = "Token"

// route is the method, the path and the handler of an operation.
type route struct {
	operation outcome.Operation
	method    string
	path      string // Relative to the base URL. {name} stands for one segment.
	write     bool   // The reply has a transaction id, and a callback may follow.
	success   outcome.Edge
	failure   outcome.Edge // The operation's own edge for a failure.
	handle    handler
}

// A handler reads the members of a request and returns the action that applies it. The
// server refuses the request if the members have problems. Otherwise it calls the
// action, with the state locked.
type (
	handler func(*call) action
	action  func(*state) result
)

// routes has the operations. The vendor does not publish their paths, so all are
// assumed. A route without a success edge has several, and its handler chooses one.
var routes = []route{
	{outcome.SearchConversation, http.MethodPost, "/conversations/search", false,
		"", "onError", searchConversation},
	{outcome.ResolveConversation, http.MethodPost, "/conversations/resolve", true,
		"accepted", "error", resolveConversation},
	{outcome.CreateConversation, http.MethodPost, "/conversations", true,
		"onConversationCreated", "onConversationFailed", createConversation},
	{outcome.AppendMessage, http.MethodPost, "/conversations/{id}/messages", true,
		"onAppendMessageSuccess", "onAppendMessageFailure", appendMessage},
	{outcome.FetchTranscript, http.MethodGet, "/conversations/{id}/messages", false,
		"success", "Failure", fetchTranscript},
	{outcome.UpdateConversation, http.MethodPatch, "/conversations/{id}", true,
		"onConversationUpdatedSuccess", "onConversationUpdatedFailure", updateConversation},
	{outcome.AddParticipant, http.MethodPost, "/conversations/{id}/participants", true,
		"OnAddParticipantSuccess", "OnAddParticipantFailure", addParticipant},
	{outcome.RemoveParticipant, http.MethodDelete, "/conversations/{id}/participants/{participant}", true,
		"onParticipantRemoved", "onRemoveParticipantFailure", removeParticipant},
	{outcome.CloseConversation, http.MethodPost, "/conversations/{id}/close", true,
		"onConversationClosed", "onCloseConversationFailure", closeConversation},
	{outcome.ReopenConversation, http.MethodPost, "/conversations/{id}/reopen", true,
		"ConversationReopened", "ConversationReopenFailed", reopenConversation},
	{outcome.HoldConversation, http.MethodPost, "/conversations/{id}/hold", true,
		"Success", "Failure", holdConversation},
	{outcome.TransferConversation, http.MethodPost, "/conversations/{id}/transfer", true,
		"onConversationTransferred", "onConversationTransferFailed", transferConversation},
	{outcome.FetchTeamWorkingHours, http.MethodGet, "/teams/{team}/working-hours", false,
		"Success", "Failure", fetchTeamWorkingHours},
	{outcome.BusinessHours, http.MethodGet, "/business-hours/{id}", false,
		"", "onError", businessHours},
	{Token, http.MethodPost, "/oauth/token", false, "", "", nil},
}

// match returns the route of a request and the parameters in its path. If the path has
// routes but none for the method, match returns the methods of these routes instead.
func match(r *http.Request) (found *route, parameters map[string]string, methods []string) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), basePath)
	if !ok {
		return nil, nil, nil
	}
	for i := range routes {
		parameters, ok := routes[i].parameters(path)
		if ok && routes[i].method == r.Method {
			return &routes[i], parameters, nil
		}
		if ok {
			methods = append(methods, routes[i].method)
		}
	}
	return nil, nil, methods
}

// parameters returns the values of the route's {name} segments in an escaped path,
// and whether the path matches. An escaped slash is part of its segment.
func (r *route) parameters(path string) (map[string]string, bool) {
	pattern, segments := strings.Split(r.path, "/"), strings.Split(path, "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	parameters := make(map[string]string)
	for i, segment := range segments {
		value, err := url.PathUnescape(segment)
		if err != nil {
			return nil, false
		}
		name, isParameter := strings.CutPrefix(pattern[i], "{")
		switch {
		case !isParameter && value != pattern[i]:
			return nil, false
		case isParameter && value == "":
			return nil, false
		case isParameter:
			parameters[strings.TrimSuffix(name, "}")] = value
		}
	}
	return parameters, true
}
