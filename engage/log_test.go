package engage_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

func TestTheAttemptsOfACallAreReported(t *testing.T) {
	count := 0
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		count++
		w.Header().Set("trxid", fmt.Sprintf("X-%d", count))
		if count < 3 {
			reply(503, ``)(w, r)
			return
		}
		reply(200, found("closed"))(w, r)
	})
	result, err := server.client(t).SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	require.Len(t, result.Attempts, 3)
	for i, attempt := range result.Attempts {
		require.Equal(t, []outcome.TraceID{{Name: "trxid", Value: fmt.Sprintf("X-%d", i+1)}}, attempt.TraceIDs)
		require.Positive(t, attempt.Duration)
	}
	require.Equal(t, []int{503, 503, 200}, []int{result.Attempts[0].Status, result.Attempts[1].Status, result.Attempts[2].Status})
	require.Zero(t, result.Attempts[2].Effect)
}

// logTo returns a logger that writes lines of level and above without what changes from
// run to run.
func logTo(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			switch attr.Key {
			case slog.TimeKey, "wait", "duration":
				return slog.Attr{}
			}
			return attr
		},
	}))
}

func TestTheLogHasALineForEachCallAndAttempt(t *testing.T) {
	const (
		search  = " operation=SearchConversation version=1.3"
		attempt = `level=DEBUG msg="engage: attempt"` + search
		another = `level=WARN msg="engage: another attempt"` + search
		call    = `level=DEBUG msg="engage: call"` + search
	)
	for name, test := range map[string]struct {
		replies []http.HandlerFunc
		want    []string
	}{
		"a success": {[]http.HandlerFunc{reply(http.StatusOK, found("active"))}, []string{
			attempt + " attempt=1 status=200",
			call + " edge=conversationActive attempts=1",
		}},
		"a retry": {[]http.HandlerFunc{reply(http.StatusServiceUnavailable, `{"code":"7","tid":"T-1"}`), reply(http.StatusOK, found("active"))}, []string{
			attempt + " attempt=1 status=503 tid=T-1 edge=onError effect=refused",
			another + " attempt=2 status=503 tid=T-1 effect=refused",
			attempt + " attempt=2 status=200",
			call + " edge=conversationActive attempts=2",
		}},
		"a refused token": {[]http.HandlerFunc{reply(http.StatusUnauthorized, ""), reply(http.StatusOK, found("active"))}, []string{
			attempt + " attempt=1 status=401 edge=onAuthorizationFailure effect=refused",
			`level=WARN msg="engage: another attempt with a new token"` + search + " attempt=2 status=401 effect=refused",
			attempt + " attempt=2 status=200",
			call + " edge=conversationActive attempts=2",
		}},
		"a failure": {[]http.HandlerFunc{reply(http.StatusBadRequest, `{"code":"7","description":"no","tid":"T-1"}`)}, []string{
			attempt + " attempt=1 status=400 tid=T-1 edge=onInvalidData effect=refused",
			call + " edge=onInvalidData attempts=1 error.edge=onInvalidData error.operation=SearchConversation error.version=1.3" +
				" error.effect=refused error.status=400 error.code=7 error.description=no error.attempts=1 error.traceIds=\"tid=T-1\"",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := func(level slog.Level) []string {
				var log strings.Builder
				server := newStub(t, inTurn(test.replies...))
				_, _ = server.client(t, engage.WithLogger(logTo(&log, level)),
					engage.WithAuthorization(outcome.SearchConversation, &rotating{})).SearchConversation(t.Context(), searchRequest)
				list := []string{}
				for line := range strings.Lines(log.String()) {
					list = append(list, strings.TrimSuffix(line, "\n"))
				}
				return list
			}
			require.Equal(t, test.want, lines(slog.LevelDebug))
			warnings := slices.DeleteFunc(test.want, func(line string) bool { return strings.HasPrefix(line, "level=DEBUG") })
			require.Equal(t, warnings, lines(slog.LevelWarn))
		})
	}
}

