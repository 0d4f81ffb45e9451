package message_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

// parsed returns data as encoding/json decodes it.
func parsed(t testing.TB, data []byte) any {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal(data, &value), "%s", data)
	return value
}

// requireSameMembers requires that got has the members of want and no others, in all
// objects. A value may have another form, such as a number in a string.
func requireSameMembers(t testing.TB, want, got any, path string) {
	t.Helper()
	if path == ".direction" && (got == "inbound" || got == "outbound") {
		return // The type implies a direction.
	}
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		require.True(t, ok, path)
		for name := range want {
			requireSameMembers(t, want[name], documentedMember(object, name), path+"."+name)
		}
		for name := range object {
			isImplied := path+"."+name == ".direction"
			require.True(t, isImplied || has(want, name), "%s.%s was added", path, name)
		}
	case []any:
		list, ok := got.([]any)
		require.True(t, ok && len(want) == len(list), path)
		for i := range want {
			requireSameMembers(t, want[i], list[i], path+"[]")
		}
	case string:
		text := fmt.Sprint(got)
		number, err := strconv.ParseFloat(want, 64)
		if other, otherErr := strconv.ParseFloat(text, 64); err == nil && otherErr == nil && number == other {
			return
		}
		at, err := message.ParseTimestamp(want)
		if other, otherErr := time.Parse(time.RFC3339, text); err == nil && otherErr == nil && at.Equal(other) {
			return
		}
		if path == ".type" && want == "lcFormResponse" {
			want = "lc-form-response"
		}
		require.Equal(t, want, text, path)
	default:
		if want == nil {
			require.Nil(t, got, path)
			return
		}
		require.Equal(t, fmt.Sprint(want), fmt.Sprint(got), path)
	}
}

// variants are the names that the vendor uses for one member.
var variants = map[string]string{"url": "fileUrl", "fileUrl": "url", "name": "fileName", "fileName": "name"}

func has(object map[string]any, name string) bool {
	_, ok := object[name]
	if !ok {
		_, ok = object[variants[name]]
	}
	return ok
}

// missing is no JSON value.
type missing struct{}

// documentedMember returns the member of object called name, or by its other name.
func documentedMember(object map[string]any, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	if value, ok := object[variants[name]]; ok {
		return value
	}
	return missing{}
}

// place is a member of an object or an element of a list in a decoded JSON value.
type place struct {
	path string
	was  any
	// set replaces the value. The function remove removes the member, and is nil for an
	// element.
	set    func(any)
	remove func()
}

// places returns all places in value.
func places(value any, path string) []place {
	var all []place
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			path := path + "." + name
			all = append(all, place{path, member, func(other any) { value[name] = other }, func() { delete(value, name) }})
			all = append(all, places(member, path)...)
		}
	case []any:
		for i, element := range value {
			path := fmt.Sprintf("%s[%d]", path, i)
			all = append(all, place{path, element, func(other any) { value[i] = other }, nil})
			all = append(all, places(element, path)...)
		}
	}
	return all
}

// withoutRaw returns the JSON of the fields of m alone.
func withoutRaw(t testing.TB, m message.Message) []byte {
	t.Helper()
	v := reflect.New(reflect.TypeOf(m)).Elem()
	v.Set(reflect.ValueOf(m))
	v.FieldByName("Raw").SetZero()
	return encode(t, v.Interface().(message.Message))
}

// requireRest requires that got has the strings, numbers and flags of want outside the
// place at the path odd.
func requireRest(t testing.TB, want, got any, path, odd string) {
	t.Helper()
	if path == odd {
		return
	}
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name := range want {
			requireRest(t, want[name], object[name], path+"."+name, odd)
		}
	case []any:
		list, _ := got.([]any)
		for i := range want {
			var element any
			if i < len(list) {
				element = list[i]
			}
			requireRest(t, want[i], element, fmt.Sprintf("%s[%d]", path, i), odd)
		}
	default:
		require.Equal(t, want, got, "%s beside %s", path, odd)
	}
}

// TestOneBadValueLeavesTheRestReadable puts every kind of JSON into every member and
// element of every type. The message is decoded, all other members have fields, and no
// member is lost or added when it is encoded again.
func TestOneBadValueLeavesTheRestReadable(t *testing.T) {
	values := []string{
		`null`, `true`, `false`, `0`, `-1.5`, `1800.0`, `1e400`, `""`, `"x"`, `"+0530"`, `"-0"`, `"true"`,
		`"2026-01-31T12:00:00+0000"`, `"2026-01-31T12:00:00"`, `[]`, `[null]`, `["x"]`, `[{}]`, `{}`, `{"x":1}`,
	}
	for _, name := range names() {
		t.Run(name, func(t *testing.T) {
			original, changed := parsed(t, golden(t, name)), parsed(t, golden(t, name))
			for _, odd := range places(changed, "") {
				for _, value := range append(values, "") {
					switch {
					case value != "":
						odd.set(json.RawMessage(value))
					case odd.remove == nil:
						continue
					default:
						odd.remove()
					}
					data, err := json.Marshal(changed)
					odd.set(odd.was)
					require.NoError(t, err)
					m, err := message.Decode(data)
					if odd.path == ".type" && (value == "" || value == "null" || value == `""`) {
						require.EqualError(t, err, "message: type is missing")
						continue
					}
					require.NoError(t, err, "%s", data)
					encoded := encode(t, m)
					if value != `1e400` { // encoding/json has no such number.
						requireSameMembers(t, parsed(t, data), parsed(t, encoded), "")
					}
					if _, ok := m.(message.Unknown); !ok {
						requireRest(t, original, parsed(t, withoutRaw(t, m)), "", odd.path)
					}
				}
			}
		})
	}
}

