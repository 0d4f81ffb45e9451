package engage_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// limit is the reply limit of the clients in these tests.
const limit = 4 << 10

// cutShort answers with a body that is shorter than its Content-Length.
func cutShort(length int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(length))
		io.WriteString(w, body)
	}
}

func TestASuccessThatIsCutShortAfterItsStatusWasApplied(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"cut JSON":                 reply(200, `{"status":"success","tid":"T-`),
		"cut in a name":            reply(200, `{"status":202,"ti`),
		"cut in its length":        cutShort(100, `{"status":"success","tid":"T-`),
		"cut after the JSON":       cutShort(100, `{"tid":"T-1"}`),
		"long, cut after the JSON": cutShort(100<<10, `{"tid":"T-1"}`),
		"too large":                reply(200, `{"status":"OK","tid":"`+strings.Repeat("x", limit)+`"}`),
		"two documents":            reply(200, `{"status":"success","tid":"T-1"}{"tid":"T-2"}`),
	} {
		t.Run(name, func(t *testing.T) {
			requireUnusable(t, answer, outcome.Applied)
		})
	}
}

func TestASuccessThatIsCutShortBeforeItsStatusMayHaveBeenApplied(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"in its id":                  reply(200, `{"tid":"T-`),
		"in its status":              reply(200, `{"tid":"T-1","status":"succ`),
		"in a failure":               cutShort(500, `{"status":"failure","code":"4711","description":"the conversation is clo`),
		"in a failure, by a gateway": reply(200, `{"status":"failure","code":"4711","description":"the conversation is clo`),
		"in an error":                reply(200, `{"status":"success","error":{"key":"4551","message":[{"descr`),
		"in a list of errors":        reply(200, `{"status":"success","errors":[{"key":"45`),
		"after an escape":            reply(200, `{"status":"failure","description":"C:\x"}`),
		"by the limit":               reply(200, `{"tid":"T-1","status":"failure","description":"`+strings.Repeat("x", limit)+`"}`),
		"at once":                    reply(200, `{`),
		"in another object":          reply(200, `{"hello":"wor`),
		"in a template":              reply(200, `{% template %}`),
	} {
		t.Run(name, func(t *testing.T) {
			requireUnusable(t, answer, outcome.MaybeApplied, noReconciliation)
		})
	}
}

func TestTheTraceIDsBeforeTheCutOfAReplyAreKept(t *testing.T) {
	const beginning = `{"status":"success","tid":"T-1","descr`
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON":                           reply(200, beginning),
		"cut in its length":                 cutShort(500, beginning),
		"too large":                         reply(200, beginning+strings.Repeat("x", 3*limit)),
		"too large, without Content-Length": flushed(reply(200, beginning+strings.Repeat("x", 3*limit))),
		"refused and too large":             reply(409, beginning+strings.Repeat("x", 3*limit)),
	} {
		server := newStub(t, answer)
		_, err := server.client(t, engage.WithReplyLimit(limit)).ReopenConversation(t.Context(), reopenRequest)
		require.Contains(t, failureOf(t, err).TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"}, name)
	}
}

// flushed answers without a Content-Length.
func flushed(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(flushing{w}, r)
	}
}

// flushing sends the header before anything is written.
type flushing struct{ http.ResponseWriter }

func (f flushing) WriteHeader(status int) {
	f.ResponseWriter.WriteHeader(status)
	f.ResponseWriter.(http.Flusher).Flush()
}

func TestAStatusOfAWriteThatHasNotBegunIsNoFailure(t *testing.T) {
	for _, status := range []string{"not started", "Not yet processed", "not_queued"} {
		receipt, err := newStub(t, reply(202, `{"tid":"T-1","status":"`+status+`"}`)).client(t).
			ReopenConversation(t.Context(), reopenRequest)
		require.NoError(t, err, status)
		require.Equal(t, engage.Acknowledged, receipt.Proof)
	}
}

