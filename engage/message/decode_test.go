package message_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

func decode(t testing.TB, data string) message.Message {
	t.Helper()
	m, err := message.Decode([]byte(data))
	require.NoError(t, err)
	return m
}

func TestDocumentedVariantsAreDecoded(t *testing.T) {
	file := message.Attachment{MIMEType: "image/png", FileName: "a.png", URL: "https://example.com/a.png"}
	slot := message.AppleSelectedTimeslot{Identifier: "t1", Duration: 30 * time.Minute}
	tests := map[string]struct {
		json string
		want message.Message
	}{
		"url and name in a chat's attachment": {
			`{"type":"attachments","direction":"inbound","attachments":[{"mimeType":"image/png","name":"a.png","url":"https://example.com/a.png","dropped":false}]}`,
			message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{file}},
		},
		"fileUrl in an email's attachment": {
			`{"type":"email","direction":"inbound","attachments":[{"mimeType":"image/png","fileName":"a.png","fileUrl":"https://example.com/a.png","dropped":false}]}`,
			message.Email{Direction: message.Inbound, Attachments: []message.Attachment{file}},
		},
		"lcFormResponse as type": {
			`{"type":"lcFormResponse","direction":"inbound","lcFormResponse":{"title":"Hi"}}`,
			message.LiveChatFormResponse{Content: message.LiveChatFormResponseContent{Title: "Hi"}},
		},
		"numbers in a response": {
			`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timezoneOffset":-60,"timeslots":[{"identifier":"t1","duration":1800}]}}}`,
			message.AppleTimePickerResponse{Content: message.AppleTimePickerResponseContent{
				DatePicker: message.AppleDatePicker{TimezoneOffset: new(-60), Timeslots: []message.AppleSelectedTimeslot{slot}},
			}},
		},
		"numbers in strings in a question": {
			`{"type":"amb-time-picker","ambTimePicker":{"data":{"version":"1.0","requestIdentifier":"r","event":{"timezoneOffset":"60","location":{"latitude":"52.5","radius":"1e2"}}}}}`,
			message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{
				Version: "1.0", RequestIdentifier: "r",
				Event: message.AppleEvent{
					TimezoneOffset: new(60), Location: message.AppleLocation{Latitude: new(52.5), Radius: new(100.0)},
				},
			}}},
		},
		"only the type":              {`{"type":"email"}`, message.Email{}},
		"space everywhere":           {" {\n\"type\" :\t\"text\" ,\r\n\"text\": \"a\" } \n", message.Text{Text: "a"}},
		"members in any order":       {`{"text":"a","direction":"inbound","type":"text"}`, message.Text{Direction: message.Inbound, Text: "a"}},
		"escapes":                    {`{"type":"text","text":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude42"}`, message.Text{Text: "\"\\/\b\f\n\r\té🙂"}},
		"half a character":           {`{"type":"text","text":"\ud83d!"}`, message.Text{Text: "\ufffd!"}},
		"halves in the wrong order":  {`{"type":"text","text":"\ude42\ud83d\u0061"}`, message.Text{Text: "\ufffd\ufffda"}},
		"a half before a character":  {`{"type":"text","text":"\ud83d\ud83d\ude42"}`, message.Text{Text: "\ufffd🙂"}},
		"an escaped name":            {`{"\u0074ype":"text","te\u0078t":"a"}`, message.Text{Text: "a"}},
		"an unknown direction":       {`{"type":"text","direction":"sideways"}`, message.Text{Direction: "sideways"}},
		"an unknown type of button":  {`{"type":"wab-buttons","wabButtons":{"action":{"buttons":[{"type":"call"}]}}}`, message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{Action: message.WhatsAppButtonsAction{Buttons: []message.WhatsAppButton{{Type: "call"}}}}}},
		"whole seconds":              {`{"type":"text","timestamp":"2026-01-31T12:00:00Z"}`, message.Text{Envelope: message.Envelope{Timestamp: sent}}},
		"a fraction of a second":     {`{"type":"text","timestamp":"2026-01-31T12:00:00.250Z"}`, message.Text{Envelope: message.Envelope{Timestamp: sent.Add(250 * time.Millisecond)}}},
		"an offset without a colon":  {`{"type":"text","timestamp":"2026-01-31T12:00:00+0000"}`, message.Text{Envelope: message.Envelope{Timestamp: sent}}},
		"a time in another zone":     {`{"type":"text","timestamp":"2026-01-31T13:00:00+01:00"}`, message.Text{Envelope: message.Envelope{Timestamp: sent}}},
		"flags of the envelope":      {`{"type":"text","redacted":true,"attemptGwDelivery":false}`, message.Text{Envelope: message.Envelope{Redacted: new(true), AttemptGatewayDelivery: new(false)}}},
		"the direction of a type":    {`{"type":"lc-carousel-response","direction":"inbound"}`, message.LiveChatCarouselResponse{}},
		"no direction where implied": {`{"type":"lc-carousel-response"}`, message.LiveChatCarouselResponse{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, decode(t, test.json))
		})
	}
}

