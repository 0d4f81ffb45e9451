package engage_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// stubWithTranscript starts a service that closes the connection of each append, and
// makes its transcript from the messages that were sent. It returns a client with a settle
// time that passes at once: a message that is absent is sent again.
func stubWithTranscript(t *testing.T, transcript func(sent []map[string]any, offset string) string) *engage.Client {
	t.Helper()
	var last struct {
		Messages []map[string]any `json:"messages"`
	}
	server := newStub(t, nil)
	server.answer = split(func(w http.ResponseWriter, r *http.Request) {
		reply(200, transcript(last.Messages, r.URL.Query().Get("offset")))(w, r)
	}, func(w http.ResponseWriter, r *http.Request) {
		written := server.written()
		if err := json.Unmarshal([]byte(written[len(written)-1].body), &last); err != nil {
			t.Error(err)
		}
		hangUp(w, r)
	})
	return server.client(t, engage.WithCallOptions(settleTime(time.Millisecond)))
}

// transcriptOf is a transcript with messages and a count of all.
func transcriptOf(all int, messages ...map[string]any) string {
	encoded, _ := json.Marshal(slices.Clip(append([]map[string]any{}, messages...)))
	return fmt.Sprintf(`{"status":"success","value":{"countOfRecords":%d,"messages":%s}}`, all, encoded)
}

// searchAndTranscript answers each search with found, and has an empty transcript.
func searchAndTranscript(found string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			reply(200, emptyTranscript)(w, r)
			return
		}
		reply(200, found)(w, r)
	}
}

// onePage is a transcript of a single page.
func onePage(page func(sent []map[string]any) string) func([]map[string]any, string) string {
	return func(sent []map[string]any, offset string) string {
		if offset != "" {
			return transcriptOf(0)
		}
		return page(sent)
	}
}

// The service returns ten messages at a time, its documented default, whatever the limit.
func TestATranscriptInShorterPagesIsReadToItsEnd(t *testing.T) {
	for name, count := range map[string]string{"no count": "", "a count of the page": `"countOfRecords":10,`} {
		t.Run(name, func(t *testing.T) {
			client := stubWithTranscript(t, func(sent []map[string]any, offset string) string {
				var all []map[string]any
				for i := range 10 {
					all = append(all, map[string]any{"aliasId": fmt.Sprint("old-", i), "direction": "inbound", "type": "text", "text": "old"})
				}
				all = append(all, sent...)
				from, _ := strconv.Atoi(offset)
				page, _ := json.Marshal(all[min(from, len(all)):min(from+10, len(all))])
				return fmt.Sprintf(`{"status":"success","value":{%s"messages":%s}}`, count, page)
			})
			receipt, err := client.AppendMessage(t.Context(), twoTexts("C1"))
			require.NoError(t, err)
			require.Equal(t, engage.Reconciled, receipt.Proof)
			require.Len(t, receipt.Attempts, 1, "it is not sent again")
		})
	}
}

func TestALongTranscriptIsReadToItsEnd(t *testing.T) {
	server, client, id := engageServer(t)
	long := engagetest.Conversation{ID: id, Channel: channel.SMS}
	for i := range 1234 {
		long.Messages = append(long.Messages, engagetest.Message{AliasID: fmt.Sprint("old-", i), Direction: "inbound", Type: "text", Text: "old"})
	}
	server.Seed(long)
	server.Fail(outcome.AppendMessage, lostReply)
	receipt, err := client.AppendMessage(t.Context(), twoTexts(id))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
	require.Equal(t, 3, sent(server, outcome.FetchTranscript))

	server.Fail(outcome.AppendMessage, lostRequest)
	receipt, err = client.AppendMessage(t.Context(), freshTexts(id), settleTime(time.Millisecond))
	require.NoError(t, err)
	require.Equal(t, engage.Acknowledged, receipt.Proof)
	require.Len(t, texts(t, server, id), 1234+4)
}

