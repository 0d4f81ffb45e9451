package message_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// violations returns the violations of m on a channel that supports it.
func violations(m message.Message) []string {
	ch := channel.SMS
	for _, row := range message.SupportTable() {
		if m != nil && row.Type == m.Type() && row.Direction == message.DirectionOf(m) {
			ch = row.Channels[0]
		}
	}
	return phrases(message.Check(m, outcome.AppendMessage, outcome.V14, ch))
}

func phrases(v outcome.Violations) []string {
	var phrases []string
	for _, violation := range v {
		phrases = append(phrases, violation.String())
	}
	return phrases
}

func TestSamplesHaveNoViolations(t *testing.T) {
	for _, name := range names() {
		require.Empty(t, violations(samples[name]), name)
	}
}

func TestCheckNamesEveryViolationAtOnce(t *testing.T) {
	tests := map[string]struct {
		message message.Message
		want    []string
	}{
		"blank text": {
			message.Text{Direction: message.Inbound, Text: " \t\n"},
			[]string{"Text is empty"},
		},
		"text that is not UTF-8": {
			message.Text{Direction: message.Inbound, Text: "a\xff", Envelope: message.Envelope{AliasID: "\xfe"}},
			[]string{"Text is not valid UTF-8", "AliasID is not valid UTF-8"},
		},
		"a year that cannot be written": {
			message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{
				Timestamp: time.Date(9999, time.December, 31, 23, 0, 0, 0, time.FixedZone("", -2*3600)),
			}},
			[]string{"Timestamp must have a year from 1 to 9999 in UTC"},
		},
		"no files": {
			message.Attachments{Direction: message.Inbound},
			[]string{"Attachments is empty"},
		},
		"files without parts": {
			message.TextWithAttachments{Direction: message.Outbound, Attachments: []message.Attachment{
				{}, {MIMEType: "image/png", FileName: "a.png", URL: "https://example.com/a.png", Dropped: true},
			}},
			[]string{
				"Text is empty",
				"Attachments[0].URL is empty",
				"Attachments[1].URL must be empty, because the file was dropped",
			},
		},
		"more files than the service accepts": {
			message.Attachments{Direction: message.Outbound, Attachments: repeat(11, files[0])},
			[]string{"Attachments must have at most 10 files, not 11: the service drops the others"},
		},
		"more files beside a text": {
			message.TextWithAttachments{Direction: message.Outbound, Text: "hello", Attachments: repeat(12, files[0])},
			[]string{"Attachments must have at most 10 files, not 12: the service drops the others"},
		},
		"more files with an email": {
			message.Email{Direction: message.Outbound, Content: emailContent, Attachments: repeat(13, emailFiles[0])},
			[]string{"Attachments must have at most 10 files, not 13: the service drops the others"},
		},
		"an empty email": {
			message.Email{Direction: message.Outbound},
			[]string{
				"Content.From is empty",
				"Content.To is empty: an outbound email needs a recipient in To or CC",
				"Content.PlainBody is blank: an outbound email needs PlainBody, HTMLBody, StrippedText, StrippedHTML or an attachment",
			},
		},
		"an outbound email of blank bodies": {
			message.Email{Direction: message.Outbound, Content: message.EmailContent{
				From: "a@example.com", To: []string{"b@example.com"}, PlainBody: " ", HTMLBody: "\n", StrippedText: "\t", StrippedHTML: " ",
			}},
			[]string{"Content.PlainBody is blank: an outbound email needs PlainBody, HTMLBody, StrippedText, StrippedHTML or an attachment"},
		},
		"an outbound email without a recipient": {
			message.Email{Direction: message.Outbound, Content: message.EmailContent{From: "a@example.com", PlainBody: "x"}},
			[]string{"Content.To is empty: an outbound email needs a recipient in To or CC"},
		},
		"an email with blank recipients and bad headers": {
			message.Email{Direction: message.Inbound, Content: message.EmailContent{
				From: "a@example.com", To: []string{"b@example.com", ""}, CC: []string{" "}, PlainBody: "x",
				Headers: map[string]string{"": "no name", " \t": "no name", "X": "\xff"},
			}},
			[]string{
				"Content.To[1] is empty",
				"Content.CC[0] is empty",
				"Content.Headers must not have a blank name",
				"Content.Headers must not have a blank name",
				"Content.Headers is not valid UTF-8",
			},
		},
		"a header's name that is not UTF-8": {
			message.Email{Direction: message.Inbound, Content: message.EmailContent{
				From: "a@example.com", PlainBody: "x", Headers: map[string]string{"X-\xff": "fine"},
			}},
			[]string{"Content.Headers is not valid UTF-8"},
		},
		"an empty carousel": {
			message.LiveChatCarousel{},
			[]string{"Text is empty", "Content.Elements is empty"},
		},
		"buttons of a carousel": {
			message.LiveChatCarousel{Text: "Which?", Content: message.LiveChatCarouselContent{
				Elements: []message.LiveChatCarouselElement{{Buttons: []message.LiveChatButton{
					{},
					{Identifier: "1", Title: "Look", Type: message.LiveChatWebURL, Payload: "x"},
					{Identifier: "2", Title: "Buy", Type: message.LiveChatTemplatePostback, URL: "https://example.com"},
				}}},
			}},
			[]string{
				"Content.Elements[0].Buttons[0].Identifier is empty",
				"Content.Elements[0].Buttons[0].Type must be one of: webUrl, templatePostback",
				"Content.Elements[0].Buttons[0].Title is empty",
				"Content.Elements[0].Buttons[1].URL is empty: the type of the button requires it",
				"Content.Elements[0].Buttons[1].Payload must be empty: the type of the button uses URL",
				"Content.Elements[0].Buttons[2].Payload is empty: the type of the button requires it",
				"Content.Elements[0].Buttons[2].URL must be empty: the type of the button uses Payload",
			},
		},
		"an empty response": {
			message.LiveChatFormResponse{},
			[]string{"Content is empty"},
		},
		"four WhatsApp buttons": {
			message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
				Body:   "Which?",
				Action: message.WhatsAppButtonsAction{Buttons: repeat(4, message.NewWhatsAppButton("id", "title"))},
			}},
			[]string{"Content.Action.Buttons must have at most 3 elements, not 4"},
		},
		"a WhatsApp header with the fields of two types": {
			message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
				Header: message.WhatsAppHeader{
					Type: message.WhatsAppHeaderVideo, Text: "x", Document: message.WhatsAppMedia{Filename: "no URL"},
				},
				Body:   strings.Repeat("é", 4097),
				Footer: strings.Repeat("é", 4096),
				Action: message.WhatsAppButtonsAction{Buttons: repeat(1, message.NewWhatsAppButton("", "title"))},
			}},
			[]string{
				"Content.Header.Document.URL is empty",
				"Content.Header.Text must be empty: the header has another type",
				"Content.Header.Video is empty: the type of the header requires it",
				"Content.Body must have at most 4096 characters, not 4097",
				"Content.Action.Buttons[0].Reply.ID is empty",
			},
		},
		"a WhatsApp image with a file name, and a blank footer": {
			message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
				Header: message.WhatsAppHeader{
					Type:  message.WhatsAppHeaderImage,
					Image: message.WhatsAppMedia{URL: "https://example.com/a.png", Filename: "a.png"},
				},
				Body: "Which?", Footer: " ",
				Action: message.WhatsAppButtonsAction{Buttons: repeat(1, message.NewWhatsAppButton("id", "title"))},
			}},
			[]string{
				"Content.Header.Image.Filename must be empty: only a document has a file name",
				"Content.Footer is blank",
			},
		},
		"a long WhatsApp header": {
			withHeader(message.WhatsAppTextHeader(strings.Repeat("é", 4097))),
			[]string{"Content.Header.Text must have at most 4096 characters, not 4097"},
		},
		"a blank WhatsApp header": {
			withHeader(message.WhatsAppTextHeader("\n")),
			[]string{"Content.Header.Text is blank"},
		},
		"an empty WhatsApp header": {
			withHeader(message.WhatsAppTextHeader("")),
			[]string{"Content.Header.Text is empty: the type of the header requires it"},
		},
		"a WhatsApp list of eleven rows": {
			message.WhatsAppList{Content: message.WhatsAppListContent{
				Header: message.WhatsAppHeader{Type: message.WhatsAppHeaderImage, Image: message.WhatsAppMedia{URL: "https://example.com/a.png"}},
				Body:   "Which?",
				Action: message.WhatsAppListAction{Button: "Choose", Sections: []message.WhatsAppSection{
					{Rows: repeat(6, message.WhatsAppRow{ID: "1", Title: "One"})},
					{Rows: repeat(5, message.WhatsAppRow{ID: "2", Title: "Two"})},
				}},
			}},
			[]string{
				"Content.Action.Sections must have at most 10 rows, not 11",
				"Content.Header.Type must be text in a list",
			},
		},
		"an Apple list of 21 sections and 21 items": {
			message.AppleListPicker{Content: message.AppleListPickerContent{Data: message.AppleListPickerData{
				ListPicker: message.AppleList{Sections: append(
					repeat(20, message.AppleListSection{Items: repeat(20, message.AppleListItem{Identifier: "i", Title: "t"})}),
					message.AppleListSection{Items: repeat(21, message.AppleListItem{Identifier: "i", Title: "t"})},
				)},
			}}},
			[]string{
				"Content.Data.ListPicker.Sections must have at most 20 elements, not 21",
				"Content.Data.ListPicker.Sections[20].Items must have at most 20 elements, not 21",
			},
		},
		"eleven Apple time slots and numbers that are not finite": {
			message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{
				Event: message.AppleEvent{
					Location:  message.AppleLocation{Latitude: new(math.NaN()), Longitude: new(math.Inf(1)), Radius: new(math.Inf(-1))},
					Timeslots: repeat(11, message.AppleTimeslot{Identifier: "i", StartTime: nine}),
				},
			}}},
			[]string{
				"Content.Data.Event.Location.Latitude must be a finite number",
				"Content.Data.Event.Location.Longitude must be a finite number",
				"Content.Data.Event.Location.Radius must be a finite number",
				"Content.Data.Event.Timeslots must have at most 10 elements, not 11",
			},
		},
		"Apple times that cannot be written": {
			message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{
				Event: message.AppleEvent{Timeslots: []message.AppleTimeslot{
					{Identifier: "1"},
					{Identifier: "2", StartTime: nine.Add(time.Second)},
					{Identifier: "3", StartTime: nine.AddDate(9000, 0, 0)},
					{Identifier: "4", StartTime: nine, Duration: time.Minute + time.Millisecond},
					{Identifier: "5", StartTime: nine, Duration: -time.Minute},
					{Identifier: "6", StartTime: nine.In(time.FixedZone("IST", 19_800)), Duration: time.Hour},
					{Identifier: "7", StartTime: time.Date(2026, 2, 2, 9, 0, 0, 0, time.FixedZone("LMT", 1172))},
				}},
			}}},
			[]string{
				"Content.Data.Event.Timeslots[0].StartTime is empty",
				"Content.Data.Event.Timeslots[1].StartTime must be a whole minute",
				"Content.Data.Event.Timeslots[2].StartTime must have a year from 1 to 9999 in UTC",
				"Content.Data.Event.Timeslots[3].Duration must be a whole number of seconds, and not negative",
				"Content.Data.Event.Timeslots[4].Duration must be a whole number of seconds, and not negative",
				"Content.Data.Event.Timeslots[6].StartTime must be in a zone whose offset from UTC is in whole minutes",
			},
		},
		"an Apple form without pages": {
			message.AppleForm{},
			[]string{"Content.Data.Dynamic.Data.Pages is empty"},
		},
		"an Apple form's page": {
			message.AppleForm{Content: message.AppleFormContent{Data: message.AppleFormData{
				Images: []message.AppleImage{{}},
				Dynamic: message.AppleFormDynamic{Data: message.AppleFormPages{
					Pages: []message.AppleFormPage{{Type: "essay", Items: []message.AppleFormItem{{}}}},
				}},
			}}},
			[]string{
				"Content.Data.Images[0].Identifier is empty",
				"Content.Data.Images[0].URL is empty",
				"Content.Data.Dynamic.Data.Pages[0].PageIdentifier is empty",
				"Content.Data.Dynamic.Data.Pages[0].Type must be one of: input, select, picker, datePicker",
				"Content.Data.Dynamic.Data.Pages[0].Items[0].Identifier is empty",
				"Content.Data.Dynamic.Data.Pages[0].Items[0].Title is empty",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.ElementsMatch(t, test.want, violations(test.message))
		})
	}
}