func TestVariantsAreEncodedAsDocumented(t *testing.T) {
	tests := map[string]string{
		`{"type":"attachments","attachments":[{"mimeType":"m","name":"n","url":"u"}]}`:                    `{"type":"attachments","attachments":[{"mimeType":"m","fileName":"n","fileUrl":"u"}]}`,
		`{"type":"email","attachments":[{"mimeType":"m","fileName":"n","fileUrl":"u","dropped":false}]}`:  `{"type":"email","attachments":[{"mimeType":"m","fileName":"n","url":"u","dropped":false}]}`,
		`{"type":"lcFormResponse","direction":"inbound","lcFormResponse":{"title":"t"}}`:                  `{"type":"lc-form-response","direction":"inbound","lcFormResponse":{"title":"t"}}`,
		`{"type":"amb-time-picker-response","ambTimePickerResponse":{"datePicker":{"timezoneOffset":0}}}`: `{"type":"amb-time-picker-response","direction":"inbound","ambTimePickerResponse":{"datePicker":{"timezoneOffset":"0"}}}`,
		`{"type":"text","timestamp":"2026-01-31T13:00:00.500+01:00"}`:                                     `{"type":"text","timestamp":"2026-01-31T12:00:00.5Z"}`,
		`{"type":"amb-form","ambForm":{"data":{}},"redacted":null}`:                                       `{"type":"amb-form","direction":"outbound","ambForm":{"data":{}},"redacted":null}`,
	}
	for given, want := range tests {
		require.JSONEq(t, want, string(encode(t, decode(t, given))))
	}
}

func TestUnknownMembersAreKeptInEveryObject(t *testing.T) {
	tests := []string{
		`{"type":"text","direction":"inbound","text":"hello","mood":{"score":1.50,"tags":["a",null]},"lang":"en"}`,
		`{"type":"text","direction":"inbound","text":"hello","Text":"names are case-sensitive","half":"\ud83d"}`,
		`{"type":"attachments","direction":"inbound","attachments":[{"mimeType":"m","fileName":"n","fileUrl":"u","dropped":false,"cid":"c1"}]}`,
		`{"type":"email","direction":"inbound","email":{"from":"a","bcc":["b"]},"attachments":[{"mimeType":"m","fileName":"n","url":"u","dropped":false,"cid":"c1"}],"size":7}`,
		`{"type":"amb-time-picker-response","direction":"inbound","ambTimePickerResponse":{"datePicker":{"timezoneOffset":"60","timeslots":[{"duration":"1800","colour":"red"}]}}}`,
		`{"type":"text-with-lc-carousel","direction":"outbound","text":"t","lcCarousel":{"elements":[{"buttons":[{"type":"call","phone":"+1"}],"imageUrls":["i"],"wide":true}]}}`,
		`{"type":"email","direction":"inbound","email":{"from":"a","headers":{"X":null,"Y":["z"],"Z":"z"}},"attachments":null}`,
		`{"type":"amb-form","direction":"outbound","timestamp":"2026-01-31T12:00:00Z","redacted":false,"ambForm":{"data":{"dynamic":{"private":false,"data":{"showSummary":false,"pages":[{"options":{"required":true,"mask":"#"}}]}}}}}`,
	}
	for _, given := range tests {
		m := decode(t, given)
		require.JSONEq(t, given, string(encode(t, m)))

		direct, err := json.Marshal(m)
		require.NoError(t, err)
		require.JSONEq(t, given, string(direct))
	}
}

