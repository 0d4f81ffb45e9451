package engage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// lookup is what a lookup of a write found.
type lookup struct {
	state          lookupState
	conversationID string
	// reason says why the write was not found.
	reason error
	// final reports that another lookup is of no use: this one failed although its reads
	// were retried, or the write has no alias ids that could prove anything.
	final bool
	// settled reports that the write is absent after the settle time.
	settled bool
	// onlyClosed reports that the address has only a closed conversation, which lacks
	// the alias ids.
	onlyClosed bool
}

// lookupState says whether the write was found. The zero value is inconclusive: the
// lookup failed, or something is there that may be the write.
type lookupState uint8

const (
	// absent: the write is not there at this moment.
	absent lookupState = iota + 1
	// found: the write was applied.
	found
)

// The reasons of a lookup that did not find its write.
var (
	errSameAliasIDs   = errors.New("two of the messages have the same alias id")
	errSameContent    = errors.New("the conversation contains the same content under another alias id")
	errNoAliasID      = errors.New("the conversation contains messages without alias id")
	errNotThere       = errors.New("the conversation does not contain it")
	errNoConversation = errors.New("there is no conversation at the address")
	errNoMark         = errors.New("there is a conversation at the address, and nothing says which call created it")
	errOtherAliasID   = errors.New("there is another conversation at the address")
	errNotOpen        = errors.New("the conversation with the alias id is not open")
)

// lookUpIn looks the messages up in the transcript of a conversation. They are found
// if all their alias ids are there: an alias id is used once, so it is a proof by
// itself. They are absent if the whole transcript contains none of them, nor a
// message that could be one of them under another alias id or under none. If alias ids are
// kept, none could.
func (m *messages) lookUpIn(ctx context.Context, c *Client, s *settings, conversationID string) lookup {
	t := transcriptLookup{
		messages: m, missing: make(map[string]bool, len(m.aliasIDs)), aliasIDsKept: s.reconciliation.AliasIDsKept,
	}
	for _, id := range m.aliasIDs {
		t.missing[strings.ToLower(id)] = true
	}
	if len(t.missing) < len(m.list) {
		return lookup{reason: errSameAliasIDs, final: true}
	}
	for _, each := range m.list {
		if encoded, err := json.Marshal(message.Wire(each)); err == nil {
			t.contents = append(t.contents, contentOf(encoded))
		}
	}
	w := &fetchTranscript{ConversationID: conversationID, Limit: maxTranscriptLimit}
	for page, err := range c.transcriptPages(ctx, w, s, nil) {
		if err != nil {
			return lookup{reason: err, final: true}
		}
		for _, raw := range page.messages {
			t.compare(raw)
		}
		if len(t.missing) == 0 {
			return lookup{state: found, conversationID: conversationID}
		}
	}
	return t.result()
}

// transcriptLookup is the lookup of messages in a transcript.
type transcriptLookup struct {
	*messages
	// missing are the alias ids that were not found yet, in lower case: a service
	// that takes them for UUIDs may change their case.
	missing map[string]bool
	// aliasIDsKept is set if a message has the alias id with which it was sent.
	aliasIDsKept bool
	// contents are the contents of the messages.
	contents []map[string]any
	// similar says which message of the transcript may be one of them.
	similar error
}

// compare compares a message of the transcript with those that are looked up.
func (t *transcriptLookup) compare(raw []byte) {
	got := tolerant.MembersOf(raw)
	id := strings.ToLower(got.Text("aliasId"))
	switch {
	case t.missing[id]:
		delete(t.missing, id)
	case t.aliasIDsKept: // It is another message.
	case id == "" && t.hasDirection(message.Direction(got.Text("direction"))):
		t.similar = errNoAliasID
	case id != "" && t.hasContent(contentOf(raw)):
		t.similar = errSameContent
	}
}

// result is the result of a lookup in a whole transcript that lacks some messages.
func (t *transcriptLookup) result() lookup {
	there := len(t.list) - len(t.missing)
	switch {
	case there > 0:
		return lookup{reason: fmt.Errorf("%d of %d messages are in the conversation", there, len(t.list))}
	case t.similar != nil:
		return lookup{reason: t.similar}
	}
	return lookup{state: absent, reason: errNotThere}
}

// hasDirection reports whether one of the messages has the given direction. A direction
// that is missing or unknown matches any.
func (t *transcriptLookup) hasDirection(direction message.Direction) bool {
	known := slices.Contains([]message.Direction{message.Inbound, message.Outbound, message.Announcement}, direction)
	return !known || slices.ContainsFunc(t.list, func(m message.Message) bool { return message.DirectionOf(m) == direction })
}

// hasContent reports whether got contains the content of one of the messages.
func (t *transcriptLookup) hasContent(got map[string]any) bool {
	return slices.ContainsFunc(t.contents, func(sent map[string]any) bool { return contains(got, sent) })
}

// contains reports whether got has all that sent has: the same values, and all members of
// objects. It may have more members, such as an identifier that is made from the alias id.
// A file that the service dropped may have been any file.
func contains(got, sent any) bool {
	switch sent := sent.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if object["dropped"] == true {
			return true
		}
		for name, value := range sent {
			ok = ok && contains(object[name], value)
		}
		return ok
	case []any:
		list, ok := got.([]any)
		return ok && slices.EqualFunc(list, sent, contains)
	}
	return got == sent
}

// contentOf returns the members of an encoded message but for the alias id and the time.
// Space at the ends of texts does not count, since the service may trim them.
func contentOf(encoded []byte) map[string]any {
	var content map[string]any
	if json.Unmarshal(encoded, &content) != nil {
		return nil
	}
	delete(content, "timestamp")
	delete(content, "aliasId")
	trimmed(content)
	return content
}

// trimmed removes the space at the ends of the texts in a decoded JSON value, in place,
// and returns the value.
func trimmed(value any) any {
	switch v := value.(type) {
	case string:
		return strings.TrimSpace(v)
	case []any:
		for i := range v {
			v[i] = trimmed(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = trimmed(v[name])
		}
	}
	return value
}
