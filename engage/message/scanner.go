package message

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON text token by token. It is stricter than encoding/json:
// text that is not UTF-8 is an error, where encoding/json replaces it in
// silence. Errors are of type *DecodeError.
//
// Between two calls the scanner stands at a token, never at space.
type scanner struct {
	data  []byte
	at    int
	depth int
}

// peek skips space and returns the byte after it; 0 at the end.
func (s *scanner) peek() byte {
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

// invalid returns the error of text that is not JSON.
func (s *scanner) invalid() error {
	if s.at >= len(s.data) {
		return &DecodeError{Problem: "ends too early"}
	}
	return &DecodeError{Problem: fmt.Sprintf("is not valid JSON at byte %d", s.at)}
}

// mismatch returns the error of a value that is not what is wanted.
func (s *scanner) mismatch(wanted string) error {
	found := "a number"
	switch c := s.peek(); {
	case c == '{':
		found = "an object"
	case c == '[':
		found = "an array"
	case c == '"':
		found = "a string"
	case c == 't', c == 'f':
		found = "true or false"
	case c == 'n':
		found = "null"
	case c != '-' && (c < '0' || c > '9'):
		return s.invalid()
	}
	return &DecodeError{Problem: "is " + found + ", not " + wanted}
}

// enter passes the bracket that opens an object or an array.
func (s *scanner) enter(open byte) error {
	if s.peek() != open {
		if open == '{' {
			return s.mismatch("an object")
		}
		return s.mismatch("an array")
	}
	if s.depth++; s.depth > MaxDepth {
		return &DecodeError{Problem: fmt.Sprintf("is nested more than %d deep", MaxDepth)}
	}
	s.at++
	return nil
}

// more reports whether another element follows, and passes the comma before it;
// or else the bracket that closes the object or the array.
func (s *scanner) more(closing byte, first bool) (bool, error) {
	switch c := s.peek(); {
	case c == closing:
		s.at++
		s.depth--
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.at++
		s.peek()
		return true, nil
	}
	return false, s.invalid()
}

// member passes to the next member of an object and returns its name; more is
// false at the object's end.
func (s *scanner) member(first bool) (name []byte, more bool, err error) {
	if more, err = s.more('}', first); more {
		name, err = s.name()
	}
	return name, more, err
}

// name reads the name of a member and the colon after it.
func (s *scanner) name() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.invalid()
	}
	name, err := s.text()
	if err != nil {
		return nil, err
	}
	if s.peek() != ':' {
		return nil, s.invalid()
	}
	s.at++
	s.peek()
	return name, nil
}

// text reads a string. The result may share memory with the data.
func (s *scanner) text() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.mismatch("a string")
	}
	start := s.at + 1
	escaped, ascii := false, true
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			raw := s.data[start:i]
			if !ascii && !utf8.Valid(raw) {
				return nil, &DecodeError{Problem: "is not valid UTF-8"}
			}
			if escaped {
				s.at = start
				return s.unescape(raw)
			}
			s.at = i + 1
			return raw, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			s.at = i
			return nil, s.invalid()
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.at = len(s.data)
	return nil, s.invalid()
}

// unescape returns raw, the inside of the string the scanner stands in, without
// escapes, and passes the string.
func (s *scanner) unescape(raw []byte) ([]byte, error) {
	end := s.at + len(raw)
	text := make([]byte, 0, len(raw))
	for s.at < end {
		c := s.data[s.at]
		s.at++
		if c != '\\' {
			text = append(text, c)
			continue
		}
		c = s.data[s.at] // there is one: the closing quote is not escaped
		s.at++
		switch c {
		case '"', '\\', '/':
			text = append(text, c)
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
			r, err := s.escapedRune()
			if err != nil {
				return nil, err
			}
			text = utf8.AppendRune(text, r)
		default:
			s.at--
			return nil, s.invalid()
		}
	}
	s.at = end + 1
	return text, nil
}

// escapedRune reads what follows \u, and a second escape if the first is half
// of a character. Half a character alone becomes the replacement character, as
// in encoding/json.
func (s *scanner) escapedRune() (rune, error) {
	r, err := s.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	end := s.at
	if s.data[s.at] == '\\' && s.data[s.at+1] == 'u' {
		s.at += 2
		low, err := s.hex()
		if r = utf16.DecodeRune(r, low); err == nil && r != utf8.RuneError {
			return r, nil
		}
	}
	s.at = end // What follows is a character of its own.
	return utf8.RuneError, nil
}

// hex reads four hexadecimal digits. It stops at the closing quote at the
// latest.
func (s *scanner) hex() (rune, error) {
	var r rune
	for range 4 {
		c := s.data[s.at]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, s.invalid()
		}
		r = r<<4 | rune(c)
		s.at++
	}
	return r, nil
}

// number reads a number and returns its text.
func (s *scanner) number() ([]byte, error) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	if s.at < len(s.data) && s.data[s.at] == '0' {
		s.at++
	} else if s.digits() == 0 {
		return nil, s.invalid()
	}
	if s.at < len(s.data) && s.data[s.at] == '.' {
		s.at++
		if s.digits() == 0 {
			return nil, s.invalid()
		}
	}
	if s.at < len(s.data) && s.data[s.at]|0x20 == 'e' {
		s.at++
		if s.at < len(s.data) && (s.data[s.at] == '+' || s.data[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return nil, s.invalid()
		}
	}
	return s.data[start:s.at], nil
}

// digits passes digits and returns how many there were.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at - start
}

// word passes word, which is true, false or null, and reports whether it stood
// there.
func (s *scanner) word(word string) bool {
	if len(s.data)-s.at < len(word) || string(s.data[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

// skip passes a value of any kind and returns its text.
func (s *scanner) skip() ([]byte, error) {
	c := s.peek()
	start := s.at
	var err error
	switch c {
	case '{':
		err = s.skipAll('{', '}')
	case '[':
		err = s.skipAll('[', ']')
	case '"':
		_, err = s.text()
	case 't', 'f', 'n':
		if !s.word("true") && !s.word("false") && !s.word("null") {
			err = s.invalid()
		}
	default:
		_, err = s.number()
	}
	return s.data[start:s.at], err
}

// skipAll passes an object or an array.
func (s *scanner) skipAll(opening, closing byte) error {
	if err := s.enter(opening); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.more(closing, first)
		if err != nil || !more {
			return err
		}
		if opening == '{' {
			if _, err := s.name(); err != nil {
				return err
			}
		}
		if _, err := s.skip(); err != nil {
			return err
		}
	}
}

// end reports an error if anything but space follows.
func (s *scanner) end() error {
	if s.peek(); s.at < len(s.data) {
		return s.invalid()
	}
	return nil
}