func TestAnAcknowledgementMayHaveAValueOfAnyKind(t *testing.T) {
	for _, value := range []string{`"accepted"`, `[]`, `true`, `7`} {
		server := newStub(t, reply(http.StatusAccepted, `{"status":"success","tid":"T-1","value":`+value+`}`))
		receipt, err := server.client(t).ReopenConversation(t.Context(), reopenRequest)
		require.NoError(t, err, value)
		require.Equal(t, "T-1", receipt.TransactionID)
	}
}

// requireUnusable requires that a write with this reply fails with that effect and is
// not sent again, and that a read fails without effect.
func requireUnusable(t *testing.T, answer http.HandlerFunc, effect outcome.Effect, options ...engage.CallOption) {
	t.Helper()
	server := newStub(t, traced(answer))
	client := server.client(t, engage.WithReplyLimit(limit), engage.WithCallOptions(options...))

	_, err := client.AppendMessage(t.Context(), appendRequest)
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, effect, failure.Effect)
	require.Equal(t, effect, failure.Attempts[0].Effect)
	require.Equal(t, 2, failure.Status/100)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "trxid", Value: "X-1"})
	require.Error(t, failure.Err)
	require.Len(t, server.seen(), 1, "a write that was or may have been applied is not sent again")

	_, err = client.SearchConversation(t.Context(), searchRequest)
	failure = failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Zero(t, failure.Effect, "a read has no effect")
}

// foreign are replies with a success status that Engage did not send, but a proxy or
// another server.
var foreign = map[string]http.HandlerFunc{
	"not JSON":            reply(200, `ok`),
	"HTML":                reply(200, `<html><body>Sign in</body></html>`),
	"empty":               reply(200, ``),
	"an unknown word":     reply(200, `{"status":"under maintenance"}`),
	"a denial":            reply(200, `{"value":"denied"}`),
	"no transaction id":   reply(200, `{"tid":null}`),
	"created and empty":   reply(201, ``),
	"a list":              reply(200, `[{"tid":"T-1"}]`),
	"a text":              reply(200, `"T-1"`),
	"null":                reply(200, `null`),
	"another object":      reply(200, `{"hello":"world"}`),
	"a description":       reply(200, `{"description":"OK"}`),
	"an empty error list": reply(200, `{"errors":[]}`),
	"a page cut short":    cutShort(100, `<html>`),
	"a header only": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.(http.Flusher).Flush()
	},
	"a page too large":                         reply(200, strings.Repeat("<br>", limit)),
	"a page too large, without Content-Length": flushed(reply(200, strings.Repeat("<br>", limit))),
	"a large compressed page": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		for range 1 << 10 {
			packed.Write(make([]byte, 1<<10))
		}
	},
}

func TestASuccessThatTheServiceDidNotSendMayHaveBeenApplied(t *testing.T) {
	for name, answer := range foreign {
		t.Run(name, func(t *testing.T) {
			requireUnusable(t, answer, outcome.MaybeApplied, noReconciliation)
		})
	}
}

func TestNoContentAcknowledgesAWrite(t *testing.T) {
	for _, status := range []int{http.StatusNoContent, http.StatusResetContent} {
		server := newStub(t, reply(status, ``))
		client := server.client(t)
		removed, err := client.RemoveParticipant(t.Context(), engage.RemoveParticipantV10{ConversationID: "C1", Participant: "a"})
		require.NoError(t, err)
		require.Equal(t, engage.Acknowledged, removed.Proof)
		require.Equal(t, outcome.OnParticipantRemoved, removed.Outcome)
		require.Empty(t, removed.TransactionID)
		_, err = client.AppendMessage(t.Context(), appendRequest)
		require.NoError(t, err)
		require.Len(t, server.seen(), 2, "each was sent once")
	}
}

