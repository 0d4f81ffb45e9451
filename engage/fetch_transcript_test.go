package engage_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestATranscriptIsReadInEachOfItsForms(t *testing.T) {
	const list = `[{"aliasId":"M-1","direction":"inbound","type":"text","text":"hello"},{"type":"hologram"},{"text":"no type"},17]`
	escaped := strconv.Quote(list)
	wrapped, err := json.Marshal(`{"messages":` + list + `}`)
	require.NoError(t, err)
	for name, value := range map[string]string{
		"a list":                      `{"countOfRecords":4,"messages":` + list + `}`,
		"a count that is a text":      `{"countOfRecords":"4","messages":` + list + `}`,
		"an escaped list":             `{"countOfRecords":4,"transcriptJsonEsc":` + escaped + `}`,
		"an escaped object":           `{"countOfRecords":4,"transcriptJsonEsc":` + string(wrapped) + `}`,
		"a list by the other name":    `{"countOfRecords":4,"transcriptJsonEsc":` + list + `}`,
		"both, and one is empty":      `{"countOfRecords":4,"transcriptJsonEsc":"[]","messages":` + list + `}`,
		"both, and one is not a list": `{"countOfRecords":4,"transcriptJsonEsc":"cut off [","messages":` + list + `}`,
	} {
		server := newStub(t, reply(http.StatusOK, `{"status":"Success","value":`+value+`}`))
		fetched, err := server.client(t).FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "C1"})
		require.NoError(t, err, name)
		require.Equal(t, outcome.TranscriptFetched, fetched.Outcome)
		require.Equal(t, 4, fetched.CountOfRecords, name)
		require.Len(t, fetched.Messages, 4, name)
		require.Equal(t, message.Text{Direction: message.Inbound, Text: "hello", Envelope: message.Envelope{AliasID: "M-1"}}, fetched.Messages[0])
		require.Equal(t, message.Type("hologram"), fetched.Messages[1].Type())
		for i, want := range []string{`{"text":"no type"}`, `17`} {
			raw, err := json.Marshal(fetched.Messages[2+i])
			require.NoError(t, err)
			require.JSONEq(t, want, string(raw), "its JSON is kept")
		}
	}
}

func TestATranscriptWithoutMessagesIsEmpty(t *testing.T) {
	for _, body := range []string{
		emptyTranscript, `{"value":{"messages":[]}}`, `{"status":"success","value":{"countOfRecords":"0"}}`,
		`{"status":"success","value":{"countOfRecords":0,"messages":null,"transcriptJsonEsc":"[]"}}`,
	} {
		fetched, err := newStub(t, reply(http.StatusOK, body)).client(t).
			FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "C1"})
		require.NoError(t, err, body)
		require.Empty(t, fetched.Messages)
		require.Zero(t, fetched.CountOfRecords)
	}
}

func TestAReplyWithoutATranscriptIsAnError(t *testing.T) {
	for _, body := range []string{
		acknowledged, `{"value":{}}`, `{"value":null}`, `{"value":{"messages":{}}}`, `{"value":{"countOfRecords":3}}`,
		`{"value":{"messages":[0` + strings.Repeat(",0", message.MaxValues) + `]}}`,
		`{"value":{"transcriptJsonEsc":"ok"}}`, `{"value":[]}`,
	} {
		_, err := newStub(t, reply(http.StatusOK, body)).client(t).
			FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "C1"})
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge, body)
		require.Zero(t, failure.Effect)
	}
}

func TestPartOfATranscriptCanBeFetched(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, emptyTranscript))
	client := server.client(t)
	for request, query := range map[engage.FetchTranscriptV10]string{
		{ConversationID: "C 1"}:                          "",
		{ConversationID: "C 1", Limit: 1}:                "limit=1",
		{ConversationID: "C 1", Offset: 500, Limit: 500}: "limit=500&offset=500",
	} {
		_, err := client.FetchTranscript(t.Context(), request)
		require.NoError(t, err)
		last := server.seen()[len(server.seen())-1]
		require.Equal(t, recorded{"GET", "/api/v1/conversations/C%201/messages", query, "", last.header, 0}, last)
	}
	for _, request := range []engage.FetchTranscriptV10{{ConversationID: "C1", Offset: -1}, {ConversationID: "C1", Limit: 501}, {ConversationID: "C1", Limit: -1}} {
		_, err := client.FetchTranscript(t.Context(), request)
		require.ErrorIs(t, err, outcome.ErrOnInvalidData)
		require.Len(t, failureOf(t, err).Violations, 1)
	}
	require.Len(t, server.seen(), 3)
}
