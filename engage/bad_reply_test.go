package engage_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// limit is the size in bytes above which the clients of these tests read no reply.
const limit = 4 << 10

func TestASuccessThatCannotBeReadWasAppliedAndKeepsItsTraces(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"truncated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"status":"success","tid":"T-`)
		},
		"cut JSON":      reply(200, `{"status":"success","tid":"T-`),
		"cut in a name": reply(200, `{"status":202,"ti`),
		"too large":     reply(200, `{"status":"OK","tid":"`+strings.Repeat("x", limit)+`"}`),
		"two documents": reply(200, `{"status":"success","tid":"T-1"}{"tid":"T-2"}`),
	} {
		t.Run(name, func(t *testing.T) {
			requireUnread(t, answer, outcome.Applied)
		})
	}
}

func TestASuccessThatIsCutShortBeforeItSaysSoProvesNothing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"in its id":     reply(200, `{"tid":"T-`),
		"in its status": reply(200, `{"tid":"T-1","status":"succ`),
		"in a failure": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			io.WriteString(w, `{"status":"failure","code":"4711","description":"the conversation is clo`)
		},
		"in a failure, by a gateway": reply(200, `{"status":"failure","code":"4711","description":"the conversation is clo`),
		"in an error":                reply(200, `{"status":"success","error":{"key":"4551","message":[{"descr`),
		"in a list of errors":        reply(200, `{"status":"success","errors":[{"key":"45`),
		"after an escape":            reply(200, `{"status":"failure","description":"C:\x"}`),
		"by the limit":               reply(200, `{"tid":"T-1","status":"failure","description":"`+strings.Repeat("x", limit)+`"}`),
		"at once":                    reply(200, `{`),
		"in another thing":           reply(200, `{"hello":"wor`),
		"in no JSON":                 reply(200, `{% template %}`),
	} {
		t.Run(name, func(t *testing.T) {
			requireUnread(t, answer, outcome.MaybeApplied, engage.WithReconciliation(engage.Reconciliation{Off: true}))
		})
	}
}

func TestAFailureThatIsCutShortIsLookedFor(t *testing.T) {
	for _, fault := range []engagetest.Fault{
		{Code: "7", Shape: engagetest.Truncated},
		{Code: "7", Connection: engagetest.ConnectionCutShort},
	} {
		server, client, id := engageServer(t)
		server.Fail(outcome.AppendMessage, fault)
		_, err := client.AppendMessage(t.Context(), twoTexts(id))
		require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
		require.ErrorContains(t, err, "lookup: ")
		require.Empty(t, texts(t, server, id))
	}
}

func TestWhatWasReadOfAReplyIsATrace(t *testing.T) {
	const beginning = `{"status":"success","tid":"T-1","descr`
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON": reply(200, beginning),
		"lost": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			io.WriteString(w, beginning)
		},
	} {
		server := newStub(t, answer)
		_, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		require.Contains(t, failureOf(t, err).TraceIDs, outcome.TraceID{Name: "tid", Value: "T-1"}, name)
	}
}

func TestAWriteThatHasNotBegunHasNotFailed(t *testing.T) {
	for _, status := range []string{"not started", "Not yet processed", "not_queued"} {
		receipt, err := newStub(t, reply(202, `{"tid":"T-1","status":"`+status+`"}`)).client(t).
			ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		require.NoError(t, err, status)
		require.Equal(t, engage.Acknowledged, receipt.Proof)
	}
}

func TestAnAcknowledgementMayHaveAValueOfAnyKind(t *testing.T) {
	for _, value := range []string{`"accepted"`, `[]`, `true`, `7`} {
		server := newStub(t, reply(http.StatusAccepted, `{"status":"success","tid":"T-1","value":`+value+`}`))
		receipt, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		require.NoError(t, err, value)
		require.Equal(t, "T-1", receipt.TransactionID)
	}
}

func TestDoTellsNoneButAnErrorOfAReplyThatIsCutShort(t *testing.T) {
	call := engage.Call{Operation: "New", Class: engage.Unsafe, Route: engage.Route{Method: http.MethodPost, Path: "/new"}, Body: struct{}{}}
	for body, isError := range map[string]bool{`{"any":"thi`: false, `{"errors":[{"descr`: true} {
		_, err := newStub(t, reply(200, body)).client(t).Do(t.Context(), call)
		require.Equal(t, isError, err != nil, body)
	}
}

