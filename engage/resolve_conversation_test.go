package engage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// received is an inbound message with the results of all checks.
var received = engage.CommonDetails{
	Text: "hi", ServiceKey: "key", Timestamp: time.Date(2026, 1, 31, 13, 0, 0, 0, time.FixedZone("", 3600)),
	PCI:      &engage.PCICheck{Compliant: true, Done: true, DroppedAttachments: 1, Reason: `{"a":1}`},
	Malware:  &engage.Scan{Compliant: true, Done: true, DroppedAttachments: 2, Reason: `[]`},
	Security: &engage.Scan{DroppedAttachments: 3},
}

const receivedJSON = `"message":"hi","serviceKey":"key","timestamp":"2026-01-31T12:00:00Z"`

const blocksJSON = `
	"pciDetails":{"isPCICompliant":true,"isPCIValidationDone":"true","nonPCIComplianceReason":"{\"a\":1}","droppedAttachmentCount":1},
	"malwareScanDetails":{"isMalwareCompliant":true,"isMalwareValidationDone":"true","malwareFailedReason":"[]","droppedAttachmentCount":2},
	"securityScanDetails":{"isSecurityCompliant":false,"isSecurityValidationDone":"NA","securityFailedReason":"","droppedAttachmentCount":3}`

// inboundCase is the message of a channel, in its full and in its shortest form.
type inboundCase struct {
	name         string
	mediaType    engage.MediaType
	mediaChannel engage.MediaChannel
	channel      channel.Channel
	full         engage.Details
	fullJSON     string
	short        engage.Details
	shortJSON    string
}

