package message

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	directionType = reflect.TypeFor[Direction]()
	messageType   = reflect.TypeFor[Message]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	ruledType     = reflect.TypeFor[ruled]()
	timeType      = reflect.TypeFor[time.Time]()
)

// shape describes a struct that stands for a JSON object. It is made from the tags of
// the struct's fields. Decoding, checking and encoding use it. The tags are:
//
//	json     the member's name and when it is left out, as in encoding/json
//	variant  another name of the member, which is decoded too
//	in       the member that has the value, in an object that has no struct
//	layout   the layout of a time, if it is not RFC 3339
//	default  what the JSON has if the field is empty: a text, position (the index of
//	         the struct in its list) or aliasId (the alias id of the message)
//	check    what makes the value valid: required, max=N, oneof=a|b
//	rename   swaps the name and the variant of this member in the elements of the list
type shape struct {
	// fields are the fields that stand for a member, in the order of the JSON.
	fields []field
	// raw is the index of the field Raw of a message, and direction that of its field
	// Direction, for [reflect.Value.FieldByIndex]. They are nil if the struct has no
	// such field.
	raw, direction []int
	// ruled reports whether the struct implements the interface ruled.
	ruled bool
}

// field describes a field of a struct and the member for which it stands.
type field struct {
	goName  string
	name    string
	variant string
	// in is the tag in. It is empty for most fields.
	in string
	// layout is the layout of a time. It is empty for RFC 3339 in UTC.
	layout string
	// standard is the tag default, whose name is a word of Go. It is empty for most
	// fields.
	standard string
	// index is the index of the field, for [reflect.Value.FieldByIndex]. It is nil
	// for the members type and direction, which have no such field.
	index []int
	// object is the shape of a struct: the type of the field or of its elements. It is
	// nil for other fields.
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
	if !t.Implements(messageType) {
		s.addFields(all, t, nil)
		return s
	}
	// The JSON of a message begins with the members that all messages have.
	envelope, _ := t.FieldByName("Envelope")
	s.addFields(all, envelope.Type, envelope.Index)
	s.fields = slices.Insert(s.fields, 1, field{name: "direction", omitted: true}, field{name: "type"})
	s.addFields(all, t, nil)
	return s
}

// addFields adds the fields of t, the struct itself or the Envelope that it embeds. The
// index of t is nil for the struct itself.
func (s *shape) addFields(all shapes, t reflect.Type, index []int) {
	for i := range t.NumField() {
		goField := t.Field(i)
		index := append(slices.Clone(index), i)
		switch {
		case goField.Anonymous: // The Envelope, whose fields come first.
		case goField.Type == rawType:
			s.raw = index
		case goField.Type == directionType:
			s.direction = index
		default:
			s.fields = append(s.fields, newField(all, goField, index))
		}
	}
}

// newField returns the description of goField.
func newField(all shapes, goField reflect.StructField, index []int) field {
	name, options, _ := strings.Cut(goField.Tag.Get("json"), ",")
	f := field{
		goName: goField.Name, name: name, variant: goField.Tag.Get("variant"), in: goField.Tag.Get("in"), index: index,
		layout: goField.Tag.Get("layout"), standard: goField.Tag.Get("default"),
		omitted: strings.Contains(options, "omit"),
		quoted:  strings.Contains(options, "string"),
	}
	t := goField.Type
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct && t != timeType {
		f.object = all.of(t)
	}
	if name := goField.Tag.Get("rename"); name != "" {
		f.object = f.object.renamed(name)
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

// renamed returns a copy of s in which the member called name has its variant as its
// name, and its name as its variant. The argument may be either of the two.
func (s *shape) renamed(name string) *shape {
	other := *s
	other.fields = slices.Clone(s.fields)
	f := &other.fields[s.find([]byte(name))]
	f.name, f.variant = f.variant, f.name
	return &other
}

// of returns the value of the field in the struct v.
func (f *field) of(v reflect.Value) reflect.Value { return v.FieldByIndex(f.index) }

// find returns the index in s.fields of the member called name, or -1 if there is none.
func (s *shape) find(name []byte) int {
	for i := range s.fields {
		if f := &s.fields[i]; string(name) == f.name || (f.variant != "" && string(name) == f.variant) {
			return i
		}
	}
	return -1
}

// isEmpty reports whether the JSON leaves out v if the tag of its field says omitempty or
// omitzero.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}
