package engagetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// resolveBody is a request to resolve, with the details as a string.
func resolveBody(mediaType, mediaChannel, details string) string {
	quoted, err := json.Marshal(details)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"transId":"T1","flowId":"F","mediaType":%q,"mediaChannel":%q,"details":%s,"overrideDefaultClose":true}`,
		mediaType, mediaChannel, quoted)
}

// messageBody is a request to resolve with the given message details.
func messageBody(mediaType, mediaChannel, messageDetails string) string {
	return resolveBody(mediaType, mediaChannel, `{"messageDetails":`+messageDetails+`,"pciDetails":{}}`)
}

func TestResolveFindsOrCreatesAConversation(t *testing.T) {
	const smsDetails = `{"senderNumber":"c","serviceNumber":"b","message":"hi","timestamp":"x"}`
	const chatDetails = `{"userId":"c","appId":"b","threadId":"t","message":"hi","attachmentCount":0}`
	const mailDetails = `{"customerEmailId":"c","businessEmailId":"b","subject":"s","inReplyTo":"","message":"hi"}`
	open, closed := engagetest.OnHold, engagetest.Closed
	for name, test := range map[string]struct {
		mediaType, mediaChannel, details string
		channel                          channel.Channel
		before                           engagetest.Status
		operation                        string
		total                            int
	}{
		"sms, none":       {"social", "sms", smsDetails, "sms", "", "created", 1},
		"sms, open":       {"social", "sms", smsDetails, "sms", open, "appended", 1},
		"sms, closed":     {"social", "sms", smsDetails, "sms", closed, "reopened", 1},
		"chat, none":      {"chat", "web", chatDetails, "livechat", "", "created", 1},
		"chat, open":      {"chat", "web", chatDetails, "livechat", open, "appended", 1},
		"chat, closed":    {"chat", "web", chatDetails, "livechat", closed, "created", 2},
		"mail, none":      {"email", "email", mailDetails, "email", "", "created", 1},
		"mail, closed":    {"email", "email", mailDetails, "email", closed, "reopened", 1},
		"facebook, none":  {"social", "facebook", `{"psId":"c","facebookPageId":"b","message":"hi"}`, "facebook", "", "created", 1},
		"whatsapp, none":  {"social", "whatsapp", `{"customerWhatsappId":"c","waId":"b","message":"hi"}`, "whatsapp", "", "created", 1},
		"apple, reopened": {"social", "appleMessages", `{"abcUserId":"c","accountId":"b","message":"hi"}`, "amb", closed, "reopened", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			if test.before != "" {
				s.Seed(engagetest.Conversation{
					Channel: test.channel, BusinessAddress: "b", CustomerAddress: "c", ThreadID: "t", Subject: "s", Status: test.before,
				})
			}
			got := s.post("/conversations/resolve", messageBody(test.mediaType, test.mediaChannel, test.details))
			require.Equal(t, http.StatusAccepted, got.status, got.text)
			require.Equal(t, "T1", got.body["transId"])
			require.Equal(t, test.operation, got.body["conversationOperation"])
			require.Len(t, s.Conversations(), test.total)

			after := s.conversation(got.value("conversationId").(string))
			require.Equal(t, test.channel, after.Channel)
			require.Len(t, after.Messages, 1)
			require.Equal(t, "hi", after.Messages[0].Text)
			require.Contains(t, string(after.Messages[0].Raw), `"hi"`)
			switch {
			case test.operation == "appended":
				require.Equal(t, test.before, after.Status)
				require.Nil(t, got.body["taskId"])
			case test.channel == "livechat":
				require.Equal(t, engagetest.Queued, after.Status)
				require.NotEmpty(t, got.body["taskId"])
			default:
				require.Equal(t, engagetest.Queued, after.Status)
				require.Equal(t, got.body["taskId"], after.AliasID)
			}
		})
	}
}

func TestResolveReportsItsOperationByCallback(t *testing.T) {
	s, r := start(t), receive(t)
	body := messageBody("social", "sms", `{"senderNumber":"c","serviceNumber":"b","message":"hi"}`)
	got := s.post("/conversations/resolve", body[:len(body)-1]+`,"callbackUrl":"`+r.URL+`"}`)
	require.Equal(t, "T1", got.body["transId"])
	require.NotContains(t, got.body, "conversationOperation")
	callback := <-r.got
	require.Equal(t, "created", callback["conversationOperation"])
	require.Equal(t, got.body["tid"], callback["tid"])
	require.NotEmpty(t, callback["taskId"])
}

func TestInvalidRequestsToResolveAreRefused(t *testing.T) {
	s := start(t)
	for name, test := range map[string]struct{ body, problem string }{
		"nothing":        {`{}`, "details is missing"},
		"unknown media":  {messageBody("social", "web", `{}`), "mediaChannel is unknown for the mediaType"},
		"an object":      {`{"details":{}}`, "details is not a string"},
		"blank":          {`{"details":""}`, "details is empty"},
		"not JSON":       {`{"details":"x"}`, "details is not an object"},
		"no details":     {resolveBody("social", "sms", `{}`), "details.messageDetails is missing"},
		"another case":   {resolveBody("social", "sms", `{"MessageDetails":{}}`), "details.MessageDetails is not known"},
		"null":           {messageBody("social", "sms", `null`), "details.messageDetails is null"},
		"no address":     {messageBody("social", "sms", `{}`), "details.messageDetails.senderNumber is missing"},
		"address number": {messageBody("social", "sms", `{"senderNumber":1}`), "details.messageDetails.senderNumber is not a string"},
		"another's name": {messageBody("social", "sms", `{"senderNumber":"c","serviceNumber":"b","appId":"a"}`), "details.messageDetails.appId is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.post("/conversations/resolve", test.body)
			require.GreaterOrEqual(t, got.status, 400)
			require.Contains(t, got.body["description"], test.problem)
			require.Empty(t, s.Conversations())
		})
	}
}

func TestAResolvedEmailKeepsItsHeaders(t *testing.T) {
	for name, headers := range map[string]string{
		"an object": `{"Message-ID":"<1@c>","X":"y"}`,
		"a string":  `"{\"Message-ID\":\"<1@c>\",\"X\":\"y\"}"`,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			first := s.post("/conversations/resolve", messageBody("email", "email",
				`{"customerEmailId":"c","businessEmailId":"b","subject":"s","message":"hi","htmlMessage":"<p>hi</p>","headers":`+headers+`}`))
			require.Equal(t, "created", first.body["conversationOperation"])
			answer := s.post("/conversations/resolve", messageBody("email", "email",
				`{"customerEmailId":"colleague","businessEmailId":"b","subject":"other","message":"hi","inReplyTo":"<1@c>"}`))
			require.Equal(t, "appended", answer.body["conversationOperation"])
			require.Equal(t, first.value("conversationId"), answer.value("conversationId"))

			kept := s.conversation(first.value("conversationId").(string)).Messages[0]
			m, err := message.Decode(kept.Raw)
			require.NoError(t, err)
			require.Equal(t, map[string]string{"Message-ID": "<1@c>", "X": "y"}, m.(message.Email).Content.Headers)
			require.Equal(t, "hi", m.(message.Email).Content.PlainBody)
			require.Equal(t, "<p>hi</p>", m.(message.Email).Content.HTMLBody)
		})
	}

	s := start(t)
	unread := s.post("/conversations/resolve", messageBody("email", "email",
		`{"customerEmailId":"c","businessEmailId":"b","subject":"s","message":"hi","headers":[1]}`))
	require.Equal(t, http.StatusAccepted, unread.status)
	require.NotContains(t, string(s.Conversations()[0].Messages[0].Raw), "headers")
}

func TestResolvedFilesAreKept(t *testing.T) {
	for name, test := range map[string]struct {
		mediaType, mediaChannel, details string
		typ, text                        string
		file                             engagetest.Attachment
	}{
		"a chat's file alone": {"chat", "web", `{"userId":"c","appId":"b","threadId":"t","message":" ","attachment":"[{\"file\":\"https://x/a\",\"contentType\":\"image/png\"}]"}`,
			"attachments", "", engagetest.Attachment{URL: "https://x/a", MIMEType: "image/png"}},
		"a chat's file with text": {"chat", "web", `{"userId":"c","appId":"b","threadId":"t","message":"hi","attachment":"[{\"file\":\"https://x/a\"}]"}`,
			"text-with-attachments", "hi", engagetest.Attachment{URL: "https://x/a"}},
		"a list with a caption": {"social", "whatsapp", `{"customerWhatsappId":"c","waId":"b","message":"","caption":"look","attachments":[{"mimeType":"a/b","fileUrl":"https://x/a","fileName":"f"}]}`,
			"text-with-attachments", "look", engagetest.Attachment{URL: "https://x/a", MIMEType: "a/b", FileName: "f"}},
		"a dropped file": {"social", "facebook", `{"psId":"c","facebookPageId":"b","attachments":"[{\"dropped\":true,\"name\":\"f\"},{}]"}`,
			"attachments", "", engagetest.Attachment{FileName: "f", Dropped: true}},
		"an email's file": {"email", "email", `{"customerEmailId":"c","businessEmailId":"b","subject":"s","attachments":"[{\"mimeType\":\"a/b\",\"name\":\"f\",\"url\":\"https://x/a\"}]"}`,
			"email", "", engagetest.Attachment{URL: "https://x/a", MIMEType: "a/b", FileName: "f"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			got := s.post("/conversations/resolve", messageBody(test.mediaType, test.mediaChannel, test.details))
			require.Equal(t, http.StatusAccepted, got.status, got.text)
			kept := s.Conversations()[0].Messages[0]
			require.Equal(t, test.typ, kept.Type)
			require.Equal(t, test.text, kept.Text)
			require.Equal(t, []engagetest.Attachment{test.file}, kept.Attachments)
			m, err := message.Decode(kept.Raw)
			require.NoError(t, err)
			require.EqualValues(t, test.typ, m.Type())
		})
	}
}

func TestAResolvedMessageHasTheTimeOfItsDetails(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	sent := time.Date(2026, 1, 30, 9, 30, 0, 0, time.UTC)
	for timestamp, want := range map[string]time.Time{
		`"2026-01-30T10:30:00+01:00"`: sent, `1769765400`: sent, `"1769765400"`: sent, `1769765400000`: sent,
		`"yesterday"`: now, `0`: now, `-1`: now, `""`: now, `true`: now,
	} {
		s := start(t, engagetest.WithClock(func() time.Time { return now }))
		got := s.post("/conversations/resolve", messageBody("social", "sms", `{"senderNumber":"c","serviceNumber":"b","message":"hi","timestamp":`+timestamp+`}`))
		require.Equal(t, http.StatusAccepted, got.status, got.text)
		require.Equal(t, want, s.Conversations()[0].Messages[0].Timestamp, timestamp)
		require.Equal(t, now, s.Conversations()[0].CreatedAt)
	}
}

func TestAConversationIsPlainData(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := start(t, engagetest.WithClock(func() time.Time { return now }))
	s.Seed(engagetest.Conversation{})
	got := s.post("/conversations/resolve", messageBody("social", "sms", `{"senderNumber":"c","serviceNumber":"b","message":"hi"}`))
	id := got.value("conversationId").(string)
	conversation := s.conversation(id)
	conversation.Messages = nil
	require.Equal(t, engagetest.Conversation{
		ID: id, Status: engagetest.Queued, Channel: "sms", CustomerAddress: "c", BusinessAddress: "b",
		AliasID: got.body["taskId"].(string), CreatedAt: now, UpdatedAt: now,
	}, conversation, "a test can compare it with the expected one")
}
