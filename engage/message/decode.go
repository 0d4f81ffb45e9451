package message

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
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

// DecodeError says why JSON could not be read as a message. It never holds what
// the message says.
type DecodeError struct {
	// Member is the path of the member, in the schema's names, such as
	// "lcCarousel.elements[0].title". It is empty for the message as a whole
	// and ends at the last member that the schema names.
	Member string
	// Problem is what is wrong with it.
	Problem string
}

// Error returns the member and its problem as one phrase.
func (e *DecodeError) Error() string {
	if e.Member == "" {
		return "message: the JSON " + e.Problem
	}
	return "message: " + e.Member + " " + e.Problem
}

// within puts name before the member that err, a *DecodeError, is about.
func within(name string, err error) error {
	if e, ok := err.(*DecodeError); ok {
		switch {
		case name == "":
		case e.Member == "":
			e.Member = name
		case e.Member[0] == '[':
			e.Member = name + e.Member
		default:
			e.Member = name + "." + e.Member
		}
	}
	return err
}

// Decode reads one message and returns it as the struct of its type. It
// accepts the variants that the vendor documents: fileUrl or url, fileName or
// name, numbers as strings, the type lcFormResponse, times to the second or
// finer, null for a member that is missing. What is missing stays zero; [Check]
// says whether the message could be sent like that.
//
// Members that the package does not know are kept in Additional, values that it
// does not know as they are. A message of an unknown type, or in a direction
// that its type does not have, becomes an [Unknown].
//
// All else is an error of type [*DecodeError], among it: text that is not one
// JSON object or not UTF-8, a missing type, a value of the wrong kind, a member
// that appears twice (under either of its names), a timestamp without a zone,
// and more than [MaxSize], [MaxDepth] or [MaxValues]. The message does not share
// memory with data.
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
		return decodeUnknown(data)
	}
	v := reflect.New(k.goType).Elem()
	if k.content.direction != nil {
		follow(v, k.content.direction).SetString(string(direction))
	}
	d := decoder{scanner: scanner{data: data}}
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

// decodeUnknown keeps data, which must be one JSON value.
func decodeUnknown(data []byte) (Unknown, error) {
	s := scanner{data: data}
	raw, err := s.skip()
	if err == nil {
		err = s.end()
	}
	return Unknown{Raw: slices.Clone(raw)}, err
}

// head reads the type and the direction of a message and no further than it
// must; what is missing is empty.
func head(data []byte) (typ Type, direction Direction, err error) {
	s := scanner{data: data}
	if err := s.enter('{'); err != nil {
		return "", "", err
	}
	for first := true; typ == "" || direction == ""; first = false {
		more, err := s.more('}', first)
		if err != nil || !more {
			return typ, direction, err
		}
		name, err := s.name()
		if err != nil {
			return "", "", err
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
	if s.word("null") {
		return nil, nil
	}
	return s.text()
}

// decoder reads structs as their shapes describe them.
type decoder struct {
	scanner
	// values counts towards MaxValues.
	values int
}

// count notes that another value is kept.
func (d *decoder) count() error {
	if d.values++; d.values > MaxValues {
		return &DecodeError{Problem: fmt.Sprintf("holds more than %d values", MaxValues)}
	}
	return nil
}

// object reads an object into v, a struct of shape s.
func (d *decoder) object(v reflect.Value, s *shape) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	var seen uint64 // a bit for each field
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if err != nil || !more {
			return err
		}
		name, err := d.name()
		if err != nil {
			return err
		}
		i := s.find(name)
		if i < 0 {
			if err := d.keep(s.additionalOf(v), name); err != nil {
				return err
			}
			continue
		}
		f := &s.fields[i]
		if seen&(1<<i) != 0 {
			return &DecodeError{f.name, "appears twice"}
		}
		seen |= 1 << i
		if err := d.field(v, f); err != nil {
			return within(f.name, err)
		}
	}
}

