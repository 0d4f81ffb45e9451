package engagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
)

// object reads the members of a JSON object and records every problem. It is stricter
// than encoding/json: it compares names exactly, and a member that is never read is a
// problem, so that misspelled names are found.
type object struct {
	path     string
	raw      json.RawMessage // The JSON of an inner object.
	members  map[string]json.RawMessage
	problems *problems
}

// problems has the problems of a request. What is missing, unknown or of the wrong kind
// is malformed. A value of the right kind that makes no sense is unusable.
type problems struct {
	malformed []string
	unusable  []string
}

// newObject returns the object in a document, and whether the document is an object.
func newObject(document []byte) (*object, bool) {
	o := &object{problems: new(problems)}
	return o, o.decode(document)
}

// decode reads the members of a document and reports whether it is an object. A member
// that occurs twice is a problem.
func (o *object) decode(document []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(document))
	if opening, _ := decoder.Token(); opening != json.Delim('{') || !json.Valid(document) {
		return false
	}
	o.members = make(map[string]json.RawMessage)
	for decoder.More() {
		// The document is valid, so there are no errors.
		token, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value)
		name, _ := token.(string)
		if o.has(name) {
			o.malformed(name, "occurs more than once")
		}
		o.members[name] = value
	}
	return true
}

// queryObject returns a query as an object of strings.
func queryObject(query url.Values) *object {
	o := &object{members: make(map[string]json.RawMessage), problems: new(problems)}
	for name, values := range query {
		if len(values) > 1 {
			o.malformed(name, "occurs more than once")
		}
		o.members[name] = encode(values[0])
	}
	return o
}

// malformed records that a member is missing, unknown or of the wrong kind.
func (o *object) malformed(name, problem string) {
	o.problems.malformed = append(o.problems.malformed, o.path+name+" "+problem)
}

// unusable records that the value of a member makes no sense.
func (o *object) unusable(name, problem string) {
	o.problems.unusable = append(o.problems.unusable, o.path+name+" "+problem)
}

// refusal returns the result of a request with problems, or nil if there are none. The
// status is 400 if anything is malformed, else 422.
func (o *object) refusal() *result {
	o.refuseRest()
	all := slices.Concat(o.problems.malformed, o.problems.unusable)
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	status := http.StatusUnprocessableEntity
	if len(o.problems.malformed) > 0 {
		status = http.StatusBadRequest
	}
	return &result{status: status, description: strings.Join(all, "; ")}
}

// has reports whether the object has a member with that name that was not read yet.
func (o *object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// isEmptyList reports whether a member is a list without elements.
func (o *object) isEmptyList(name string) bool {
	var list []json.RawMessage
	return json.Unmarshal(o.members[name], &list) == nil && list != nil && len(list) == 0
}

// require records a problem if a member is missing.
func (o *object) require(name string) {
	if !o.has(name) {
		o.malformed(name, "is missing")
	}
}

// take removes a member and decodes it into value. It returns false if there is none,
// or if the member is of the wrong kind, which is a problem.
func (o *object) take(name, kind string, value any) bool {
	raw, ok := o.members[name]
	if !ok {
		return false
	}
	delete(o.members, name)
	if string(raw) == "null" {
		o.malformed(name, "is null")
		return false
	}
	if json.Unmarshal(raw, value) != nil {
		o.malformed(name, "is not "+kind)
		return false
	}
	return true
}

// text returns a string, or "" if it is absent.
func (o *object) text(name string) string {
	var text string
	o.take(name, "a string", &text)
	return text
}

// clearable returns a string that may be null, or "" if it is null or absent.
func (o *object) clearable(name string) string {
	if string(o.members[name]) == "null" {
		delete(o.members, name)
		return ""
	}
	return o.text(name)
}

// requiredText returns a string that must be present and not blank.
func (o *object) requiredText(name string) string {
	o.require(name)
	return o.optionalText(name)
}

// optionalText returns a string that may be absent but not blank.
func (o *object) optionalText(name string) string {
	var text string
	if o.take(name, "a string", &text) && strings.TrimSpace(text) == "" {
		o.unusable(name, "is empty")
	}
	return text
}

// texts returns a list of strings, none of which may be blank.
func (o *object) texts(name string) []string {
	var texts []string
	o.take(name, "a list of strings", &texts)
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			o.unusable(fmt.Sprintf("%s[%d]", name, i), "is empty")
		}
	}
	return texts
}

// flag returns a boolean, or nil if it is absent.
func (o *object) flag(name string) *bool {
	var flag bool
	if !o.take(name, "a boolean", &flag) {
		return nil
	}
	return &flag
}

