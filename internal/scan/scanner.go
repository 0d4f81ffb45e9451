// Package scan reads JSON token by token. It accepts what encoding/json accepts,
// and a fuzz test compares the two. It reads a text in one pass and returns each
// value as a part of the text. The package encoding/json would need two passes, or
// decode everything.
package scan

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Scanner reads one JSON text. A method that reads a token skips the white space
// before it and reports whether the token is there. If it is not, Problem returns the
// reason, and only Problem may be called after that. The method Word differs: it does
// not skip white space, and if it returns false, the caller may read another token.
type Scanner struct {
	data []byte
	at   int
	// depth counts the objects and arrays that are open.
	depth, maxDepth int
	strict          bool
	problem         string
}

// MaxDepth is how deep objects and arrays may be nested in encoding/json.
const MaxDepth = 10_000

// New returns a scanner of data that accepts what encoding/json accepts. The caller
// must not change data while the scanner or its results are in use.
func New(data []byte) Scanner { return Scanner{data: data, maxDepth: MaxDepth} }

// NewStrict returns a scanner of data that rejects strings that are not UTF-8,
// which encoding/json changes without an error. It also rejects objects and arrays
// that are nested more than maxDepth deep.
func NewStrict(data []byte, maxDepth int) Scanner {
	return Scanner{data: data, maxDepth: maxDepth, strict: true}
}

// Problem returns why the text could not be read, such as "ends too early". It
// completes a sentence that begins with the name of the text. It does not quote the
// text.
func (s *Scanner) Problem() string {
	switch {
	case s.problem != "":
		return s.problem
	case s.at >= len(s.data):
		return "ends too early"
	}
	return fmt.Sprintf("is not valid JSON at byte %d", s.at)
}

// Peek skips white space and returns the next byte, or 0 at the end. It does not
// read the byte.
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

// Enter reads the bracket that opens an object or an array.
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

// More reports whether an object or array has another element, and reads the comma
// before the element. At the end, it reads the closing bracket. The argument first
// says that no element has been read yet. If the text has none of these, ok is false.
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

// Member reads the name of the next member of an object and moves to its value. At
// the end of the object, it reads the closing bracket, and more is false. The
// argument first is that of More. The name may share memory with the data.
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

// Text reads a string and returns it decoded, as encoding/json does. The result may
// share memory with the data.
func (s *Scanner) Text() (text []byte, ok bool) {
	raw, escaped, ok := s.quoted()
	if !ok || !escaped && utf8.Valid(raw) {
		return raw, ok
	}
	var decoded string
	_ = json.Unmarshal(s.data[s.at-len(raw)-len(`""`):s.at], &decoded) // It is a string.
	return []byte(decoded), true
}

// quoted reads a string and returns what is between its quotes.
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

// plainUntil returns the index of the first quote, backslash or control character
// from at on, or the length of data.
func plainUntil(data []byte, at int) int {
	for i, c := range data[at:] {
		if c == '"' || c == '\\' || c < ' ' {
			return at + i
		}
	}
	return len(data)
}

// escape reads an escape sequence.
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

// Number reads a number and returns its text, which shares memory with the data.
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

// one reads a or b, and reports whether the next byte is one of them.
func (s *Scanner) one(a, b byte) bool {
	if s.at < len(s.data) && (s.data[s.at] == a || s.data[s.at] == b) {
		s.at++
		return true
	}
	return false
}

// digits reads digits and returns their number.
func (s *Scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// Word reads word, which is true, false or null, and reports whether it is there.
// It skips no white space: call Member, More or Peek before it.
func (s *Scanner) Word(word string) bool {
	if len(s.data)-s.at < len(word) || string(s.data[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

// Skip reads a value of any kind and returns its text, which shares memory with the
// data. It is not recursive, because a deeply nested text would need a megabyte of
// stack.
func (s *Scanner) Skip() (text []byte, ok bool) {
	s.Peek()
	start := s.at
	var room [32]byte
	open := room[:0] // the opening brackets of the open objects and arrays
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

// skipScalar reads a value that begins with first and is not an object or array.
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

// toNext moves to the next value in the open objects and arrays. It reads the closing
// brackets before that value, and returns the brackets that are still open.
func (s *Scanner) toNext(open []byte, first bool) (still []byte, ok bool) {
	for len(open) > 0 {
		opening := open[len(open)-1]
		more, ok := s.More(opening+2, first) // ']' is '[' + 2, and '}' is '{' + 2.
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

// skipName reads the name of a member and the colon after it.
func (s *Scanner) skipName() bool {
	if _, _, ok := s.quoted(); !ok || s.Peek() != ':' {
		return false
	}
	s.at++
	return true
}

// End reports whether only white space follows.
func (s *Scanner) End() bool {
	s.Peek()
	return s.at == len(s.data)
}
