package engagetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
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
