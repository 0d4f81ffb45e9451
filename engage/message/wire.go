package message

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
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
// nil. Put it into a larger document to have the whole encoded in one pass. A
// message that [Check] refuses for its timestamp or its additional members may
// not be encodable.
func Wire(m Message) any {
	m, k := settle(m)
	if m == nil {
		return nil
	}
	wire := m.wire()
	if k.wire == nil {
		return wire // an Unknown, which is its own JSON
	}
	if e := m.envelope(); !e.Timestamp.IsZero() && !isWritable(e.Timestamp) {
		return unwritable{}
	}
	if v := reflect.ValueOf(wire); k.wire.isExtended(v) {
		return extended{v, k.wire}
	}
	return wire
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
func (e extended) MarshalJSON() ([]byte, error) { return e.shape.append(nil, e.value) }

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
	for _, name := range slices.Sorted(maps.Keys(additional)) {
		if s.find([]byte(name)) >= 0 {
			return nil, errors.New("message: Additional has a member that the object has anyway")
		}
		b = append(appendName(b, name), additional[name]...)
	}
	return append(b, '}'), nil
}

// append appends v, the value of the field, to b.
func (f *field) append(b []byte, v reflect.Value) ([]byte, error) {
	switch {
	case f.object == nil:
		text, err := json.Marshal(v.Interface())
		if f.quoted {
			text = strconv.AppendQuote(nil, string(text))
		}
		return append(b, text...), err
	case v.Kind() == reflect.Struct:
		return f.object.append(b, v)
	}
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = f.object.append(b, v.Index(i)); err != nil {
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
	quoted, _ := json.Marshal(name) // a string always encodes
	return append(append(b, quoted...), ':')
}

// isEmpty reports whether v is left out where its tag allows it.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