func TestRawIsKeptOnlyIfTheFieldsDoNotContainEverything(t *testing.T) {
	for _, name := range names() {
		require.Nil(t, message.EnvelopeOf(decode(t, string(golden(t, name)))).Raw, name)
	}
	given := `{"type":"text","direction":"inbound","text":"hello","lang":"en"}`
	require.JSONEq(t, given, string(message.EnvelopeOf(decode(t, given)).Raw))
}

func TestAChangedFieldReplacesItsMemberOfRaw(t *testing.T) {
	text := decode(t, `{"type":"text","direction":"inbound","text":"hello","redacted":null,"lang":"en"}`).(message.Text)
	text.Text, text.AliasID = "bye", "m-1"
	require.Equal(t, `{"type":"text","direction":"inbound","text":"bye","redacted":null,"lang":"en","aliasId":"m-1"}`, string(encode(t, text)))
	text.Text = ""
	require.Equal(t, `{"type":"text","direction":"inbound","redacted":null,"lang":"en","aliasId":"m-1"}`, string(encode(t, text)))

	email := decode(t, `{"type":"email","direction":"inbound","email":{"bcc":["b"],"to":null,"headers":{"A":["1"],"B":"2","C":"3"}},
		"attachments":[{"fileName":"a","fileUrl":"u","cid":"c1"},{"fileName":"b","url":"v","cid":"c2"}]}`).(message.Email)
	email.Content.To = []string{"help@example.org"}
	delete(email.Content.Headers, "B")
	email.Content.Headers["C"], email.Content.Headers["D"] = "33", "4"
	email.Attachments[0].FileName = "changed"
	require.JSONEq(t, `{"type":"email","direction":"inbound","email":{"bcc":["b"],"to":["help@example.org"],"headers":{"A":["1"],"C":"33","D":"4"}},
		"attachments":[{"fileName":"changed","url":"u","dropped":false},{"fileName":"b","url":"v","cid":"c2"}]}`, string(encode(t, email)))

	email.Content.Headers, email.Attachments = nil, email.Attachments[1:]
	require.JSONEq(t, `{"type":"email","direction":"inbound","email":{"bcc":["b"],"to":["help@example.org"]},
		"attachments":[{"fileName":"b","url":"v","dropped":false}]}`, string(encode(t, email)))

	email.Content = message.EmailContent{}
	require.JSONEq(t, `{"type":"email","direction":"inbound","attachments":[{"fileName":"b","url":"v","dropped":false}]}`, string(encode(t, email)))
}

func TestRawSendsMembersThatThePackageDoesNotKnow(t *testing.T) {
	m := message.LiveChatFormResponse{
		Content:  message.LiveChatFormResponseContent{Title: "Before we start"},
		Envelope: message.Envelope{Raw: json.RawMessage(`{"mood":1.50,"lcFormResponse":{"locale":"en"}}`)},
	}
	require.JSONEq(t, `{"type":"lc-form-response","direction":"inbound","mood":1.50,"lcFormResponse":{"title":"Before we start","locale":"en"}}`, string(encode(t, m)))
}

func TestRawDoesNotReplaceAField(t *testing.T) {
	m := message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{Raw: json.RawMessage(`{"type":"email","direction":"outbound","text":"other"}`)}}
	require.JSONEq(t, `{"type":"text","direction":"inbound","text":"hello"}`, string(encode(t, m)))
}

func TestARawThatCannotBeDecodedIsAnErrorOfEncoding(t *testing.T) {
	for raw, problem := range map[string]string{
		"{":                       "Raw ends too early",
		"[]":                      "Raw is an array, not an object",
		"{} {}":                   "Raw is not valid JSON at byte 3",
		"{\"x\":\"\xff\"}":        "Raw is not valid UTF-8",
		`{"text":x}`:              "Raw is invalid: text is not valid JSON at byte 8",
		`{"text":"a","text":"b"}`: "Raw is invalid: text appears twice",
	} {
		m := message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{Raw: json.RawMessage(raw)}}
		_, err := json.Marshal(message.Wire(m))
		require.ErrorContains(t, err, "message: "+problem)
		_, err = json.Marshal(m)
		require.ErrorContains(t, err, "message: "+problem)
		require.Equal(t, []string{problem}, violations(m))
	}
}

