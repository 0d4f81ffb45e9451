package message

import (
	"fmt"
	"reflect"
	"slices"
)

// The limits of [Decode]. They protect the program's memory from a hostile message.
// They are far above what the service is known to send.
const (
	// MaxSize is the largest size of a message in bytes.
	MaxSize = 4 << 20
	// MaxDepth is the deepest nesting of objects and arrays.
	MaxDepth = 64
	// MaxValues is the largest number of list elements, headers and additional
	// members of a message together.
	MaxValues = 10_000
)

// Decode decodes the JSON of one message into the struct of its type. The message does
// not share memory with data.
//
// Decode accepts the variants that the vendor documents: the members url and fileUrl,
// the members name and fileName, a number in a string, the type lcFormResponse, and
// null for a missing member. A missing member leaves its field zero. Use [Check] to
// find out whether the message can be sent. As in encoding/json, an escaped surrogate
// without its pair becomes U+FFFD. A number with a fraction has the precision of a
// float64.
//
// The field Additional keeps members that the package does not know. A message becomes
// an [Unknown] if its type is unknown, or if its direction is not that of its type.
//
// In all other cases Decode returns a [*DecodeError]:
//
//   - data is not one JSON object, or not UTF-8.
//   - The type is missing.
//   - A value has the wrong kind.
//   - A member appears twice, or under both of its names.
//   - A timestamp is not in RFC 3339, or has no zone.
//   - A whole number has a sign or leading zeroes that would be lost, as in "+0530".
//   - data exceeds [MaxSize], [MaxDepth] or [MaxValues].
func Decode(data []byte) (Message, error) {
	if len(data) > MaxSize {
		return nil, &DecodeError{Problem: fmt.Sprintf("is larger than %d bytes", MaxSize)}
	}
	typ, direction, err := head(data)
	if err != nil {
		return nil, err
	}
	if typ == "" {
		return nil, &DecodeError{Member: "type", Problem: "is missing"}
	}
	k := kinds().byType[typ]
	if k == nil || (k.direction != "" && direction != "" && direction != k.direction) {
		unknown, err := decodeUnknown(data)
		if err != nil {
			return nil, err
		}
		return unknown, nil
	}
	v := reflect.New(k.goType).Elem()
	if k.content.direction != nil {
		v.FieldByIndex(k.content.direction).SetString(string(direction))
	}
	d := decoder{scanner: newScanner(data)}
	if err := d.object(v, k.content); err != nil {
		return nil, err
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return v.Interface().(Message), nil
}

// unmarshal decodes data into m. It is the UnmarshalJSON of the type M. By the convention
// of encoding/json, null changes nothing.
func unmarshal[M Message](data []byte, m *M) error {
	if isNull(data) {
		return nil
	}
	decoded, err := Decode(data)
	if err != nil {
		return err
	}
	same, ok := decoded.(M)
	if !ok {
		return &DecodeError{Problem: "is not a message." + reflect.TypeFor[M]().Name() + ": it has another type or direction"}
	}
	*m = same
	return nil
}

func isNull(data []byte) bool { return string(data) == "null" }

// decodeUnknown returns data, which must be one JSON object, as an Unknown.
func decodeUnknown(data []byte) (Unknown, error) {
	s := newScanner(data)
	if s.Peek() != '{' {
		return Unknown{}, s.mismatch("an object")
	}
	raw, err := s.skip()
	if err == nil {
		err = s.end()
	}
	return Unknown{Raw: slices.Clone(raw)}, err
}

// head returns the type and the direction of a message. A missing one is "". It stops
// reading when it has both.
func head(data []byte) (typ Type, direction Direction, err error) {
	s := newScanner(data)
	if err := s.enter('{'); err != nil {
		return "", "", err
	}
	for first := true; typ == "" || direction == ""; first = false {
		name, more, err := s.member(first)
		if err != nil || !more {
			return typ, direction, err
		}
		switch string(name) {
		case "type":
			text, err := s.optionalText()
			if err != nil {
				return "", "", atMember("type", err)
			}
			typ = Type(text)
		case "direction":
			text, err := s.optionalText()
			if err != nil {
				return "", "", atMember("direction", err)
			}
			direction = Direction(text)
		default:
			if _, err := s.skip(); err != nil {
				if typ != "" {
					return typ, direction, nil // The decoder of this type will report the error.
				}
				return "", "", atMember(documented(name), err)
			}
		}
	}
	return typ, direction, nil
}

// documented returns name if the schema has a member of that name, and "" otherwise,
// because an error must not quote an unknown name.
func documented(name []byte) string {
	for _, k := range kinds().list {
		if i := k.content.find(name); i >= 0 {
			return k.content.fields[i].name
		}
	}
	return ""
}

// optionalText reads a string or null. It returns an empty text for null.
func (s *scanner) optionalText() ([]byte, error) {
	if s.Word("null") {
		return nil, nil
	}
	return s.text()
}
