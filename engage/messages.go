package engage

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/outcome"
)

// newAliasID returns a random UUID (version 4), as the vendor's samples have
// for alias ids.
func newAliasID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	var text [36]byte
	at := 0
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], part)
	}
	return string(text[:])
}

// batch is the messages of a request and their alias ids. The caller may change
// what a message points to; what is checked here is sent all the same.
type batch struct {
	messages []message.Message
	aliasIDs []string

	// Most requests have one message, which then needs no room of its own.
	one     [1]message.Message
	oneWire [1]any
}

// take takes messages into the batch, and makes alias ids where they have none.
func (b *batch) take(messages ...message.Message) {
	b.messages = append(b.one[:0], messages...)
	b.aliasIDs = make([]string, len(messages))
	for i, m := range b.messages {
		if nothing.In(m) {
			continue
		}
		m = message.Value(m)
		b.messages[i] = m
		if b.aliasIDs[i] = givenID(m); b.aliasIDs[i] == "" {
			b.aliasIDs[i] = newAliasID()
		}
	}
}

// givenID returns the alias id that the caller gave a message; empty for none.
func givenID(m message.Message) string { return message.EnvelopeOf(m).AliasID }

// names returns the alias ids.
func (b *batch) names() []string { return b.aliasIDs }

// noMark is what is wrong with an alias id that the caller has to give.
const noMark = "is empty, and WithLookFirst has nothing else to look for"

// requireMarks notes the alias ids that the caller has not given, or has given
// twice; field names the i-th message.
func (b *batch) requireMarks(v *outcome.Violations, field func(int) string) {
	for i, m := range b.messages {
		if !nothing.In(m) && givenID(m) == "" {
			v.Add(field(i)+".AliasID", noMark)
		}
	}
	for i, id := range b.aliasIDs {
		same := func(other string) bool { return strings.EqualFold(other, id) }
		if first := slices.IndexFunc(b.aliasIDs[:i], same); first >= 0 && id != "" {
			v.Add(field(i)+".AliasID", "is that of "+field(first)+", and WithLookFirst could not tell the two apart")
		}
	}
}

// wire returns the messages as the request's JSON holds them. Those without a
// timestamp have that of now.
func (b *batch) wire() []any {
	values := b.oneWire[:0]
	now := time.Now().Truncate(time.Millisecond) // The finest that was observed.
	for i, m := range b.messages {
		values = append(values, message.StampedWire(m, b.aliasIDs[i], now))
	}
	return values
}

// checkMessages notes what is wrong with messages that f is to carry on ch.
func checkMessages(v *outcome.Violations, f form, ch channel.Channel, field func(int) string, messages []message.Message) {
	for i, m := range messages {
		if nothing.In(m) {
			v.Add(field(i), "is nil")
			continue
		}
		if problems := message.Check(m, f.operation(), f.revision(), ch); problems != nil {
			v.Within(field(i), problems)
		}
	}
}

// single and several name the field of the i-th message, for the versions that
// carry one message and for those that carry a list.
func single(int) string    { return "Message" }
func several(i int) string { return fmt.Sprintf("Messages[%d]", i) }
