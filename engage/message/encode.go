package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Wire returns a value that encoding/json encodes as m. It returns nil if m is nil.
//
// Encoding the value fails if [Check] reports Raw, a year or a number that is not finite
// as a violation of m.
func Wire(m Message) any { return StampedWire(m, "", time.Time{}) }

// StampedWire returns Wire(Stamp(m, aliasID, at)). The package encoding/json encodes a
// [Text] faster from this value than from the message.
func StampedWire(m Message, aliasID string, at time.Time) any {
	m, _ = resolve(m)
	switch m := m.(type) {
	case nil:
		return nil
	case Unknown:
		return m.Raw
	case Text:
		if e := m.Envelope.stamped(aliasID, at); e.Raw == nil && isWritable(e.Timestamp) {
			return e.text(m)
		}
	}
	return m.with(m.envelope().stamped(aliasID, at))
}

// plainText has the JSON of a Text without Raw. Most messages are texts, and
// encoding/json encodes a struct faster than what a MarshalJSON method returns.
type plainText struct {
	AliasID                string    `json:"aliasId,omitempty"`
	Direction              Direction `json:"direction,omitempty"`
	Type                   Type      `json:"type"`
	Timestamp              string    `json:"timestamp,omitempty"`
	Redacted               *bool     `json:"redacted,omitempty"`
	AttemptGatewayDelivery *bool     `json:"attemptGwDelivery,omitempty"`
	Text                   string    `json:"text,omitempty"`
}

// text returns m, with this envelope, as a plain text.
func (e Envelope) text(m Text) plainText {
	return plainText{e.AliasID, m.Direction, TypeText, timestamp(e.Timestamp), e.Redacted, e.AttemptGatewayDelivery, m.Text}
}

// timestamp returns the timestamp of the schema for t. It is empty if t is zero.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// marshal encodes m, which is a struct. It is the MarshalJSON of the type of m.
func marshal(m Message) ([]byte, error) {
	const usualSize = 512 // enough for most messages
	e := encoder{json: make([]byte, 0, usualSize), typ: m.Type(), direction: m.direction(), aliasID: m.envelope().AliasID}
	k := kinds().byType[e.typ]
	v := reflect.ValueOf(m)
	if raw := m.envelope().Raw; raw == nil {
		e.object(v, k.content)
	} else if decoded, _, err := k.decode(raw); err != nil {
		return nil, errors.New("message: Raw " + rawProblem(err))
	} else {
		e.merge(v, decoded, k.content, raw)
	}
	return e.json, e.err
}

// rawProblem returns the problem of a Raw that cannot be decoded.
func rawProblem(err error) string {
	if e, ok := errors.AsType[*DecodeError](err); ok && e.Member == "" {
		return e.Problem
	}
	return "is invalid: " + strings.TrimPrefix(err.Error(), "message: ")
}

// encoder encodes one message. A shape describes each struct of it.
type encoder struct {
	json      []byte
	typ       Type
	direction Direction
	aliasID   string
	// position is the index of the element of a list that comes next.
	position int
	// err is the first error.
	err error
}

// object appends the JSON of v, a struct of shape s.
func (e *encoder) object(v reflect.Value, s *shape) {
	e.json = append(e.json, '{')
	position := e.position
	for i := range s.fields {
		e.member(v, &s.fields[i], position)
	}
	e.json = append(e.json, '}')
}

// member appends the field f of the struct v, which has this position in its list. For an
// empty field it appends the default, or nothing if the tag says so.
func (e *encoder) member(v reflect.Value, f *field, position int) {
	switch {
	case f.index == nil:
		e.head(f)
		return
	case !isEmpty(f.of(v)):
	case f.standard == "position":
		e.name(f.name)
		e.json = strconv.AppendInt(e.json, int64(position), 10)
		return
	case f.standard == "aliasId" && e.aliasID != "":
		e.name(f.name)
		e.text(e.aliasID)
		return
	case f.standard != "" && f.standard != "aliasId":
		e.name(f.name)
		e.text(f.standard)
		return
	case f.omitted:
		return
	}
	e.name(f.name)
	switch value := f.of(v); {
	case f.in != "":
		e.json = append(e.json, '{')
		e.name(f.in)
		e.value(value, f)
		e.json = append(e.json, '}')
	case f.quoted:
		e.json = append(e.json, '"')
		e.value(value, f)
		e.json = append(e.json, '"')
	default:
		e.value(value, f)
	}
}

// head appends the type or the direction.
func (e *encoder) head(f *field) {
	text := string(e.typ)
	if f.name == "direction" {
		text = string(e.direction)
	}
	if text != "" {
		e.name(f.name)
		e.text(text)
	}
}

// value appends the JSON of v, the value of the field f or an element of it.
func (e *encoder) value(v reflect.Value, f *field) {
	switch v.Kind() {
	case reflect.String:
		e.text(v.String())
	case reflect.Bool:
		e.json = strconv.AppendBool(e.json, v.Bool())
	case reflect.Int:
		e.json = strconv.AppendInt(e.json, v.Int(), 10)
	case reflect.Int64: // A duration, which the JSON has in seconds.
		e.json = strconv.AppendInt(e.json, v.Int()/int64(time.Second), 10)
	case reflect.Pointer: // A field that is nil is left out.
		e.value(v.Elem(), f)
	case reflect.Slice:
		e.json = append(e.json, '[')
		for i := range v.Len() {
			e.comma()
			e.position = i
			e.value(v.Index(i), f)
		}
		e.json = append(e.json, ']')
	case reflect.Struct:
		if f.object == nil {
			e.time(v.Interface().(time.Time), f)
			return
		}
		e.object(v, f.object)
	default: // The numbers with a fraction and the headers of an email.
		text, err := json.Marshal(v.Interface())
		e.fail(err)
		e.json = append(e.json, text...)
	}
}

