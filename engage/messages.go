package engage

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// newAliasID returns a random UUID (version 4), as the vendor's samples have
// for alias ids.
func newAliasID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// stamp returns messages with alias ids and timestamps where they have none.
func stamp(messages []message.Message) []message.Message {
	stamped := make([]message.Message, len(messages))
	for i, m := range messages {
		if !isNil(m) {
			stamped[i] = message.Stamp(m, newAliasID(), time.Now())
		}
	}
	return stamped
}

// aliasIDs lists the alias ids of messages.
func aliasIDs(messages []message.Message) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = message.EnvelopeOf(m).AliasID
	}
	return ids
}

// wire returns messages as the request's JSON holds them.
func wire(messages []message.Message) []any {
	values := make([]any, len(messages))
	for i, m := range messages {
		values[i] = message.Wire(m)
	}
	return values
}

// checkMessages notes what is wrong with messages that f is to carry on ch.
func checkMessages(v *outcome.Violations, f form, ch channel.Channel, field func(int) string, messages []message.Message) {
	for i, m := range messages {
		if isNil(m) {
			v.Add(field(i), "is nil")
			continue
		}
		v.Within(field(i), message.Check(m, f.operation(), f.revision(), ch))
	}
}

// single and several name the field of the i-th message, for the versions that
// carry one message and for those that carry a list.
func single(int) string    { return "Message" }
func several(i int) string { return fmt.Sprintf("Messages[%d]", i) }
