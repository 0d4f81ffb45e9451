package engagetest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/stream"
)

// questions has a message of each type that a customer can answer.
var questions = map[string]struct {
	address  channel.Address
	question message.Message
	choices  []message.Choice
	want     []message.Choice
}{
	"buttons on WhatsApp": {
		addresses["WhatsApp"],
		message.NewWhatsAppButtons("Which one?", message.NewWhatsAppButton("r", "Red"), message.NewWhatsAppButton("b", "Blue")),
		[]message.Choice{{Identifier: "b"}}, []message.Choice{{Identifier: "b", Title: "Blue"}},
	},
	"a list on WhatsApp": {
		addresses["WhatsApp"],
		message.NewWhatsAppList("Which one?", "Choose",
			message.WhatsAppSection{Rows: []message.WhatsAppRow{{ID: "r", Title: "Red"}}},
			message.WhatsAppSection{Rows: []message.WhatsAppRow{{ID: "b", Title: "Blue"}}}),
		[]message.Choice{{Identifier: "b"}}, []message.Choice{{Identifier: "b", Title: "Blue"}},
	},
	"quick replies in live chat": {
		addresses["live chat"],
		message.LiveChatQuickReplies{Text: "Which one?", Content: message.LiveChatQuickRepliesContent{Options: []message.LiveChatQuickReply{
			message.NewLiveChatQuickReply("r", "Red", "red"), message.NewLiveChatQuickReply("b", "Blue", "blue")}}},
		[]message.Choice{{Identifier: "b"}}, []message.Choice{{Identifier: "b", Title: "Blue", Value: "blue"}},
	},
	"a carousel in live chat": {
		addresses["live chat"],
		message.LiveChatCarousel{Text: "Which one?", Content: message.LiveChatCarouselContent{Reference: "q", Elements: []message.LiveChatCarouselElement{
			{Title: "Red", Buttons: []message.LiveChatButton{message.LiveChatPostback("r", "Buy red", "red")}},
			{Title: "Blue", Buttons: []message.LiveChatButton{
				message.LiveChatLink("b", "See blue", "https://example.com"), message.LiveChatPostback("b", "Buy blue", "blue")}}}}},
		[]message.Choice{{Identifier: "b"}}, []message.Choice{{Identifier: "b", Title: "Buy blue"}},
	},
	"quick replies on Apple": {
		addresses["Apple"],
		message.AppleQuickReplies{Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{QuickReply: message.AppleQuickReply{
			SummaryText: "Which one?", Items: []message.AppleQuickReplyItem{{Identifier: "r", Title: "Red"}, {Identifier: "b", Title: "Blue"}}}}}},
		[]message.Choice{{Identifier: "b"}}, []message.Choice{{Identifier: "b", Title: "Blue"}},
	},
	"a list picker on Apple": {
		addresses["Apple"],
		message.AppleListPicker{Content: message.AppleListPickerContent{Data: message.AppleListPickerData{ListPicker: message.AppleList{
			Sections: []message.AppleListSection{
				{Title: "Color", Items: []message.AppleListItem{{Identifier: "r", Title: "Red"}, {Identifier: "b", Title: "Blue"}}},
				{Title: "Extras", MultipleSelection: true, Items: []message.AppleListItem{
					{Identifier: "c", Title: "Case"}, {Identifier: "s", Title: "Strap", Order: new(7)}}},
			}}}}},
		[]message.Choice{{Identifier: "s"}, {Identifier: "b"}, {Identifier: "c"}},
		[]message.Choice{{Identifier: "b", Title: "Blue"}, {Identifier: "c", Title: "Case"}, {Identifier: "s", Title: "Strap"}},
	},
	"a time picker on Apple": {
		addresses["Apple"],
		message.AppleTimePicker{Content: message.AppleTimePickerContent{Data: message.AppleTimePickerData{Event: message.AppleEvent{
			Identifier: "e", Title: "Visit", TimezoneOffset: new(60), Timeslots: []message.AppleTimeslot{
				{Identifier: "1", StartTime: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), Duration: time.Hour},
				{Identifier: "2", StartTime: time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC), Duration: time.Hour}}}}}},
		[]message.Choice{{Identifier: "2"}}, []message.Choice{{Identifier: "2", Title: "2026-01-31T14:00:00Z"}},
	},
	"a form on Apple": {
		addresses["Apple"],
		message.AppleForm{Content: message.AppleFormContent{Data: message.AppleFormData{Dynamic: message.AppleFormDynamic{
			Data: message.AppleFormPages{Pages: []message.AppleFormPage{
				{PageIdentifier: "1", Type: message.AppleFormSelect, MultipleSelection: true, Items: []message.AppleFormItem{
					{Identifier: "y", Title: "Yes", Value: "1"}, {Identifier: "n", Title: "No", Value: "0"}}},
				{PageIdentifier: "2", Type: message.AppleFormPicker, Items: []message.AppleFormItem{{Identifier: "y", Title: "Yes"}}},
				{PageIdentifier: "3", Type: message.AppleFormInput, Title: "Name"},
				{PageIdentifier: "4", Type: message.AppleFormDatePicker, Title: "Birthday"},
			}}}}}},
		[]message.Choice{{Identifier: "3", Value: "Ann"}, {Identifier: "y"}, {Identifier: "n"}, {Identifier: "y"}},
		[]message.Choice{
			{Identifier: "y", Title: "Yes", Value: "1"}, {Identifier: "n", Title: "No", Value: "0"},
			{Identifier: "y", Title: "Yes"}, {Identifier: "3", Title: "Name", Value: "Ann"}},
	},
}

