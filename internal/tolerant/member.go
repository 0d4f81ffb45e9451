// Package tolerant reads JSON from a service that spells the same thing in
// several ways. Names come in different cases, numbers as strings, flags as
// words, objects inside strings, and replies in several envelopes. A byte order
// mark before a text is ignored.
//
// A value of an unexpected kind counts as missing. Only a text that is not JSON
// is an error.
package tolerant

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/internal/scan"
)

// Member is a member of a JSON object. Name is unescaped and without its
// quotes; Value is JSON. Both may share memory with the text they come from.
type Member struct{ Name, Value []byte }

// Members is the list of members of a JSON object. The object is split once, and
// a member is decoded only when it is read.
//
// Methods take names in camel case. The object may spell them in any case and
// with separators: statusCode finds status_code. A member that is null or an
// empty string counts as missing. Of several members with the same name, the last
// that is not missing counts.
type Members []Member

// An object usually has up to usualMembers. No more than maxMembers are read, so
// that a hostile text cannot fill the memory.
const usualMembers, maxMembers = 12, 100_000

// Split returns the members of data and reports whether data is valid JSON.
// Do not use the members of invalid JSON. JSON that is not an object has no
// members. The function is short enough to be inlined, which keeps the list on
// the caller's stack.
func Split(data []byte) (Members, bool) { return make(Members, 0, usualMembers).Split(data) }

// Split appends the members of data to m, up to 100,000 in all. It returns the
// result and reports whether data is valid JSON, as the function Split does.
func (m Members) Split(data []byte) (Members, bool) {
	s := scan.New(TrimBOM(data))
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
		if value, ok = s.Skip(); len(m) < maxMembers {
			m = append(m, Member{name, value})
		}
	}
	return m, false
}

// MembersOf returns the members of object, which must be valid JSON. JSON that is
// not an object has no members.
func MembersOf(object []byte) Members { return make(Members, 0, usualMembers).Append(object) }

// Append appends the members of object, which must be valid JSON, to m and returns
// the result. It holds up to 100,000 members.
func (m Members) Append(object []byte) Members {
	if s := scan.New(TrimBOM(object)); s.Peek() == '{' { // A long text is not an object.
		m, _ = m.Split(object)
	}
	return m
}

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\ufeff"

// TrimBOM returns data without the byte order mark that it may begin with. RFC
// 8259 lets a parser ignore the mark; encoding/json and package scan do not.
func TrimBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte(byteOrderMark)) }

// Valid reports whether data is JSON. It ignores a byte order mark at the
// beginning.
func Valid(data []byte) bool {
	s := scan.New(TrimBOM(data))
	_, ok := s.Skip()
	return ok && s.End()
}

// Beginning returns the members of an object whose JSON is broken or cut short:
// all members before the break, and the member where it occurs with a nil Value. A
// number at the very end has a nil Value, too: digits may be missing. A text that
// does not begin an object has no members.
func Beginning(object []byte) Members {
	object = TrimBOM(object)
	d := json.NewDecoder(bytes.NewReader(object))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	var m Members
	for d.More() && len(m) < maxMembers {
		name, err := d.Token()
		if err != nil {
			return m
		}
		var value json.RawMessage
		err = d.Decode(&value)
		if d.InputOffset() == int64(len(object)) && endsWithDigit(value) {
			value = nil
		}
		m = append(m, Member{[]byte(name.(string)), value})
		if err != nil {
			return m
		}
	}
	return m
}

// endsWithDigit reports whether the last byte of value is a digit, as it is in a
// number and in no other value.
func endsWithDigit(value []byte) bool {
	n := len(value)
	return n > 0 && '0' <= value[n-1] && value[n-1] <= '9'
}

// Elements returns the first elements of a JSON array, which must be valid, up to
// limit. JSON that is not an array has no elements.
func Elements(array []byte, limit int) [][]byte {
	s := scan.New(TrimBOM(array))
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

// AllElements returns the elements of a JSON array, which must be valid, and true.
// It returns false if there are more than limit. JSON that is not an array has no
// elements.
func AllElements(array []byte, limit int) ([][]byte, bool) {
	list := Elements(array, limit+1)
	if len(list) > limit {
		return nil, false
	}
	return list, true
}

// Has reports whether there is a member called name, even if it is null or empty.
func (m Members) Has(name string) bool {
	return slices.ContainsFunc(m, func(each Member) bool { return sameName(each.Name, name) })
}

// Find returns the value called name, or nil if it is missing.
func (m Members) Find(name string) []byte {
	for i := len(m) - 1; i >= 0; i-- {
		if sameName(m[i].Name, name) && !isEmpty(m[i].Value) {
			return m[i].Value
		}
	}
	return nil
}

// Text returns the first of names that is a string, a number or a boolean, as
// [Text] does.
func (m Members) Text(names ...string) string {
	for _, name := range names {
		if text := Text(m.Find(name)); text != "" {
			return text
		}
	}
	return ""
}

// Nested returns the object or array called name, as [Nested] does.
func (m Members) Nested(name string) []byte { return Nested(m.Find(name)) }

// Flag returns the boolean called name, which may be written as a word or a
// number, and whether there is one.
func (m Members) Flag(name string) (value, ok bool) {
	switch strings.ToLower(m.Text(name)) {
	case "true", "1", "yes":
		return true, true
	case "false", "0", "no":
		return false, true
	}
	return false, false
}

// isEmpty reports whether a value is missing, null or an empty string.
func isEmpty(value []byte) bool {
	return len(value) == 0 || value[0] == 'n' || len(value) == 2 && value[0] == '"'
}

// sameName reports whether spelling is a form of name. The vendor's forms differ
// in case and separators: thread_id, threadId, threadid, "clientUUID " with a
// space.
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

// Fold returns name in lower case and without separators, so that all spellings
// of a vendor's name become one.
func Fold(name string) string { return strings.ToLower(MemberName(name)) }

// MemberName returns name without separators, in the form that the methods of
// [Members] take.
func MemberName(name string) string {
	if !strings.ContainsAny(name, "_- ") {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', ' ':
			return -1
		}
		return r
	}, name)
}

// Text returns a JSON string, number or boolean as text. Any other value is "".
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

// Nested returns value if it is an object or an array, or the object or array
// whose JSON the string value contains. Any other value is nil.
func Nested(value []byte) []byte {
	if len(value) > 0 && value[0] == '"' {
		value = bytes.TrimSpace(TrimBOM([]byte(Text(value))))
		if !Valid(value) {
			return nil
		}
	}
	if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
		return value
	}
	return nil
}