// withHeader returns a list with a header and a footer.
func withHeader(header message.WhatsAppHeader) message.Message {
	m := message.NewWhatsAppList("Which?", "Choose", message.WhatsAppSection{Rows: repeat(1, message.WhatsAppRow{ID: "1", Title: "One"})})
	m.Content.Header, m.Content.Footer = header, "below"
	return m
}

func TestHeadersOfWhatsAppHaveNoViolations(t *testing.T) {
	for _, header := range []message.WhatsAppHeader{
		message.WhatsAppTextHeader(strings.Repeat("é", 4096)),
		message.WhatsAppDocumentHeader("https://example.com/a.pdf", "a.pdf"),
		message.WhatsAppDocumentHeader("https://example.com/a.pdf", ""),
		message.WhatsAppVideoHeader("https://example.com/a.mp4"),
		message.WhatsAppImageHeader("https://example.com/a.png"),
	} {
		m := message.NewWhatsAppButtons("Which?", message.NewWhatsAppButton("1", "One"))
		m.Content.Header = header
		require.Empty(t, violations(m), header.Type)
	}
}

// repeat returns a list of n equal elements.
func repeat[E any](n int, element E) []E { return slices.Repeat([]E{element}, n) }

func TestAMessageAtALimitHasNoViolations(t *testing.T) {
	require.Empty(t, violations(message.WhatsAppButtons{Content: message.WhatsAppButtonsContent{
		Body:   strings.Repeat("é", 4096),
		Action: message.WhatsAppButtonsAction{Buttons: repeat(3, message.NewWhatsAppButton("id", "title"))},
	}}))
	require.Empty(t, violations(message.WhatsAppList{Content: message.WhatsAppListContent{
		Body: "Which?",
		Action: message.WhatsAppListAction{Button: "Choose", Sections: repeat(2,
			message.WhatsAppSection{Rows: repeat(5, message.WhatsAppRow{ID: "1", Title: "One"})})},
	}}))
	tenFiles := append(repeat(10, files[0]), repeat(5, message.Attachment{MIMEType: "image", FileName: "[Dropped]", Dropped: true})...)
	require.Empty(t, violations(message.Attachments{Direction: message.Outbound, Attachments: tenFiles}))
	require.Empty(t, violations(message.AppleListPicker{Content: message.AppleListPickerContent{Data: message.AppleListPickerData{
		ListPicker: message.AppleList{Sections: repeat(20,
			message.AppleListSection{Items: repeat(20, message.AppleListItem{Identifier: "i", Title: "t"})})},
	}}}))
	require.Empty(t, violations(message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{
		Event: message.AppleEvent{
			Location:  message.AppleLocation{Latitude: new(-math.MaxFloat64), Longitude: new(math.MaxFloat64)},
			Timeslots: repeat(10, message.AppleTimeslot{Identifier: "i", StartTime: nine}),
		},
	}}}))
	for _, at := range []time.Time{
		time.Date(1, time.January, 1, 0, 0, 1, 0, time.UTC),
		time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC),
	} {
		require.Empty(t, violations(message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{Timestamp: at}}))
	}
}