func TestAnUnknownMemberDoesNotChangeTheOtherMembers(t *testing.T) {
	for _, name := range names() {
		plain := string(encode(t, samples[name]))
		extended := strings.TrimSuffix(plain, "}") + `,"mood":1.50}`
		m := decode(t, extended)
		require.Equal(t, extended, string(encode(t, m)))
		direct, err := json.Marshal(m)
		require.NoError(t, err)
		require.Equal(t, extended, string(direct))
	}
}

func TestATimestampAfterTheYear9999IsAnErrorOfEncoding(t *testing.T) {
	_, err := json.Marshal(message.Text{Text: "hello", Envelope: message.Envelope{Timestamp: sent.AddDate(9000, 0, 0)}})
	require.ErrorContains(t, err, "Timestamp must have a year from 1 to 9999 in UTC")
}

func TestTheMessageDoesNotShareMemoryWithTheData(t *testing.T) {
	given := `{"type":"text","direction":"sideways","text":"hello","lang":"en"}`
	data := []byte(given)
	m, err := message.Decode(data)
	require.NoError(t, err)
	clear(data)
	require.JSONEq(t, given, string(encode(t, m)))

	data = []byte(`{"type":"hologram"}`)
	m, err = message.Decode(data)
	require.NoError(t, err)
	clear(data)
	require.Equal(t, message.Type("hologram"), m.Type())
}

func TestAnUnknownTypeKeepsItsJSON(t *testing.T) {
	given := `{"type":"hologram","direction":"outbound","aliasId":"a1","timestamp":"2026-01-31T12:00:00Z","redacted":"maybe","depth":3.10,"text":null}`
	m := decode(t, given)
	require.Equal(t, message.Unknown{Raw: json.RawMessage(given)}, m)
	require.Equal(t, message.Type("hologram"), m.Type())
	require.Equal(t, message.Outbound, message.DirectionOf(m))
	require.Equal(t, message.Envelope{AliasID: "a1", Timestamp: sent}, message.EnvelopeOf(m), "a member with an invalid value stays zero")
	require.Equal(t, given, string(encode(t, m)))
	direct, err := json.Marshal(m)
	require.NoError(t, err)
	require.Equal(t, given, string(direct))
	require.Equal(t, m, message.Stamp(m, "other", sent.Add(time.Hour)))
	require.Equal(t,
		[]string{`Type is "hologram", which is not known, so the message cannot be sent`},
		phrases(message.Check(m, outcome.AppendMessage, outcome.V14, channel.API)))
}

func TestAMessageInADirectionThatItsTypeDoesNotHaveIsUnknown(t *testing.T) {
	for _, given := range []string{
		`{"type":"text-with-lc-carousel","direction":"inbound","text":"t","lcCarousel":{"reference":"r"}}`,
		`{"lcFormResponse":{},"type":"lcFormResponse","direction":"sideways"}`,
	} {
		m := decode(t, given)
		require.IsType(t, message.Unknown{}, m)
		require.Equal(t, given, string(encode(t, m)))
	}
}

func TestAnUnknownMayBeZeroOrTruncated(t *testing.T) {
	m := message.Unknown{}
	require.Empty(t, m.Type())
	require.Empty(t, message.DirectionOf(m))
	require.Equal(t, message.Envelope{}, message.EnvelopeOf(m))
	require.Equal(t, "null", string(encode(t, m)))

	cut := message.Unknown{Raw: []byte(`{"type":"hologram","aliasId":"a1","x`)}
	require.Equal(t, "a1", message.EnvelopeOf(cut).AliasID)
	_, err := json.Marshal(message.Wire(cut))
	require.Error(t, err)
}