// any returns the JSON of a member of any kind, or nil if it is absent.
func (o *object) any(name string) json.RawMessage {
	var raw json.RawMessage
	o.take(name, "JSON", &raw)
	return raw
}

// object returns a member that is an object, or nil if it is absent.
func (o *object) object(name string) *object {
	raw := o.any(name)
	if raw == nil {
		return nil
	}
	return o.within(name, raw)
}

// requiredObject returns a member that must be present and an object. Otherwise it
// records a problem and returns nil.
func (o *object) requiredObject(name string) *object {
	o.require(name)
	return o.object(name)
}

// objects returns a member that is a list of objects. An element of another kind is a
// problem and is left out.
func (o *object) objects(name string) []*object {
	var elements []json.RawMessage
	o.take(name, "a list", &elements)
	var objects []*object
	for i, element := range elements {
		if inner := o.within(fmt.Sprintf("%s[%d]", name, i), element); inner != nil {
			objects = append(objects, inner)
		}
	}
	return objects
}

// within returns an object inside this one. JSON of another kind is a problem, and
// within returns nil.
func (o *object) within(name string, raw json.RawMessage) *object {
	inner := &object{path: o.path + name + ".", raw: raw, problems: o.problems}
	if !inner.decode(raw) {
		o.malformed(name, "is not an object")
		return nil
	}
	return inner
}

// channel returns the channel of the request.
func (o *object) channel() channel.Channel {
	ch := channel.Channel(o.requiredText("channel"))
	if ch != "" && !slices.Contains(channels, ch) {
		o.unusable("channel", "is unknown")
	}
	return ch
}

// oneOf returns a required string that must be one of choices.
func (o *object) oneOf(name string, choices ...string) string {
	text := o.requiredText(name)
	if text != "" && !slices.Contains(choices, text) {
		o.unusable(name, "is not one of "+strings.Join(choices, ", "))
	}
	return text
}

// customFields returns the custom fields of the request. A value may be empty or null, but
// not missing.
func (o *object) customFields() []CustomField {
	var fields []CustomField
	for _, element := range o.objects("customFields") {
		element.require("value")
		fields = append(fields, CustomField{
			Scope: element.oneOf("scope", "conversation", "profile"),
			Key:   element.requiredText("key"),
			Value: element.clearable("value"),
		})
		element.refuseRest()
	}
	return fields
}

// refuseRest records a problem for each member that was not read.
func (o *object) refuseRest() {
	for name := range o.members {
		o.malformed(name, "is not known")
	}
}

// shape has the names of the members that a JSON object may have, each with a check of
// its value. No member is required, because the vendor's samples do not show which are.
type shape map[string]check

// check records the problems of a member that is present.
type check func(o *object, name string)

// read records the problems of the members of an object. A member that the shape does
// not have is a problem.
func (s shape) read(o *object) {
	for name, check := range s {
		if o.has(name) {
			check(o, name)
		}
	}
	o.refuseRest()
}

// texts returns a shape whose members are strings.
func texts(names ...string) shape {
	s := make(shape, len(names))
	for _, name := range names {
		s[name] = textual
	}
	return s
}

// with returns a shape that also has the members of more.
func (s shape) with(more shape) shape {
	s = maps.Clone(s)
	maps.Copy(s, more)
	return s
}

// object checks a member that is an object with this shape.
func (s shape) object(o *object, name string) {
	if inner := o.object(name); inner != nil {
		s.read(inner)
	}
}

// list checks a member that is a list of objects with this shape.
func (s shape) list(o *object, name string) {
	for _, element := range o.objects(name) {
		s.read(element)
	}
}

func textual(o *object, name string)  { o.text(name) }
func textList(o *object, name string) { o.texts(name) }
func boolean(o *object, name string)  { o.flag(name) }
func integer(o *object, name string)  { o.take(name, "a whole number", new(int)) }
func anything(o *object, name string) { o.any(name) }

// scalar checks a value that may be anything but an object or a list.
func scalar(o *object, name string) {
	if raw := o.any(name); raw != nil && (raw[0] == '{' || raw[0] == '[') {
		o.malformed(name, "is not a string, a number or a boolean")
	}
}

// textOrNull checks a string that may be null, as in the vendor's samples.
func textOrNull(o *object, name string) { o.clearable(name) }

// choice returns a check of a string that must be one of choices.
func choice(choices ...string) check {
	return func(o *object, name string) { o.oneOf(name, choices...) }
}