func TestASearchCanBeInconclusive(t *testing.T) {
	byAlias := engage.CreateConversationV13{Address: smsAddress, AliasID: "task-1"}
	byMessage := engage.CreateConversationV13{Address: smsAddress, Messages: []message.Message{hello}}
	for name, c := range map[string]struct {
		value   string
		request engage.CreateConversationV13
	}{
		"a closed one that does not exist":                 {`{"conversationId":"C-old","chatExist":false,"status":"closed","aliasId":"task-1"}`, byAlias},
		"one without status that does not":                 {`{"conversationId":"C-old","chatExist":false,"aliasId":"task-1"}`, byAlias},
		"an active one that does not":                      {`{"conversationId":"C-old","chatExist":false,"status":"active","aliasId":"task-1"}`, byAlias},
		"one that exists and has no id":                    {`{"chatExist":true,"status":"active"}`, byMessage},
		"one within another object":                        {`{"conversation":{"conversationId":"C1","aliasId":"task-1"}}`, byAlias},
		"one that exists and has no id, with the alias id": {`{"chatExist":true,"status":"active","aliasId":"task-1"}`, byAlias},
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, split(searchAndTranscript(`{"status":"success","value":`+c.value+`}`), hangUp))
			client := server.client(t, engage.WithCallOptions(settleTime(time.Millisecond)))
			_, err := client.CreateConversation(t.Context(), c.request)
			require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
			require.Len(t, server.written(), 1, "it is not created again")
		})
	}
}

func TestATranscriptCanBeInconclusive(t *testing.T) {
	other := map[string]any{"aliasId": "other", "direction": "inbound", "type": "text", "text": "other"}
	for name, c := range map[string]struct {
		transcript func(sent []map[string]any, offset string) string
		why        string
	}{
		"some of the messages": {onePage(func(sent []map[string]any) string {
			return transcriptOf(2, other, sent[1])
		}), "1 of 2 messages are in the conversation"},
		"no alias ids": {onePage(func([]map[string]any) string {
			return transcriptOf(1, map[string]any{"direction": "inbound", "type": "text", "text": "hello"})
		}), "without alias id"},
		"no alias id, and a direction in a spelling that is not known": {onePage(func([]map[string]any) string {
			return transcriptOf(1, map[string]any{"direction": "INBOUND", "type": "text", "text": "hello"})
		}), "without alias id"},
		"an alias id that is null": {onePage(func([]map[string]any) string {
			return transcriptOf(1, map[string]any{"aliasId": nil, "text": "hello"})
		}), "without alias id"},
		"one short page for ever": {func([]map[string]any, string) string {
			return transcriptOf(1, other)
		}, "the same page of the transcript again"},
		"a list that is cut short": {func([]map[string]any, string) string {
			return `{"status":"success","value":{"messages":[],"transcriptJsonEsc":"[{\"aliasId\":"}}`
		}, "unexpected shape"},
		"one page for ever": {func([]map[string]any, string) string {
			return transcriptOf(25, other)
		}, "the same page of the transcript again"},
		"more counted than sent": {func(_ []map[string]any, offset string) string {
			if offset == "" {
				return transcriptOf(25, other)
			}
			return transcriptOf(25)
		}, "the transcript ends before its count of records"},
		"no end": {func(_ []map[string]any, offset string) string {
			return transcriptOf(1<<30, map[string]any{"aliasId": "at " + offset})
		}, "too long"},
		"no transcript":   {func([]map[string]any, string) string { return acknowledged }, "unexpected shape"},
		"not JSON at all": {func([]map[string]any, string) string { return "<html>" }, "not JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := stubWithTranscript(t, c.transcript).AppendMessage(t.Context(), twoTexts("C1"))
			failure := failureOf(t, err)
			require.Equal(t, outcome.MaybeApplied, failure.Effect)
			require.ErrorContains(t, err, c.why)
			require.Len(t, failure.Attempts, 1, "it is not sent again")
		})
	}
}

func TestAMessageOfAnotherDirectionWithoutAliasIDIsNotOurs(t *testing.T) {
	client := stubWithTranscript(t, onePage(func([]map[string]any) string {
		return transcriptOf(1, map[string]any{"direction": "outbound", "type": "text", "text": "from an agent"})
	}))
	_, err := client.AppendMessage(t.Context(), twoTexts("C1"))
	require.Len(t, failureOf(t, err).Attempts, 2, "the messages are certainly absent")
}

func TestAnAliasIDIsAProofWhateverTheContent(t *testing.T) {
	client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		sent[0]["text"], sent[1]["text"] = "as the service", "shows it"
		sent[1]["timestamp"] = "1999-01-01T00:00:00Z"
		return transcriptOf(2, sent...)
	}))
	request := twoTexts("C1")
	request.Messages[0] = message.Text{Direction: message.Inbound, Text: "first", Envelope: message.Envelope{AliasID: "M-1"}}
	receipt, err := client.AppendMessage(t.Context(), request)
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)
}

