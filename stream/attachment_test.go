package stream_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/stream"
)

// messenger returns the content of a Messenger event with attachments.
func messenger(t *testing.T, text, attachments string) message.Message {
	t.Helper()
	event, err := stream.Decode(fmt.Appendf(nil, `{"channel":"Facebook Messenger","event":"MO","message":%q,"attachments":%q}`, text, attachments))
	require.NoError(t, err)
	content, err := event.(stream.MessageEvent).Content()
	require.NoError(t, err)
	return content
}

func TestALinkAndALocationAreNoFiles(t *testing.T) {
	const (
		location = `{"title":"Ann's Location","payload":{"coordinates":{"long":-0.1,"lat":51.5}},"type":"location","url":"https://maps.example.com/?q=1"}`
		link     = `{"title":"Example","payload":null,"type":"Link","url":"https://www.example.com/"}`
		image    = `{"type":"image","payload":{"url":"https://files.example.com/fb.jpg"}}`
	)
	text := func(text string) message.Message { return message.Text{Direction: message.Inbound, Text: text} }
	files := []message.Attachment{{MIMEType: "image/jpeg", FileName: "fb.jpg", URL: "https://files.example.com/fb.jpg"}}

	require.Nil(t, messenger(t, "", "["+location+"]"))
	require.Equal(t, text("I am here"), messenger(t, "I am here", "["+location+"]"))
	require.Equal(t, text("see https://www.example.com"), messenger(t, "see https://www.example.com", "["+link+"]"))
	require.Equal(t, text("https://www.example.com/"), messenger(t, "", "["+link+"]"), "a link is not lost")
	require.Equal(t, message.TextWithAttachments{Direction: message.Inbound, Text: "https://www.example.com/", Attachments: files},
		messenger(t, "", "["+location+","+image+","+link+"]"))
}

func TestAnMMSWithoutFilesIsAText(t *testing.T) {
	event, err := stream.Decode([]byte(`{"channel":"MMS","oa":"1","da":"2","message":"hello","tid":"t-81"}`))
	require.NoError(t, err)
	e := event.(stream.MessageEvent)
	require.Equal(t, "hello", e.Text)
	content, err := e.Content()
	require.NoError(t, err)
	require.Equal(t, message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "t-81"}}, content)
}

func TestAttachmentsKeepTheirRawJSON(t *testing.T) {
	attachments, err := decode[stream.MessageEvent](t, "messenger_message_webhook").Attachments()
	require.NoError(t, err)
	require.Len(t, attachments, 3)
	require.Equal(t, "location", attachments[1].Type)
	require.JSONEq(t, `{"type":"location","payload":{"coordinates":{"lat":51.5,"long":-0.1}}}`, string(attachments[1].Raw))

	attachments, err = decode[stream.MessageEvent](t, "livechat_attachment_webhook").Attachments()
	require.NoError(t, err)
	require.EqualValues(t, 12345, attachments[0].Size)
	require.Equal(t, "f1", attachments[0].ID)

	attachments, err = decode[stream.MessageEvent](t, "sms_webhook").Attachments()
	require.NoError(t, err)
	require.Empty(t, attachments)
}

