// Package scan reads JSON token by token. It takes for JSON what encoding/json
// does, which it is fuzzed against, and tells on the way where everything stands:
// encoding/json would have to go over a text twice for that, or decode all of it.
package scan

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Scanner reads one JSON text. Each method that passes something skips the space
// before it and reports whether it stood there. If it did not, nothing more can be
// read, and Problem says why; with Word, which skips no space, something else can.
type Scanner struct {
	data []byte
	at   int
	// depth is how many objects and arrays the scanner is in.
	depth, maxDepth int
	strict          bool
	problem         string
}

// MaxDepth is how deep objects and arrays may be nested in encoding/json.
const MaxDepth = 10_000

// New returns a scanner of data that takes what encoding/json takes.
func New(data []byte) Scanner { return Scanner{data: data, maxDepth: MaxDepth} }

// NewStrict returns a scanner of data that takes no text but UTF-8, where
// encoding/json replaces what is not in silence, and nothing that is nested more
// than maxDepth deep.
func NewStrict(data []byte, maxDepth int) Scanner {
	return Scanner{data: data, maxDepth: maxDepth, strict: true}
}

// Problem says in words that follow upon the name of the text why it could not be
// read: "ends too early". It quotes nothing.
func (s *Scanner) Problem() string {
	switch {
	case s.problem != "":
		return s.problem
	case s.at >= len(s.data):
		return "ends too early"
	}
	return fmt.Sprintf("is not valid JSON at byte %d", s.at)
}