// requireUnread checks that a write answered so has that effect and is not sent
// again, and that a read has none.
func requireUnread(t *testing.T, answer http.HandlerFunc, effect outcome.Effect, options ...engage.CallOption) {
	t.Helper()
	server := newStub(t, traced(answer))
	client := server.client(t, engage.WithReplyLimit(limit), engage.WithCallOptions(options...))

	_, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C1", Channel: "sms", Message: hello})
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, effect, failure.Effect)
	require.Equal(t, effect, failure.Attempts[0].Effect)
	require.Equal(t, 2, failure.Status/100)
	require.Contains(t, failure.TraceIDs, outcome.TraceID{Name: "trxid", Value: "X-1"})
	require.Error(t, failure.Err)
	require.Len(t, server.seen(), 1, "a write that was or may have been applied is not sent again")

	_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	failure = failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Zero(t, failure.Effect, "a read has no effect")
}

// traced answers with a trace id in the header.
func traced(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trxid", "X-1")
		answer(w, r)
	}
}

// foreign are successes that do not come from Engage, but from a proxy or a
// server that stands in its place.
var foreign = map[string]http.HandlerFunc{
	"not JSON":            reply(200, `ok`),
	"HTML":                reply(200, `<html><body>Sign in</body></html>`),
	"empty":               reply(200, ``),
	"an unknown word":     reply(200, `{"status":"under maintenance"}`),
	"a value that denies": reply(200, `{"value":"denied"}`),
	"no transaction id":   reply(200, `{"tid":null}`),
	"created and empty":   reply(201, ``),
	"a list":              reply(200, `[{"tid":"T-1"}]`),
	"a text":              reply(200, `"T-1"`),
	"null":                reply(200, `null`),
	"another thing":       reply(200, `{"hello":"world"}`),
	"a mere description":  reply(200, `{"description":"OK"}`),
	"an error of nothing": reply(200, `{"errors":[]}`),
	"a page cut off": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, `<html>`)
	},
	"a header alone": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.(http.Flusher).Flush()
	},
	"a page too large": reply(200, strings.Repeat("<br>", limit)),
	"a page too large, and of no end": func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		io.WriteString(w, strings.Repeat("<br>", limit))
	},
	"a compressed bomb": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		for range 1 << 10 {
			packed.Write(make([]byte, 1<<10))
		}
	},
}

