package message

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/engagesdk/engage-go/internal/scan"
)

// The limits of [Decode]. They protect the program's memory from a hostile message.
// They are far above what the service is known to send.
const (
	// MaxSize is the largest size of a message in bytes.
	MaxSize = 4 << 20
	// MaxDepth is the deepest nesting of objects and arrays.
	MaxDepth = 64
	// MaxValues is the largest number of list elements, headers and unknown members of
	// a message together.
	MaxValues = 10_000
)

// Decode decodes the JSON of one message into the struct of its type. The message does
// not share memory with data.
//
// One bad value does not make a message unreadable. A field stays zero if it cannot hold
// the value of its member, and the field Raw of the [Envelope] keeps the JSON. Raw also
// keeps members that the package does not know. It shows whether a member is missing, null
// or empty. Decoding and encoding a message loses no member. Use [Check] to find out
// whether the message can be sent.
//
// Decode accepts the variants that the vendor documents: the members url and fileUrl,
// the members name and fileName, a number in a string, and the type lcFormResponse. A
// field of text also holds the JSON of a number or a boolean. A flag may be in a string,
// and a whole number may have a fraction of zero. As in encoding/json, an escaped
// surrogate without its pair becomes U+FFFD. A number with a fraction has the precision
// of a float64.
//
// A message becomes an [Unknown] if its type is unknown or no string, or if its direction
// is not that of its type.
//
// In all other cases Decode returns a [*DecodeError]:
//
//   - data is not one JSON object, or not UTF-8.
//   - The type is missing.
//   - A member of the schema appears twice, or under both of its names.
//   - data exceeds [MaxSize], [MaxDepth] or [MaxValues].
func Decode(data []byte) (Message, error) {
	if len(data) > MaxSize {
		return nil, &DecodeError{Problem: fmt.Sprintf("is larger than %d bytes", MaxSize)}
	}
	h, err := readHead(data)
	if err != nil {
		return nil, err
	}
	if h.typ == "" && !h.hasOddType {
		return nil, &DecodeError{Member: "type", Problem: "is missing"}
	}
	k := kinds().byType[h.typ]
	if k == nil || (k.direction != "" && h.direction != "" && h.direction != k.direction) {
		unknown, err := decodeUnknown(data)
		if err != nil {
			return nil, err
		}
		return unknown, nil
	}
	v, incomplete, err := k.decode(data)
	if err != nil {
		return nil, err
	}
	if k.content.direction != nil {
		v.FieldByIndex(k.content.direction).SetString(string(h.direction))
	}
	if incomplete {
		v.FieldByIndex(k.content.raw).SetBytes(bytes.Clone(data))
	}
	return v.Interface().(Message), nil
}

// DecodeAll decodes the JSON of one message, or of a list of up to [MaxValues] messages. It
// decodes each as [Decode] does. The error of a message in a list names its index. The limits
// of Decode hold for each message, so limit the size of a list that you do not trust.
func DecodeAll(data []byte) ([]Message, error) {
	s := scanner{scan.NewStrict(data, 1+MaxDepth)}
	if s.Peek() != '[' {
		m, err := Decode(data)
		if err != nil {
			return nil, err
		}
		return []Message{m}, nil
	}
	if err := s.enter('['); err != nil {
		return nil, err
	}
	messages := []Message{}
	for {
		i := len(messages)
		more, err := s.element(i == 0)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if i == MaxValues {
			return nil, &DecodeError{Problem: fmt.Sprintf("contains more than %d messages", MaxValues)}
		}
		raw, err := s.skip()
		if err != nil {
			return nil, err
		}
		m, err := Decode(raw)
		if err != nil {
			return nil, atMember(fmt.Sprintf("[%d]", i), err)
		}
		messages = append(messages, m)
	}
	if err := s.end(); err != nil {
		return nil, err
	}
	return messages, nil
}

// decode decodes data, one object, into a struct of the kind, except for the direction.
// It reports whether the struct is incomplete, as a decoder does.
func (k *kind) decode(data []byte) (v reflect.Value, incomplete bool, err error) {
	v = reflect.New(k.goType).Elem()
	d := decoder{scanner: newScanner(data)}
	if err := d.object(v, k.content); err != nil {
		return v, false, err
	}
	return v, d.incomplete, d.end()
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
	return Unknown{Raw: bytes.Clone(raw)}, err
}

// head is what decides how a message is decoded. A missing type or direction is "".
type head struct {
	typ       Type
	direction Direction
	// hasOddType reports whether the type is neither a string nor null.
	hasOddType bool
}

// readHead returns the head of a message. It stops reading when it has a type and a
// direction.
func readHead(data []byte) (head, error) {
	var h head
	s := newScanner(data)
	if err := s.enter('{'); err != nil {
		return h, err
	}
	for first := true; h.typ == "" || h.direction == ""; first = false {
		name, more, err := s.member(first)
		if err != nil || !more {
			return h, err
		}
		isText := s.Peek() == '"'
		switch {
		case isText && string(name) == "type":
			text, err := s.text()
			if err != nil {
				return h, atMember("type", err)
			}
			h.typ = Type(text)
		case isText && string(name) == "direction":
			text, err := s.text()
			if err != nil {
				return h, atMember("direction", err)
			}
			h.direction = Direction(text)
		default:
			h.hasOddType = h.hasOddType || string(name) == "type" && s.Peek() != 'n'
			if _, err := s.skip(); err != nil {
				if h.typ != "" {
					return h, nil // The decoder of this type will report the error.
				}
				return h, atMember(schemaName(name), err)
			}
		}
	}
	return h, nil
}

// schemaName returns name if the schema has a member of that name, and "" otherwise,
// because an error must not quote an unknown name.
func schemaName(name []byte) string {
	for _, k := range kinds().list {
		if i := k.content.find(name); i >= 0 {
			return k.content.fields[i].name
		}
	}
	return ""
}
