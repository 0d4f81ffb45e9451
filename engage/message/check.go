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

// maxText is the largest number of characters of an outbound text on a channel
// (documented).
var maxText = map[channel.Channel]int{channel.SMS: 4000, channel.WhatsApp: 4096}

// ruled is a struct with rules that the tags of its fields cannot express.
type ruled interface {
	// rules adds the violations of these rules. It names fields relative to the
	// struct.
	rules(*outcome.Violations)
}

// Check returns all violations of m, a message to send on ch with this version of
// operation. It checks each field, and that [SupportTable] lists the message for the
// version and the channel. The names of fields are paths relative to the message.
//
// The text and the number of files of an inbound message have no limit, and an inbound
// email needs no content, because a refusal would lose what the customer sent.
//
// A message that is nil, an [Unknown] or not supported is a violation of the field Type.
// If ch is an unknown channel, the message is supported if any channel supports it.
func Check(m Message, operation outcome.Operation, version outcome.Version, ch channel.Channel) outcome.Violations {
	var v outcome.Violations
	m, k := resolve(m)
	if m == nil {
		v.Add("Type", "is missing: the message must be a struct of the package message, not nil")
		return v
	}
	if k.content == nil {
		v.Add("Type", unknownType(m))
		return v
	}
	if !slices.Contains([]Direction{Inbound, Outbound, Announcement}, m.direction()) {
		v.Add("Direction", "must be inbound, outbound or announcement")
	} else if problem := unsupported(m, operation, version, ch); problem != "" {
		v.Add("Type", problem)
	}
	k.content.check(&v, reflect.ValueOf(m))
	if raw := m.envelope().Raw; raw != nil {
		if _, _, err := k.decode(raw); err != nil {
			v.Add("Raw", rawProblem(err))
		}
	}
	switch m.direction() {
	case Outbound:
		if most, ok := maxText[ch]; ok {
			limitText(&v, "Text", textOf(m), most)
		}
	case Announcement:
		checkAnnouncement(&v, m.envelope())
	}
	return v
}

// unknownType returns why m, an [Unknown], cannot be sent.
func unknownType(m Message) string {
	const longest = 40
	typ := m.Type()
	k := kinds().byType[typ]
	switch {
	case typ == "":
		return "is missing in the JSON, so the message cannot be sent"
	case k != nil && (k.direction == "" || m.direction() == "" || m.direction() == k.direction):
		return fmt.Sprintf("is %q in an Unknown: decode its JSON to send it", typ)
	case k != nil:
		return fmt.Sprintf("is %q, which must be %s", typ, k.direction)
	case len(typ) > longest:
		return fmt.Sprintf("is not known: it begins with %q", strings.ToValidUTF8(string(typ[:longest]), ""))
	}
	return fmt.Sprintf("is %q, which is not known, so the message cannot be sent", typ)
}

// checkAnnouncement adds a violation for each flag of an announcement. The schema has none
// (documented).
func checkAnnouncement(v *outcome.Violations, e Envelope) {
	if e.Redacted != nil {
		v.Add("Redacted", "must be nil in an announcement")
	}
	if e.AttemptGatewayDelivery != nil {
		v.Add("AttemptGatewayDelivery", "must be nil in an announcement")
	}
}

// textOf returns the text of m if m has a type of several channels.
func textOf(m Message) string {
	switch m := m.(type) {
	case Text:
		return m.Text
	case TextWithAttachments:
		return m.Text
	}
	return ""
}

// check adds the violations of v, a struct of shape s.
func (s *shape) check(out *outcome.Violations, v reflect.Value) {
	for i := range s.fields {
		if f := &s.fields[i]; f.index != nil {
			f.check(out, f.of(v))
		}
	}
	if s.ruled {
		v.Interface().(ruled).rules(out)
	}
}

// check adds the violations of v, the value of the field.
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
	case reflect.Int64: // a duration
		if duration := time.Duration(v.Int()); duration < 0 || duration%time.Second != 0 {
			out.Add(f.goName, "must be a whole number of seconds, and not negative")
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f.check(out, v.Elem())
		}
	case reflect.Float64:
		if number := v.Float(); math.IsNaN(number) || math.IsInf(number, 0) {
			out.Add(f.goName, "must be a finite number")
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
		out.Add(f.goName, fmt.Sprintf("must have at most %d elements, not %d", f.max, list.Len()))
	}
	element := field{required: true, object: f.object}
	for i := range list.Len() {
		element.goName = fmt.Sprintf("%s[%d]", f.goName, i)
		element.check(out, list.Index(i))
	}
}

// checkTexts adds the violations of texts, the headers of an email.
func (f *field) checkTexts(out *outcome.Violations, texts map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		switch text := texts[name]; {
		case isBlank(name):
			out.Add(f.goName, "must not have a blank name")
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
	switch {
	case t.IsZero() && f.required:
		out.Add(f.goName, "is empty")
	case !t.IsZero() && !isWritable(t):
		out.Add(f.goName, badYear)
	}
}

// limitText adds a violation if text has more than most characters.
func limitText(out *outcome.Violations, field, text string, most int) {
	if count := utf8.RuneCountInString(text); count > most {
		out.Add(field, fmt.Sprintf("must have at most %d characters, not %d", most, count))
	}
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
