package engage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// ResolveConversation lets the service decide what becomes of an inbound message. The
// service appends it to the open conversation at its address. If there is none, it
// re-opens a closed one, except in live chat, or else creates one (documented).
//
// The service accepts the request, and reports later what it did. With callbacks the call
// ends on created, reopened or appended. Without callbacks it ends on accepted, unless the
// reply itself contains what the service did. See [WithCallbacks].
//
// The call ends with an error on a standard edge, or on one of these:
//
//   - tooManyRequests after the HTTP status 429;
//   - serviceUnavailable after the HTTP status 503;
//   - taskFailed or appendFailed if that word is the code or the description of the
//     failure (assumed);
//   - error after any other refusal.
//
// The effect of taskFailed and appendFailed is [outcome.MaybeApplied]: the service may have
// created or re-opened a conversation before it failed.
//
// The vendor advises to try again later after onError and each of these edges but error.
// The call is unsafe to repeat. The client repeats it only if it was not sent, or was
// refused with a reason to try again; see [Class]. It does not look up a call that may
// have been applied.
func (c *Client) ResolveConversation(ctx context.Context, request ResolveConversationRequest, options ...CallOption) (*ResolveConversationReceipt, error) {
	receipt, err := c.write(ctx, request.wire(), options)
	if err != nil {
		return nil, err
	}
	return new(resolved(*receipt)), nil
}

// ResolveConversationReceipt is the result of ResolveConversation. Its Outcome is
// created, reopened or appended, or accepted if neither the reply nor a callback says
// which.
type ResolveConversationReceipt struct {
	Receipt
	// TaskID is the id of the task in the contact center; empty if the service has
	// reported none, as for an append.
	TaskID string
	// ConversationOperation is what the service did in its own words; empty if it has not
	// reported that.
	ConversationOperation string
}

// Wait waits for the outcome as [Receipt.Wait] does.
func (r ResolveConversationReceipt) Wait(ctx context.Context) (ResolveConversationReceipt, error) {
	settled, err := r.Receipt.Wait(ctx)
	if err != nil {
		return r, withResolveEdge(err)
	}
	return resolved(settled), nil
}

// resolved returns the receipt of a resolve with what its reply and its callback report.
func resolved(receipt Receipt) ResolveConversationReceipt {
	reply := tolerant.MembersOf(receipt.Raw())
	value := tolerant.MembersOf(reply.Find("value"))
	report := receipt.report
	r := ResolveConversationReceipt{
		Receipt:               receipt,
		TaskID:                cmp.Or(report.TaskID, reply.Text("taskId"), value.Text("taskId")),
		ConversationOperation: cmp.Or(report.ConversationOperation, reply.Text("conversationOperation"), value.Text("conversationOperation")),
	}
	r.Outcome = outcome.Accepted
	if edge, _ := outcome.Parse(r.ConversationOperation); slices.Contains([]outcome.Edge{outcome.Created, outcome.Reopened, outcome.Appended}, edge) {
		r.Outcome = edge
		if r.Proof == Acknowledged {
			r.Proof = Confirmed // The reply itself reports the outcome.
		}
	}
	return r
}

// withResolveEdge puts the error of a resolve on the edge that its status, code or
// description means.
func withResolveEdge(err error) error {
	failure, ok := errors.AsType[*outcome.Error](err)
	if !ok {
		return err
	}
	switch failure.Edge {
	case outcome.OnError:
		switch failure.Status {
		case http.StatusTooManyRequests:
			failure.Edge = outcome.TooManyRequests
		case http.StatusServiceUnavailable:
			failure.Edge = outcome.ServiceUnavailable
		}
	case outcome.ResolveFailed:
		for _, text := range []string{failure.Description, failure.Code} {
			if edge, _ := outcome.Parse(text); edge == outcome.TaskFailed || edge == outcome.AppendFailed {
				failure.Edge, failure.Effect = edge, outcome.MaybeApplied
			}
		}
	}
	return err
}

// ResolveConversationRequest is a request of ResolveConversation in one of its versions:
// [ResolveConversationV10], [ResolveConversationV11] or [ResolveConversationV12].
type ResolveConversationRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *resolveConversation
}

// MediaType is the kind of the medium by which a message came in.
type MediaType string

// The media types (observed).
const (
	SocialMedia MediaType = "social"
	EmailMedia  MediaType = "email"
	ChatMedia   MediaType = "chat"
)

// MediaChannel is the channel by which a message came in, in the words that belong to
// its [MediaType].
type MediaChannel string

// The media channels (observed). The first four belong to [SocialMedia], MediaEmail to
// [EmailMedia] and MediaWeb to [ChatMedia].
const (
	MediaSMS      MediaChannel = "sms"
	MediaFacebook MediaChannel = "facebook"
	MediaWhatsApp MediaChannel = "whatsapp"
	MediaApple    MediaChannel = "appleMessages"
	MediaEmail    MediaChannel = "email"
	MediaWeb      MediaChannel = "web"
)

// media is a media type with one of its channels.
type media struct {
	MediaType    MediaType    `json:"mediaType"`
	MediaChannel MediaChannel `json:"mediaChannel"`
}

// knownMedia are the pairs in flows of the vendor (observed).
var knownMedia = []media{
	{SocialMedia, MediaSMS}, {SocialMedia, MediaFacebook}, {SocialMedia, MediaWhatsApp}, {SocialMedia, MediaApple},
	{EmailMedia, MediaEmail}, {ChatMedia, MediaWeb},
}

func (m media) String() string { return string(m.MediaType) + "/" + string(m.MediaChannel) }

