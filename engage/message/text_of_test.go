package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
)

func TestEverySampleHasItsTextInOneLine(t *testing.T) {
	want := map[string]string{
		"text-inbound":                        "hello",
		"text-outbound":                       "Good morning 🙂",
		"text-announcement":                   "The customer has **left** the _chat_",
		"attachments-inbound":                 "[receipt.png | [Dropped]]",
		"attachments-outbound":                "[receipt.png | [Dropped]]",
		"text-with-attachments-inbound":       "the receipt [receipt.png | [Dropped]]",
		"text-with-attachments-outbound":      "the receipt [receipt.png | [Dropped]]",
		"email-inbound":                       "Hello [invoice.pdf]",
		"email-outbound":                      "Hello [invoice.pdf]",
		"text-with-lc-carousel-outbound":      "Which one? [Runner [Look | Buy] | Hiker [Buy]]",
		"text-with-lc-quick-replies-outbound": "Did that help? [Yes | No]",
		"lc-carousel-response-inbound":        "Buy",
		"lc-quick-replies-response-inbound":   "Yes",
		"lc-form-response-inbound":            "Before we start [Your name: Jane | Topic: Billing]",
		"wab-buttons-outbound":                "Pick one [Agree | Decline]",
		"wab-list-outbound":                   "Pick one [Tomorrow [Morning | Afternoon]]",
		"wab-interactive-response-inbound":    "Morning",
		"amb-list-picker-outbound":            "Choose [Drinks [Tea | Coffee]]",
		"amb-time-picker-outbound":            "Fitting [2026-02-02T09:00:00Z | 2026-02-02T10:00:00Z]",
		"amb-quick-replies-outbound":          "Did that help? [Yes | No]",
		"amb-form-outbound":                   "Choose [Topic [Billing] | Tell us | When | Time [9]]",
		"amb-list-picker-response-inbound":    "Tea",
		"amb-time-picker-response-inbound":    "Fitting [2026-02-02T10:00:00Z]",
		"amb-quick-replies-response-inbound":  "Yes",
		"amb-form-response-inbound":           "[Topic: Billing]",
	}
	require.Len(t, want, len(samples))
	for _, name := range names() {
		require.Equal(t, want[name], message.TextOf(samples[name]), name)
	}
}

func TestAMessageWithoutTextHasNone(t *testing.T) {
	for _, m := range []message.Message{nil, (*message.Text)(nil), message.Unknown{}, message.AppleTimePickerResponse{}, message.Email{}} {
		require.Empty(t, message.TextOf(m))
		require.Empty(t, message.AttachmentsOf(m))
		require.Empty(t, message.ChoicesOf(m))
	}
	require.Equal(t, "hello", message.TextOf(&message.Text{Text: "hello"}))
	require.Equal(t, "[file]", message.TextOf(message.Attachments{Attachments: []message.Attachment{{URL: "u"}}}))
}

func TestTheFilesOfEveryTypeThatHasThem(t *testing.T) {
	for name, m := range samples {
		switch {
		case strings.HasPrefix(name, "email"):
			require.Equal(t, emailFiles, message.AttachmentsOf(m), name)
		case strings.Contains(name, "attachments"):
			require.Equal(t, files, message.AttachmentsOf(m), name)
		default:
			require.Empty(t, message.AttachmentsOf(m), name)
		}
	}
}

func TestTheChoicesOfEveryResponse(t *testing.T) {
	want := map[string][]message.Choice{
		"lc-carousel-response-inbound":       {{Identifier: "b2", Title: "Buy"}},
		"lc-quick-replies-response-inbound":  {{Identifier: "q1", Title: "Yes", Value: "yes"}},
		"lc-form-response-inbound":           {{Identifier: "name", Title: "Your name", Value: "Jane"}, {Identifier: "topic", Title: "Topic", Value: "Billing"}},
		"wab-interactive-response-inbound":   {{Identifier: "am", Title: "Morning"}},
		"amb-list-picker-response-inbound":   {{Identifier: "tea", Title: "Tea"}},
		"amb-time-picker-response-inbound":   {{Identifier: "t2", Title: "2026-02-02T10:00:00Z"}},
		"amb-quick-replies-response-inbound": {{Identifier: "y", Title: "Yes"}},
		"amb-form-response-inbound":          {{Identifier: "i1", Title: "Billing", Value: "billing"}},
	}
	for _, name := range names() {
		require.Equal(t, want[name], message.ChoicesOf(samples[name]), name)
		choice, ok := message.ChoiceOf(samples[name])
		require.Equal(t, len(want[name]) == 1, ok, name)
		if ok {
			require.Equal(t, want[name][0], choice)
		}
	}
}

func TestAQuickReplyOfAppleIsFoundByItsIdentifierOrIndex(t *testing.T) {
	for content, want := range map[string]message.Choice{
		`{"selectedIdentifier":"n","selectedIndex":0,"items":[{"identifier":"y","title":"Yes"},{"identifier":"n","title":"No"}]}`: {Identifier: "n", Title: "No"},
		`{"selectedIndex":1,"items":[{"title":"Yes"},{"title":"No"}]}`:                                                            {Title: "No"},
		`{"selectedIdentifier":"n"}`: {Identifier: "n"},
	} {
		choice, ok := message.ChoiceOf(decode(t, `{"type":"amb-quick-replies-response","ambQuickRepliesResponse":`+content+`}`))
		require.True(t, ok)
		require.Equal(t, want, choice)
	}
	_, ok := message.ChoiceOf(decode(t, `{"type":"amb-quick-replies-response","ambQuickRepliesResponse":{"selectedIndex":7,"items":[{"title":"Yes"}]}}`))
	require.False(t, ok)
}

func TestDecodeAllReadsOneMessageOrAList(t *testing.T) {
	for data, want := range map[string][]message.Message{
		`{"type":"text","text":"a"}`:                      {message.Text{Text: "a"}},
		` [{"type":"text","text":"a"},{"type":"email"}] `: {message.Text{Text: "a"}, message.Email{}},
		`[]`:                    {},
		`[{"type":"hologram"}]`: {message.Unknown{Raw: []byte(`{"type":"hologram"}`)}},
		`[{"type":"text","x":` + nested(message.MaxDepth-1) + `}]`: {decode(t, `{"type":"text","x":`+nested(message.MaxDepth-1)+`}`)},
	} {
		messages, err := message.DecodeAll([]byte(data))
		require.NoError(t, err)
		require.Equal(t, want, messages)
	}
	for data, problem := range map[string]string{
		``:                               "message: the JSON ends too early",
		`"text"`:                         "message: the JSON is a string, not an object",
		`[`:                              "message: the JSON ends too early",
		`[{"type":"text"},]`:             "message: the JSON is not valid JSON at byte 17",
		`[{"type":"text"}] {}`:           "message: the JSON is not valid JSON at byte 18",
		`[{"type":"text"},{"text":"a"}]`: "message: [1].type is missing",
		`[null]`:                         "message: [0] is null, not an object",
		`[[{"type":"text"}]]`:            "message: [0] is an array, not an object",
		`[` + strings.Repeat(`{"type":"text"},`, message.MaxValues) + `{"type":"text"}]`: "message: the JSON contains more than 10000 messages",
	} {
		messages, err := message.DecodeAll([]byte(data))
		require.EqualError(t, err, problem, "%.40s", data)
		require.Nil(t, messages)
	}
}

// nested returns an array that is nested depth deep.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