func TestAnAliasIDIsFoundInAnyCase(t *testing.T) {
	capitals := func(sent []map[string]any) []map[string]any {
		for _, m := range sent {
			m["aliasId"] = strings.ToUpper(m["aliasId"].(string))
		}
		return sent
	}
	receipt, err := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		return transcriptOf(2, capitals(sent)...)
	})).AppendMessage(t.Context(), twoTexts("C1"))
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)

	server := newStub(t, split(reply(200, transcriptOf(1, map[string]any{"aliasId": "EVENT-1"})), reply(202, acknowledged)))
	first, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C1", Channel: channel.SMS, Message: event}, lookFirst)
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, first.Proof)
	require.Empty(t, server.written(), "it is there")
}

func TestEqualContentWithADroppedFileIsInconclusive(t *testing.T) {
	client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		sent[0]["aliasId"] = "of the service"
		sent[0]["attachments"].([]any)[1] = map[string]any{"dropped": true, "fileUrl": "", "fileName": "[Dropped]"}
		return transcriptOf(1, sent...)
	}))
	_, err := client.AppendMessage(t.Context(), engage.AppendMessageV14{
		ConversationID: "C1", Channel: channel.WhatsApp,
		Messages: []message.Message{message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{
			{URL: "https://files.example.com/1"}, {URL: "https://files.example.com/2", FileName: "two"},
		}}},
	})
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, "the same content under another alias id")
	require.Len(t, failureOf(t, err).Attempts, 1, "it is not sent again")
}

func TestEqualContentUnderAnotherAliasIDIsInconclusive(t *testing.T) {
	client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		for i, m := range sent {
			m["aliasId"] = fmt.Sprint("of the service ", i)
			m["text"] = m["text"].(string) + "\n"
			m["timestamp"] = "1999-01-01T00:00:00Z"
		}
		return transcriptOf(2, sent...)
	}))
	_, err := client.AppendMessage(t.Context(), twoTexts("C1"))
	failure := failureOf(t, err)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, failure.Attempts, 1, "it is not sent again")
	require.ErrorContains(t, err, "the same content under another alias id")

	_, err = client.AppendMessage(t.Context(), textsWithAliasIDs("C1"), lookFirst)
	require.ErrorContains(t, err, "the same content under another alias id", "nor is it sent at all")
}

func TestAMessageUnderAnotherAliasIDIsAnotherIfAliasIDsAreKept(t *testing.T) {
	for name, aliasID := range map[string]string{"another alias id": "of another", "no alias id": ""} {
		t.Run(name, func(t *testing.T) {
			client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
				return transcriptOf(1, map[string]any{"aliasId": aliasID, "direction": "inbound", "type": "text", "text": sent[0]["text"]})
			}))
			_, err := client.AppendMessage(t.Context(), twoTexts("C1"),
				engage.WithReconciliation(engage.Reconciliation{SettleTime: time.Millisecond, AliasIDsKept: true}))
			require.Len(t, failureOf(t, err).Attempts, 2, "the messages are certainly absent")
		})
	}
}

func TestAnIdentifierMadeFromTheAliasIDIsNoOtherContent(t *testing.T) {
	client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
		data := sent[0]["ambQuickReplies"].(map[string]any)["data"].(map[string]any)
		if data["requestIdentifier"] != sent[0]["aliasId"] {
			t.Error("the request identifier is not the alias id")
		}
		kept := maps.Clone(sent[0])
		kept["aliasId"] = "of the service"
		return transcriptOf(1, kept)
	}))
	question := message.AppleQuickReplies{Content: message.AppleQuickRepliesContent{Data: message.AppleQuickRepliesData{
		QuickReply: message.AppleQuickReply{Items: []message.AppleQuickReplyItem{{Identifier: "y", Title: "Yes"}}},
	}}}
	_, err := client.AppendMessage(t.Context(), engage.AppendMessageV14{ConversationID: "C1", Channel: channel.Apple, Messages: []message.Message{question}})
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	require.ErrorContains(t, err, "the same content under another alias id")
}

func TestContentIsComparedAsAWhole(t *testing.T) {
	files := func(url string) message.TextWithAttachments {
		return message.TextWithAttachments{
			Direction: message.Inbound, Text: "see", Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: url}},
			Envelope: message.Envelope{Timestamp: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)},
		}
	}
	for name, c := range map[string]struct {
		there    func(raw string) string
		attempts int
	}{
		"with another time": {func(raw string) string { return strings.ReplaceAll(raw, "2026-01-31", "1999-01-01") }, 1},
		"with more space":   {func(raw string) string { return strings.ReplaceAll(raw, "a.png\"", "a.png \"") }, 1},
		"with another file": {func(raw string) string { return strings.ReplaceAll(raw, "/a.png", "/b.png") }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			client := stubWithTranscript(t, onePage(func(sent []map[string]any) string {
				sent[0]["aliasId"] = "of the service"
				return c.there(transcriptOf(1, sent...))
			}))
			_, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{
				ConversationID: "C1", Channel: channel.WhatsApp, Message: files("https://files.example.com/a.png"),
			})
			require.Len(t, failureOf(t, err).Attempts, c.attempts, "it is sent again only if it is absent")
		})
	}
}

