package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// drawn has what the desk draws of each sample.
var drawn = map[message.Type][]string{
	"text":                       {`<p class="text">`},
	"attachments":                {`<a href="https://files.example.com/shoe.png" target="_blank" rel="noopener noreferrer">shoe.png</a>`},
	"text-with-attachments":      {`<p class="text">This one?</p>`, ">shoe.png</a>"},
	"email":                      {"<dt>Subject</dt><dd>A question</dd>", "<dd>ann@mail.example</dd>", "<dd>help@shop.example</dd>", "The shoe is broken.", ">shoe.png</a>"},
	"text-with-lc-carousel":      {"Which one?", `<li class="card">`, "Red shoe", ">Take it</button>", `href="https://shop.example/red"`, "Blue shoe"},
	"text-with-lc-quick-replies": {"Which size?", ">Size 41</button>", ">Size 42</button>"},
	"lc-carousel-response":       {`<p class="answer">Take it</p>`},
	"lc-quick-replies-response":  {`<p class="answer">Size 42</p>`},
	"lc-form-response":           {"Address", "<dt>Town</dt><dd>Oslo</dd>"},
	"wab-buttons":                {"Did it fit?", ">Yes</button>", ">No</button>"},
	"wab-list":                   {"What shall we do?", "<summary>Choose</summary>", "Return", "Swap it", "Refund", "<small>takes a week</small>"},
	"wab-interactive-response":   {`<p class="answer">No</p>`},
	"amb-list-picker":            {"<legend>Shoes</legend>", `type="radio"`, "Red shoe", "Blue shoe", "Send the choice"},
	"amb-time-picker":            {"Fitting", "Tue 1 Dec 09:30, 30 min"},
	"amb-quick-replies":          {"Was it good?", ">Yes</button>", ">No</button>"},
	"amb-form":                   {"<legend>Which size?</legend>", "41", "Send the form"},
	"amb-list-picker-response":   {`<p class="answer">Red shoe</p>`},
	"amb-time-picker-response":   {"Fitting", `<p class="answer">Tue 1 Dec 09:30, 30 min</p>`},
	"amb-quick-replies-response": {`<p class="answer">Yes</p>`},
	"amb-form-response":          {"<dt>Which size?</dt>", "<dd>41</dd>"},
}

func TestEveryTypeIsDrawnAsTheCustomerSeesIt(t *testing.T) {
	b := open(t, configuration{})
	missing := map[message.Type]bool{}
	for _, typ := range message.Types() {
		missing[typ] = true
	}
	for _, ch := range channel.All() {
		for i, m := range samples.Messages(ch) {
			delete(missing, m.Type())
			t.Run(fmt.Sprint(ch, i, m.Type()), func(t *testing.T) {
				page := browser{b.simulator, t}.get("/conversations/" + b.add(ch, m))
				_, transcript, _ := strings.Cut(page, `<ol id="messages">`)
				transcript, _, _ = strings.Cut(transcript, "</ol>")
				for _, want := range drawn[m.Type()] {
					require.Contains(t, transcript, want)
				}
				require.NotContains(t, transcript, "unknown")
			})
		}
	}
	require.Empty(t, missing, "there is no sample")
}

func TestRarePartsOfMessagesAreDrawn(t *testing.T) {
	b := open(t, configuration{})
	withHeader := func(header message.WhatsAppHeader) message.Message {
		m := samples.WhatsAppButtons("Yes")
		m.Content.Header, m.Content.Footer = header, "the small print"
		return m
	}
	for _, test := range []struct {
		channel channel.Channel
		message message.Message
		want    []string
	}{
		{channel.WhatsApp, withHeader(message.WhatsAppTextHeader("A header")), []string{"A header", "the small print"}},
		{channel.WhatsApp, withHeader(message.WhatsAppImageHeader("https://shop.example/a.png")), []string{`href="https://shop.example/a.png"`}},
		{channel.WhatsApp, withHeader(message.WhatsAppVideoHeader("https://shop.example/a.mp4")), []string{`href="https://shop.example/a.mp4"`}},
		{channel.WhatsApp, withHeader(message.WhatsAppDocumentHeader("https://shop.example/a.pdf", "terms.pdf")), []string{">terms.pdf</a>"}},
		{channel.Facebook, message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{{FileName: "virus.exe", Dropped: true}}}, []string{"<s>virus.exe</s> (dropped)"}},
		{channel.Email, message.Email{Direction: message.Inbound, Content: message.EmailContent{
			From: "ann@mail.example", CC: []string{"ben@mail.example"}, HTMLBody: "<p>Hello</p>",
		}}, []string{"<dt>Copy</dt><dd>ben@mail.example</dd>", "&lt;p&gt;Hello&lt;/p&gt;"}},
		{channel.SMS, message.Unknown{Raw: []byte(`{"type":"hologram","direction":"inbound"}`)}, []string{"unknown type", "hologram"}},
		{channel.SMS, message.Unknown{Raw: []byte(`{"type":"carousel","direction":"announcement"}`)}, []string{"unknown type"}},
		{channel.Apple, message.AppleForm{Content: message.AppleFormContent{
			ReceivedMessage: message.AppleBubble{Title: "Tap here", Subtitle: "It is short"},
			Data: message.AppleFormData{Dynamic: message.AppleFormDynamic{Data: message.AppleFormPages{
				Splash: message.AppleFormSplash{Header: "Welcome", SplashText: "Two questions", ButtonTitle: "Go"},
				Pages: []message.AppleFormPage{
					{PageIdentifier: "name", Type: message.AppleFormInput, Title: "Your name", Options: message.AppleFormOptions{Placeholder: "Ann"}},
					{PageIdentifier: "born", Type: message.AppleFormDatePicker, Title: "Born on"},
				},
			}}},
		}}, []string{"Tap here", "It is short", "Welcome", "Two questions", ">Go</button>", `name="value-name"`, `placeholder="Ann"`, `type="date"`}},
	} {
		page := b.get("/conversations/" + b.add(test.channel, test.message))
		for _, want := range test.want {
			require.Contains(t, page, want)
		}
	}
}