var inboundCases = []inboundCase{
	{
		"SMS", engage.SocialMedia, engage.MediaSMS, channel.SMS,
		engage.SMSDetails{Address: channel.SMSAddress{Business: "b", Customer: "c"}, CommonDetails: received},
		`{"serviceNumber":"b","senderNumber":"c",` + receivedJSON + `}`,
		engage.SMSDetails{Address: channel.SMSAddress{Business: "b", Customer: "c"}},
		`{"serviceNumber":"b","senderNumber":"c","message":""}`,
	},
	{
		"Facebook", engage.SocialMedia, engage.MediaFacebook, channel.Facebook,
		engage.FacebookDetails{
			Address: channel.FacebookAddress{PageID: "b", PageScopedID: "c"}, AppID: "app", CustomerName: "Ann",
			Attachments: `[{"url":"https://x/a"}]`, AttachmentURL: "https://x/a", CommonDetails: received,
		},
		`{"appId":"app","facebookPageId":"b","psId":"c","customerName":"Ann","attachments":"[{\"url\":\"https://x/a\"}]",
		"attachmentUrl":"https://x/a",` + receivedJSON + `}`,
		engage.FacebookDetails{Address: channel.FacebookAddress{PageID: "b", PageScopedID: "c"}},
		`{"appId":"","facebookPageId":"b","psId":"c","customerName":"","attachments":"","attachmentUrl":"","message":""}`,
	},
	{
		"WhatsApp", engage.SocialMedia, engage.MediaWhatsApp, channel.WhatsApp,
		engage.WhatsAppDetails{
			Address: channel.WhatsAppAddress{Business: "b", Customer: "c"}, AppID: "app", CustomerName: "Ann",
			Attachments: `[{"url":"https://x/a"}]`, Caption: "look", CommonDetails: received,
		},
		`{"appId":"app","waId":"b","customerWhatsappId":"c","customerUsername":"Ann","attachments":"[{\"url\":\"https://x/a\"}]",
		"caption":"look",` + receivedJSON + `}`,
		engage.WhatsAppDetails{Address: channel.WhatsAppAddress{Business: "b", Customer: "c"}},
		`{"appId":"","waId":"b","customerWhatsappId":"c","customerUsername":"","attachments":"","message":""}`,
	},
	{
		"Apple", engage.SocialMedia, engage.MediaApple, channel.Apple,
		engage.AppleDetails{
			Address: channel.AppleAddress{AccountID: "b", UserID: "c"}, AppID: "app", CustomerName: "Ann",
			Attachments: `[{"url":"https://x/a"}]`, AttachmentURL: "https://x/a", CapabilityList: "LIST,TIME", CommonDetails: received,
		},
		`{"appId":"app","accountId":"b","abcUserId":"c","customerName":"Ann","attachments":"[{\"url\":\"https://x/a\"}]",
		"attachmentUrl":"https://x/a","deviceCapabilityList":"LIST,TIME",` + receivedJSON + `}`,
		engage.AppleDetails{Address: channel.AppleAddress{AccountID: "b", UserID: "c"}},
		`{"appId":"","accountId":"b","abcUserId":"c","customerName":"","attachments":"","attachmentUrl":"","deviceCapabilityList":"","message":""}`,
	},
	{
		"email", engage.EmailMedia, engage.MediaEmail, channel.Email,
		engage.EmailDetails{
			Address: channel.EmailAddress{Mailbox: "b", From: "c", Subject: "s", To: []string{"b", "d"}, CC: []string{"e"}, InReplyTo: "<1@c>"},
			BCC:     []string{"f"}, AppID: "app", AssetType: "asset", Recipient: "b", SenderName: "Ann A.", CustomerName: "Ann",
			Headers: map[string]string{"Message-ID": "<2@c>"}, HTML: "<p>hi</p>", StrippedText: "h", StrippedHTML: "<p>h</p>",
			Attachments: []engage.EmailFile{{MIMEType: "a/b", Name: "f", URL: "https://x/a", ContentID: "1", Dropped: true}}, CommonDetails: received,
		},
		`{"appId":"app","assetType":"asset","senderName":"Ann A.","recipient":"b","businessEmailId":"b","customerEmailId":"c","customerName":"Ann",
		"toAddresses":"[\"b\",\"d\"]","ccRecipients":"[\"e\"]","bccRecipients":"[\"f\"]","subject":"s","inReplyTo":"<1@c>",
		"headers":{"Message-ID":"<2@c>"},"htmlMessage":"<p>hi</p>","strippedText":"h","strippedHtml":"<p>h</p>",
		"attachments":"[{\"mimeType\":\"a/b\",\"name\":\"f\",\"url\":\"https://x/a\",\"cid\":\"1\",\"dropped\":true}]",` + receivedJSON + `}`,
		engage.EmailDetails{Address: channel.EmailAddress{Mailbox: "b", From: "c", Subject: "s"}},
		`{"appId":"","assetType":"","senderName":"","recipient":"","businessEmailId":"b","customerEmailId":"c","customerName":"",
		"toAddresses":"[]","ccRecipients":"[]","bccRecipients":"[]","subject":"s","inReplyTo":"","headers":{},"htmlMessage":"",
		"strippedText":"","strippedHtml":"","attachments":"[]","message":""}`,
	},
	{
		"live chat", engage.ChatMedia, engage.MediaWeb, channel.LiveChat,
		engage.LiveChatDetails{
			Address: channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t"}, Domain: "example.com", ThreadTitle: "title",
			ThreadStatus: "open", CustomerName: "Ann", CustomerEmail: "c@c", TID: "tid", Extras: "x", Version: "2", ProactiveID: "rule",
			Attachments: []engage.LiveChatFile{{URL: "https://x/a", MIMEType: "a/b"}, {URL: "https://x/b", MIMEType: "a/b"}}, CommonDetails: received,
		},
		`{"appId":"b","domain":"example.com","threadId":"t","threadTitle":"title","threadStatus":"open","userId":"c","attachmentCount":2,
		"attachment":"[{\"file\":\"https://x/a\",\"contentType\":\"a/b\"},{\"file\":\"https://x/b\",\"contentType\":\"a/b\"}]",
		"extras":"x","version":"2","tid":"tid","customerName":"Ann","customerEmail":"c@c","proactiveRuleId":"rule",` + receivedJSON + `}`,
		engage.LiveChatDetails{Address: channel.LiveChatAddress{AppID: "b", UserID: "c", ThreadID: "t"}},
		`{"appId":"b","domain":"","threadId":"t","threadTitle":"","threadStatus":"","userId":"c","attachmentCount":0,
		"attachment":"[]","tid":"","customerName":"","customerEmail":"","proactiveRuleId":"","message":""}`,
	},
}

