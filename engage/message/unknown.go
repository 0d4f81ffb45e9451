package message

import (
	"encoding/json"
	"reflect"
	"sync"
)

// Unknown is a message for which this package has no struct, because its type is unknown
// or its direction is not that of its type. It keeps the JSON unchanged. It cannot be
// sent, and [Check] reports it as a violation.
type Unknown struct {
	// Raw is the JSON of the message.
	Raw json.RawMessage
}

// Type returns the type in the JSON. It returns "" if the JSON has no type.
func (m Unknown) Type() Type {
	h, _ := readHead(m.Raw)
	return h.typ
}

// MarshalJSON returns m.Raw.
func (m Unknown) MarshalJSON() ([]byte, error) { return m.Raw.MarshalJSON() }

// UnmarshalJSON sets m.Raw to a copy of data, which may be a message of any type. It
// returns a [*DecodeError] if data is not a JSON object.
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
	h, _ := readHead(m.Raw)
	return h.direction
}

// with returns m: the envelope of an Unknown is part of its JSON.
func (m Unknown) with(Envelope) Message { return m }

var envelopeShape = sync.OnceValue(func() *shape { return shapes{}.of(reflect.TypeFor[Envelope]()) })

// envelope returns the envelope in the JSON. A field stays zero if the value of its
// member is invalid.
func (m Unknown) envelope() Envelope {
	var e Envelope
	d := decoder{scanner: newScanner(m.Raw)}
	_ = d.object(reflect.ValueOf(&e).Elem(), envelopeShape()) // What can be read, counts.
	return e
}