// Peek skips space and returns the byte after it; 0 at the end.
func (s *Scanner) Peek() byte {
	for s.at < len(s.data) {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// Enter passes the bracket that opens an object or an array.
func (s *Scanner) Enter(opening byte) bool {
	if s.Peek() != opening {
		return false
	}
	if s.depth++; s.depth > s.maxDepth {
		s.problem = fmt.Sprintf("is nested more than %d deep", s.maxDepth)
		return false
	}
	s.at++
	return true
}

// More reports whether another element follows, and passes the comma before it;
// or else the bracket that closes the object or the array.
func (s *Scanner) More(closing byte, first bool) (more, ok bool) {
	switch c := s.Peek(); {
	case c == closing:
		s.at++
		s.depth--
		return false, true
	case first:
		return true, true
	case c == ',':
		s.at++
		s.Peek()
		return true, true
	}
	return false, false
}

// Member passes to the value of the next member of an object and returns its name;
// more is false at the object's end. The name may share memory with the data.
func (s *Scanner) Member(first bool) (name []byte, more, ok bool) {
	if more, ok = s.More('}', first); !more {
		return nil, false, ok
	}
	if name, ok = s.Text(); !ok || s.Peek() != ':' {
		return nil, false, false
	}
	s.at++
	s.Peek()
	return name, true, true
}

// Text passes a string and returns it as encoding/json reads it. The result may
// share memory with the data.
func (s *Scanner) Text() (text []byte, ok bool) {
	raw, escaped, ok := s.quoted()
	if ok && (escaped || !utf8.Valid(raw)) {
		return decode(raw), true
	}
	return raw, ok
}

// quoted passes a string and returns what stands between its quotes.
func (s *Scanner) quoted() (raw []byte, escaped, ok bool) {
	if s.Peek() != '"' {
		return nil, false, false
	}
	s.at++
	start := s.at
	for {
		s.at = plainUntil(s.data, s.at)
		if s.at == len(s.data) {
			return nil, false, false
		}
		switch s.data[s.at] {
		case '"':
			raw = s.data[start:s.at]
			if s.strict && !utf8.Valid(raw) {
				s.problem = "is not valid UTF-8"
				return nil, false, false
			}
			s.at++
			return raw, escaped, true
		case '\\':
			escaped = true
			if !s.escape() {
				return nil, false, false
			}
		default: // A control character.
			return nil, false, false
		}
	}
}

// plainUntil returns where the first byte from at on stands that means something in
// a string, or may not be there; the length of data if there is none.
func plainUntil(data []byte, at int) int {
	for i, c := range data[at:] {
		if c == '"' || c == '\\' || c < ' ' {
			return at + i
		}
	}
	return len(data)
}

// escape passes the escape that stands next.
func (s *Scanner) escape() bool {
	if s.at++; s.at == len(s.data) {
		return false
	}
	digits := 0
	switch s.data[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
	case 'u':
		digits = 4
	default:
		return false
	}
	s.at++
	for range digits {
		if s.at == len(s.data) || !isHex(s.data[s.at]) {
			return false
		}
		s.at++
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// decode returns what the inside of a string stands for. Half a character alone, and
// a byte that is no UTF-8, become the replacement character.
func decode(raw []byte) []byte {
	text := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			r, size := utf8.DecodeRune(raw[i:])
			text = utf8.AppendRune(text, r)
			i += size - 1
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b':
			text = append(text, '\b')
		case 'f':
			text = append(text, '\f')
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case 'u':
			r := unit(raw[i+1:])
			i += 4
			if whole := utf16.DecodeRune(r, unitOf(raw[i+1:])); whole != utf8.RuneError {
				r = whole
				i += len(`\u0000`)
			}
			text = utf8.AppendRune(text, r)
		default:
			text = append(text, c)
		}
	}
	return text
}

// unit returns what the four hexadecimal digits stand for that raw begins with.
func unit(raw []byte) rune {
	number, _ := strconv.ParseUint(string(raw[:4]), 16, 16) // They have been checked.
	return rune(number)
}

// unitOf does the same for the escape that raw begins with. It is 0 if there is
// none.
func unitOf(raw []byte) rune {
	if len(raw) < len(`\u0000`) || raw[0] != '\\' || raw[1] != 'u' {
		return 0
	}
	return unit(raw[2:])
}

// Number passes a number and returns its text.
func (s *Scanner) Number() (text []byte, ok bool) {
	if s.Peek(); s.at == len(s.data) {
		return nil, false
	}
	start := s.at
	s.one('-', '-')
	if !s.one('0', '0') && s.digits() == 0 {
		return nil, false
	}
	if s.one('.', '.') && s.digits() == 0 {
		return nil, false
	}
	if s.one('e', 'E') {
		s.one('+', '-')
		if s.digits() == 0 {
			return nil, false
		}
	}
	return s.data[start:s.at], true
}

// one passes a or b, if one of them stands next.
func (s *Scanner) one(a, b byte) bool {
	if s.at < len(s.data) && (s.data[s.at] == a || s.data[s.at] == b) {
		s.at++
		return true
	}
	return false
}

// digits passes digits and returns how many there were.
func (s *Scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// Word passes word, which is true, false or null, if it stands next. Member, More
// and Peek leave the scanner where a word can stand.
func (s *Scanner) Word(word string) bool {
	if len(s.data)-s.at < len(word) || string(s.data[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

// Skip passes a value of any kind and returns its text. It does not call itself: a
// text that is nested deep would take a megabyte of stack.
func (s *Scanner) Skip() (text []byte, ok bool) {
	s.Peek()
	start := s.at
	var room [32]byte
	open := room[:0] // the brackets of the objects and arrays that it is in
	for {
		c := s.Peek()
		isNested := c == '{' || c == '['
		if isNested {
			open = append(open, c)
			ok = s.Enter(c)
		} else {
			ok = s.skipScalar(c)
		}
		if ok {
			open, ok = s.toNext(open, isNested)
		}
		if !ok || len(open) == 0 {
			return s.data[start:s.at], ok
		}
	}
}

// skipScalar passes a value that begins with first and holds no other.
func (s *Scanner) skipScalar(first byte) (ok bool) {
	switch first {
	case '"':
		_, _, ok = s.quoted()
	case 't', 'f', 'n':
		ok = s.Word("true") || s.Word("false") || s.Word("null")
	default:
		_, ok = s.Number()
	}
	return ok
}

// toNext passes to the next value in the innermost of the open objects and arrays,
// and leaves those that end before there is one. It returns those that are open then.
func (s *Scanner) toNext(open []byte, first bool) (still []byte, ok bool) {
	for len(open) > 0 {
		opening := open[len(open)-1]
		more, ok := s.More(opening+2, first) // In ASCII that is what closes both.
		switch {
		case !ok:
			return open, false
		case more:
			return open, opening == '[' || s.skipName()
		}
		open, first = open[:len(open)-1], false
	}
	return open, true
}

// skipName passes the name of a member and the colon after it.
func (s *Scanner) skipName() bool {
	if _, _, ok := s.quoted(); !ok || s.Peek() != ':' {
		return false
	}
	s.at++
	return true
}

// End reports whether nothing but space follows.
func (s *Scanner) End() bool {
	s.Peek()
	return s.at == len(s.data)
}