func TestTheLogDoesNotReplaceAnObserver(t *testing.T) {
	var log strings.Builder
	var o observed
	server := newStub(t, reply(http.StatusOK, found("active")))
	client := server.client(t, engage.WithObserver(&o), engage.WithLogger(logTo(&log, slog.LevelDebug)))
	_, err := client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	require.Len(t, o.events, 4)
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
}

func TestALogThatIsOffAllocatesNothing(t *testing.T) {
	// The fewest of many runs, because a pool may be empty in any of them.
	allocations := func(options ...engage.Option) int {
		client, fewest := over(t, inMemory{}, options...), math.Inf(1)
		for range 100 {
			fewest = min(fewest, testing.AllocsPerRun(1, func() {
				_, err := client.SearchConversation(t.Context(), searchRequest)
				require.NoError(t, err)
			}))
		}
		return int(fewest)
	}
	off := logTo(io.Discard, slog.LevelError)
	require.Equal(t, allocations(), allocations(engage.WithLogger(off)))
}

func TestTheLogShortensALongTraceID(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	long := "T-" + strings.Repeat("x", 125) + "é" + strings.Repeat("y", 1000)
	server := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("trxid", "X-1")
		reply(http.StatusConflict, `{"status":"failure","tid":"`+long+`"}`)(w, r)
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithLogger(logger)))
	require.Equal(t, long, failureOf(t, err).TraceIDs[1].Value, "the error keeps it whole")
	require.Contains(t, log.String(), " trxid=X-1 tid="+long[:127]+"… ")
	require.Contains(t, err.Error(), long[:127]+"…")

	log.Reset()
	long = long[:126] + "yy"
	_, err = appendMessage(t.Context(), server.client(t, engage.WithLogger(logger)))
	require.Equal(t, outcome.OnAppendMessageFailure, outcome.EdgeOf(err))
	require.Contains(t, log.String(), " tid="+long+" ", "one of 128 bytes is not cut")
}

// The server quotes the request in its replies.
func TestNoSecretIsPrinted(t *testing.T) {
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
		twoAttempts)

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
	require.ErrorContains(t, err, `code 4551 "Bearer [cut] /api/v1/conversations/[cut]/messages [cut]", refused`)
	require.Contains(t, failureOf(t, err).Description, body, "the service's own words stay in their field")
}

func TestTheTextOfAnErrorHasTheDescriptionWithoutWhatWasSent(t *testing.T) {
	secret := hello
	secret.Text = "my card is 4111 1111 1111 1111, and more"
	for description, want := range map[string]string{
		"inbound text is refused":           "inbound text is refused",
		"'" + secret.Text + "' is too long": "'[cut]' is too long",
		"'my card is 4111 1…' is too long":  "'[cut]…' is too long",
		"the conversation C-7/8 is closed":  "the conversation C-7/8 is closed",
		"C-private was closed\nlevel=ERROR": `[cut] was closed\nlevel=ERROR`,
		strings.Repeat("x", 300):            strings.Repeat("x", 256) + "…",
	} {
		encoded, _ := json.Marshal(description)
		server := newStub(t, reply(http.StatusConflict, `{"code":"7","description":`+string(encoded)+`}`))
		_, err := server.client(t).AppendMessage(t.Context(), engage.AppendMessageV13{ConversationID: "C-private", Channel: "sms", Message: secret})
		require.ErrorContains(t, err, `code 7 "`+want+`", refused`)
		require.Equal(t, description, failureOf(t, err).Description)
	}
}

// The details of a resolve are JSON in a text, and the recipients are JSON in a text of that.
func TestTheTextOfAnErrorHasTheDescriptionWithoutTheDetailsThatWereSent(t *testing.T) {
	server := newStub(t, reply(http.StatusConflict, `{"code":"7","description":"no: my card is 4111, ann@example.com, eve@example.com"}`))
	_, err := server.client(t).ResolveConversation(t.Context(), engage.ResolveConversationV12{
		TransID: "T-1", FlowID: "F-1", MediaType: engage.EmailMedia, MediaChannel: engage.MediaEmail,
		Details: engage.EmailDetails{
			Address: channel.EmailAddress{
				Mailbox: "help@example.com", From: "ann@example.com", Subject: "card", To: []string{"eve@example.com"}, InReplyTo: "<1@c>",
			},
			CommonDetails: engage.CommonDetails{Text: "my card is 4111"},
		},
	})
	require.ErrorContains(t, err, `code 7 "no: [cut], [cut], [cut]"`)
}

