package message

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// header is the first part of the JSON of every message. A struct that embeds a header
// and a message has the members of the header. The same members of the message's
// Envelope are nested deeper, so they are hidden.
type header struct {
	AliasID                string    `json:"aliasId,omitempty"`
	Direction              Direction `json:"direction,omitempty"`
	Type                   Type      `json:"type"`
	Timestamp              string    `json:"timestamp,omitempty"`
	Redacted               *bool     `json:"redacted,omitempty"`
	AttemptGatewayDelivery *bool     `json:"attemptGwDelivery,omitempty"`
}

// header returns the header of a message with this envelope.
func (e Envelope) header(typ Type, direction Direction) header {
	var timestamp string // encoding/json encodes a string faster than a time
	if !e.Timestamp.IsZero() {
		timestamp = e.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	return header{e.AliasID, direction, typ, timestamp, e.Redacted, e.AttemptGatewayDelivery}
}

// Wire returns a value with the same JSON as m. The package encoding/json encodes the
// value about three times as fast, unless m has additional members. Wire returns nil if
// m is nil.
//
// Encoding the value fails if [Check] reports the timestamp, a number or an additional
// member of m as a violation.
func Wire(m Message) any { return StampedWire(m, "", time.Time{}) }

// StampedWire returns Wire(Stamp(m, aliasID, at)), but makes no copy of m.
func StampedWire(m Message, aliasID string, at time.Time) any {
	m, k := resolve(m)
	switch {
	case m == nil:
		return nil
	case k.wire == nil:
		return m.wire(header{}) // the JSON of an Unknown
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

// marshal encodes m. It is the MarshalJSON of the type of m.
func marshal(m Message) ([]byte, error) {
	wire := Wire(m)
	if m, ok := wire.(json.Marshaler); ok {
		return m.MarshalJSON() // json.Marshal would check the JSON, as our caller does.
	}
	return json.Marshal(wire)
}

// unwritable is the value for a message whose timestamp RFC 3339 cannot express.
type unwritable struct{}

// MarshalJSON returns an error.
func (unwritable) MarshalJSON() ([]byte, error) {
	return nil, errors.New("message: Timestamp " + badYear)
}

// isExtended reports whether v, a struct of shape s, or a struct in it has additional
// members.
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

// isExtended does the same for v, the value of a field with a struct or a list of
// structs.
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

// extended encodes a struct that has additional members, or contains a struct that has.
// The additional members of each object follow the others in its JSON, sorted by name.
type extended struct {
	value reflect.Value
	shape *shape
}

// MarshalJSON returns the JSON of the struct.
func (e extended) MarshalJSON() ([]byte, error) {
	return e.shape.append(make([]byte, 0, 512), e.value) // enough for most messages
}

// append appends the JSON of v, a struct of shape s, to b.
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

// problem returns why an object of shape s cannot have this additional member. It
// returns "" if the member is valid.
func (s *shape) problem(name string, value json.RawMessage) string {
	switch {
	case s.find([]byte(name)) >= 0:
		return "must not contain the member " + name + ", for which the struct has a field"
	case !utf8.ValidString(name) || !utf8.Valid(value) || !json.Valid(value):
		return "must contain only valid JSON in UTF-8"
	}
	return ""
}

// append appends the JSON of v, the value of the field, to b.
func (f *field) append(b []byte, v reflect.Value) ([]byte, error) {
	if !f.quoted {
		return appendValue(b, v, f.object)
	}
	b, err := appendValue(append(b, '"'), v, nil)
	return append(b, '"'), err
}

// appendValue appends the JSON of v to b. If v is a struct or a list of structs, object
// is the shape of the struct.
func appendValue(b []byte, v reflect.Value, object *shape) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return appendText(b, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Pointer: // A field that is nil is left out.
		return appendValue(b, v.Elem(), object)
	case reflect.Struct:
		return object.append(b, v)
	case reflect.Slice:
		return appendList(b, v, object)
	}
	text, err := json.Marshal(v.Interface())
	return append(b, text...), err
}

// appendList appends the JSON of v, a list, to b. If its elements are structs, object is
// their shape.
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

// appendName appends the name of a member and a colon to b, after a comma unless it is
// the first member.
func appendName(b []byte, name string) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// appendText appends the JSON of text to b.
func appendText(b []byte, text string) []byte {
	if strings.ContainsFunc(text, mayNeedEscape) {
		quoted, _ := json.Marshal(text) // A string has no error.
		return append(b, quoted...)
	}
	return append(append(append(b, '"'), text...), '"')
}

// mayNeedEscape reports whether encoding/json may write c as an escape.
func mayNeedEscape(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`"\<>&`, c) }

// isEmpty reports whether the JSON leaves out v if its tag says omitempty or omitzero.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