func TestAnAnnouncementIsBoldAndItalicWhereItIsMarked(t *testing.T) {
	b := open(t, configuration{})
	for text, want := range map[string]string{
		"The customer has waited **10 minutes**.": "The customer has waited <strong>10 minutes</strong>.",
		"_Ann_ and **Ben** joined":                "<em>Ann</em> and <strong>Ben</strong> joined",
		"file_name_here, 2 * 3, ** and __":        "file_name_here, 2 * 3, ** and __",
		"**<script>alert(1)</script>**":           "<strong>&lt;script&gt;alert(1)&lt;/script&gt;</strong>",
	} {
		page := b.get("/conversations/" + b.add(channel.SMS, message.Text{Direction: message.Announcement, Text: text}))
		require.Contains(t, page, `<p class="text">`+want+"</p>")
	}
	page := b.get("/conversations/" + b.add(channel.SMS, customerText("**not an announcement**")))
	require.Contains(t, page, `<p class="text">**not an announcement**</p>`)
}

func TestWhatPeopleWriteIsAlwaysText(t *testing.T) {
	b := open(t, configuration{})
	const script, link = "<script>alert(1)</script>", "javascript:alert(1)"
	file := message.Attachment{FileName: script, MIMEType: "image/png", URL: link}
	carousel := message.LiveChatCarousel{Text: script, Content: message.LiveChatCarouselContent{Elements: []message.LiveChatCarouselElement{{
		Title: script, Subtitle: script, ImageURLs: []string{link},
		Buttons: []message.LiveChatButton{
			message.LiveChatLink(script, script, link), message.LiveChatLink("a", "b", "data:text/html,"+script),
			message.LiveChatPostback(`"><script>`, script, script),
		},
	}}}}
	for _, c := range []engagetest.Conversation{
		engagetest.NewConversation(channel.SMSAddress{Business: script, Customer: script}, customerText(script)),
		engagetest.NewConversation(channel.EmailAddress{Mailbox: script, From: script, Subject: script}, message.Email{
			Direction: message.Inbound, Content: message.EmailContent{From: script, To: []string{script}, HTMLBody: script}, Attachments: []message.Attachment{file},
		}),
		engagetest.NewConversation(channel.LiveChatAddress{AppID: script, UserID: script, ThreadID: script}, carousel,
			message.LiveChatFormResponse{Content: message.LiveChatFormResponseContent{Title: script, Fields: []message.LiveChatFormField{{Label: script, Value: script}}}}),
		engagetest.NewConversation(channel.FacebookAddress{PageID: script, PageScopedID: script},
			message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{file}}),
	} {
		c.CustomerName, c.ID, c.Participants, c.Status = script, "<b>"+string(c.Channel), []string{script}, engagetest.Status(script)
		id := b.server.Seed(c)
		b.eventually(func() bool { return b.conversations.row(id).ID != "" })
		events := b.listen(url.Values{"view": {"conversations"}, "conversation": {id}, "since": {b.instance.Load().(string) + ".0.0"}}, "")
		for _, drawn := range []string{b.get("/"), b.get("/conversations/" + url.PathEscape(id)), events.await("message-0")} {
			require.Contains(t, drawn, "&lt;script&gt;")
			require.NotContains(t, drawn, "<script>")
			require.NotRegexp(t, `(?i)(href|src|action)="?(javascript|data):`, drawn)
			require.NotContains(t, drawn, "ZgotmplZ")
		}
	}
}