func TestUnmarshalJSONDecodesAMessageOfItsType(t *testing.T) {
	var text message.Text
	require.NoError(t, json.Unmarshal([]byte(`{"type":"text","direction":"inbound","text":"hello"}`), &text))
	require.Equal(t, message.Text{Direction: message.Inbound, Text: "hello"}, text)

	require.NoError(t, json.Unmarshal([]byte(`null`), &text))
	require.Equal(t, "hello", text.Text, "null changes nothing")

	err := json.Unmarshal([]byte(`{"type":"email"}`), &text)
	require.EqualError(t, err, "message: the JSON is not a message.Text: it has another type or direction")
	err = json.Unmarshal([]byte(`{"type":"text","text":"a","text":"b"}`), &text)
	require.EqualError(t, err, "message: text appears twice")

	var unknown message.Unknown
	require.NoError(t, json.Unmarshal([]byte(`{"type":"text"}`), &unknown))
	require.Equal(t, message.TypeText, unknown.Type())
	require.NoError(t, json.Unmarshal([]byte(`null`), &unknown))
	require.Equal(t, message.TypeText, unknown.Type())
	require.EqualError(t, json.Unmarshal([]byte(`[]`), &unknown), "message: the JSON is an array, not an object")
}

func TestEveryTypeUnmarshalsItsJSON(t *testing.T) {
	pointers := []any{
		new(message.Text), new(message.Attachments), new(message.TextWithAttachments), new(message.Email),
		new(message.LiveChatCarousel), new(message.LiveChatQuickReplies), new(message.LiveChatCarouselResponse),
		new(message.LiveChatQuickRepliesResponse), new(message.LiveChatFormResponse),
		new(message.WhatsAppButtons), new(message.WhatsAppList), new(message.WhatsAppInteractiveResponse),
		new(message.AppleListPicker), new(message.AppleTimePicker), new(message.AppleQuickReplies), new(message.AppleForm),
		new(message.AppleListPickerResponse), new(message.AppleTimePickerResponse),
		new(message.AppleQuickRepliesResponse), new(message.AppleFormResponse),
	}
	require.Len(t, pointers, len(message.Types()))
	for _, pointer := range pointers {
		_, data := sampleOf(t, pointer.(message.Message).Type())
		require.NoError(t, json.Unmarshal(data, pointer))
		written, err := json.Marshal(pointer)
		require.NoError(t, err)
		require.JSONEq(t, string(data), string(written))
	}
}