// An agent asks and the customer answers. The answer is a message that the service
// accepts, and it reaches a receiver as the event of its channel.
func TestACustomerAnswersRichMessages(t *testing.T) {
	for name, c := range questions {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			client, err := s.Client()
			require.NoError(t, err)
			id, err := s.Write(c.address, says(c.address, "hello"))
			require.NoError(t, err)
			_, err = client.AppendMessage(t.Context(), engage.AppendMessageV14{
				ConversationID: id, Channel: c.address.Channel(), Messages: []message.Message{c.question},
			})
			require.NoError(t, err)

			answer, err := engagetest.Answer(s.Messages(id)[1], c.choices...)
			require.NoError(t, err)
			require.Equal(t, c.want, message.ChoicesOf(answer))
			_, err = s.Write(c.address, answer)
			require.NoError(t, err)
			require.Equal(t, c.want, message.ChoicesOf(s.Messages(id)[2]))

			payload, err := engagetest.Event(c.address, s.Messages(id)[2])
			require.NoError(t, err)
			event, err := stream.Decode(payload)
			require.NoError(t, err)
			received, err := event.(stream.MessageEvent).Content()
			require.NoError(t, err)
			require.Equal(t, c.want, message.ChoicesOf(received))
		})
	}
}

func TestAnAnswerNeedsAChoiceOfTheQuestion(t *testing.T) {
	for name, c := range questions {
		t.Run(name, func(t *testing.T) {
			_, err := engagetest.Answer(c.question, message.Choice{Identifier: "x"})
			require.EqualError(t, err, `engagetest: Answer: the message has no choice "x"`)
			_, err = engagetest.Answer(c.question)
			require.EqualError(t, err, "engagetest: Answer: there is no choice")
			if len(c.want) == 1 {
				_, err = engagetest.Answer(c.question, c.want[0], c.want[0])
				require.EqualError(t, err, "engagetest: Answer: the message takes one choice")
			}
		})
	}
	for want, c := range map[string]struct {
		question message.Message
		choices  []message.Choice
	}{
		"the message has no choices":           {message.Text{}, []message.Choice{{Identifier: "x"}}},
		`the section "Color" takes one choice`: {questions["a list picker on Apple"].question, []message.Choice{{Identifier: "r"}, {Identifier: "b"}}},
		`the page "3" takes one choice`:        {questions["a form on Apple"].question, []message.Choice{{Identifier: "3"}, {Identifier: "3"}}},
		`the page "2" takes one choice`:        {questions["a form on Apple"].question, []message.Choice{{Identifier: "y"}, {Identifier: "y"}, {Identifier: "y"}}},
	} {
		_, err := engagetest.Answer(c.question, c.choices...)
		require.EqualError(t, err, "engagetest: Answer: "+want)
	}
}
