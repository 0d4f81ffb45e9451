// Package tolerant reads JSON from a service that does not always spell a thing
// the same way: names in several cases, numbers that are sometimes strings, flags
// that are sometimes words, objects within strings, envelopes in several shapes.
// What has an unexpected shape is read as absent; only what is not JSON at all is
// an error.
package tolerant

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/internal/scan"
)

// Member is a member of a JSON object. Both halves are parts of the object's
// JSON; the name has no quotes around it.
type Member struct{ Name, Value []byte }

// Members is a JSON object as a list, so that it is split once and each member
// is decoded only if somebody asks for it. The later of two equal names counts.
//
// Names to look for are in camel case; the object may have them in any case and
// with separators. What is null or an empty string counts as missing.
type Members []Member

// usual is about how many members an object has, most how many of them are read:
// enough for any that means anything, and few enough for the memory of those that
// mean harm.
const usual, most = 12, 100_000

// Split returns the members of data, and whether data is valid JSON: nobody reads
// the members of what is not. What is not an object has none. It is small enough
// for the compiler to keep the list on the caller's stack.
func Split(data []byte) (Members, bool) { return make(Members, 0, usual).Split(data) }

// Split returns m with the members of data appended, up to 100,000 in all, and
// whether data is valid JSON.
func (m Members) Split(data []byte) (Members, bool) {
	s := scan.New(data)
	if s.Peek() != '{' {
		return m, Valid(data)
	}
	ok := s.Enter('{')
	for first := true; ok; first = false {
		name, more, named := s.Member(first)
		if !more {
			return m, named && s.End()
		}
		var value []byte
		if value, ok = s.Skip(); len(m) < most {
			m = append(m, Member{name, value})
		}
	}
	return m, false
}

// MembersOf returns the members of object, whose JSON must be valid. What is not
// an object has none.
func MembersOf(object []byte) Members { return make(Members, 0, usual).And(object) }

// And returns m with the members of object appended, whose JSON must be valid, up
// to 100,000 in all.
func (m Members) And(object []byte) Members {
	if s := scan.New(object); s.Peek() == '{' { // Else it may be long.
		m, _ = m.Split(object)
	}
	return m
}

// Valid reports whether data is JSON.
func Valid(data []byte) bool {
	s := scan.New(data)
	_, ok := s.Skip()
	return ok && s.End()
}

// Beginning returns the members of an object whose JSON is broken somewhere, or
// cut short: those before that, and the name of the one where it happens, whose
// value is nil. What does not begin as an object does has none.
func Beginning(object []byte) Members {
	d := json.NewDecoder(bytes.NewReader(object))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	var m Members
	for d.More() && len(m) < most {
		name, err := d.Token()
		if err != nil {
			return m
		}
		var value json.RawMessage
		err = d.Decode(&value)
		if d.InputOffset() == int64(len(object)) { // A number may have had more digits.
			value = nil
		}
		m = append(m, Member{[]byte(name.(string)), value})
		if err != nil {
			return m
		}
	}
	return m
}

// Elements returns the elements of a JSON array, which must be valid, and no
// more than limit of them. What is not an array has none.
func Elements(array []byte, limit int) [][]byte {
	s := scan.New(array)
	if !s.Enter('[') {
		return nil
	}
	var list [][]byte
	for len(list) < limit {
		more, _ := s.More(']', len(list) == 0)
		if !more {
			break
		}
		element, _ := s.Skip()
		list = append(list, element)
	}
	return list
}

// AllElements returns the elements of a JSON array, which must be valid. It is
// false if there are more than limit. What is not an array has none.
func AllElements(array []byte, limit int) ([][]byte, bool) {
	list := Elements(array, limit+1)
	if len(list) > limit {
		return nil, false
	}
	return list, true
}

// Has reports whether there is a member called name, be it null or empty.
func (m Members) Has(name string) bool {
	return slices.ContainsFunc(m, func(each Member) bool { return sameName(each.Name, name) })
}

// Find returns the value called name; nil if it is missing.
func (m Members) Find(name string) []byte {
	for i := len(m) - 1; i >= 0; i-- {
		if sameName(m[i].Name, name) && !isEmpty(m[i].Value) {
			return m[i].Value
		}
	}
	return nil
}

// Text returns the first of names that is a scalar, see [Text].
func (m Members) Text(names ...string) string {
	for _, name := range names {
		if text := Text(m.Find(name)); text != "" {
			return text
		}
	}
	return ""
}

// Nested returns the object or array called name, see [Nested].
func (m Members) Nested(name string) []byte { return Nested(m.Find(name)) }

// Flag returns the boolean called name, or what a word or a number there means.
// The other result is false where there is none.
func (m Members) Flag(name string) (value, ok bool) {
	switch strings.ToLower(m.Text(name)) {
	case "true", "1", "yes":
		return true, true
	case "false", "0", "no":
		return false, true
	}
	return false, false
}

// isEmpty reports whether a value says nothing.
func isEmpty(value []byte) bool {
	return len(value) == 0 || value[0] == 'n' || len(value) == 2 && value[0] == '"'
}

// sameName reports whether a payload's spelling of a name means name. The
// vendor's differ in case and separators: thread_id, threadId, threadid,
// "clientUUID " with a space.
func sameName(spelling []byte, name string) bool {
	if len(spelling) < len(name) {
		return false
	}
	at := 0
	for _, c := range spelling {
		if c == '_' || c == '-' || c == ' ' {
			continue
		}
		if at == len(name) || lower(c) != lower(name[at]) {
			return false
		}
		at++
	}
	return at == len(name)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// Fold returns a name of the vendor's in one spelling: lower case, without
// separators.
func Fold(name string) string { return strings.ToLower(Join(name)) }

// Join returns a name without separators, as [Members] look for it.
func Join(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', ' ':
			return -1
		}
		return r
	}, name)
}

// Text returns a JSON string, number or boolean as text; anything else is empty.
func Text(value []byte) string {
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '{', '[', 'n':
		return ""
	case '"':
		s := scan.New(value)
		text, _ := s.Text()
		return string(text)
	}
	return string(value)
}

// Nested returns the object or array that value is, or that the string value
// holds; nil for anything else.
func Nested(value []byte) []byte {
	if len(value) > 0 && value[0] == '"' {
		value = []byte(strings.TrimSpace(Text(value)))
		if !Valid(value) {
			return nil
		}
	}
	if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		return value
	}
	return nil
}
