package engagetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
)

// object reads the members of a JSON object and notes all that is wrong with
// them. Names are compared exactly, which encoding/json alone would not do, and
// members that nobody read are wrong too: a misspelt one must not pass.
type object struct {
	path     string
	raw      json.RawMessage // The whole of an inner object.
	members  map[string]json.RawMessage
	problems *problems
}

// problems are what is wrong with a request: what is malformed or missing, and
// what is well formed but cannot be used.
type problems struct {
	malformed []string
	unusable  []string
}

// newObject reads the top of a document, and reports whether it is an object.
func newObject(document []byte) (*object, bool) {
	o := &object{problems: new(problems)}
	return o, o.decode(document)
}

// decode reads the members of a document, and reports whether it is an object.
// Of a member that is there more than once, which it notes, the last counts.
func (o *object) decode(document []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(document))
	if opening, _ := decoder.Token(); opening != json.Delim('{') || !json.Valid(document) {
		return false
	}
	o.members = make(map[string]json.RawMessage)
	for decoder.More() {
		// No error can come: the document is valid.
		token, _ := decoder.Token()
		var value json.RawMessage
		_ = decoder.Decode(&value)
		name, _ := token.(string)
		if o.has(name) {
			o.malformed(name, "is there more than once")
		}
		o.members[name] = value
	}
	return true
}

// queryObject turns a query into an object of strings.
func queryObject(query url.Values) *object {
	o := &object{members: make(map[string]json.RawMessage), problems: new(problems)}
	for name, values := range query {
		if len(values) > 1 {
			o.malformed(name, "is there more than once")
		}
		o.members[name] = encode(values[0])
	}
	return o
}

func (o *object) malformed(name, problem string) {
	o.problems.malformed = append(o.problems.malformed, o.path+name+" "+problem)
}

func (o *object) unusable(name, problem string) {
	o.problems.unusable = append(o.problems.unusable, o.path+name+" "+problem)
}

// refusal returns the answer to a request that something is wrong with, or nil:
// 400 if anything is malformed, else 422.
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

// has reports whether there is a member of that name.
func (o *object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// require notes a member that is missing.
func (o *object) require(name string) {
	if !o.has(name) {
		o.malformed(name, "is missing")
	}
}

// take removes a member and decodes it into value. It reports whether it was
// there and of the right kind.
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

// text returns a string, or nothing if it is absent.
func (o *object) text(name string) string {
	var text string
	o.take(name, "a string", &text)
	return text
}

// requiredText returns a string that must be there and not be blank.
func (o *object) requiredText(name string) string {
	o.require(name)
	return o.optionalText(name)
}

// optionalText returns a string that can be absent, but not be there and blank.
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

// any returns a member of any kind as it is, or nil if it is absent.
func (o *object) any(name string) json.RawMessage {
	var raw json.RawMessage
	o.take(name, "JSON", &raw)
	return raw
}

// object returns a member that is an object itself, or nil.
func (o *object) object(name string) *object {
	raw := o.any(name)
	if raw == nil {
		return nil
	}
	return o.within(name, raw)
}

// requiredObject returns a member that must be there and be an object, or nil.
func (o *object) requiredObject(name string) *object {
	o.require(name)
	return o.object(name)
}

// objects returns a member that is a list of objects. Elements of another kind
// are noted and left out.
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

// within reads an object inside this one, or notes that it is none.
func (o *object) within(name string, raw json.RawMessage) *object {
	inner := &object{path: o.path + name + ".", raw: raw, problems: o.problems}
	if !inner.decode(raw) {
		o.malformed(name, "is not an object")
		return nil
	}
	return inner
}

// channel returns the channel of the request, which must be one of the seven.
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

// customFields returns the custom fields of the request. A value can be empty
// but not missing.
func (o *object) customFields() []CustomField {
	var fields []CustomField
	for _, element := range o.objects("customFields") {
		element.require("value")
		fields = append(fields, CustomField{
			Scope: element.oneOf("scope", "conversation", "profile"),
			Key:   element.requiredText("key"),
			Value: element.text("value"),
		})
		element.refuseRest()
	}
	return fields
}

// refuseRest notes the members of an inner object that nobody has read.
func (o *object) refuseRest() {
	for name := range o.members {
		o.malformed(name, "is not known")
	}
}