func TestASuccessStatusWithAReportedFailureIsAFailure(t *testing.T) {
	for _, c := range []struct{ body, code, description, trace string }{
		{`{"trackingId":"T-1","error":{"key":"4551","message":[{"description":"closed"}]}}`, "4551", "closed", "T-1"},
		{`{"message":"Rejected","errors":[{"description":"closed"}],"trackingId":"T-1"}`, "", "Rejected", "T-1"},
		{`{"errors":["closed"]}`, "", "closed", ""},
		{`{"status":409,"error":"closed"}`, "", "closed", ""},
		{`{"status_code":409,"description":"closed","response":{}}`, "", "closed", ""},
		{`{"status":"fail","code":7}`, "7", "", ""},
		{`{"status":" Failed ","code":7,"tid":"T-1"}`, "7", "", "T-1"},
		{`{"status":"unsuccessful","value":{}}`, "", "", ""},
		{`{"status":"rejected"}`, "", "", ""},
		{`{"status":"Not found"}`, "", "", ""},
		{`{"status":"NOT_FOUND"}`, "", "", ""},
		{`{"status":"notAllowed"}`, "", "", ""},
		{`{"status":"denied"}`, "", "", ""},
		{`{"status":"NOK"}`, "", "", ""},
		{`{"status":false}`, "", "", ""},
		{`{"status":409.0}`, "", "", ""},
		{`{"status":"4.09e2"}`, "", "", ""},
	} {
		server := newStub(t, reply(http.StatusOK, c.body))
		_, err := server.client(t).ReopenConversation(t.Context(), reopenRequest)
		failure := failureOf(t, err)
		require.Equal(t, outcome.ConversationReopenFailed, failure.Edge, c.body)
		require.Equal(t, outcome.Refused, failure.Effect, c.body)
		require.Equal(t, http.StatusOK, failure.Status, c.body)
		require.ErrorContains(t, err, "the reply reports a failure", c.body)
		require.Equal(t, []string{c.code, c.description}, []string{failure.Code, failure.Description}, c.body)
		if c.trace != "" {
			require.Equal(t, c.trace, failure.TraceIDs[0].Value, c.body)
		}
		_, err = server.client(t).FetchTranscript(t.Context(), engage.FetchTranscriptV10{ConversationID: "C1"})
		failure = failureOf(t, err)
		require.Equal(t, outcome.Failure, failure.Edge, c.body)
		require.Len(t, failure.Attempts, 1, c.body)
		_, err = searchConversation(t.Context(), server.client(t))
		require.Equal(t, outcome.OnError, failureOf(t, err).Edge, c.body)
	}
	for _, body := range []string{
		`{"status":"success","tid":"T-1","error":null,"errors":[]}`, `{"status":200,"tid":"T-1","error":{}}`, `{"tid":"T-1","error":""}`,
		`{"status":"success","tid":"T-1","errors" : [ ]}`, `{"tid":"T-1","error" : { }}`, `{"tid":"T-1","error":0,"errors":[null]}`,
		`{"status":"success","tid":"T-1","errors":[{"description":"a mere warning"}]}`,
		`{"status":"1000","tid":"T-1"}`, `{"status":"NaN","tid":"T-1"}`, `{"status":1e999,"tid":"T-1"}`, `{"status_code":4342,"description":"transfer accepted","tid":"T-1"}`,
	} {
		server := newStub(t, reply(http.StatusOK, body))
		receipt, err := server.client(t).ReopenConversation(t.Context(), reopenRequest)
		require.NoError(t, err, body)
		require.Equal(t, "T-1", receipt.TransactionID)
	}
}

func TestAnAcknowledgementNeedNotHaveAnID(t *testing.T) {
	for _, body := range []string{`{"status":"success"}`, `{"status_code":202,"description":"accepted","response":{}}`} {
		server := newStub(t, reply(http.StatusAccepted, body))
		receipt, err := server.client(t).ReopenConversation(t.Context(), reopenRequest)
		require.NoError(t, err, body)
		require.Empty(t, receipt.TransactionID)
	}
}

func TestTheErrorOfAWriteContainsTheAliasIDs(t *testing.T) {
	server := newStub(t, hangUp)
	_, err := appendTo(appendRequest, noReconciliation)(t.Context(), server.client(t))
	failure := failureOf(t, err)
	require.Len(t, failure.AliasIDs, 1)
	require.Contains(t, server.seen()[0].body, failure.AliasIDs[0])
}

