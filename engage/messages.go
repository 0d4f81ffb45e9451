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

// messages are the messages of a request and their alias ids. They must not be copied.
type messages struct {
	list     []message.Message
	aliasIDs []string
	// isList is set for a version that takes a list of messages.
	isList bool

	// Most requests have one message, which needs no memory of its own.
	one     [1]message.Message
	oneWire [1]any
}

// setOne sets the message of a version that takes one.
func (m *messages) setOne(only message.Message) { m.set(append(m.one[:0], only)) }

// setAll sets the messages of a version that takes a list.
func (m *messages) setAll(list []message.Message) {
	m.isList = true
	m.set(append(m.one[:0], list...))
}

// set copies the messages, so that what is validated is what is sent, and makes the
// missing alias ids.
func (m *messages) set(list []message.Message) {
	m.list = list
	m.aliasIDs = make([]string, len(list))
	for i, each := range list {
		if nothing.In(each) {
			continue
		}
		list[i] = message.Value(each)
		if m.aliasIDs[i] = givenAliasID(list[i]); m.aliasIDs[i] == "" {
			m.aliasIDs[i] = newAliasID()
		}
	}
}

// givenAliasID returns the alias id that the caller gave a message.
func givenAliasID(m message.Message) string { return message.EnvelopeOf(m).AliasID }

// givenAliasIDs returns the alias ids that the caller gave the messages.
func (m *messages) givenAliasIDs() []string {
	var ids []string
	for _, each := range m.list {
		if nothing.In(each) {
			continue
		}
		if id := givenAliasID(each); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// newAliasID returns a random UUID of version 4, the form of the alias ids in the
// samples of the vendor.
func newAliasID() string {
	var id [16]byte
	rand.Read(id[:]) // It never fails.
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

// allAliasIDs returns the alias ids of all messages.
func (m *messages) allAliasIDs() []string { return m.aliasIDs }

// encodable returns what encodes the messages as JSON. A message without a timestamp gets
// the current time.
func (m *messages) encodable() []any {
	values := m.oneWire[:0]
	now := time.Now().Truncate(time.Millisecond) // As in the samples of the service.
	for i, each := range m.list {
		values = append(values, message.StampedWire(each, m.aliasIDs[i], now))
	}
	return values
}

// field returns the name of the field that contains the i-th message.
func (m *messages) field(i int) string {
	if !m.isList {
		return "Message"
	}
	return fmt.Sprintf("Messages[%d]", i)
}

// validateMessages adds what is wrong with the messages for an operation in a version on
// a channel.
func (m *messages) validateMessages(v *outcome.Violations, operation outcome.Operation, version outcome.Version, ch channel.Channel) {
	for i, each := range m.list {
		if nothing.In(each) {
			v.Add(m.field(i), "is nil")
			continue
		}
		if problems := message.Check(each, operation, version, ch); problems != nil {
			v.Within(m.field(i), problems)
		}
	}
}

// aliasIDProblem is the problem of an empty alias id that a lookup before sending needs.
const aliasIDProblem = "is empty, and a lookup before sending needs it"

// validateAliasIDs returns what is wrong with the alias ids for a lookup before
// sending: the caller gave none, or the same one twice.
func (m *messages) validateAliasIDs() outcome.Violations {
	var v outcome.Violations
	for i, each := range m.list {
		if !nothing.In(each) && givenAliasID(each) == "" {
			v.Add(m.field(i)+".AliasID", aliasIDProblem)
		}
	}
	for i, id := range m.aliasIDs {
		equal := func(other string) bool { return strings.EqualFold(other, id) }
		if first := slices.IndexFunc(m.aliasIDs[:i], equal); first >= 0 && id != "" {
			v.Add(m.field(i)+".AliasID", "is that of "+m.field(first)+", and a lookup before sending cannot tell the two apart")
		}
	}
	return v
}
