package message

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// maxWhatsAppText is the most characters of a text that WhatsApp delivers
// (documented).
const maxWhatsAppText = 4096

// ruled is a struct with rules that its tags cannot express.
type ruled interface {
	// rules notes what is wrong with the struct's own fields.
	rules(*outcome.Violations)
}

// Check returns everything that is wrong with m as a message of operation in
// version on ch: its envelope, its content, and whether it can be carried there
// at all, as nothing can in a version that does not exist. If ch is not known,
// which is a mistake of the channel and not of the message, that is whether any
// channel could carry it. Fields are named relative to the message. A nil
// message, a nil pointer and an [Unknown] are violations of the field Type.
func Check(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) outcome.Violations {
	var v outcome.Violations
	m, k := settle(m)
	if m == nil {
		v.Add("Type", "is missing: the message is nil or no struct of this package")
		return v
	}
	if k.content == nil {
		v.Add("Type", "is not known to this package, so nothing says where the message can be sent")
		return v
	}
	if !slices.Contains([]Direction{Inbound, Outbound, Announcement}, m.direction()) {
		v.Add("Direction", "must be inbound, outbound or announcement")
	} else if refusal := refuse(m, operation, version, ch); refusal != "" {
		v.Add("Type", refusal)
	}
	k.content.check(&v, reflect.ValueOf(m))
	if ch == channel.WhatsApp && m.direction() == Outbound {
		limitText(&v, "Text", textOf(m), maxWhatsAppText)
	}
	return v
}

// textOf returns the text of a message that all channels share.
func textOf(m Message) string {
	switch m := m.(type) {
	case Text:
		return m.Text
	case TextWithAttachments:
		return m.Text
	}
	return ""
}

// check notes what is wrong with v, a struct of shape s.
func (s *shape) check(out *outcome.Violations, v reflect.Value) {
	for i := range s.fields {
		if f := &s.fields[i]; f.index != nil {
			f.check(out, f.of(v))
		}
	}
	if additional := s.additionalOf(v); additional.Len() > 0 {
		s.checkAdditional(out, additional.Interface().(Members))
	}
	if s.ruled {
		v.Interface().(ruled).rules(out)
	}
}

// checkAdditional notes additional members that would not be valid JSON, or
// would stand twice in the object.
func (s *shape) checkAdditional(out *outcome.Violations, additional Members) {
	for _, name := range slices.Sorted(maps.Keys(additional)) {
		if problem := s.problem(name, additional[name]); problem != "" {
			out.Add("Additional", problem)
		}
	}
}

// check notes what is wrong with v, the field's value.
func (f *field) check(out *outcome.Violations, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		f.checkText(out, v.String())
	case reflect.Slice:
		f.checkList(out, v)
	case reflect.Map:
		f.checkTexts(out, v.Interface().(map[string]string))
	case reflect.Struct:
		if v.Type() == timeType {
			f.checkTime(out, v.Interface().(time.Time))
		} else if f.required || !v.IsZero() {
			f.checkObject(out, v)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f.check(out, v.Elem())
		}
	case reflect.Float64:
		if number := v.Float(); math.IsNaN(number) || math.IsInf(number, 0) {
			out.Add(f.goName, "is not a finite number")
		}
	}
}

func (f *field) checkText(out *outcome.Violations, text string) {
	switch {
	case f.oneOf != nil && !slices.Contains(f.oneOf, text):
		out.Add(f.goName, "must be one of: "+strings.Join(f.oneOf, ", "))
	case f.required && isBlank(text):
		out.Add(f.goName, "is empty")
	case !utf8.ValidString(text):
		out.Add(f.goName, "is not valid UTF-8")
	case f.max > 0:
		limitText(out, f.goName, text, f.max)
	}
}

func (f *field) checkList(out *outcome.Violations, list reflect.Value) {
	if f.required && list.Len() == 0 {
		out.Add(f.goName, "is empty")
	}
	if f.max > 0 && list.Len() > f.max {
		out.Add(f.goName, fmt.Sprintf("has %d elements; the most is %d", list.Len(), f.max))
	}
	element := field{required: true, object: f.object}
	for i := range list.Len() {
		element.goName = fmt.Sprintf("%s[%d]", f.goName, i)
		element.check(out, list.Index(i))
	}
}

// checkTexts checks the headers of an email.
func (f *field) checkTexts(out *outcome.Violations, texts map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		switch text := texts[name]; {
		case name == "":
			out.Add(f.goName, "has an empty name")
		case !utf8.ValidString(name) || !utf8.ValidString(text):
			out.Add(f.goName, "is not valid UTF-8")
		}
	}
}

func (f *field) checkObject(out *outcome.Violations, object reflect.Value) {
	var part outcome.Violations
	f.object.check(&part, object)
	if len(part) == 0 && object.IsZero() {
		out.Add(f.goName, "is empty")
	}
	out.Within(f.goName, part)
}

func (f *field) checkTime(out *outcome.Violations, t time.Time) {
	if !t.IsZero() && !isWritable(t) {
		out.Add(f.goName, "has a year that RFC 3339 cannot write")
	}
}

// limitText notes a text of more than most characters.
func limitText(out *outcome.Violations, field, text string, most int) {
	if count := utf8.RuneCountInString(text); count > most {
		out.Add(field, fmt.Sprintf("has %d characters; the most is %d", count, most))
	}
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