func TestValuesOfOtherKindsAreReadWhereTheirMeaningIsClear(t *testing.T) {
	tests := map[string]struct {
		json string
		want func(message.Message) any
		is   any
	}{
		"a number for a text":  {`{"type":"text","text":5.50}`, func(m message.Message) any { return m.(message.Text).Text }, "5.50"},
		"a flag for a text":    {`{"type":"text","text":true}`, func(m message.Message) any { return m.(message.Text).Text }, "true"},
		"a text for a flag":    {`{"type":"text","redacted":"true"}`, func(m message.Message) any { return *m.(message.Text).Redacted }, true},
		"a header as a number": {`{"type":"email","email":{"headers":{"X":3}}}`, func(m message.Message) any { return m.(message.Email).Content.Headers["X"] }, "3"},
		"a version as a number": {
			`{"type":"amb-form-response","ambFormResponse":{"formMessage":{"version":1}}}`,
			func(m message.Message) any { return m.(message.AppleFormResponse).Content.FormMessage.Version }, "1",
		},
		"a duration with a fraction of zero": {
			`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timeslots":[{"duration":1800.0}]}}}`,
			func(m message.Message) any {
				return m.(message.AppleTimePickerResponse).Content.DatePicker.Timeslots[0].Duration
			}, 30 * time.Minute,
		},
		"a start in RFC 3339": {
			`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timeslots":[{"startTime":"2026-02-02T09:00:00Z","duration":"0"}]}}}`,
			func(m message.Message) any {
				return m.(message.AppleTimePickerResponse).Content.DatePicker.Timeslots[0].StartTime
			}, nine,
		},
		"a body that is no object": {
			`{"type":"wab-buttons","wabButtons":{"body":"Which?"}}`,
			func(m message.Message) any { return m.(message.WhatsAppButtons).Content.Body }, "Which?",
		},
		"an index with a fraction of zero": {
			`{"type":"amb-quick-replies-response","ambQuickRepliesResponse":{"selectedIndex":2.0}}`,
			func(m message.Message) any { return *m.(message.AppleQuickRepliesResponse).Content.SelectedIndex }, 2,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := decode(t, test.json)
			is := test.want(m)
			require.Equal(t, test.is, is)
			requireSameMembers(t, parsed(t, []byte(test.json)), parsed(t, encode(t, m)), "")
			require.Equal(t, test.json, string(message.EnvelopeOf(m).Raw))
		})
	}
}

func TestAmbiguousValuesStayRaw(t *testing.T) {
	for _, value := range []string{`""`, `"+0530"`, `"060"`, `"0x10"`, `1.5`, `true`, `1e300`, `"99999999999999999999"`, `" 1"`} {
		given := `{"type":"amb-time-picker-response","direction":"inbound","ambTimePickerResponse":{"datePicker":{"timezoneOffset":` + value + `,"location":{"latitude":` + value + `}}}}`
		m := decode(t, given).(message.AppleTimePickerResponse)
		require.Nil(t, m.Content.DatePicker.TimezoneOffset, value)
		require.Equal(t, given, string(encode(t, m)))
	}
	for _, value := range []string{`"noon"`, `"2026-01-31T12:00:00"`, `1769860800000`, `{}`} {
		given := `{"type":"text","direction":"inbound","timestamp":` + value + `}`
		m := decode(t, given)
		require.Zero(t, message.EnvelopeOf(m).Timestamp)
		require.Equal(t, given, string(encode(t, m)))
		require.JSONEq(t, `{"type":"text","direction":"inbound","timestamp":"2026-01-31T12:00:00Z"}`, string(encode(t, message.Stamp(m, "", sent))))
	}
}

func TestTheStartOfATimeSlotKeepsItsZone(t *testing.T) {
	m := decode(t, `{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timeslots":[{"startTime":"2026-02-02T14:30+0530","duration":"0"}]}}}`)
	start := m.(message.AppleTimePickerResponse).Content.DatePicker.Timeslots[0].StartTime
	require.True(t, nine.Equal(start))
	require.Equal(t, "14:30", start.Format("15:04"))
	require.Nil(t, message.EnvelopeOf(m).Raw)
}

func TestWhatAppleRequiresIsFilledIn(t *testing.T) {
	list := message.AppleListPicker{Content: message.AppleListPickerContent{Data: message.AppleListPickerData{
		ListPicker: message.AppleList{Sections: []message.AppleListSection{
			{Items: []message.AppleListItem{{Identifier: "a", Title: "A"}, {Identifier: "b", Title: "B", Order: new(7)}, {Identifier: "c", Title: "C"}}},
			{Order: new(0)},
			{},
		}},
	}}}
	data, err := json.Marshal(message.StampedWire(list, "m-1", time.Time{}))
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"amb-list-picker","direction":"outbound","aliasId":"m-1","ambListPicker":{"data":{"version":"1.0","requestIdentifier":"m-1",
		"listPicker":{"sections":[
			{"order":0,"multipleSelection":false,"items":[
				{"identifier":"a","title":"A","order":0},{"identifier":"b","title":"B","order":7},{"identifier":"c","title":"C","order":2}]},
			{"order":0,"multipleSelection":false},
			{"order":2,"multipleSelection":false}]}}}}`, string(data))

	given := `{"type":"amb-list-picker","direction":"outbound","ambListPicker":{"data":{"listPicker":{"sections":[{"items":[{"identifier":"a"}]}]}}}}`
	require.Equal(t, given, string(encode(t, decode(t, given))), "what a decoded message lacks stays absent")
}

func TestATypeThatIsNoStringIsUnknown(t *testing.T) {
	given := `{"type":{"name":"text"},"text":"hello"}`
	m := decode(t, given)
	require.IsType(t, message.Unknown{}, m)
	require.Equal(t, given, string(encode(t, m)))
}