func TestALookupThatWouldFailAgainIsMadeOnce(t *testing.T) {
	page := func(aliasID string) *http.Response {
		return httpmock.NewStringResponse(http.StatusOK, transcriptOf(1<<30, map[string]any{"aliasId": aliasID}))
	}
	twice := textsWithAliasIDs("C1")
	twice.Messages[1] = twice.Messages[0]
	for name, c := range map[string]struct {
		request    engage.AppendMessageV14
		transcript func(offset string) *http.Response
		why        string
	}{
		"two messages with the same alias id": {twice, nil, "the same alias id"},
		"a transcript that cannot be read": {twoTexts("C1"), func(string) *http.Response {
			return httpmock.NewStringResponse(http.StatusForbidden, ``)
		}, "onAuthorizationFailure"},
		"the same page again":   {twoTexts("C1"), func(string) *http.Response { return page("old") }, "the same page"},
		"a transcript for ever": {twoTexts("C1"), func(offset string) *http.Response { return page("at " + offset) }, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
					if r.Method == http.MethodGet {
						return c.transcript(r.URL.Query().Get("offset")), nil
					}
					return nil, io.ErrUnexpectedEOF
				}))
				start := time.Now()
				_, err := client.AppendMessage(t.Context(), c.request)
				require.ErrorContains(t, err, c.why)
				require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
				require.Zero(t, time.Since(start), "there is no wait for another lookup")
			})
		})
	}
}

func TestAMessageIsFoundInAConversationThatWasClosedSince(t *testing.T) {
	server, client, id := engageServer(t)
	server.Fail(outcome.AppendMessage, engagetest.Fault{Applied: true, Status: 500})
	_, err := client.AppendMessage(t.Context(), twoTexts(id), noReconciliation)
	require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
	_, err = client.CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: id})
	require.NoError(t, err)

	announcement := message.Text{Direction: message.Announcement, Text: "The customer left."}
	server.Fail(outcome.AppendMessage, lostReply)
	receipt, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: announcement})
	require.NoError(t, err)
	require.Equal(t, engage.Reconciled, receipt.Proof)

	server.Fail(outcome.AppendMessage, lostRequest)
	_, err = client.AppendMessage(t.Context(), freshTexts(id), settleTime(time.Millisecond))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnAppendMessageFailure, failure.Edge, "the repetition is refused")
	require.Equal(t, outcome.MaybeApplied, failure.Effect, "the first attempt may have been applied")
	require.Len(t, texts(t, server, id), 3)
}

func TestAConversationThatWasThereBeforeIsNotTakenForTheCreatedOne(t *testing.T) {
	for name, c := range map[string]struct {
		status  engagetest.Status
		request engage.CreateConversationV13
	}{
		"blank":                             {engagetest.Active, engage.CreateConversationV13{}},
		"blank, beside a closed one":        {engagetest.Closed, engage.CreateConversationV13{}},
		"another alias id":                  {engagetest.Active, engage.CreateConversationV13{AliasID: "task-2"}},
		"the alias id of a closed one":      {engagetest.Closed, engage.CreateConversationV13{AliasID: "task-1"}},
		"the alias id, but not the message": {engagetest.Active, engage.CreateConversationV13{AliasID: "task-1", Messages: []message.Message{hello}}},
		"an unknown state":                  {"parked-by-robot", engage.CreateConversationV13{AliasID: "task-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, client, id := engageServer(t, engage.WithCallOptions(settleTime(time.Millisecond)))
			server.Seed(engagetest.Conversation{
				ID: id, Status: c.status, AliasID: "task-1",
				Channel: channel.SMS, BusinessAddress: smsAddress.Business, CustomerAddress: smsAddress.Customer,
			})
			server.Fail(outcome.CreateConversation, lostRequest)
			c.request.Address = smsAddress
			_, err := client.CreateConversation(t.Context(), c.request)
			require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
			require.ErrorContains(t, err, "lookup: ")
			require.Equal(t, 1, sent(server, outcome.CreateConversation), "it is not sent again")
			require.Len(t, server.Conversations(), 1)
		})
	}
}