// field reads a value into field f of v.
func (d *decoder) field(v reflect.Value, f *field) error {
	if f.index == nil || d.peek() == 'n' {
		// Read before, or null, which is as good as missing.
		_, err := d.skip()
		return err
	}
	return d.value(f.of(v), f.object)
}

// keep reads a value of any kind into additional, a field of type Members.
func (d *decoder) keep(additional reflect.Value, name []byte) error {
	value, err := d.skip()
	if err != nil {
		return err
	}
	members := additional.Interface().(Members)
	if members == nil {
		members = Members{}
		additional.Set(reflect.ValueOf(members))
	}
	if _, ok := members[string(name)]; ok {
		return &DecodeError{Problem: "has an additional member twice"}
	}
	members[string(name)] = slices.Clone(value)
	return d.count()
}

// value reads a value into v. If v is a struct, points to one or is a list of
// them, object is its shape.
func (d *decoder) value(v reflect.Value, object *shape) error {
	switch v.Kind() {
	case reflect.String:
		text, err := d.text()
		if err == nil {
			v.SetString(string(text))
		}
		return err
	case reflect.Bool:
		return d.boolean(v)
	case reflect.Int:
		return d.integer(v)
	case reflect.Float64:
		return d.float(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(v.Elem(), object)
	case reflect.Slice:
		return d.list(v, object)
	case reflect.Map:
		return d.texts(v)
	}
	if object == nil {
		return d.time(v)
	}
	return d.object(v, object)
}

func (d *decoder) boolean(v reflect.Value) error {
	switch {
	case d.word("true"):
		v.SetBool(true)
	case d.word("false"):
		v.SetBool(false)
	default:
		return d.mismatch("true or false")
	}
	return nil
}

// numeral reads a number, or a string that holds one.
func (d *decoder) numeral() (string, error) {
	switch c := d.peek(); {
	case c == '"':
		text, err := d.text()
		return string(text), err
	case c == '-' || (c >= '0' && c <= '9'):
		text, err := d.number()
		return string(text), err
	}
	return "", d.mismatch("a number")
}

func (d *decoder) integer(v reflect.Value) error {
	text, err := d.numeral()
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return &DecodeError{Problem: "is not a whole number that fits"}
	}
	v.SetInt(int64(number))
	return nil
}

func (d *decoder) float(v reflect.Value) error {
	text, err := d.numeral()
	if err != nil {
		return err
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || number-number != 0 { // infinite or not a number
		return &DecodeError{Problem: "is not a number that fits"}
	}
	v.SetFloat(number)
	return nil
}

func (d *decoder) time(v reflect.Value) error {
	text, err := d.text()
	if err != nil {
		return err
	}
	t, problem := parseTimestamp(string(text))
	if problem != "" {
		return &DecodeError{Problem: problem}
	}
	*v.Addr().Interface().(*time.Time) = t
	return nil
}

// list reads an array into v, a slice. Null is no element.
func (d *decoder) list(v reflect.Value, object *shape) error {
	if err := d.enter('['); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := d.more(']', i == 0)
		if err != nil || !more {
			return err
		}
		if err := d.count(); err != nil {
			return err
		}
		v.Grow(1)
		v.SetLen(i + 1)
		if err := d.value(v.Index(i), object); err != nil {
			return within(fmt.Sprintf("[%d]", i), err)
		}
	}
}

// texts reads an object of strings into v, a map. Null is as good as missing.
func (d *decoder) texts(v reflect.Value) error {
	if err := d.enter('{'); err != nil {
		return err
	}
	texts := map[string]string{}
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if err != nil {
			return err
		}
		if !more {
			v.Set(reflect.ValueOf(texts))
			return nil
		}
		name, err := d.name()
		if err != nil {
			return err
		}
		if d.word("null") {
			continue
		}
		text, err := d.text()
		if err != nil {
			return err
		}
		if _, ok := texts[string(name)]; ok {
			return &DecodeError{Problem: "has a name twice"}
		}
		texts[string(name)] = string(text)
		if err := d.count(); err != nil {
			return err
		}
	}
}
