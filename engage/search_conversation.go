package engage

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// SearchConversationRequest is a request of SearchConversation, in one of its
// versions: [SearchConversationV10], [SearchConversationV11] or
// [SearchConversationV13].
type SearchConversationRequest interface {
	// Validate returns every violation at once, as an [outcome.Error].
	Validate() error
	form() *searchConversation
}

// SearchConversationV10 looks for a conversation by its address. It is answered
// with the conversation's id and status; that it is answered as V11 is, is
// assumed.
type SearchConversationV10 struct {
	// Address is required.
	Address channel.Address
}

// SearchConversationV11 looks for a conversation by its address. It is answered
// with the conversation's id and status.
type SearchConversationV11 struct {
	// Address is required.
	Address channel.Address
}

// SearchConversationV13 looks for a conversation by its address. It is answered
// with everything in [SearchConversationResult].
type SearchConversationV13 struct {
	// Address is required.
	Address channel.Address
}

// Validate implements [SearchConversationRequest].
func (r SearchConversationV10) Validate() error { return validate(r.form()) }

// Validate implements [SearchConversationRequest].
func (r SearchConversationV11) Validate() error { return validate(r.form()) }

// Validate implements [SearchConversationRequest].
func (r SearchConversationV13) Validate() error { return validate(r.form()) }

func (r SearchConversationV10) form() *searchConversation {
	return &searchConversation{outcome.V10, r.Address}
}

func (r SearchConversationV11) form() *searchConversation {
	return &searchConversation{outcome.V11, r.Address}
}

func (r SearchConversationV13) form() *searchConversation {
	return &searchConversation{outcome.V13, r.Address}
}

type searchConversation struct {
	version outcome.Version
	address channel.Address
}

func (*searchConversation) operation() outcome.Operation { return outcome.SearchConversation }
func (f *searchConversation) revision() outcome.Version  { return f.version }
func (*searchConversation) ids() pathIDs                 { return pathIDs{} }
func (f *searchConversation) body(string) any            { return new(f.address.Members()) }

func (f *searchConversation) violations() outcome.Violations {
	var v outcome.Violations
	requireAddress(&v, f.address)
	return v
}

// requireAddress notes what is wrong with the address of a request.
func requireAddress(v *outcome.Violations, address channel.Address) {
	if !isAddress(address) {
		v.Add("Address", "is nil or no struct of package channel")
		return
	}
	for _, problem := range address.Problems() {
		v.Add("Address."+problem.Field, problem.Text)
	}
}

// isAddress reports whether address is one of the structs of package channel, or
// points to one. What embeds one is an address to the compiler, too, and may
// hold nothing.
func isAddress(address channel.Address) bool {
	switch address.(type) {
	case channel.SMSAddress, channel.FacebookAddress, channel.LiveChatAddress, channel.EmailAddress,
		channel.WhatsAppAddress, channel.AppleAddress, channel.APIAddress:
		return true
	case *channel.SMSAddress, *channel.FacebookAddress, *channel.LiveChatAddress, *channel.EmailAddress,
		*channel.WhatsAppAddress, *channel.AppleAddress, *channel.APIAddress:
		return !nothing.In(address)
	}
	return false
}

// SearchConversationResult is the answer of SearchConversation. Its Outcome
// tells whether there is a conversation and in which state.
type SearchConversationResult struct {
	Reply
	// ConversationID is the id of the conversation; empty if there is none.
	ConversationID string
	// Exists is what the reply says of the conversation's existence (chatExist).
	// If it is false the outcome is noConversationFound, and so it is of one that
	// has no id. The vendor's documents
	// differ on whether a closed conversation counts as one that exists.
	Exists bool
	// Status is the conversation's state in the service's own words.
	Status string
	// AliasID, TeamID and UserID are filled by V13 only. In the contact center
	// the alias id is the id of the task. UserID is the agent's login: empty
	// while the conversation waits in a queue, and the last agent's for a
	// customer who returns.
	AliasID string
	TeamID  string
	UserID  string
}

// SearchConversation looks for the conversation between a customer and the
// business on a channel. It is a read and is retried.
//
// It ends on noConversationFound, conversationActive, conversationClosed,
// conversationInQueue or conversationOnHold. A conversation in a state that is
// none of these is an error on onInvalidChoice; only then is the result
// returned beside the error. All other errors are on the standard edges.
func (c *Client) SearchConversation(ctx context.Context, request SearchConversationRequest, options ...CallOption) (*SearchConversationResult, error) {
	form, settings, err := prepare(ctx, c, request, options)
	if err != nil {
		return nil, err
	}
	return c.search(ctx, form, settings)
}

// search is SearchConversation, with a request that was found to be valid.
func (c *Client) search(ctx context.Context, form *searchConversation, s *settings) (*SearchConversationResult, error) {
	got, err := c.ask(ctx, form, s)
	if err != nil {
		return nil, err
	}
	told := tolerant.MembersOf(got.envelope.Value)
	if !tellsOfConversation(told) {
		object, ok := got.conversation()
		if !ok {
			return nil, got.failure(form, outcome.OnError, errWrongShape)
		}
		told = tolerant.MembersOf(object)
	}
	result := found(told, form.version)
	edge := result.edge()
	result.Reply = got.reply(edge)
	if edge == outcome.OnInvalidChoice {
		return result, got.failure(form, edge, fmt.Errorf("the conversation has the status %.64q, which is not known", result.Status))
	}
	return result, nil
}

// conversation returns the object in which a reply tells of a conversation other
// than in its value, and whether it tells anything. A reply without one tells that
// there is none if it holds nothing in which one could be told.
func (a *answer) conversation() ([]byte, bool) {
	reply := tolerant.MembersOf(a.read.Body)
	for _, object := range [][]byte{reply.Nested("response"), a.read.Body} {
		if tellsOfConversation(tolerant.MembersOf(object)) {
			return object, true
		}
	}
	holdsMore := slices.ContainsFunc(reply.And(a.envelope.Value), func(m tolerant.Member) bool {
		return len(tolerant.Nested(m.Value)) > len("{}") && !bytes.Equal(m.Value, a.envelope.Value)
	})
	return nil, !holdsMore && (reply.Has("value") || tolerant.Succeeded(a.envelope.Status))
}

// tellsOfConversation reports whether an object has a member that tells of one.
func tellsOfConversation(m tolerant.Members) bool {
	return m.Has("conversationId") || m.Has("conversationExists") || m.Has("chatExist")
}

// found reads what a reply tells as version answers it.
func found(value tolerant.Members, version outcome.Version) *SearchConversationResult {
	result := &SearchConversationResult{
		ConversationID: value.Text("conversationId"),
		Status:         value.Text("status"),
	}
	result.Exists = result.ConversationID != ""
	for _, name := range []string{"conversationExists", "chatExist"} {
		if exists, told := value.Flag(name); told {
			result.Exists = exists
		}
	}
	if version == outcome.V10 || version == outcome.V11 {
		return result
	}
	result.AliasID = value.Text("aliasId")
	result.TeamID = value.Text("teamId")
	result.UserID = value.Text("userId")
	return result
}

// isClosed reports whether the conversation that was found is closed. One that is
// named and said not to exist is not open (documented), unless its status speaks
// against that.
func (r *SearchConversationResult) isClosed() bool {
	status := tolerant.Fold(r.Status)
	return r.ConversationID != "" && (status == "closed" || status == "" && !r.Exists)
}

// edge returns the edge of the conversation's state. The service's words for
// the states are not documented: those of its older API and of its nodes are
// both understood, whatever their case and separators.
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