func TestAnInboundMessageMayHaveMoreFilesThanTheServiceKeeps(t *testing.T) {
	for _, m := range []message.Message{
		message.Attachments{Direction: message.Inbound, Attachments: repeat(11, files[0])},
		message.TextWithAttachments{Direction: message.Inbound, Text: "hello", Attachments: repeat(11, files[0])},
		message.Email{Direction: message.Inbound, Content: emailContent, Attachments: repeat(11, emailFiles[0])},
	} {
		require.Empty(t, violations(m), m.Type())
	}
}

func TestAnInboundEmailMayBeEmpty(t *testing.T) {
	m := message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "jane@example.com"}}
	require.Empty(t, violations(m))
	require.Equal(t, m, decode(t, string(encode(t, m))))
	m.Content.From = ""
	require.Equal(t, []string{"Content.From is empty"}, violations(m))
}

func TestOneBodyOrAnAttachmentIsEnoughForAnEmail(t *testing.T) {
	to := []string{"help@example.org"}
	for name, m := range map[string]message.Email{
		"plain body":    {Content: message.EmailContent{PlainBody: "x"}},
		"HTML body":     {Content: message.EmailContent{HTMLBody: "x"}},
		"stripped text": {Content: message.EmailContent{StrippedText: "x"}},
		"stripped HTML": {Content: message.EmailContent{StrippedHTML: "x"}},
		"attachment":    {Attachments: emailFiles},
		"dropped file":  {Attachments: []message.Attachment{{Dropped: true}}},
		"nameless file": {Attachments: []message.Attachment{{URL: "https://files.example.com/1"}}},
		"a copy":        {Content: message.EmailContent{PlainBody: "x", CC: to}},
		"a recipient":   {Content: message.EmailContent{PlainBody: "x", To: to}},
	} {
		m.Content.From = "jane@example.com"
		m.Direction = message.Inbound
		require.Empty(t, violations(m), "inbound %s", name)

		m.Direction = message.Outbound
		if m.Content.CC == nil {
			m.Content.To = to
		}
		require.Empty(t, violations(m), "outbound %s", name)
	}
}