func TestASuccessThatIsNotOfTheServiceProvesNothing(t *testing.T) {
	for name, answer := range foreign {
		t.Run(name, func(t *testing.T) {
			requireUnread(t, answer, outcome.MaybeApplied, engage.WithReconciliation(engage.Reconciliation{Off: true}))
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
		require.Len(t, server.seen(), 2, "none is sent again")
	}
}

func TestAReadIsTriedAgainAfterAPageOfAProxy(t *testing.T) {
	server := newStub(t, inTurn(reply(200, `<html>`), reply(200, `{"status":"success","value":{"conversationId":"C1","status":"active"}}`)))
	found, err := server.client(t).SearchConversation(t.Context(), engage.SearchConversationV13{Address: smsAddress})
	require.NoError(t, err)
	require.Equal(t, "C1", found.ConversationID)
	require.Len(t, found.Attempts, 2)
}

func TestAWriteAnsweredWithAPageOfAProxyIsLookedFor(t *testing.T) {
	for name, c := range map[string]struct {
		transcript string
		found      bool
	}{
		"and is there":     {`{"status":"success","value":{"messages":[{"aliasId":"A-1","direction":"inbound","type":"text","text":"hi"}]}}`, true},
		"and is not there": {`{"status":"success","value":{"messages":[]}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := newStub(t, inTurn(reply(200, `<html>`), reply(200, c.transcript)))
			receipt, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{
				ConversationID: "C1", Channel: "sms", Message: message.Text{Direction: message.Inbound, Text: "hi", Envelope: message.Envelope{AliasID: "A-1"}},
			}, engage.WithRetry(engage.Retry{Attempts: 1}))
			if c.found {
				require.NoError(t, err)
				require.Equal(t, engage.Reconciled, receipt.Proof)
			} else {
				require.Equal(t, outcome.MaybeApplied, failureOf(t, err).Effect)
			}
		})
	}
}

func TestASuccessThatTellsOfAFailureIsOne(t *testing.T) {
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
		_, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		failure := failureOf(t, err)
		require.Equal(t, outcome.ConversationReopenFailed, failure.Edge, c.body)
		require.Equal(t, outcome.Refused, failure.Effect, c.body)
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
		receipt, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		require.NoError(t, err, body)
		require.Equal(t, "T-1", receipt.TransactionID)
	}
}

func TestAnAcknowledgementNeedNotHaveAnID(t *testing.T) {
	for _, body := range []string{`{"status":"success"}`, `{"status_code":202,"description":"accepted","response":{}}`} {
		server := newStub(t, reply(http.StatusAccepted, body))
		receipt, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		require.NoError(t, err, body)
		require.Empty(t, receipt.TransactionID)
	}
}

func TestTheIDOfAnAcknowledgementIsATraceWhereverItStands(t *testing.T) {
	server := newStub(t, reply(http.StatusOK, `{"status":"success","value":{"TransId":"V-1"}}`))
	receipt, err := server.client(t).CloseConversation(t.Context(), engage.CloseConversationV10{ConversationID: "C1"})
	require.NoError(t, err)
	require.Equal(t, "V-1", receipt.TransactionID)
	require.Equal(t, "V-1", receipt.TraceIDs[0].Value)
}

func TestAReplyOfAnySizeIsReadUpToTheLimit(t *testing.T) {
	const tooLarge = "larger than the limit"
	long := `{"tid":"` + strings.Repeat("x", 200<<10) + `"}`
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		limit   int64
		problem string
	}{
		"no limit to speak of":       {reply(200, long), math.MaxInt64, ""},
		"exactly the limit":          {reply(200, long), int64(len(long)), ""},
		"a byte above it":            {reply(200, long), int64(len(long)) - 1, tooLarge},
		"exactly the limit, as told": {reply(200, acknowledged), int64(len(acknowledged)), ""},
		"a byte above it, as told":   {reply(200, acknowledged), int64(len(acknowledged)) - 1, tooLarge},
		"a header that promises too much": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "4611686018427387904")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, math.MaxInt64, "unexpected EOF"},
	} {
		server := newStub(t, c.answer)
		_, err := appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), server.client(t, engage.WithReplyLimit(c.limit)))
		if c.problem == "" {
			require.NoError(t, err, name)
		} else {
			require.Equal(t, outcome.OnError, failureOf(t, err).Edge, name)
			require.ErrorContains(t, err, c.problem, name)
		}
	}
}

func TestAReplyIsReadToItsEndWhateverItsHeaderSays(t *testing.T) {
	const announced = 40
	answer := func(body string) roundTrip {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), ContentLength: announced}, nil
		}
	}
	whole := `{"tid":"T-1","more":"` + strings.Repeat("x", 2*announced) + `"}`
	for name, c := range map[string]struct {
		body    string
		limit   int64
		problem string
	}{
		"within the limit":              {whole, limit, ""},
		"exactly the limit":             {whole, int64(len(whole)), ""},
		"a byte above it":               {whole, int64(len(whole)) - 1, "larger than the limit"},
		"which is as it says":           {whole, announced, "larger than the limit"},
		"shorter than it says":          {`{"tid":"T-1"}`, limit, ""},
		"shorter than it says, and cut": {whole[:announced-1], limit, "not JSON"},
	} {
		client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(answer(c.body)), engage.WithReplyLimit(c.limit))
		require.NoError(t, err)
		receipt, err := client.AppendMessage(t.Context(), appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))
		if c.problem == "" {
			require.NoError(t, err, name)
			require.Equal(t, c.body, string(receipt.Raw()), name)
		} else {
			require.ErrorContains(t, err, c.problem, name)
		}
	}
}

func TestAReplyThatSwitchesProtocolsEndsTheCall(t *testing.T) {
	server := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			t.Cleanup(func() { connection.Close() })
			io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
		}
	})
	_, err := appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), server.client(t))
	failure := failureOf(t, err)
	require.Equal(t, outcome.OnError, failure.Edge)
	require.Equal(t, http.StatusSwitchingProtocols, failure.Status)
	require.Equal(t, outcome.MaybeApplied, failure.Effect)
	require.Len(t, server.seen(), 1)
}

// watched is a body that tells whether it was closed.
type watched struct {
	io.Reader
	closed bool
}

func (w *watched) Close() error {
	w.closed = true
	return nil
}

func TestAReplyIsClosedAndItsTryEndsReadOrNot(t *testing.T) {
	for _, length := range []int64{-1, int64(len(acknowledged)), math.MaxInt64} {
		body := &watched{Reader: strings.NewReader(acknowledged)}
		var try context.Context
		client, err := engage.New(engage.US, auth.Static(token), engage.WithTransport(roundTrip(func(r *http.Request) (*http.Response, error) {
			try = r.Context()
			return &http.Response{StatusCode: http.StatusOK, Body: body, ContentLength: length}, nil
		})))
		require.NoError(t, err)
		_, err = appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), client)
		require.Equal(t, length == math.MaxInt64, err != nil, "length %d", length)
		require.True(t, body.closed, "length %d", length)
		require.Error(t, try.Err(), "length %d", length)
	}
}

func TestAnErrorNamesTheMessagesOfTheWrite(t *testing.T) {
	server := newStub(t, hangUp)
	_, err := appendTo(appendRequest, engage.WithReconciliation(engage.Reconciliation{Off: true}))(t.Context(), server.client(t))
	failure := failureOf(t, err)
	require.Len(t, failure.AliasIDs, 1)
	require.Contains(t, server.seen()[0].body, failure.AliasIDs[0])
}

func TestAnErrorKeepsWhatEveryEnvelopeTells(t *testing.T) {
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
		_, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		failure := failureOf(t, err)
		require.Equal(t, outcome.ConversationReopenFailed, failure.Edge, c.body)
		require.Equal(t, []string{c.code, c.description}, []string{failure.Code, failure.Description}, c.body)
		if c.trace != "" {
			require.Len(t, failure.TraceIDs, 1)
			require.Equal(t, c.trace, failure.TraceIDs[0].Value)
		}
	}
}

func TestAnErrorThatIsNotAnEnvelopeKeepsItsStatus(t *testing.T) {
	for _, body := range []string{``, `<html>`, `nope`, `[]`, `{}`, `{"a":1}`, `{"code"`, `null`, `{"message":"no"}`, `{"error":"no"}`, strings.Repeat("[", 1<<16)} {
		server := newStub(t, reply(http.StatusConflict, body))
		_, err := server.client(t).ReopenConversation(t.Context(), engage.ReopenConversationV10{ConversationID: "C1"})
		failure := failureOf(t, err)
		require.Equal(t, outcome.OnError, failure.Edge)
		require.Equal(t, http.StatusConflict, failure.Status)
		require.Equal(t, outcome.Refused, failure.Effect)
	}
}

// TestNothingSecretShows has a server echo all it was sent, in an error and in
// a success, and looks for it in everything that can be printed.
func TestNothingSecretShows(t *testing.T) {
	const body = "my card is 4111"
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		echo, _ := json.Marshal(r.Header.Get("Authorization") + " " + r.URL.String() + " " + body)
		w.Header().Set("Location", "https://example.com/?"+token)
		reply(http.StatusConflict, `{"code":"4551","tid":"T-1","description":`+string(echo)+`}`)(w, r)
	})
	var log strings.Builder
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client := server.client(t, engage.WithLogger(logger))
	secret := hello
	secret.Text = body
	_, err := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C-private", Channel: "sms", Message: secret})
	server.Close()
	_, refused := client.AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C-private", Channel: "sms", Message: secret},
		engage.WithRetry(engage.Retry{Attempts: 2}))

	for _, failed := range []error{err, refused} {
		encoded, marshalErr := json.Marshal(failed)
		require.NoError(t, marshalErr)
		logger.Error("failed", "err", failed)
		for _, text := range []string{
			failed.Error(), fmt.Sprintf("%v %+v %#v %q %s", failed, failed, failed, failed, failed), string(encoded),
			fmt.Sprintf("%v %+v %#v", client, client, client), log.String(),
		} {
			for _, private := range []string{token, body, "C-private", server.URL} {
				require.NotContains(t, text, private)
			}
		}
	}
	require.Contains(t, log.String(), `"operation":"AppendMessage"`)
	require.Contains(t, log.String(), `"tid":"T-1"`)
	require.Contains(t, failureOf(t, err).Description, body, "the service's own words stay in their field")
}
