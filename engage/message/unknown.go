package message

import (
	"encoding/json"
	"reflect"
	"sync"
)

// Unknown is a message that this package has no struct for: one of an unknown
// type, or of a known type in a direction that the type does not have. It keeps
// the JSON and writes it back unchanged. [Check] refuses it, because nothing
// says where it could be sent.
type Unknown struct {
	// Raw is the whole message as it came.
	Raw json.RawMessage
}

// Type returns the type that the JSON names; empty if it names none.
func (m Unknown) Type() Type {
	typ, _, _ := head(m.Raw)
	return typ
}

// MarshalJSON returns the JSON as it came.
func (m Unknown) MarshalJSON() ([]byte, error) { return m.Raw.MarshalJSON() }

// UnmarshalJSON keeps a message of any type.
func (m *Unknown) UnmarshalJSON(data []byte) error {
	if isNull(data) {
		return nil
	}
	unknown, err := decodeUnknown(data)
	if err == nil {
		*m = unknown
	}
	return err
}

func (m Unknown) direction() Direction {
	_, direction, _ := head(m.Raw)
	return direction
}

// with returns m as it is: Raw is all there is to write.
func (m Unknown) with(Envelope) Message { return m }
func (m Unknown) wire(header) any       { return m.Raw }

var envelopeShape = sync.OnceValue(func() *shape { return shapes{}.of(reflect.TypeFor[Envelope]()) })

// envelope reads what it can: a member that cannot be read stays zero.
func (m Unknown) envelope() Envelope {
	var e Envelope
	v, shape := reflect.ValueOf(&e).Elem(), envelopeShape()
	s := newScanner(m.Raw)
	if s.enter('{') != nil {
		return e
	}
	for first := true; ; first = false {
		name, more, err := s.member(first)
		if err != nil || !more {
			return e
		}
		value, err := s.skip()
		if err != nil {
			return e
		}
		if i := shape.find(name); i >= 0 {
			member := decoder{scanner: newScanner(value)}
			if f := &shape.fields[i]; member.field(v, f) != nil {
				f.of(v).SetZero()
			}
		}
	}
}
