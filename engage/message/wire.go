package message

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// header is the part of the wire form that comes first in every message. It
// hides the envelope, which is one level deeper in a wire struct.
type header struct {
	AliasID                string    `json:"aliasId,omitempty"`
	Direction              Direction `json:"direction,omitempty"`
	Type                   Type      `json:"type"`
	Timestamp              string    `json:"timestamp,omitempty"`
	Redacted               *bool     `json:"redacted,omitempty"`
	AttemptGatewayDelivery *bool     `json:"attemptGwDelivery,omitempty"`
}

// header returns the header of a message in this envelope.
func (e Envelope) header(typ Type, direction Direction) header {
	var timestamp string // a string costs encoding/json less than a time does
	if !e.Timestamp.IsZero() {
		timestamp = e.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	return header{e.AliasID, direction, typ, timestamp, e.Redacted, e.AttemptGatewayDelivery}
}

// Wire returns a value that encoding/json encodes as m's wire form; nil for
// nil. It is the fast way to write a message, alone or within a larger document:
// the message's own MarshalJSON costs a second pass over the JSON. A message with
// additional members anywhere takes that pass here too.
//
// A message that [Check] refuses for its timestamp or its additional members is
// an error when it is encoded.
func Wire(m Message) any { return StampedWire(m, "", time.Time{}) }

// StampedWire returns what [Wire] returns for the message that [Stamp] returns. It
// is the fast way to write a message of which no copy is needed.
func StampedWire(m Message, aliasID string, at time.Time) any {
	m, k := settle(m)
	switch {
	case m == nil:
		return nil
	case k.wire == nil:
		return m.wire(header{}) // an Unknown, which is its own JSON
	}
	e := m.envelope().stamped(aliasID, at)
	if !e.Timestamp.IsZero() && !isWritable(e.Timestamp) {
		return unwritable{}
	}
	wire := m.wire(e.header(m.Type(), m.direction()))
	if v := reflect.ValueOf(wire); k.wire.isExtended(v) {
		return extended{v, k.wire}
	}
	return wire
}

// marshal encodes m, for the MarshalJSON of its type.
func marshal(m Message) ([]byte, error) {
	wire := Wire(m)
	if ready, ok := wire.(json.Marshaler); ok {
		return ready.MarshalJSON() // The caller goes over it; once is enough.
	}
	return json.Marshal(wire)
}

// unwritable stands for a message whose timestamp RFC 3339 cannot write.
type unwritable struct{}

// MarshalJSON implements [json.Marshaler].
func (unwritable) MarshalJSON() ([]byte, error) {
	return nil, errors.New("message: Timestamp has a year that RFC 3339 cannot write")
}

// isExtended reports whether v, a struct of shape s, holds additional members
// anywhere.
func (s *shape) isExtended(v reflect.Value) bool {
	if s.additionalOf(v).Len() > 0 {
		return true
	}
	for _, f := range s.objects {
		if f.isExtended(f.of(v)) {
			return true
		}
	}
	return false
}

// isExtended does the same for v, a field that is an object or a list of them.
func (f *field) isExtended(v reflect.Value) bool {
	if v.Kind() == reflect.Struct {
		return f.object.isExtended(v)
	}
	for i := range v.Len() {
		if f.object.isExtended(v.Index(i)) {
			return true
		}
	}
	return false
}

// extended is a struct with additional members somewhere, which encoding/json
// cannot write in place. It writes what encoding/json would, and then them, in
// the order of their names.
type extended struct {
	value reflect.Value
	shape *shape
}

// MarshalJSON implements [json.Marshaler].
func (e extended) MarshalJSON() ([]byte, error) {
	return e.shape.append(make([]byte, 0, 512), e.value) // room for most messages
}

// append appends v, a struct of shape s, to b.
func (s *shape) append(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i := range s.fields {
		f := &s.fields[i]
		value := f.of(v)
		if f.omitted && isEmpty(value) {
			continue
		}
		b = appendName(b, f.name)
		if b, err = f.append(b, value); err != nil {
			return nil, err
		}
	}
	additional := s.additionalOf(v).Interface().(Members)
	if len(additional) == 0 {
		return append(b, '}'), nil
	}
	for _, name := range slices.Sorted(maps.Keys(additional)) {
		if problem := s.problem(name, additional[name]); problem != "" {
			return nil, errors.New("message: Additional " + problem)
		}
		b = append(appendName(b, name), additional[name]...)
	}
	return append(b, '}'), nil
}

// problem says why an object of shape s cannot have the additional member;
// it is empty if it can.
func (s *shape) problem(name string, value json.RawMessage) string {
	switch {
	case s.find([]byte(name)) >= 0:
		return "has a member that the object has anyway"
	case !utf8.ValidString(name) || !utf8.Valid(value) || !json.Valid(value):
		return "has a member that is not valid JSON"
	}
	return ""
}

// append appends v, the value of the field, to b.
func (f *field) append(b []byte, v reflect.Value) ([]byte, error) {
	if !f.quoted {
		return appendValue(b, v, f.object)
	}
	b, err := appendValue(append(b, '"'), v, nil)
	return append(b, '"'), err
}

// appendValue appends v to b. If v is a struct or a list of structs, object is
// its shape.
func appendValue(b []byte, v reflect.Value, object *shape) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return appendText(b, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Pointer: // never nil: then it is left out
		return appendValue(b, v.Elem(), object)
	case reflect.Struct:
		return object.append(b, v)
	case reflect.Slice:
		return appendList(b, v, object)
	}
	text, err := json.Marshal(v.Interface())
	return append(b, text...), err
}

// appendList appends the elements of v, which are of shape object if they are
// structs.
func appendList(b []byte, v reflect.Value, object *shape) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendValue(b, v.Index(i), object); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// appendName appends the name of a member, after a comma if it is not the
// first.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// appendText appends text as encoding/json writes it, which is asked only where
// something has to be escaped.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&', c >= utf8.RuneSelf:
			quoted, _ := json.Marshal(text) // a string always encodes
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}

// isEmpty reports whether v is left out where its tag allows it.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
