package message

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Members contains the members of a JSON object that this package does not know, by
// name. Their JSON is kept unchanged. A member for which the struct has a field is
// invalid. [Check] reports it, and encoding the message fails.
type Members map[string]json.RawMessage

var (
	membersType   = reflect.TypeFor[Members]()
	directionType = reflect.TypeFor[Direction]()
	timeType      = reflect.TypeFor[time.Time]()
	messageType   = reflect.TypeFor[Message]()
	ruledType     = reflect.TypeFor[ruled]()
)

// shape describes a struct that stands for a JSON object. It is made from the tags of
// the struct's fields. Decoding, checking and encoding use it. The tags are:
//
//	json     the member's name and when it is left out, as in encoding/json
//	variant  another name of the member, which is decoded too
//	check    what makes the value valid: required, max=N, oneof=a|b
type shape struct {
	// fields are the fields that stand for a member, in the order of the JSON.
	fields []field
	// objects are the fields that contain structs.
	objects []*field
	// additional is the index of the field of type Members, for
	// [reflect.Value.FieldByIndex].
	additional []int
	// direction is the index of the field Direction of a message. It is nil if the
	// struct has no such field.
	direction []int
	// ruled reports whether the struct implements the interface ruled.
	ruled bool
}

// field describes a field of a struct and the member for which it stands.
type field struct {
	goName  string
	name    string
	variant string
	// index is the index of the field, for [reflect.Value.FieldByIndex]. It is nil
	// for the members type and direction, which have no such field.
	index []int
	// object is the shape of a struct: the type of the field, the type to which it
	// points, or the type of its elements. It is nil for other fields.
	object *shape
	// omitted reports whether the JSON leaves out the member if the field is empty.
	omitted bool
	// quoted reports whether the JSON has the field, a number, in a string.
	quoted bool

	// required, max and oneOf are the checks of the tag. A max of 0 means no limit.
	required bool
	max      int
	oneOf    []string
}

// shapes contains the shapes made so far.
type shapes map[reflect.Type]*shape

// of returns the shape of the struct t. It makes the shape on the first call for t.
func (all shapes) of(t reflect.Type) *shape {
	if s, ok := all[t]; ok {
		return s
	}
	s := &shape{ruled: t.Implements(ruledType)}
	all[t] = s
	if t.Implements(messageType) {
		s.fields = []field{{name: "type"}, {name: "direction"}}
	}
	s.addFields(all, t, nil)
	for i := range s.fields {
		if s.fields[i].object != nil {
			s.objects = append(s.objects, &s.fields[i])
		}
	}
	return s
}

// addFields adds the fields of t, the struct itself or one that it embeds. The index of
// t is nil for the struct itself.
func (s *shape) addFields(all shapes, t reflect.Type, index []int) {
	for i := range t.NumField() {
		goField := t.Field(i)
		index := append(slices.Clone(index), i)
		switch {
		case goField.Anonymous:
			s.addFields(all, goField.Type, index)
		case goField.Type == membersType:
			s.additional = index
		case goField.Type == directionType && goField.Tag.Get("json") == "-":
			s.direction = index
		default:
			s.add(newField(all, goField, index))
		}
	}
}

// add adds f. If another field has the same name, only the one that is nested less
// deeply is kept, as in encoding/json.
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

// newField returns the description of goField.
func newField(all shapes, goField reflect.StructField, index []int) field {
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
		f.object = all.of(t)
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

// of returns the value of the field in the struct v.
func (f *field) of(v reflect.Value) reflect.Value { return v.FieldByIndex(f.index) }

// additionalOf returns the additional members of v, a struct of shape s.
func (s *shape) additionalOf(v reflect.Value) reflect.Value { return v.FieldByIndex(s.additional) }

// find returns the index in s.fields of the member called name, or -1 if there is none.
func (s *shape) find(name []byte) int {
	for i := range s.fields {
		if f := &s.fields[i]; string(name) == f.name || (f.variant != "" && string(name) == f.variant) {
			return i
		}
	}
	return -1
}