func TestAnUnknownChannelIsNotAViolationOfTheMessage(t *testing.T) {
	check := func(m message.Message) []string {
		return phrases(message.Check(m, outcome.AppendMessage, outcome.V10, "carrier\npigeon"))
	}
	require.Empty(t, check(samples["email-inbound"]))
	require.Equal(t, []string{"Text is empty"}, check(message.Text{Direction: message.Inbound}))
}

func TestOutboundTextHasALimitOnSMSAndWhatsApp(t *testing.T) {
	check := func(m message.Message, ch channel.Channel) []string {
		return phrases(message.Check(m, outcome.AppendMessage, outcome.V13, ch))
	}
	for ch, limit := range map[channel.Channel]int{channel.SMS: 4000, channel.WhatsApp: 4096} {
		text := message.Text{Direction: message.Outbound, Text: strings.Repeat("é", limit)}
		require.Empty(t, check(text, ch))
		text.Text += "é"
		tooLong := []string{fmt.Sprintf("Text must have at most %d characters, not %d", limit, limit+1)}
		require.Equal(t, tooLong, check(text, ch))
		require.Empty(t, check(text, channel.Facebook))
		if ch == channel.WhatsApp {
			require.Equal(t, tooLong, check(message.TextWithAttachments{Direction: message.Outbound, Text: text.Text, Attachments: files}, ch))
		}
		text.Direction = message.Inbound
		require.Empty(t, check(text, ch), "the text of a customer has no limit")
	}
}