// request returns the request that delivers details.
func (c inboundCase) request(details engage.Details) engage.ResolveConversationV12 {
	return engage.ResolveConversationV12{TransID: "T1", FlowID: "F1", MediaType: c.mediaType, MediaChannel: c.mediaChannel, Details: details}
}

func TestTheDetailsOfAMessageAreWrittenAsAJSONString(t *testing.T) {
	for _, c := range inboundCases {
		for form, want := range map[string]struct {
			details engage.Details
			json    string
		}{
			"full": {c.full, `{"messageDetails":` + c.fullJSON + `,` + blocksJSON + `}`}, "short": {c.short, `{"messageDetails":` + c.shortJSON + `}`},
		} {
			t.Run(c.name+" "+form, func(t *testing.T) {
				server := newStub(t, reply(http.StatusAccepted, acknowledged))
				before := time.Now().Add(-time.Second)
				_, err := server.client(t).ResolveConversation(t.Context(), c.request(want.details))
				require.NoError(t, err)
				var body struct{ Details string }
				require.NoError(t, json.Unmarshal([]byte(server.seen()[0].body), &body))
				var blocks map[string]map[string]any
				require.NoError(t, json.Unmarshal([]byte(body.Details), &blocks))
				if form == "short" {
					stamp, err := time.Parse(time.RFC3339, blocks["messageDetails"]["timestamp"].(string))
					require.NoError(t, err)
					require.WithinRange(t, stamp, before, time.Now())
					delete(blocks["messageDetails"], "timestamp")
				}
				got, err := json.Marshal(blocks)
				require.NoError(t, err)
				require.JSONEq(t, want.json, string(got))
			})
		}
	}
}

func TestAResolvedMessageCreatesReopensOrIsAppended(t *testing.T) {
	for _, c := range inboundCases {
		for before, want := range map[engagetest.Status]outcome.Edge{
			"": outcome.Created, engagetest.Active: outcome.Appended, engagetest.OnHold: outcome.Appended, engagetest.Closed: outcome.Reopened,
		} {
			if c.channel == channel.LiveChat && before == engagetest.Closed {
				want = outcome.Created
			}
			for _, withCallbacks := range []bool{false, true} {
				t.Run(fmt.Sprint(c.name, " ", before, " callbacks ", withCallbacks), func(t *testing.T) {
					var options []engage.Option
					if withCallbacks {
						options = append(options, engage.WithCallbacks(newCallbacks(t)))
					}
					server, client := fake(t, options...)
					if before != "" {
						server.Seed(engagetest.Conversation{
							Channel: c.channel, BusinessAddress: "b", CustomerAddress: "c", ThreadID: "t", Subject: "s", InReplyTo: "<1@c>", Status: before,
						})
					}
					receipt, err := client.ResolveConversation(t.Context(), c.request(c.full))
					require.NoError(t, err)
					require.Equal(t, want, receipt.Outcome)
					require.Equal(t, string(want), receipt.ConversationOperation)
					require.Equal(t, engage.Confirmed, receipt.Proof)
					require.Equal(t, want == outcome.Appended, receipt.TaskID == "")
					all := server.Conversations()
					after := all[len(all)-1]
					if withCallbacks {
						require.Equal(t, after.ID, receipt.ConversationID)
					}
					require.Equal(t, c.channel, after.Channel)
					require.Len(t, after.Messages, 1)
				})
			}
		}
	}
}

