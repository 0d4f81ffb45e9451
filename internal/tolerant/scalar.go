// Package tolerant reads JSON from a service that does not always spell a thing
// the same way: numbers that are sometimes strings, flags that are sometimes
// words, envelopes in several shapes. What has an unexpected shape is read as
// absent; only what is not JSON at all is an error.
package tolerant

import (
	"bytes"
	"encoding/json"
	"strings"
)

// String reads a JSON string, number or boolean as text. Null and any other
// shape read as the empty string.
type String string

// UnmarshalJSON implements [json.Unmarshaler]. It returns an error only for a
// string that is not valid JSON.
func (s *String) UnmarshalJSON(data []byte) error {
	*s = ""
	if len(data) == 0 {
		return nil
	}
	switch first := data[0]; {
	case first == '"':
		return s.unquote(data)
	case first == 'n', first == '{', first == '[':
		return nil
	}
	*s = String(data)
	return nil
}

func (s *String) unquote(data []byte) error {
	if bytes.IndexByte(data, '\\') < 0 && isASCII(data) {
		*s = String(data[1 : len(data)-1])
		return nil
	}
	return json.Unmarshal(data, (*string)(s))
}

func isASCII(data []byte) bool {
	for _, b := range data {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// Bool reads a JSON boolean, or a string or number that means one. Set tells
// whether there was one.
type Bool struct {
	Value bool
	Set   bool
}

// UnmarshalJSON implements [json.Unmarshaler]. It returns an error only for a
// string that is not valid JSON.
func (b *Bool) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		*b = Bool{Value: true, Set: true}
		return nil
	case "false":
		*b = Bool{Set: true}
		return nil
	}
	var text String
	if err := text.UnmarshalJSON(data); err != nil {
		return err
	}
	switch strings.ToLower(string(text)) {
	case "true", "1", "yes":
		*b = Bool{Value: true, Set: true}
	case "false", "0", "no":
		*b = Bool{Set: true}
	default:
		*b = Bool{}
	}
	return nil
}
