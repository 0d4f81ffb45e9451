package message

import (
	"iter"

	"github.com/engagesdk/engage-go/internal/scan"
)

// scanner reads JSON token by token. Its errors are of type *DecodeError.
type scanner struct{ scan.Scanner }

// newScanner returns a scanner of data. Unlike encoding/json, it reports text that is
// not UTF-8 as an error.
func newScanner(data []byte) scanner { return scanner{scan.NewStrict(data, MaxDepth)} }

// failed returns the error of the token that the scanner could not read.
func (s *scanner) failed() error { return &DecodeError{Problem: s.Problem()} }

// mismatch returns the error for a next value that is of another kind than wanted.
func (s *scanner) mismatch(wanted string) error {
	found := "a number"
	switch c := s.Peek(); {
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
		return s.failed()
	}
	return &DecodeError{Problem: "is " + found + ", not " + wanted}
}

// enter reads the opening bracket of an object or an array.
func (s *scanner) enter(opening byte) error {
	switch {
	case s.Peek() != opening && opening == '{':
		return s.mismatch("an object")
	case s.Peek() != opening:
		return s.mismatch("an array")
	case !s.Enter(opening):
		return s.failed()
	}
	return nil
}

// element moves to the next element of an array. At the end of the array it reads the
// closing bracket and returns false.
func (s *scanner) element(first bool) (more bool, err error) {
	more, ok := s.More(']', first)
	if !ok {
		return false, s.failed()
	}
	return more, nil
}

// member moves to the next member of an object and returns its name. At the end of
// the object it reads the closing bracket, and more is false.
func (s *scanner) member(first bool) (name []byte, more bool, err error) {
	name, more, ok := s.Member(first)
	if !ok {
		return nil, false, s.failed()
	}
	return name, more, nil
}

// text reads a string. The result may share memory with the JSON.
func (s *scanner) text() ([]byte, error) {
	if s.Peek() != '"' {
		return nil, s.mismatch("a string")
	}
	return s.read(s.Text())
}

// skip reads a value of any kind and returns its JSON.
func (s *scanner) skip() ([]byte, error) { return s.read(s.Skip()) }

// read returns the result of a method of the scanner, with an error if not ok.
func (s *scanner) read(text []byte, ok bool) ([]byte, error) {
	if !ok {
		return nil, s.failed()
	}
	return text, nil
}

// end returns an error if anything but space follows.
func (s *scanner) end() error {
	if !s.End() {
		return s.failed()
	}
	return nil
}

// membersOf returns the names and the JSON of the members of object, which must be valid.
func membersOf(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		s := newScanner(object)
		more := s.Enter('{')
		for first := true; more; first = false {
			var name, value []byte
			if name, more, _ = s.Member(first); more {
				value, _ = s.Skip()
				more = yield(name, value)
			}
		}
	}
}

// elementsOf returns the JSON of the elements of array, which must be valid.
func elementsOf(array []byte) [][]byte {
	var elements [][]byte
	s := newScanner(array)
	more := s.Enter('[')
	for more {
		if more, _ = s.More(']', elements == nil); more {
			element, _ := s.Skip()
			elements = append(elements, element)
		}
	}
	return elements
}
