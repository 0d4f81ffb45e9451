package engage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// A transcript is read in pages of the documented maximum, and not for ever.
const (
	pageSize = 500
	maxPages = 20
)

// lookIn looks for the messages in a conversation's transcript. All of them
// there settle that they were written. None of them there means that they are
// absent only if the whole transcript was read and no message in it could be one
// of them without its name.
func (b *batch) lookIn(ctx context.Context, c *Client, s *settings, conversationID string) finding {
	l := lookup{batch: b, missing: make(map[string]int, len(b.aliasIDs))}
	for i, id := range b.aliasIDs {
		l.missing[strings.ToLower(id)] = i
	}
	if len(l.missing) < len(b.messages) {
		return finding{sight: unknowable, why: errSameAliasIDs}
	}
	var previous []byte
	form := &fetchTranscript{ConversationID: conversationID, Limit: pageSize}
	for range maxPages {
		page, err := c.transcript(ctx, form, s)
		if err != nil {
			return finding{sight: unknowable, why: err}
		}
		for _, raw := range page.messages {
			if !l.compare(raw) {
				return finding{sight: unknowable, why: errOtherMessage}
			}
		}
		form.Offset += len(page.messages)
		switch {
		case len(l.missing) == 0:
			return finding{sight: there, conversationID: conversationID}
		// Nothing but an empty page is the end: that a page is as long as was asked
		// for is assumed, and so is what is counted.
		case len(page.messages) == 0 && page.count <= form.Offset:
			return l.result()
		case len(page.messages) == 0 || bytes.Equal(page.messages[0], previous):
			return finding{sight: unknowable, why: errNoPages}
		}
		previous = page.messages[0]
	}
	return finding{sight: unknowable, why: errTooLong}
}

// lookup is a search for messages in a transcript.
type lookup struct {
	*batch
	// missing are those not yet seen, by alias id in small letters: a service that
	// takes ids for UUIDs may write them in another case.
	missing map[string]int
	// nameless is set if a message without alias id could be one of them.
	nameless bool
}

// compare takes the message raw off the missing if it is one of them. It reports
// false if raw has the alias id of one and is another message.
func (l *lookup) compare(raw []byte) bool {
	got := tolerant.MembersOf(raw)
	id := got.Text("aliasId")
	if id == "" {
		l.nameless = l.nameless || l.has(message.Direction(got.Text("direction")))
		return true
	}
	id = strings.ToLower(id)
	i, ok := l.missing[id]
	if !ok {
		return true
	}
	// An alias id that this call made is in no other message. One that the
	// caller gave is in another if it was given twice.
	if m := l.messages[i]; givenID(m) != "" && !sameContent(m, raw) {
		return false
	}
	delete(l.missing, id)
	return true
}

// result is the finding in a whole transcript that lacks at least one message.
func (l *lookup) result() finding {
	seen := len(l.messages) - len(l.missing)
	switch {
	case seen > 0:
		return finding{sight: unclear, why: fmt.Errorf("%d of %d messages are in the conversation", seen, len(l.messages))}
	case l.nameless:
		return finding{sight: unclear, why: errNameless}
	}
	return finding{sight: absent, why: errNotThere}
}

// has reports whether one of the messages goes in that direction; one that is
// missing or not known may be any.
func (b *batch) has(direction message.Direction) bool {
	known := slices.Contains([]message.Direction{message.Inbound, message.Outbound, message.Announcement}, direction)
	for _, m := range b.messages {
		if !known || message.DirectionOf(m) == direction {
			return true
		}
	}
	return false
}

// sameContent reports whether raw has every member of m with the same value,
// but for the time and the alias id, which has been compared.
func sameContent(m message.Message, raw []byte) bool {
	encoded, err := json.Marshal(message.Wire(m))
	var sent, got map[string]any
	if err != nil || json.Unmarshal(encoded, &sent) != nil || json.Unmarshal(raw, &got) != nil {
		return false
	}
	delete(sent, "timestamp")
	delete(sent, "aliasId")
	for name, value := range sent {
		if !reflect.DeepEqual(value, got[name]) {
			return false
		}
	}
	return true
}