func TestPrintingAnErrorChangesNothing(t *testing.T) {
	server := newStub(t, reply(http.StatusConflict, `{"code":"7","description":"no"}`))
	var sent *http.Request
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = r
		return http.DefaultTransport.RoundTrip(r)
	})
	_, err := appendMessage(t.Context(), server.client(t, engage.WithTransport(transport)))
	url, text, failure := sent.URL.String(), err.Error(), *failureOf(t, err)
	require.Equal(t, text, err.Error())
	require.Equal(t, failure, *failureOf(t, err))
	require.Equal(t, url, sent.URL.String())
}

func TestWhatTheSDKDoesNotKnowOfAReplyIsLoggedOnce(t *testing.T) {
	const line = `level=WARN msg="engage: the SDK does not know what a reply contains" `
	const schedule = `{"value":{"slot":"siesta 4111"}}`
	for name, test := range map[string]struct {
		reply string
		do    callFunc
		want  string
	}{
		"nothing": {found("active"), search(searchRequest), ""},
		"members": {
			`{"status":"success","Mood":"private","STATUS_CODE":200,"tid":"T-1","value":{"conversation_id":"C1","chatExist":true,"status":"active","+15550100":"private"}}`,
			search(searchRequest),
			line + "kind=member name=Mood operation=SearchConversation\n" + line + "kind=member name=[cut] operation=SearchConversation\n",
		},
		"the state of a conversation": {
			found("snoozed"), search(searchRequest), line + "kind=status name=snoozed operation=SearchConversation\n",
		},
		"the slot of a schedule": {
			schedule, businessHours(engage.BusinessHoursV10{ScheduleID: "S1"}), line + "kind=slot name=[cut] operation=BusinessHours\n",
		},
		"the type of a message": {
			`{"value":{"countOfRecords":1,"messages":[{"type":"hologram","text":"private"}]}}`,
			fetch(engage.FetchTranscriptV10{ConversationID: "C1"}),
			line + `kind="message type" name=hologram operation=FetchTranscript` + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			client := newStub(t, reply(http.StatusOK, test.reply)).client(t, engage.WithLogger(logTo(&log, slog.LevelInfo)), engage.WithObserver(&observed{}))
			for range 2 {
				_, err := test.do(t.Context(), client)
				require.True(t, err == nil || errors.Is(err, outcome.ErrOnInvalidChoice), err)
			}
			require.Equal(t, test.want, log.String())
		})
	}
}

func TestTheIteratorOfATranscriptLogsUnknownTypes(t *testing.T) {
	var log strings.Builder
	server := newStub(t, inTurn(
		reply(http.StatusOK, `{"value":{"messages":[{"type":"hologram"},{"type":"hologram"}]}}`), reply(http.StatusOK, `{"value":{"messages":[]}}`),
	))
	for _, err := range server.client(t, engage.WithLogger(logTo(&log, slog.LevelInfo))).Transcript(t.Context(), "C1", nil) {
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "name=hologram"))
}

func TestTheSDKKnowsWhatTheFakeReplies(t *testing.T) {
	var log strings.Builder
	_, client := fake(t, engage.WithLogger(logTo(&log, slog.LevelInfo)))
	_, err := client.CreateConversation(t.Context(), engage.CreateConversationV13{Address: smsAddress, Messages: []message.Message{hello}})
	require.NoError(t, err)
	conversation, err := client.SearchConversation(t.Context(), searchRequest)
	require.NoError(t, err)
	id := conversation.ConversationID
	for _, do := range []callFunc{
		fetch(engage.FetchTranscriptV10{ConversationID: id}),
		appendTo(engage.AppendMessageV13{ConversationID: id, Channel: channel.SMS, Message: hello}),
		update(engage.UpdateConversationV10{ConversationID: id, AliasID: "task-1"}),
		closing(engage.CloseConversationV10{ConversationID: id}),
	} {
		_, err := do(t.Context(), client)
		require.NoError(t, err)
	}
	require.Empty(t, log.String())
}