func TestAnErrorContainsWhatTheEnvelopeReports(t *testing.T) {
	for _, c := range []struct{ body, code, description, trace string }{
		{`{"status":"failure","code":4551,"description":"no","tid":"T-1"}`, "4551", "no", "T-1"},
		{`{"status":409,"code":"4551","description":"no","value":{"transId":"T-1"}}`, "4551", "no", "T-1"},
		{`{"status_code":4551,"description":"no","response":""}`, "4551", "no", ""},
		{`{"trackingId":"T-1","error":{"key":4551,"message":[{"description":"no"},{"description":"never"}]}}`, "4551", "no; never", "T-1"},
		{`{"trackingId":"T-1","error":{"key":"K","message":"no"}}`, "K", "no", "T-1"},
		{`{"message":"no","errors":[{"description":"never"}],"trackingId":"T-1"}`, "", "no", "T-1"},
		{`{"errors":[{"key":"4551","description":"no"}]}`, "4551", "no", ""},
		{`{"errors":["no","never"]}`, "", "no; never", ""},
		{`{"code":{"deep":1},"description":["no"],"message":{"a":1},"tid":"T-1"}`, "", "", "T-1"},
	} {
		server := newStub(t, reply(http.StatusConflict, c.body))
		_, err := server.client(t).ReopenConversation(t.Context(), reopenRequest)
		failure := failureOf(t, err)
		require.Equal(t, outcome.ConversationReopenFailed, failure.Edge, c.body)
		require.Equal(t, []string{c.code, c.description}, []string{failure.Code, failure.Description}, c.body)
		if c.trace != "" {
			require.Len(t, failure.TraceIDs, 1)
			require.Equal(t, c.trace, failure.TraceIDs[0].Value)
		}
	}
}

func TestAFailureWithoutAnEnvelopeIsRefusedByItsStatus(t *testing.T) {
	for _, body := range []string{``, `<html>`, `nope`, `"no"`, `[]`, `{}`, `{"a":1}`, `{"code"`, `{"status":`, `null`, `{"message":"no"}`, `{"error":"no"}`, strings.Repeat("[", 1<<16)} {
		server := newStub(t, reply(http.StatusConflict, body))
		_, err := appendMessage(t.Context(), server.client(t))
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge)
		require.Equal(t, http.StatusConflict, failure.Status)
		require.Equal(t, outcome.Refused, failure.Effect)
		require.Len(t, server.seen(), 1, "it is not sent again")
	}
}

func TestAFailureReportedWithASuccessStatusHasTheEdgeOfItsOwnStatus(t *testing.T) {
	for body, want := range map[string]outcome.Edge{
		`{"status":"failure","code":"4551","tid":"T-1"}`:    outcome.OnAppendMessageFailure,
		`{"status":"Failed","code":4551,"tid":"T-1"}`:       outcome.OnAppendMessageFailure,
		`{"status":"422","code":4551,"tid":"T-1"}`:          outcome.OnInvalidData,
		`{"status":401,"code":4551,"value":{"tid":"T-1"}}`:  outcome.OnAuthorizationFailure,
		`{"status":500,"code":"4551","value":{},"tid":"T"}`: outcome.OnError,
		`{"status":429,"code":"4551","tid":"T-1"}`:          outcome.OnError,
	} {
		server := newStub(t, reply(http.StatusOK, body))
		got, err := appendTo(engage.AppendMessageV10(appendRequest))(t.Context(), server.client(t))
		require.Equal(t, want, got, body)
		require.Equal(t, "4551", failureOf(t, err).Code)
		require.Len(t, server.written(), 1)
	}
}