// ResolveConversationV10 delivers an inbound message.
type ResolveConversationV10 struct {
	// TransID is an id of the caller for this message. It is required. The vendor's flows
	// send the id of their transaction.
	TransID string
	// FlowID is the id of the flow that received the message. It is required.
	FlowID string
	// MediaType and MediaChannel are required. A channel belongs to one type; see the
	// constants of [MediaChannel].
	MediaType    MediaType
	MediaChannel MediaChannel
	// Details contain the message. They are required, and must be those of the channel,
	// such as [SMSDetails] for [MediaSMS].
	Details Details
}

// ResolveConversationV11 delivers an inbound message. The vendor does not say what it
// adds to [ResolveConversationV10].
type ResolveConversationV11 ResolveConversationV10

// ResolveConversationV12 delivers an inbound message, and can replace what happens when
// the contact is closed.
type ResolveConversationV12 struct {
	// TransID is an id of the caller for this message. It is required. The vendor's flows
	// send the id of their transaction.
	TransID string
	// FlowID is the id of the flow that received the message. It is required.
	FlowID string
	// MediaType and MediaChannel are required. A channel belongs to one type; see the
	// constants of [MediaChannel].
	MediaType    MediaType
	MediaChannel MediaChannel
	// Details contain the message. They are required, and must be those of the channel,
	// such as [SMSDetails] for [MediaSMS].
	Details Details
	// OverrideDefaultClose says that the flow handles the event of a closed contact in
	// place of the service.
	OverrideDefaultClose bool
}

// Validate implements [ResolveConversationRequest].
func (r ResolveConversationV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r ResolveConversationV10) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [ResolveConversationRequest].
func (r ResolveConversationV11) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r ResolveConversationV11) LogValue() slog.Value { return logValue(r.wire()) }

// Validate implements [ResolveConversationRequest].
func (r ResolveConversationV12) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r ResolveConversationV12) LogValue() slog.Value { return logValue(r.wire()) }

func (r ResolveConversationV10) wire() *resolveConversation {
	w := &resolveConversation{version: outcome.V10, details: r.Details}
	w.payload = resolveJSON{TransID: r.TransID, FlowID: r.FlowID, media: media{r.MediaType, r.MediaChannel}}
	w.encodeDetails()
	return w
}

func (r ResolveConversationV11) wire() *resolveConversation {
	w := ResolveConversationV10(r).wire()
	w.version = outcome.V11
	return w
}

func (r ResolveConversationV12) wire() *resolveConversation {
	w := ResolveConversationV10{r.TransID, r.FlowID, r.MediaType, r.MediaChannel, r.Details}.wire()
	w.version, w.payload.OverrideDefaultClose = outcome.V12, r.OverrideDefaultClose
	return w
}

// resolveConversation implements [wireRequest] for all versions.
type resolveConversation struct {
	version outcome.Version
	details Details
	// content is what the details contain.
	content detailsContent
	payload resolveJSON
}

// resolveJSON is the body of the request.
type resolveJSON struct {
	TransID string `json:"transId"`
	FlowID  string `json:"flowId"`
	media
	// Details are a JSON object in a string.
	Details              string `json:"details"`
	OverrideDefaultClose bool   `json:"overrideDefaultClose,omitempty"`
	CallbackURL          string `json:"callbackUrl,omitempty"`
}

// encodeDetails encodes the details once, for all attempts.
func (w *resolveConversation) encodeDetails() {
	if nothing.In(w.details) {
		return
	}
	w.content = w.details.content(time.Now().Truncate(time.Millisecond))
	encoded, _ := json.Marshal(w.content.blocks()) // Only a year can fail, which is a violation.
	w.payload.Details = string(encoded)
}

func (w *resolveConversation) name() (outcome.Operation, outcome.Version) {
	return outcome.ResolveConversation, w.version
}

func (w *resolveConversation) channel() channel.Channel {
	return channel.Channel(w.payload.MediaChannel)
}

func (*resolveConversation) ids() pathIDs { return pathIDs{} }

func (w *resolveConversation) validate() outcome.Violations {
	var v outcome.Violations
	validateRequired(&v, "TransID", w.payload.TransID)
	validateRequired(&v, "FlowID", w.payload.FlowID)
	isKnown := validateMedia(&v, w.payload.media)
	switch {
	case nothing.In(w.details):
		v.Add("Details", "is nil")
		return v
	case isKnown && w.content.media != w.payload.media:
		v.Add("Details", fmt.Sprintf("is a message of %s, and the request is for %s", w.content.media, w.payload.media))
	}
	v.Within("Details", w.content.validate())
	return v
}

// validateMedia adds a violation if m is not a known pair. It reports whether it added
// none.
func validateMedia(v *outcome.Violations, m media) bool {
	var channels []string
	for _, known := range knownMedia {
		if known == m {
			return true
		}
		if known.MediaType == m.MediaType {
			channels = append(channels, string(known.MediaChannel))
		}
	}
	if channels == nil {
		v.Add("MediaType", "is not social, email or chat")
	} else {
		v.Add("MediaChannel", "must be "+strings.Join(channels, " or ")+" with this media type")
	}
	return false
}

// judge implements [judge]. It sets edge and proof here, so that an observer sees them.
// ResolveConversation calls resolved again for what a [Receipt] has no field for.
func (*resolveConversation) judge(receipt *Receipt, err error) error {
	if err != nil {
		return withResolveEdge(err)
	}
	*receipt = resolved(*receipt).Receipt
	return nil
}

func (w *resolveConversation) body(callbackURL string) any {
	w.payload.CallbackURL = callbackURL
	return &w.payload
}