func TestAnErrorNamesTheMember(t *testing.T) {
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	tests := map[string]struct{ json, member, problem string }{
		"nothing":                {``, "", "ends too early"},
		"null":                   {`null`, "", "is null, not an object"},
		"an array":               {`[{"type":"text"}]`, "", "is an array, not an object"},
		"a string":               {`"text"`, "", "is a string, not an object"},
		"a number":               {`-1`, "", "is a number, not an object"},
		"a flag":                 {`true`, "", "is true or false, not an object"},
		"no JSON":                {`hello`, "", "is not valid JSON at byte 0"},
		"HTML":                   {`<html>`, "", "is not valid JSON at byte 0"},
		"truncated":              {`{"type":"text","text":"hel`, "text", "ends too early"},
		"truncated later":        {`{"type":"text"`, "", "ends too early"},
		"two values":             {`{"type":"text"} {}`, "", "is not valid JSON at byte 16"},
		"two unknown values":     {`{"type":"hologram"} {}`, "", "is not valid JSON at byte 20"},
		"trailing comma":         {`{"type":"text",}`, "", "is not valid JSON at byte 15"},
		"comma first":            {`{,"type":"text"}`, "", "is not valid JSON at byte 1"},
		"no colon":               {`{"type" "text"}`, "", "is not valid JSON at byte 8"},
		"a list's extra comma":   {`{"type":"attachments","attachments":[{},]}`, "attachments[1]", "is not valid JSON at byte 40"},
		"control character":      {"{\"type\":\"text\",\"text\":\"a\nb\"}", "text", "is not valid JSON at byte 24"},
		"bad escape":             {`{"type":"text","text":"\x"}`, "text", "is not valid JSON at byte 24"},
		"bad unicode escape":     {`{"type":"text","text":"\u12"}`, "text", "is not valid JSON at byte 27"},
		"half and a bad escape":  {`{"type":"text","text":"\ud83d\uz"}`, "text", "is not valid JSON at byte 31"},
		"not UTF-8":              {"{\"type\":\"text\",\"text\":\"\xff\"}", "text", "is not valid UTF-8"},
		"not UTF-8 before type":  {"{\"text\":\"\xff\",\"type\":\"text\"}", "text", "is not valid UTF-8"},
		"unknown before type":    {"{\"x\":\"\xff\",\"type\":\"text\"}", "", "is not valid UTF-8"},
		"name that is not UTF-8": {"{\"type\":\"text\",\"\xff\":1}", "", "is not valid UTF-8"},
		"unknown, not UTF-8":     {"{\"type\":\"hologram\",\"x\":\"\xff\"}", "", "is not valid UTF-8"},
		"bad number":             {`{"type":"text","x":01}`, "", "is not valid JSON at byte 20"},
		"bad fraction":           {`{"type":"text","x":1.}`, "", "is not valid JSON at byte 21"},
		"bad exponent":           {`{"type":"text","x":1e+}`, "", "is not valid JSON at byte 22"},
		"bad word":               {`{"type":"text","x":nul}`, "", "is not valid JSON at byte 19"},
		"no type":                {`{"text":"hello"}`, "type", "is missing"},
		"null type":              {`{"type":null}`, "type", "is missing"},
		"type twice":             {`{"type":"text","type":"email"}`, "type", "appears twice"},
		"text twice":             {`{"type":"text","text":"a","text":"b"}`, "text", "appears twice"},
		"text twice by escape":   {`{"type":"text","text":"a","t\u0065xt":"b"}`, "text", "appears twice"},
		"a link under two names": {`{"type":"attachments","attachments":[{"url":"a","fileUrl":"b"}]}`, "attachments[0].fileUrl", "appears twice"},
		"deep member": {
			`{"type":"text-with-lc-carousel","lcCarousel":{"elements":[{},{"buttons":[{"title":"a","title":"b"}]}]}}`,
			"lcCarousel.elements[1].buttons[0].title", "appears twice",
		},
		"header null first": {`{"type":"email","email":{"headers":{"X":null,"X":"z"}}}`, "email.headers", "contains a name twice"},
		"header twice":      {`{"type":"email","email":{"headers":{"X":"y","X":"z"}}}`, "email.headers", "contains a name twice"},
		"nested too deep":   {`{"type":"text","x":` + deep + `}`, "", "is nested more than 64 deep"},
		"unknown and deep":  {`{"type":"hologram","x":` + deep + `}`, "", "is nested more than 64 deep"},
		"deep before type":  {`{"attachments":` + deep + `,"type":"text"}`, "attachments", "is nested more than 64 deep"},
		"too many elements": {`{"type":"attachments","attachments":[` + strings.Repeat(`{},`, 10_000) + `{}]}`, "attachments", "contains more than 10000 values"},
		"too many headers":  {`{"type":"email","email":{"headers":{` + strings.Join(numbered(message.MaxValues+1, `"%d":"x"`), ",") + `}}}`, "email.headers", "contains more than 10000 values"},
		"too many members":  {`{"type":"text",` + strings.Join(numbered(message.MaxValues+1, `"%d":1`), ",") + `}`, "", "contains more than 10000 values"},
		"too large":         {`{"type":"text","text":"` + strings.Repeat("a", 10<<20) + `"}`, "", "is larger than 4194304 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := message.Decode([]byte(test.json))
			require.Nil(t, m)
			decodeError, ok := errors.AsType[*message.DecodeError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, message.DecodeError{Member: test.member, Problem: test.problem}, *decodeError)
		})
	}
}

// numbered returns n texts of the format, with the numbers from 0.
func numbered(n int, format string) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(format, i)
	}
	return texts
}

