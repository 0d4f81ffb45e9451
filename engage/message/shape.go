package message

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Members holds the members of a JSON object that this package does not know,
// by name. They are kept as they came and written back. Nil means none. A
// member that the object has anyway is refused by [Check].
type Members map[string]json.RawMessage

var (
	membersType   = reflect.TypeFor[Members]()
	directionType = reflect.TypeFor[Direction]()
	timeType      = reflect.TypeFor[time.Time]()
	messageType   = reflect.TypeFor[Message]()
	ruledType     = reflect.TypeFor[ruled]()
)

// shape describes how a struct looks as a JSON object. Reading, checking and
// writing follow it, so that a struct's tags are all there is to say:
//
//	json     the member's name and when it is left out, as encoding/json reads it
//	variant  another name that the vendor uses for the member; it is read too
//	check    what a value to send must be: required, max=N, oneof=a|b
type shape struct {
	// fields are those with a member, in the order they are written.
	fields []field
	// objects are those of the fields that hold structs.
	objects []*field
	// additional leads to the field of type Members.
	additional []int
	// direction leads to the field of a message that states its direction; nil
	// if the type implies it.
	direction []int
	// ruled says that the struct has rules beyond its tags.
	ruled bool
}

// field describes a field of a struct and the member it stands for.
type field struct {
	goName  string
	name    string
	variant string
	// index leads from the struct to the field, through embedded structs. It is
	// nil for the type and the direction of a message, which are no such fields.
	index []int
	// object is the shape of the struct that the field is, points to or holds
	// many of; nil for plain values.
	object *shape
	// omitted says that the member is left out if the field is empty, quoted
	// that its number is written as a string.
	omitted, quoted bool

	required bool
	max      int
	oneOf    []string
}

// shapes makes shapes, each once.
type shapes map[reflect.Type]*shape

// of returns the shape of the struct t.
func (made shapes) of(t reflect.Type) *shape {
	if s, ok := made[t]; ok {
		return s
	}
	s := &shape{ruled: t.Implements(ruledType)}
	made[t] = s
	if t.Implements(messageType) {
		s.fields = []field{{name: "type"}, {name: "direction"}}
	}
	s.collect(made, t, nil)
	for i := range s.fields {
		if s.fields[i].object != nil {
			s.objects = append(s.objects, &s.fields[i])
		}
	}
	return s
}

// collect adds the fields of t, which is reached by index.
func (s *shape) collect(made shapes, t reflect.Type, index []int) {
	for i := range t.NumField() {
		goField := t.Field(i)
		at := append(slices.Clone(index), i)
		switch {
		case goField.Anonymous:
			s.collect(made, goField.Type, at)
		case goField.Type == membersType:
			s.additional = at
		case goField.Type == directionType && goField.Tag.Get("json") == "-":
			s.direction = at
		default:
			s.add(newField(made, goField, at))
		}
	}
}

// add adds f. Of two fields of one name, the one that is nested less counts, as
// in encoding/json.
func (s *shape) add(f field) {
	for i, other := range s.fields {
		if other.name == f.name {
			if len(f.index) < len(other.index) {
				s.fields[i] = f
			}
			return
		}
	}
	s.fields = append(s.fields, f)
}

// newField describes goField, which is reached by index.
func newField(made shapes, goField reflect.StructField, index []int) field {
	name, options, _ := strings.Cut(goField.Tag.Get("json"), ",")
	f := field{
		goName: goField.Name, name: name, variant: goField.Tag.Get("variant"), index: index,
		omitted: strings.Contains(options, "omit"),
		quoted:  strings.Contains(options, "string"),
	}
	t := goField.Type
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && t != timeType {
		f.object = made.of(t)
	}
	for check := range strings.SplitSeq(goField.Tag.Get("check"), ",") {
		switch key, value, _ := strings.Cut(check, "="); key {
		case "required":
			f.required = true
		case "max":
			f.max, _ = strconv.Atoi(value)
		case "oneof":
			f.oneOf = strings.Split(value, "|")
		}
	}
	return f
}

// of returns the field of v, a struct of the shape that f belongs to.
func (f *field) of(v reflect.Value) reflect.Value { return follow(v, f.index) }

// additionalOf returns the additional members of v, a struct of shape s.
func (s *shape) additionalOf(v reflect.Value) reflect.Value { return follow(v, s.additional) }

func follow(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		v = v.Field(i)
	}
	return v
}

// find returns the place of the field whose member is called name; -1 if there
// is none.
func (s *shape) find(name []byte) int {
	for i := range s.fields {
		if f := &s.fields[i]; string(name) == f.name || (f.variant != "" && string(name) == f.variant) {
			return i
		}
	}
	return -1
}