func TestAnAnnouncementHasNoFlags(t *testing.T) {
	text := message.Text{Direction: message.Announcement, Text: "left", Envelope: message.Envelope{Redacted: new(false), AttemptGatewayDelivery: new(true)}}
	require.Equal(t,
		[]string{"Redacted must be nil in an announcement", "AttemptGatewayDelivery must be nil in an announcement"}, violations(text))
	text.Envelope = message.Envelope{}
	require.Empty(t, violations(text))
}

func TestTheTypeOfAnUnknownIsQuoted(t *testing.T) {
	for given, want := range map[string]string{
		`{"type":"holo\ngram"}`:                     `Type is "holo\ngram", which is not known, so the message cannot be sent`,
		`{"type":"wab-list","direction":"inbound"}`: `Type is "wab-list", which must be outbound`,
		`{"type":7}`: "Type is missing in the JSON, so the message cannot be sent",
		`{"type":"` + strings.Repeat("x", 39) + strings.Repeat("é", 9) + `"}`: `Type is not known: it begins with "` + strings.Repeat("x", 39) + `"`,
	} {
		require.Equal(t, []string{want}, violations(decode(t, given)))
	}
	for given, want := range map[string]string{
		`{"type":"text","direction":"inbound"}`:      `Type is "text" in an Unknown: decode its JSON to send it`,
		`{"type":"wab-list","direction":"outbound"}`: `Type is "wab-list" in an Unknown: decode its JSON to send it`,
		`{"type":"wab-list"}`:                        `Type is "wab-list" in an Unknown: decode its JSON to send it`,
	} {
		require.Equal(t, []string{want}, violations(message.Unknown{Raw: []byte(given)}), "Decode makes no Unknown of it")
	}
}