// time appends a time of the field f.
func (e *encoder) time(t time.Time, f *field) {
	if !isWritable(t) {
		e.fail(errors.New(f.goName + " " + badYear))
	}
	if f.layout != "" {
		e.text(t.Format(f.layout))
		return
	}
	e.text(timestamp(t))
}

// comma appends a comma, unless an object or a list begins here.
func (e *encoder) comma() {
	if last := e.json[len(e.json)-1]; last != '{' && last != '[' {
		e.json = append(e.json, ',')
	}
}

// name appends the name of a member and a colon.
func (e *encoder) name(name string) {
	e.comma()
	e.text(name)
	e.json = append(e.json, ':')
}

// text appends the JSON of text.
func (e *encoder) text(text string) {
	if mayNeedEscape(text) {
		quoted, _ := json.Marshal(text) // A string has no error.
		e.json = append(e.json, quoted...)
		return
	}
	e.json = append(append(append(e.json, '"'), text...), '"')
}

// mayNeedEscape reports whether encoding/json may write a byte of text as an escape.
func mayNeedEscape(text string) bool {
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\', '<', '>', '&':
			return true
		default:
			if c < ' ' || c > '~' {
				return true
			}
		}
	}
	return false
}

// fail keeps the first error.
func (e *encoder) fail(err error) {
	if e.err == nil && err != nil {
		e.err = fmt.Errorf("message: %w", err)
	}
}

// merge appends the JSON of v, a struct of shape s, which was decoded from raw. The struct
// decoded has what was decoded. A member stays as it is if the struct has no field for it
// or its field has not changed.
func (e *encoder) merge(v, decoded reflect.Value, s *shape, raw []byte) {
	e.json = append(e.json, '{')
	position := e.position
	var seen uint64 // one bit for each field
	for name, value := range membersOf(raw) {
		i := s.find(name)
		if i < 0 {
			e.raw(string(name), value)
			continue
		}
		seen |= 1 << i
		e.position = position
		e.mergeMember(v, decoded, &s.fields[i], value)
	}
	for i := range s.fields {
		f := &s.fields[i]
		if seen&(1<<i) == 0 && (f.index == nil || !equal(f.of(v), f.of(decoded))) {
			e.member(v, f, position)
		}
	}
	e.json = append(e.json, '}')
}

// mergeMember appends the field f of the struct v, which was decoded from raw.
func (e *encoder) mergeMember(v, decoded reflect.Value, f *field, raw []byte) {
	if f.index == nil {
		if f.name == "direction" && e.direction == "" {
			e.raw(f.name, raw) // It is no string.
		} else {
			e.head(f)
		}
		return
	}
	value, old := f.of(v), f.of(decoded)
	isEqual := equal(value, old)
	switch kind := value.Kind(); {
	case value.Type() == timeType && f.layout == "" && !value.IsZero(): // It is always written in UTC.
		e.member(v, f, e.position)
	case f.object != nil && kind == reflect.Struct && raw[0] == '{' && (isEqual || !value.IsZero()):
		e.name(f.name)
		e.merge(value, old, f.object, raw)
	case f.object != nil && kind == reflect.Slice && raw[0] == '[' && value.Len() == old.Len() && old.Len() > 0:
		e.name(f.name)
		e.mergeList(value, old, f.object, raw)
	case kind == reflect.Map && raw[0] == '{' && value.Len() > 0:
		e.name(f.name)
		e.mergeTexts(value.Interface().(map[string]string), old.Interface().(map[string]string), raw)
	case isEqual:
		e.raw(f.name, raw)
	default:
		e.member(v, f, e.position)
	}
}

// mergeList appends the JSON of list, a list of structs with the shape object, which was
// decoded from raw. An element that has changed is encoded from its fields alone.
func (e *encoder) mergeList(list, decoded reflect.Value, object *shape, raw []byte) {
	e.json = append(e.json, '[')
	for i, element := range elementsOf(raw) {
		e.comma()
		e.position = i
		switch value := list.Index(i); {
		case !equal(value, decoded.Index(i)):
			e.object(value, object)
		case element[0] == '{':
			e.merge(value, value, object, element)
		default:
			e.json = append(e.json, element...)
		}
	}
	e.json = append(e.json, ']')
}

// mergeTexts appends the JSON of texts, which were decoded from raw.
func (e *encoder) mergeTexts(texts, decoded map[string]string, raw []byte) {
	e.json = append(e.json, '{')
	written := map[string]bool{}
	for name, value := range membersOf(raw) {
		name := string(name)
		text, ok := texts[name]
		old, existed := decoded[name]
		switch {
		case ok == existed && text == old:
			e.raw(name, value)
		case ok:
			e.name(name)
			e.text(text)
		}
		written[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !written[name] {
			e.name(name)
			e.text(texts[name])
		}
	}
	e.json = append(e.json, '}')
}

// raw appends a member whose value is JSON.
func (e *encoder) raw(name string, value []byte) {
	e.name(name)
	e.json = append(e.json, value...)
}

// equal reports whether two values of a field are equal.
func equal(a, b reflect.Value) bool { return reflect.DeepEqual(a.Interface(), b.Interface()) }