func TestFilesHaveANameAnExtensionAndAMediaType(t *testing.T) {
	const media = "https://media.example.com/v1/download-media?exp=1&sid=2&path=3%2Fa%2F"
	for attachment, want := range map[string]message.Attachment{
		`{"url":"https://x.example.com/"}`:              {MIMEType: "application/octet-stream", FileName: "attachment", URL: "https://x.example.com/"},
		`{"url":"https://x.example.com/a/b.png?c=d/e"}`: {MIMEType: "image/png", FileName: "b.png", URL: "https://x.example.com/a/b.png?c=d/e"},
		`{"url":"u/c.png","name":"file"}`:               {MIMEType: "image/png", FileName: "file.png", URL: "u/c.png"},
		`{"name":"lost.png"}`:                           {MIMEType: "image/png", FileName: "lost.png", Dropped: true},
		`{"url":"/","id":"f1","mimeType":"a/b"}`:        {MIMEType: "a/b", FileName: "f1", URL: "/"},
		`{"url":":","id":"f1"}`:                         {MIMEType: "application/octet-stream", FileName: "f1", URL: ":"},

		// The name is in a query parameter.
		`{"url":"` + media + `my%20order.pdf"}`: {MIMEType: "application/pdf", FileName: "my order.pdf", URL: media + "my%20order.pdf"},
		`{"url":"` + media + `order.XYZ"}`:      {MIMEType: "application/octet-stream", FileName: "order.XYZ", URL: media + "order.XYZ"},
		// The type is known, the name has no extension.
		`{"url":"https://x.example.com/voice","mime_type":"audio/mpeg"}`:             {MIMEType: "audio/mpeg", FileName: "voice.mp3", URL: "https://x.example.com/voice"},
		`{"url":"https://x.example.com/voice","mime_type":"audio/ogg; codecs=opus"}`: {MIMEType: "audio/ogg; codecs=opus", FileName: "voice.ogg", URL: "https://x.example.com/voice"},
		`{"url":"https://x.example.com/a.jpeg","name":"shoes"}`:                      {MIMEType: "image/jpeg", FileName: "shoes.jpg", URL: "https://x.example.com/a.jpeg"},
		`{"url":"https://x.example.com/a.xyz","name":"shoes"}`:                       {MIMEType: "application/octet-stream", FileName: "shoes.xyz", URL: "https://x.example.com/a.xyz"},
		// Live chat has a bare word as the content type.
		`{"file":"https://x.example.com/contract.doc","contentType":"file"}`: {MIMEType: "application/msword", FileName: "contract.doc", URL: "https://x.example.com/contract.doc"},
		`{"file":"https://x.example.com/f1","contentType":"image"}`:          {MIMEType: "image/jpeg", FileName: "f1.jpg", URL: "https://x.example.com/f1"},
		// Messenger has a type and nothing else.
		`{"type":"image","payload":{"url":"https://x.example.com/1"}}`: {MIMEType: "image/jpeg", FileName: "1.jpg", URL: "https://x.example.com/1"},
		`{"type":"video","payload":{"url":"https://x.example.com/2"}}`: {MIMEType: "video/mp4", FileName: "2.mp4", URL: "https://x.example.com/2"},
		`{"type":"audio","payload":{"url":"https://x.example.com/3"}}`: {MIMEType: "audio/mpeg", FileName: "3.mp3", URL: "https://x.example.com/3"},
		`{"type":"file","payload":{"url":"https://x.example.com/4"}}`:  {MIMEType: "application/octet-stream", FileName: "4", URL: "https://x.example.com/4"},
	} {
		event, err := stream.Decode([]byte(`{"channel":"Rtm","event":"MO","attachments":[` + attachment + `]}`))
		require.NoError(t, err)
		content, err := event.(stream.MessageEvent).Content()
		require.NoError(t, err)
		require.Equal(t, []message.Attachment{want}, content.(message.Attachments).Attachments, attachment)
	}
}

func TestTheCaptionOfAWhatsAppDocumentCanBeItsName(t *testing.T) {
	const link = "https://x.example.com/download"
	for payload, want := range map[string]message.Message{
		`"type":"document","attachments":[{"mime_type":"application/pdf","url":"` + link + `","caption":"contract.pdf"}]`: message.Attachments{
			Direction: message.Inbound, Attachments: []message.Attachment{{MIMEType: "application/pdf", FileName: "contract.pdf", URL: link}},
		},
		`"type":"document","attachments":[{"mime_type":"application/pdf","url":"` + link + `","caption":"I owe you 5.30"}]`: message.TextWithAttachments{
			Direction: message.Inbound, Text: "I owe you 5.30", Attachments: []message.Attachment{{MIMEType: "application/pdf", FileName: "download.pdf", URL: link}},
		},
		`"type":"image","attachments":[{"mime_type":"image/png","url":"` + link + `","caption":"like shoes.png"}]`: message.TextWithAttachments{
			Direction: message.Inbound, Text: "like shoes.png", Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "download.png", URL: link}},
		},
	} {
		event, err := stream.Decode([]byte(`{"channel":"WhatsApp","event":"MO",` + payload + `}`))
		require.NoError(t, err)
		content, err := event.(stream.MessageEvent).Content()
		require.NoError(t, err)
		require.Equal(t, want, content)
	}
}