func TestAFormHasATemplate(t *testing.T) {
	const given = `{"type":"amb-form","direction":"outbound","ambForm":{"data":{"dynamic":{"data":{"pages":[{"pageIdentifier":"1","type":"input"}]}}}}}`
	form := decode(t, given).(message.AppleForm)
	require.Equal(t, []string{"Content.Data.Dynamic.Template is empty"}, violations(form), "Raw has none")
	form.Content.Data.Dynamic.Template = "other"
	require.Equal(t, []string{"Content.Data.Dynamic.Template must be messageForms"}, violations(form))
	form.Content.Data.Dynamic.Template = message.AppleFormTemplate
	require.Empty(t, violations(form))

	form.Content.Data.Dynamic.Template, form.Raw = "", nil
	require.Empty(t, violations(form), "it is filled in")
	require.Contains(t, string(encode(t, form)), `"template":"messageForms"`)

	form.Raw = json.RawMessage(`{"mood":1}`)
	require.Empty(t, violations(form), "it is filled in beside other members")
}

func TestADirectionMustBeOneOfThree(t *testing.T) {
	for _, direction := range []message.Direction{"", "Inbound", "sideways"} {
		require.Equal(t, []string{"Direction must be inbound, outbound or announcement"},
			violations(message.Text{Direction: direction, Text: "hello"}))
	}
}

// foreign is a struct of another package that embeds a message.
type foreign struct{ message.Message }

func TestANilMessageIsAViolation(t *testing.T) {
	nils := map[string]message.Message{
		"nil interface":        nil,
		"nil pointer":          (*message.Text)(nil),
		"nil rich pointer":     (*message.AppleForm)(nil),
		"nil unknown pointer":  (*message.Unknown)(nil),
		"foreign type":         foreign{},
		"foreign type of text": struct{ message.Text }{},
	}
	for name, m := range nils {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{"Type is missing: the message must be a struct of the package message, not nil"},
				phrases(message.Check(m, outcome.AppendMessage, outcome.V10, channel.SMS)))
			require.Equal(t, m, message.Stamp(m, "alias", sent))
			require.Nil(t, message.Wire(m))
			require.Nil(t, message.StampedWire(m, "alias", sent))
			require.Equal(t, m, message.Value(m))
			require.Equal(t, message.Envelope{}, message.EnvelopeOf(m))
			require.Empty(t, message.DirectionOf(m))
		})
	}
}

func TestAPointerToAMessageIsAMessage(t *testing.T) {
	m := &message.Text{Direction: message.Inbound, Text: "hello"}
	require.Empty(t, message.Check(m, outcome.AppendMessage, outcome.V10, channel.SMS))
	require.Equal(t, message.Inbound, message.DirectionOf(m))
	require.Equal(t, *m, message.Value(m))
	require.Equal(t, *m, message.Value(*m))

	stamped := message.Stamp(m, "alias", sent)
	require.Equal(t, message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "alias", Timestamp: sent}}, stamped)
	require.Equal(t, "alias", message.EnvelopeOf(stamped).AliasID)
	require.Empty(t, m.AliasID, "Stamp does not change its argument")
}

func TestStampKeepsAnAliasIDAndATimestamp(t *testing.T) {
	for _, name := range names() {
		require.Equal(t, samples[name], message.Stamp(samples[name], "other", sent.Add(time.Hour)), name)
	}
}

func TestStampSetsAMissingAliasIDAndTimestampOfEveryType(t *testing.T) {
	for _, name := range names() {
		want := reflect.New(reflect.TypeOf(samples[name])).Elem()
		want.Set(reflect.ValueOf(samples[name]))
		envelope := want.FieldByName("Envelope")

		envelope.SetZero()
		bare := want.Interface().(message.Message)
		stamped := message.Stamp(bare, "alias", sent)
		envelope.Set(reflect.ValueOf(message.Envelope{AliasID: "alias", Timestamp: sent}))
		require.Equal(t, want.Interface(), stamped, name)

		wire, err := json.Marshal(message.StampedWire(bare, "alias", sent))
		require.NoError(t, err, name)
		require.Equal(t, string(encode(t, stamped)), string(wire), name)
	}
}