func TestAMessageAtALimitOfSizeIsDecoded(t *testing.T) {
	for name, data := range map[string]string{
		"bytes":    `{"type":"text","text":"` + strings.Repeat("a", message.MaxSize-len(`{"type":"text","text":""}`)) + `"}`,
		"nesting":  `{"type":"text","x":` + strings.Repeat("[", message.MaxDepth-1) + strings.Repeat("]", message.MaxDepth-1) + `}`,
		"elements": `{"type":"attachments","attachments":[` + strings.Repeat(`{},`, message.MaxValues-1) + `{}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := message.Decode([]byte(data))
			require.NoError(t, err)
		})
	}
}

func TestNumbersMayBeginWithEveryDigit(t *testing.T) {
	for _, number := range []string{"0", "1", "9", "90", "-9"} {
		m := decode(t, `{"type":"amb-quick-replies-response","ambQuickRepliesResponse":{"selectedIndex":`+number+`}}`)
		require.Equal(t, number, strconv.Itoa(*m.(message.AppleQuickRepliesResponse).Content.SelectedIndex))

		m = decode(t, `{"type":"text","text":`+number+`}`)
		require.Equal(t, number, m.(message.Text).Text)
	}
}

func TestTheTextOfAnError(t *testing.T) {
	_, err := message.Decode([]byte(`{"type":"text","text":"a","text":"b"}`))
	require.EqualError(t, err, "message: text appears twice")
	_, err = message.Decode([]byte(`[]`))
	require.EqualError(t, err, "message: the JSON is an array, not an object")
}

// TestErrorsNeverQuoteADamagedMessage truncates and damages every sample at every byte.
func TestErrorsNeverQuoteADamagedMessage(t *testing.T) {
	hide := strings.NewReplacer("example", "SECRET", "Title", "SECRET", "Pick", "SECRET")
	decode := func(data []byte) error {
		_, err := message.Decode(data)
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Fatal("the error quotes the message")
		}
		return err
	}
	for _, name := range names() {
		data := []byte(hide.Replace(string(encode(t, samples[name]))))
		for i, original := range data {
			if decode(data[:i]) == nil {
				t.Fatalf("%s is decoded although it ends at byte %d", name, i)
			}
			for _, damage := range []byte{'"', '{', ',', 'n', 0xff} {
				data[i] = damage
				_ = decode(data) // The damaged JSON may still be a message.
			}
			data[i] = original
		}
	}
}

func TestAHostileMessageNeedsLittleMemory(t *testing.T) {
	pages := `{"type":"amb-form","ambForm":{"data":{"dynamic":{"data":{"pages":[` + strings.Repeat(`{},`, 1_000_000) + `{}]}}}}}`
	var members strings.Builder
	members.WriteString(`{"type":"text"`)
	for i := range 300_000 {
		fmt.Fprintf(&members, `,"%x":0`, i)
	}
	members.WriteString("}")
	for _, hostile := range []string{pages, members.String()} {
		var before, after runtime.MemStats
		data := []byte(hostile)
		runtime.ReadMemStats(&before)
		_, err := message.Decode(data)
		runtime.ReadMemStats(&after)
		require.ErrorContains(t, err, "contains more than 10000 values")
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
	}
}

func TestATimestampNeedsAZone(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2026-01-31T12:00:00Z":             sent,
		"2026-01-31T12:00:00.000000001Z":   sent.Add(time.Nanosecond),
		"2026-01-31T07:00:00-05:00":        sent,
		"2026-01-31T12:00:00.123456+00:00": sent.Add(123456 * time.Microsecond),
	} {
		at, err := message.ParseTimestamp(text)
		require.NoError(t, err)
		require.Equal(t, want, at)
	}
	for text, problem := range map[string]string{
		"2026-01-31T12:00:00":       "timestamp has no zone: end it in Z or in an offset such as +01:00",
		"2026-01-31T12:00:00.5":     "timestamp has no zone: end it in Z or in an offset such as +01:00",
		"2026-01-31 12:00:00Z":      "timestamp is not an RFC 3339 time such as 2026-01-31T12:00:00Z",
		"":                          "timestamp is not an RFC 3339 time such as 2026-01-31T12:00:00Z",
		"9999-12-31T23:59:59-01:00": "timestamp is not an RFC 3339 time such as 2026-01-31T12:00:00Z",
		"0001-01-01T00:00:00+01:00": "timestamp is not an RFC 3339 time such as 2026-01-31T12:00:00Z",
	} {
		_, err := message.ParseTimestamp(text)
		require.EqualError(t, err, problem)
	}
}

func TestTimestampsAreEncodedInUTC(t *testing.T) {
	for want, at := range map[string]time.Time{
		"2026-01-31T12:00:00Z":        sent.In(time.FixedZone("CET", 3600)),
		"2026-01-31T12:00:00.25Z":     sent.Add(250 * time.Millisecond),
		"2026-01-31T12:00:00.000001Z": sent.Add(time.Microsecond),
	} {
		m := message.Text{Direction: message.Inbound, Text: "a", Envelope: message.Envelope{Timestamp: at}}
		require.JSONEq(t, `{"type":"text","direction":"inbound","text":"a","timestamp":"`+want+`"}`, string(encode(t, m)))
	}
}