var resolveRequest = engage.ResolveConversationV12{
	TransID: "T1", FlowID: "F1", MediaType: engage.SocialMedia, MediaChannel: engage.MediaSMS,
	Details: engage.SMSDetails{Address: smsAddress, CommonDetails: engage.CommonDetails{Text: "hi"}}, OverrideDefaultClose: true,
}

func TestDetailsCanBeAPointer(t *testing.T) {
	_, client := fake(t)
	request := resolveRequest
	request.Details = &engage.SMSDetails{Address: smsAddress}
	receipt, err := client.ResolveConversation(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, outcome.Created, receipt.Outcome)
}

func TestAResolveCanReturnWithItsAcceptance(t *testing.T) {
	_, client := fake(t, engage.WithCallbacks(newCallbacks(t)))
	receipt, err := client.ResolveConversation(t.Context(), resolveRequest, engage.WithWaitForOutcome(false))
	require.NoError(t, err)
	require.Equal(t, outcome.Accepted, receipt.Outcome)
	require.Equal(t, engage.Acknowledged, receipt.Proof)
	require.NotEmpty(t, receipt.TransactionID)
	for range 2 {
		settled, err := receipt.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, outcome.Created, settled.Outcome)
		require.Equal(t, engage.Confirmed, settled.Proof)
		require.NotEmpty(t, settled.TaskID)
		require.NotEmpty(t, settled.ConversationID)
	}
}

func TestAResolveIsAcceptedUntilTheServiceSaysWhatItDid(t *testing.T) {
	for body, operation := range map[string]string{
		acknowledged: "", `{"transId":"T1","conversationOperation":"merged"}`: "merged",
	} {
		receipt, err := newStub(t, reply(http.StatusAccepted, body)).client(t).ResolveConversation(t.Context(), resolveRequest)
		require.NoError(t, err)
		require.Equal(t, outcome.Accepted, receipt.Outcome)
		require.Equal(t, operation, receipt.ConversationOperation)
		require.Equal(t, engage.Acknowledged, receipt.Proof)
		_, err = receipt.Wait(t.Context())
		require.ErrorIs(t, err, engage.ErrNoCallbacks)
	}
}

func TestAResolveEndsOnItsOwnFailureEdges(t *testing.T) {
	for name, c := range map[string]struct {
		fault  engagetest.Fault
		edge   outcome.Edge
		effect outcome.Effect
	}{
		"429":                    {engagetest.Fault{Status: 429}, outcome.TooManyRequests, outcome.Refused},
		"503 of the service":     {engagetest.Fault{Status: 503}, outcome.ServiceUnavailable, outcome.Refused},
		"503 of a proxy":         {engagetest.Fault{Applied: true, Status: 503, Shape: engagetest.PlainText}, outcome.ServiceUnavailable, outcome.MaybeApplied},
		"500":                    {engagetest.Fault{Status: 500}, outcome.OnError, outcome.MaybeApplied},
		"409":                    {engagetest.Fault{Status: 409}, outcome.ResolveFailed, outcome.Refused},
		"409 with a description": {engagetest.Fault{Status: 409, Description: "appendFailed"}, outcome.AppendFailed, outcome.MaybeApplied},
		"a failure with a code":  {engagetest.Fault{Code: "taskFailed"}, outcome.TaskFailed, outcome.MaybeApplied},
		"another code":           {engagetest.Fault{Code: "created"}, outcome.ResolveFailed, outcome.Refused},
		"400":                    {engagetest.Fault{Status: 400, Code: "taskFailed"}, outcome.OnInvalidData, outcome.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := fake(t, engage.WithCallOptions(quick))
			c.fault.Times = engagetest.Always
			server.Fail(outcome.ResolveConversation, c.fault)
			_, err := client.ResolveConversation(t.Context(), resolveRequest, oneAttempt)
			failure := failureOf(t, err)
			require.Equal(t, c.edge, failure.Edge)
			require.Equal(t, c.effect, failure.Effect)
			require.Equal(t, outcome.ResolveConversation, failure.Operation)
			require.Equal(t, outcome.V12, failure.Version)
			require.Contains(t, outcome.ForNode(outcome.ResolveConversation, outcome.V12), failure.Edge)
		})
	}
}