func TestEverySpellingOfTheTransactionIDIsRead(t *testing.T) {
	for _, body := range []string{
		`{"tid":"T-1"}`, `{"TransId":"T-1"}`, `{"transId":"T-1"}`, `{"Transid":"T-1"}`, `{"transID":"T-1"}`,
		`{"status":"success","value":{"tid":"T-1"}}`, `{"value":{"transid":"T-1","conversationId":17}}`,
	} {
		server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("trxid", "X-1")
			w.Header().Set("trackingid", "X-2")
			reply(http.StatusAccepted, body)(w, r)
		})
		receipt, err := server.client(t).CreateConversation(t.Context(), engage.CreateConversationV10{Address: smsAddress})
		require.NoError(t, err)
		require.Equal(t, "T-1", receipt.TransactionID, body)
		require.Equal(t, http.StatusAccepted, receipt.HTTPStatus)
		require.Equal(t, []outcome.TraceID{{Name: "trxid", Value: "X-1"}, {Name: "TrackingId", Value: "X-2"}, {Name: "tid", Value: "T-1"}}, receipt.TraceIDs)
		require.JSONEq(t, body, string(receipt.Raw()))
		if strings.Contains(body, "conversationId") {
			require.Equal(t, "17", receipt.ConversationID, "a number is an id, too")
		}
	}
}

func TestAFailureInAnAcknowledgementOrInItsValueIsAFailure(t *testing.T) {
	for _, body := range []string{
		`{"status":"success","value":{"status":"failure","code":"4551"}}`,
		`{"status":"failure","value":{"status":"success","tid":"T-1"}}`,
		`{"tid":"T-1","value":{"status":"failure"}}`,
	} {
		_, err := newStub(t, reply(200, body)).client(t).ReopenConversation(t.Context(), reopenRequest)
		require.Equal(t, outcome.ConversationReopenFailed, failureOf(t, err).Edge, body)
		require.Equal(t, outcome.Refused, failureOf(t, err).Effect, body)
	}
}

func TestOfIsTheEdgeOfACallWhetherItSucceededOrFailed(t *testing.T) {
	server := newStub(t, inTurn(reply(http.StatusOK, found("active")), reply(http.StatusBadRequest, `{"code":"7"}`)))
	client := server.client(t)
	result, err := client.SearchConversation(t.Context(), searchRequest)
	require.Equal(t, outcome.ConversationActive, outcome.Of(result, err))
	result, err = client.SearchConversation(t.Context(), searchRequest)
	require.Equal(t, outcome.OnInvalidData, outcome.Of(result, err))
}

func TestResultsAndErrorsHaveTheHeaderOfTheLastReplyWithoutSecrets(t *testing.T) {
	const secret = "session-of-a-proxy"
	withHeader := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for name, value := range map[string]string{
				"Rate-Limit-Limit": "10000", "Rate-Limit-Remaining": "17", "Rate-Limit-Reset": "2026-12-01T00:00:00Z",
				"X-Served-By": "node-7", "Set-Cookie": "s=" + secret, "access_token": secret, "Authorization": secret,
			} {
				w.Header().Set(name, value)
			}
			reply(status, body)(w, r)
		}
	}
	server := newStub(t, inTurn(withHeader(http.StatusOK, found("active")), withHeader(http.StatusBadRequest, `{"code":"7"}`)))
	client := server.client(t)
	result, err := client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	_, err = client.SearchConversation(t.Context(), searchRequest)
	failure := failureOf(t, err)

	want := outcome.RateLimit{Limit: 10000, Remaining: 17, Reset: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}
	got, ok := result.RateLimit()
	require.True(t, ok)
	require.Equal(t, want, got)
	got, ok = outcome.RateLimitOf(failure.Header)
	require.True(t, ok)
	require.Equal(t, want, got)
	for _, header := range []http.Header{result.Header(), failure.Header} {
		require.Equal(t, "node-7", header.Get("X-Served-By"))
		require.NotContains(t, fmt.Sprint(header), secret)
	}
	result.Header().Set("X-Served-By", "me")
	require.Equal(t, "node-7", result.Header().Get("X-Served-By"), "each call returns a copy")
	encoded, marshalErr := json.Marshal([]any{result, failure})
	require.NoError(t, marshalErr)
	for _, text := range []string{string(encoded), fmt.Sprintf("%v %+v %#v", result, *result, failure)} {
		require.NotContains(t, text, "node-7")
		require.NotContains(t, text, secret)
	}
	require.Nil(t, engage.Reply{}.Header())
}
