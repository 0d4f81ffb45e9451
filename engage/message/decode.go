package message

import (
	"fmt"
	"reflect"
	"slices"
)

// The limits of what [Decode] reads. They are this package's own, far above
// what the service is known to send, and keep a hostile message from taking the
// program's memory.
const (
	// MaxSize is the most bytes of a message.
	MaxSize = 4 << 20
	// MaxDepth is how deep objects and arrays may be nested.
	MaxDepth = 64
	// MaxValues is the most list elements, headers and additional members that
	// a message may hold in all.
	MaxValues = 10_000
)

// Decode reads one message and returns it as the struct of its type. It
// accepts the variants that the vendor documents: fileUrl or url, fileName or
// name, numbers as strings, the type lcFormResponse, times to the second or
// finer, null for a member that is missing. What is missing stays zero; [Check]
// says whether the message could be sent like that. A number with a fraction
// keeps the precision of a float64.
//
// Members that the package does not know are kept in Additional, values that it
// does not know as they are. A message of an unknown type, or in a direction
// that its type does not have, becomes an [Unknown].
//
// All else is an error of type [*DecodeError], among it: text that is not one
// JSON object or not UTF-8, a missing type, a value of the wrong kind, a member
// that appears twice (under either of its names), a timestamp without a zone, a
// whole number in an unusual form, such as "+0530", and more than [MaxSize],
// [MaxDepth] or [MaxValues]. An escape that is half of a character becomes
// U+FFFD, as in encoding/json. The message does not share memory with data.
func Decode(data []byte) (Message, error) {
	if len(data) > MaxSize {
		return nil, &DecodeError{Problem: fmt.Sprintf("has more than %d bytes", MaxSize)}
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
		follow(v, k.content.direction).SetString(string(direction))
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

// unmarshal decodes data into m, for the UnmarshalJSON of its type. As
// encoding/json wants it, null changes nothing.
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
		return &DecodeError{Member: "type", Problem: "or direction is not that of a " + reflect.TypeFor[M]().Name()}
	}
	*m = same
	return nil
}

func isNull(data []byte) bool { return string(data) == "null" }

// decodeUnknown keeps data, which must be one JSON object.
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

// head reads the type and the direction of a message and no further than it
// must; what is missing is empty.
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
				return "", "", within("type", err)
			}
			typ = Type(text)
		case "direction":
			text, err := s.optionalText()
			if err != nil {
				return "", "", within("direction", err)
			}
			direction = Direction(text)
		default:
			if _, err := s.skip(); err != nil {
				if typ != "" {
					return typ, direction, nil // Reading it as that type says more.
				}
				return "", "", within(documented(name), err)
			}
		}
	}
	return typ, direction, nil
}

// documented returns name if a message of any type has a member called so, and
// else nothing, because such a name may be anything.
func documented(name []byte) string {
	for _, k := range kinds().list {
		if i := k.content.find(name); i >= 0 {
			return k.content.fields[i].name
		}
	}
	return ""
}

// optionalText reads a string; null is the empty one.
func (s *scanner) optionalText() ([]byte, error) {
	if s.Word("null") {
		return nil, nil
	}
	return s.text()
}