func TestACallbackReportsWhyAResolveFailed(t *testing.T) {
	for report, want := range map[string]struct {
		edge   outcome.Edge
		effect outcome.Effect
	}{
		`"status":"failure","code":"5001","description":"taskFailed"`:  {outcome.TaskFailed, outcome.MaybeApplied},
		`"status":"failure","code":"AppendFailed","description":"no"`:  {outcome.AppendFailed, outcome.MaybeApplied},
		`"status":"failure","code":"5001","description":"no such app"`: {outcome.ResolveFailed, outcome.Refused},
	} {
		server := newStub(t, nil)
		server.answer = func(w http.ResponseWriter, r *http.Request) {
			reply(http.StatusAccepted, acknowledged)(w, r)
			w.(http.Flusher).Flush()
			seen := server.seen()
			post(t, callbackURL(t, seen[len(seen)-1]), `{"tid":"T-1",`+report+`}`)
		}
		client := server.client(t, engage.WithCallbacks(newCallbacks(t)))
		_, err := client.ResolveConversation(t.Context(), resolveRequest)
		require.Equal(t, want.edge, failureOf(t, err).Edge, report)
		require.Equal(t, want.effect, failureOf(t, err).Effect, report)

		receipt, err := client.ResolveConversation(t.Context(), resolveRequest, engage.WithWaitForOutcome(false))
		require.NoError(t, err)
		unsettled, err := receipt.Wait(t.Context())
		require.Equal(t, want.edge, failureOf(t, err).Edge, report)
		require.Equal(t, outcome.Accepted, unsettled.Outcome)
	}
}

func TestAResolveThatMayHaveBeenAppliedIsNotRepeated(t *testing.T) {
	server, client := fake(t, engage.WithCallOptions(quick))
	server.Fail(outcome.ResolveConversation, lostReply)
	_, err := client.ResolveConversation(t.Context(), resolveRequest)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.Equal(t, 1, sent(server, outcome.ResolveConversation))

	server, client = fake(t, engage.WithCallOptions(quick), engage.WithCallbacks(newCallbacks(t)))
	server.Fail(outcome.ResolveConversation, engagetest.Fault{
		Applied: true, Connection: engagetest.ConnectionClosed, Callback: engagetest.CallbackEarly,
	})
	receipt, err := client.ResolveConversation(t.Context(), resolveRequest)
	require.NoError(t, err, "a callback settles it")
	require.Equal(t, outcome.Created, receipt.Outcome)
	require.NotEmpty(t, receipt.TaskID)
	require.Equal(t, 1, sent(server, outcome.ResolveConversation))

	server, client = fake(t, engage.WithCallOptions(quick))
	server.Fail(outcome.ResolveConversation, engagetest.Fault{Status: 429})
	receipt, err = client.ResolveConversation(t.Context(), resolveRequest)
	require.NoError(t, err, "a refusal with a reason to try again is followed by another attempt")
	require.Equal(t, outcome.Created, receipt.Outcome)
}

func ExampleClient_ResolveConversation() {
	server, client, _ := start(engagetest.Closed)
	defer server.Close()

	for _, text := range []string{"Is my order on its way?", "Hello?"} {
		receipt, err := client.ResolveConversation(context.Background(), engage.ResolveConversationV12{
			TransID:      "transaction-17",
			FlowID:       "flow-1",
			MediaType:    engage.SocialMedia,
			MediaChannel: engage.MediaSMS,
			Details: engage.SMSDetails{
				Address:       channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
				CommonDetails: engage.CommonDetails{Text: text, PCI: &engage.PCICheck{Compliant: true, Done: true}},
			},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(receipt.Outcome)
	}
	// Output:
	// reopened
	// appended
}
