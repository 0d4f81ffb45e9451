package engage

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// SearchConversation searches for the conversation between a customer and the business
// on a channel. It is a read and is retried.
//
// The call ends on noConversationFound, conversationActive, conversationClosed,
// conversationInQueue or conversationOnHold. For a conversation in an unknown state it
// returns the result and an error on onInvalidChoice. All other errors are on the
// standard edges.
func (c *Client) SearchConversation(ctx context.Context, request SearchConversationRequest, options ...CallOption) (*SearchConversationResult, error) {
	w := request.wire()
	return read(ctx, c, w, options, func(ctx context.Context, s *settings) (*SearchConversationResult, error) {
		return c.search(ctx, w, s)
	})
}

// SearchConversationResult is the result of SearchConversation. Its Outcome says
// whether there is a conversation, and in which state.
type SearchConversationResult struct {
	Reply
	// ConversationID is the id of the conversation; empty if there is none.
	ConversationID string
	// Exists is the chatExist of the reply. The outcome is noConversationFound if it
	// is false, or if there is no id. The documents of the vendor differ on whether
	// a closed conversation exists.
	Exists bool
	// Status is the state of the conversation in the words of the service.
	Status string
	// AliasID, TeamID and UserID are filled by V13 only. In the contact center the
	// alias id is the id of the task. UserID is the login of the agent; it is empty
	// while a conversation waits in a queue. For a customer who returns it is the login
	// of the last agent.
	AliasID string
	TeamID  string
	UserID  string
}

// SearchConversationRequest is a request of SearchConversation in one of its
// versions: [SearchConversationV10], [SearchConversationV11] or
// [SearchConversationV13]. Take the highest; the lower ones exist to match a node of a
// flow.
type SearchConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *searchConversation
}

// SearchConversationV10 searches for a conversation by its address. The reply has
// the id and the state of the conversation; that it equals the reply to V11 is
// assumed. It exists to match a flow; take [SearchConversationV13].
type SearchConversationV10 struct {
	// Address is required.
	Address channel.Address
}

// SearchConversationV11 searches for a conversation by its address. The reply has
// the id and the state of the conversation. It exists to match a flow; take
// [SearchConversationV13].
type SearchConversationV11 struct {
	// Address is required.
	Address channel.Address
}

// SearchConversationV13 searches for a conversation by its address. The reply fills
// all fields of [SearchConversationResult].
type SearchConversationV13 struct {
	// Address is required.
	Address channel.Address
}

// Validate implements [SearchConversationRequest].
func (r SearchConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r SearchConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [SearchConversationRequest].
func (r SearchConversationV11) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r SearchConversationV11) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [SearchConversationRequest].
func (r SearchConversationV13) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r SearchConversationV13) LogValue() slog.Value { return logValue(r.wire()) }

func (r SearchConversationV10) wire() *searchConversation {
	return &searchConversation{outcome.V10, r.Address}
}

func (r SearchConversationV11) wire() *searchConversation {
	return &searchConversation{outcome.V11, r.Address}
}

func (r SearchConversationV13) wire() *searchConversation {
	return &searchConversation{outcome.V13, r.Address}
}

// searchConversation implements [wireRequest] for all versions.
type searchConversation struct {
	version outcome.Version
	address channel.Address
}

func (w *searchConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.SearchConversation, w.version
}

func (w *searchConversation) channel() channel.Channel { return channelOf(w.address) }
func (*searchConversation) ids() pathIDs               { return pathIDs{} }
func (w *searchConversation) body(string) any          { return new(w.address.Members()) }

func (w *searchConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateAddress(&v, w.address)
	return v
}

// search is SearchConversation with a valid request.
func (c *Client) search(ctx context.Context, w *searchConversation, s *settings) (*SearchConversationResult, error) {
	reply, err := c.do(ctx, w, s)
	if err != nil {
		return nil, err
	}
	conversation := tolerant.MembersOf(reply.Envelope.Value)
	if !describesConversation(conversation) {
		object, ok := conversationIn(reply)
		if !ok {
			return nil, unusable(w, reply, outcome.OnError, errWrongShape)
		}
		conversation = tolerant.MembersOf(object)
	}
	result := resultOf(conversation, w.version)
	edge := result.edge()
	result.Reply = replyOf(reply, edge)
	if edge == outcome.OnInvalidChoice {
		c.log.unknown(ctx, outcome.SearchConversation, "status", result.Status)
		return result, unusable(w, reply, edge, fmt.Errorf("the conversation has the unknown status %.64q", result.Status))
	}
	return result, nil
}

// conversationIn returns the object that is about the conversation in a reply whose value
// is not: its response, or the reply itself. It returns nil if the reply says that there
// is no conversation, and false if it says nothing or is not understood.
func conversationIn(reply engine.Reply) ([]byte, bool) {
	if !hasObject(reply) {
		return nil, false
	}
	top := tolerant.MembersOf(reply.Body)
	for _, object := range [][]byte{top.Nested("response"), reply.Body} {
		if describesConversation(tolerant.MembersOf(object)) {
			return object, true
		}
	}
	// An object that could contain a conversation, and is not understood, does not say
	// that there is none.
	isUnclear := slices.ContainsFunc(top.Append(reply.Envelope.Value), func(m tolerant.Member) bool {
		return len(tolerant.Nested(m.Value)) > len("{}") && !bytes.Equal(m.Value, reply.Envelope.Value)
	})
	return nil, !isUnclear && (top.Has("value") || tolerant.Succeeded(reply.Envelope.Status))
}

// describesConversation reports whether an object is about a conversation.
func describesConversation(m tolerant.Members) bool {
	return m.Has("conversationId") || m.Has("conversationExists") || m.Has("chatExist")
}

// resultOf reads a conversation as the reply to version has it.
func resultOf(conversation tolerant.Members, version outcome.Version) *SearchConversationResult {
	result := &SearchConversationResult{
		ConversationID: conversation.Text("conversationId"),
		Status:         conversation.Text("status"),
	}
	result.Exists = result.ConversationID != ""
	for _, name := range []string{"conversationExists", "chatExist"} {
		if exists, ok := conversation.Flag(name); ok {
			result.Exists = exists
		}
	}
	if version == outcome.V13 {
		result.AliasID = conversation.Text("aliasId")
		result.TeamID = conversation.Text("teamId")
		result.UserID = conversation.Text("userId")
	}
	return result
}

// isClosed reports whether the conversation is closed. A conversation with an id and
// Exists false is closed (documented), unless its status says otherwise.
func (r *SearchConversationResult) isClosed() bool {
	status := tolerant.Fold(r.Status)
	return r.ConversationID != "" && (status == "closed" || status == "" && !r.Exists)
}

// edge returns the edge of the conversation's state. The words of the service are
// not documented. Those of its older API and those of its nodes are understood, in
// any case and with any separators.
func (r *SearchConversationResult) edge() outcome.Edge {
	if !r.Exists || r.ConversationID == "" {
		return outcome.NoConversationFound
	}
	switch tolerant.Fold(r.Status) {
	case "queued", "inqueue":
		return outcome.ConversationInQueue
	case "active", "picked":
		return outcome.ConversationActive
	case "onhold":
		return outcome.ConversationOnHold
	case "closed":
		return outcome.ConversationClosed
	}
	return outcome.OnInvalidChoice
}