func TestTheCustomerAnswersEveryRichMessage(t *testing.T) {
	form := message.AppleForm{Content: message.AppleFormContent{Data: message.AppleFormData{Dynamic: message.AppleFormDynamic{
		Data: message.AppleFormPages{Pages: []message.AppleFormPage{
			{PageIdentifier: "size", Type: message.AppleFormSelect, Title: "Size", Items: []message.AppleFormItem{{Identifier: "41", Title: "41", Value: "forty-one"}}},
			{PageIdentifier: "name", Type: message.AppleFormInput, Title: "Name"},
		}},
	}}}}
	for _, test := range []struct {
		channel  channel.Channel
		question message.Message
		form     url.Values
		want     message.Type
		choices  []message.Choice
	}{
		{channel.WhatsApp, samples.WhatsAppButtons("Yes", "No"), url.Values{"choice": {"No"}},
			"wab-interactive-response", []message.Choice{{Identifier: "No", Title: "No"}}},
		{channel.WhatsApp, sampleOf(channel.WhatsApp, "wab-list", message.Outbound), url.Values{"choice": {"swap"}},
			"wab-interactive-response", []message.Choice{{Identifier: "swap", Title: "Swap it"}}},
		{channel.LiveChat, samples.Carousel(), url.Values{"choice": {"blue"}},
			"lc-carousel-response", []message.Choice{{Identifier: "blue", Title: "Take it"}}},
		{channel.LiveChat, sampleOf(channel.LiveChat, "text-with-lc-quick-replies", message.Outbound), url.Values{"choice": {"41"}},
			"lc-quick-replies-response", []message.Choice{{Identifier: "41", Title: "Size 41", Value: "41"}}},
		{channel.Apple, sampleOf(channel.Apple, "amb-quick-replies", message.Outbound), url.Values{"choice": {"no"}},
			"amb-quick-replies-response", []message.Choice{{Identifier: "no", Title: "No"}}},
		{channel.Apple, sampleOf(channel.Apple, "amb-list-picker", message.Outbound), url.Values{"choice": {"blue"}},
			"amb-list-picker-response", []message.Choice{{Identifier: "blue", Title: "Blue shoe"}}},
		{channel.Apple, sampleOf(channel.Apple, "amb-time-picker", message.Outbound), url.Values{"choice": {"slot-1"}},
			"amb-time-picker-response", []message.Choice{{Identifier: "slot-1", Title: "2026-12-01T09:30:00Z"}}},
		{channel.Apple, form, url.Values{"choice": {"41"}, "value-name": {"Ann"}},
			"amb-form-response", []message.Choice{{Identifier: "41", Title: "41", Value: "forty-one"}, {Identifier: "name", Title: "Name", Value: "Ann"}}},
	} {
		t.Run(string(test.question.Type()), func(t *testing.T) {
			b := open(t, configuration{})
			id := b.add(test.channel, customerText("hello"), test.question)
			test.form.Set("message", "1")
			b.act("/conversations/"+id+"/answer", test.form)
			messages := b.server.Messages(id)
			require.Len(t, messages, 3)
			require.Equal(t, test.want, messages[2].Type())
			require.Equal(t, test.choices, message.ChoicesOf(messages[2]))
		})
	}
}

func TestAnAnswerThatTheQuestionDoesNotHaveIsRefused(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.WhatsApp, customerText("hello"), samples.WhatsAppButtons("Yes", "No"))
	for _, test := range []struct {
		message, choice string
		status          int
		want            string
	}{
		{"1", "<b>Maybe", http.StatusUnprocessableEntity, "the message has no choice &#34;&lt;b&gt;Maybe&#34;"},
		{"0", "Yes", http.StatusUnprocessableEntity, "the message has no choices"},
		{"2", "Yes", http.StatusNotFound, "There is no such message."},
		{"-1", "Yes", http.StatusNotFound, "There is no such message."},
		{"x", "Yes", http.StatusNotFound, "There is no such message."},
	} {
		status, report := b.send("/conversations/"+id+"/answer", url.Values{"message": {test.message}, "choice": {test.choice}})
		require.Equal(t, test.status, status)
		require.Contains(t, report, test.want)
	}
	status, _ := b.send("/conversations/"+id+"/answer", url.Values{"message": {"1"}})
	require.Equal(t, http.StatusUnprocessableEntity, status, "nothing is chosen")
	require.Len(t, b.server.Messages(id), 2)
}
