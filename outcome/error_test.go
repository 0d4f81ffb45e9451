package outcome_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/outcome"
)

// full is an error with every field set. Its description quotes the request.
func full() *outcome.Error {
	err := &outcome.Error{
		Edge:       outcome.OnAppendMessageFailure,
		Operation:  outcome.AppendMessage,
		Version:    outcome.V13,
		Effect:     outcome.MaybeApplied,
		Status:     409,
		Code:       "4547",
		TraceIDs:   []outcome.TraceID{{Name: "trxid", Value: "a-1"}, {Name: "TrackingId", Value: "b-2"}},
		AliasIDs:   []string{"M-1", "M 2"},
		Header:     http.Header{"X-Private": {"SECRET"}},
		RetryAfter: 90 * time.Second,
		Attempts: []outcome.Attempt{
			{Effect: outcome.MaybeApplied, Duration: time.Second, Err: errors.New("SECRET")},
			{Status: 409, Wait: time.Second, Effect: outcome.Refused},
		},
		Violations: outcome.Violations{{Field: "Message.Text", Problem: "is empty"}},
		Err:        io.ErrUnexpectedEOF,
	}
	err.Describe("the customer wrote SECRET", "the customer wrote [cut]")
	return err
}

func TestErrorTextContainsWhatIsKnown(t *testing.T) {
	for _, test := range []struct {
		err  *outcome.Error
		want string
	}{
		{full(), "engage: AppendMessage v1.3: onAppendMessageFailure: HTTP 409, code 4547 \"the customer wrote [cut]\", maybe applied (find out before sending it again), 2 attempts, " +
			"retry after 1m30s, trxid=a-1, TrackingId=b-2: Message.Text is empty: unexpected EOF"},
		{&outcome.Error{Edge: outcome.OnError}, "engage: onError"},
		{&outcome.Error{Edge: outcome.OnError, Operation: "Custom"}, "engage: Custom: onError"},
		{&outcome.Error{Edge: outcome.OnError, Attempts: make([]outcome.Attempt, 1)}, "engage: onError"},
		{&outcome.Error{Edge: outcome.OnError, RetryAfter: -time.Second}, "engage: onError"},
		{&outcome.Error{Edge: outcome.OnError, Effect: outcome.NotSent}, "engage: onError, not sent"},
		{&outcome.Error{Edge: outcome.OnError, Effect: outcome.Refused}, "engage: onError, refused"},
		{&outcome.Error{Edge: outcome.OnError, Effect: outcome.Applied}, "engage: onError, applied (do not send it again)"},
		{&outcome.Error{Edge: outcome.OnTimeout, Err: context.DeadlineExceeded}, "engage: onTimeout: context deadline exceeded"},
		{&outcome.Error{
			Edge: outcome.OnError, Operation: "my own", Version: "~1", Code: "a b", TraceIDs: []outcome.TraceID{{Name: "tid", Value: "c d"}},
			Violations: outcome.Violations{{Field: "Text", Problem: "holds a\nline break"}},
		}, `engage: "my own" v~1: onError, code "a b", tid="c d": "Text holds a\nline break"`},
		{&outcome.Error{Edge: outcome.OnError, Status: 404, Description: "no\nroute"}, `engage: onError: HTTP 404 "no\nroute"`},
		{&outcome.Error{}, "engage: "},
	} {
		require.EqualError(t, test.err, test.want)
		require.Equal(t, test.want, fmt.Sprintf("%v", test.err))
		require.Equal(t, test.want, fmt.Sprintf("%+v", test.err))
		require.Equal(t, fmt.Sprintf("%q", test.want), fmt.Sprintf("%#v", test.err))
	}
}

func TestErrorAsJSON(t *testing.T) {
	encoded, err := json.Marshal(full())
	require.NoError(t, err)
	require.JSONEq(t, `{
		"edge": "onAppendMessageFailure", "operation": "AppendMessage", "version": "1.3", "effect": "maybe applied",
		"status": 409, "code": "4547", "description": "the customer wrote [cut]", "retryAfter": "1m30s", "attempts": 2,
		"traceIds": [{"name": "trxid", "value": "a-1"}, {"name": "TrackingId", "value": "b-2"}],
		"aliasIds": ["M-1", "\"M 2\""],
		"violations": [{"field": "Message.Text", "problem": "is empty"}], "cause": "unexpected EOF"
	}`, string(encoded))

	encoded, err = json.Marshal(&outcome.Error{Edge: outcome.OnError})
	require.NoError(t, err)
	require.JSONEq(t, `{"edge": "onError"}`, string(encoded))
}

func TestErrorShowsATraceIDOnce(t *testing.T) {
	err := &outcome.Error{Edge: outcome.OnError, TraceIDs: []outcome.TraceID{
		{Name: "TrackingId", Value: "a"}, {Name: "trackingId", Value: "a"}, {Name: "tid", Value: "b"}, {Name: "tid", Value: "a"},
	}}
	require.EqualError(t, err, "engage: onError, TrackingId=a, tid=b")
	encoded, marshalErr := json.Marshal(err)
	require.NoError(t, marshalErr)
	require.JSONEq(t, `{"edge": "onError", "traceIds": [
		{"name": "TrackingId", "value": "a"}, {"name": "tid", "value": "b"}, {"name": "tid", "value": "a"}]}`, string(encoded))
	require.Len(t, err.TraceIDs, 4, "the field keeps them all")
}

func TestErrorInALog(t *testing.T) {
	require.JSONEq(t, `{"level": "ERROR", "msg": "failed", "err": {
		"edge": "onAppendMessageFailure", "operation": "AppendMessage", "version": "1.3", "effect": "maybe applied",
		"status": 409, "code": "4547", "description": "the customer wrote [cut]", "attempts": 2, "retryAfter": "1m30s", "traceIds": "trxid=a-1, TrackingId=b-2", "aliasIds": "M-1, \"M 2\"",
		"violations": "Message.Text is empty", "cause": "unexpected EOF"
	}}`, logged(full()))
	require.JSONEq(t, `{"level": "ERROR", "msg": "failed", "err": {"edge": "onError"}}`,
		logged(&outcome.Error{Edge: outcome.OnError}))
}

// logged returns the line that slog writes for err, without the time.
func logged(err *outcome.Error) string {
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, &slog.HandlerOptions{ReplaceAttr: withoutTime})).Error("failed", "err", err)
	return line.String()
}

func withoutTime(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && attr.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return attr
}

// shown returns err in every form in which it can appear in a log.
func shown(t *testing.T, err *outcome.Error) map[string]string {
	t.Helper()
	encoded, marshalErr := json.Marshal(err)
	require.NoError(t, marshalErr)
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Error("failed", "err", err)
	return map[string]string{
		"Error":       err.Error(),
		"%v":          fmt.Sprintf("%v", err),
		"%+v":         fmt.Sprintf("%+v", err),
		"%#v":         fmt.Sprintf("%#v", err),
		"%s":          fmt.Sprintf("%s", err),
		"%q":          fmt.Sprintf("%q", err),
		"%d":          fmt.Sprintf("%d", any(err)),
		"%x":          fmt.Sprintf("%x", err),
		"wrapped":     fmt.Errorf("while answering: %w", err).Error(),
		"joined":      errors.Join(err).Error(),
		"in a struct": fmt.Sprintf("%+v", struct{ Err error }{err}),
		"JSON":        string(encoded),
		"log value":   err.LogValue().String(),
		"log as JSON": strings.TrimSpace(logged(err)),
		"log as text": strings.TrimSpace(text.String()),
	}
}

func TestErrorShowsOfADescriptionWhatItWasDescribedWith(t *testing.T) {
	err := full()
	require.Equal(t, "the customer wrote SECRET", err.Description)
	for form, text := range shown(t, err) {
		require.NotContains(t, text, "SECRET", form)
	}
	err.Describe("no SECRET", "")
	for form, text := range shown(t, err) {
		require.NotContains(t, text, "SECRET", form)
		require.NotContains(t, text, "customer", form)
	}
	err.Description = "closed"
	require.ErrorContains(t, err, `code 4547 "closed", maybe applied`, "another description is not cut")
}

func TestErrorDoesNotRepeatTheTraceIDsOfItsCause(t *testing.T) {
	ids := []outcome.TraceID{{Name: "trxid", Value: "a-1"}}
	cause := &outcome.Error{Edge: outcome.OnError, Operation: outcome.FetchTranscript, TraceIDs: ids}
	err := &outcome.Error{Edge: outcome.OnError, TraceIDs: append(ids, outcome.TraceID{Name: "tid", Value: "b"}), Err: cause}
	require.EqualError(t, err, "engage: onError, tid=b: engage: FetchTranscript: onError, trxid=a-1")
}

func TestErrorIsFormattedInTheWidthOfTheVerb(t *testing.T) {
	err := &outcome.Error{Edge: outcome.OnError}
	require.Equal(t, "engage: onError     |", fmt.Sprintf("%-20s|", err))
	require.Equal(t, "     engage: onError", fmt.Sprintf("%20v", err))
	require.Equal(t, "engage", fmt.Sprintf("%.6s", err))
}

func TestCopyOfAnErrorShowsNoMore(t *testing.T) {
	err := full()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		require.Equal(t, fmt.Sprintf(verb, err), fmt.Sprintf(verb, *err), verb)
		require.Contains(t, fmt.Sprintf(verb, struct{ Failure outcome.Error }{*err}), "AppendMessage v1.3", verb)
	}
	want, failed := json.Marshal(err)
	require.NoError(t, failed)
	got, failed := json.Marshal(map[string]outcome.Error{"failure": *err})
	require.NoError(t, failed)
	require.JSONEq(t, `{"failure": `+string(want)+`}`, string(got))
	var asJSON, asText bytes.Buffer
	slog.New(slog.NewJSONHandler(&asJSON, nil)).Error("failed", "err", *err)
	slog.New(slog.NewTextHandler(&asText, nil)).Error("failed", "err", *err)
	for _, line := range []string{asJSON.String(), asText.String()} {
		require.Contains(t, line, "AppendMessage")
		require.NotContains(t, line, "SECRET")
	}
}

func TestErrorIsOneShortLineWhateverTheServiceSent(t *testing.T) {
	for name, sent := range map[string]string{
		"a forged line":      "x\nlevel=INFO msg=fine",
		"carriage return":    "x\r\x1b[2K",
		"a zero byte":        "x\x00",
		"a line separator":   "x\u2028y",
		"turned text":        "x\u202ey",
		"not UTF-8":          "\xff\xfe",
		"very long":          strings.Repeat("x", 1<<20),
		"long and not ASCII": strings.Repeat("é", 1<<20),
		"long and not UTF-8": strings.Repeat("\x80", 1<<20),
		"long and escaped":   strings.Repeat("\x00", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			for form, text := range shown(t, &outcome.Error{
				Edge:        outcome.Edge(sent),
				Operation:   outcome.Operation(sent),
				Version:     outcome.Version(sent),
				Code:        sent,
				Description: sent,
				TraceIDs:    []outcome.TraceID{{Name: sent, Value: sent}},
				AliasIDs:    []string{sent},
				Err:         errors.New(sent),
			}) {
				require.Less(t, len(text), 20_000, form)
				require.Equal(t, -1, strings.IndexFunc(text, unicode.IsControl), form)
				require.NotContains(t, text, "\u2028", form)
				require.NotContains(t, text, "\u202e", form)
			}
		})
	}
}

func TestErrorCutsBetweenCharacters(t *testing.T) {
	err := &outcome.Error{Edge: outcome.OnError, Code: strings.Repeat("x", 127) + "é"}
	require.EqualError(t, err, `engage: onError, code "`+strings.Repeat("x", 127)+`…"`)

	err = &outcome.Error{Edge: outcome.OnError, Err: errors.New(strings.Repeat("x", 1023) + "é")}
	require.EqualError(t, err, "engage: onError: "+strings.Repeat("x", 1023)+"…")

	err = &outcome.Error{Edge: outcome.OnError, Description: strings.Repeat("x", 255) + "é"}
	require.EqualError(t, err, `engage: onError "`+strings.Repeat("x", 255)+`…"`)

	err = &outcome.Error{Edge: outcome.OnError, Code: strings.Repeat("x", 128)}
	require.EqualError(t, err, "engage: onError, code "+strings.Repeat("x", 128), "128 bytes are not cut")
}

func TestErrorIsTheSentinelOfItsEdge(t *testing.T) {
	sentinels := map[outcome.Edge]error{
		outcome.OnError:                outcome.ErrOnError,
		outcome.OnInvalidData:          outcome.ErrOnInvalidData,
		outcome.OnInvalidChoice:        outcome.ErrOnInvalidChoice,
		outcome.OnTimeout:              outcome.ErrOnTimeout,
		outcome.OnAuthorizationFailure: outcome.ErrOnAuthorizationFailure,
	}
	for edge := range edges {
		err := fmt.Errorf("wrapped: %w", &outcome.Error{Edge: edge})
		for of, sentinel := range sentinels {
			require.Equal(t, edge == of, errors.Is(err, sentinel), "%s is %v", edge, sentinel)
		}
		require.NotErrorIs(t, err, io.EOF)
		var none error
		require.NotErrorIs(t, err, none)
	}
	for edge, sentinel := range sentinels {
		require.EqualError(t, sentinel, "engage: "+string(edge))
	}
}

// uncomparable is an error on which the operator == panics.
type uncomparable struct{ list []string }

func (uncomparable) Error() string { return "uncomparable" }

func TestErrorUnwrapsToItsCause(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", &outcome.Error{Edge: outcome.OnTimeout, Err: context.DeadlineExceeded})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, outcome.ErrOnTimeout)
	require.NotErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, uncomparable{[]string{"x"}})

	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, context.DeadlineExceeded, errors.Unwrap(failure))

	inner := &outcome.Error{Edge: outcome.OnAuthorizationFailure}
	outer := &outcome.Error{Edge: outcome.OnError, Err: inner}
	require.ErrorIs(t, outer, outcome.ErrOnAuthorizationFailure)
	require.EqualError(t, outer, "engage: onError: engage: onAuthorizationFailure")
}

func TestErrorIsItsCode(t *testing.T) {
	closed := fmt.Errorf("wrapped: %w", &outcome.Error{Edge: outcome.OnCloseConversationFailure, Status: 404, Code: "4547"})
	require.ErrorIs(t, closed, outcome.ErrAlreadyClosed)
	require.ErrorIs(t, closed, outcome.Code("4547"))
	require.ErrorIs(t, closed, outcome.ErrNotFound)
	require.NotErrorIs(t, closed, outcome.Code("454"))
	other := &outcome.Error{Edge: outcome.OnError, Status: 409}
	require.NotErrorIs(t, other, outcome.ErrAlreadyClosed)
	require.NotErrorIs(t, other, outcome.ErrNotFound)
	require.NotErrorIs(t, other, outcome.Code(""), "an error without a code has none")
	require.EqualError(t, outcome.Code("a\nb"), `engage: code "a\nb"`)
}

func TestErrorHasItsViolations(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", full())
	violations, ok := errors.AsType[outcome.Violations](err)
	require.True(t, ok)
	require.EqualError(t, violations, "Message.Text is empty")
	_, ok = errors.AsType[outcome.Violations](&outcome.Error{Edge: outcome.OnError})
	require.False(t, ok)
}

func TestEffectOf(t *testing.T) {
	require.Zero(t, outcome.EffectOf(nil))
	require.Equal(t, outcome.Refused, outcome.EffectOf(fmt.Errorf("x: %w", &outcome.Error{Edge: outcome.OnError, Effect: outcome.Refused})))
	require.Zero(t, outcome.EffectOf(&outcome.Error{Edge: outcome.OnError}), "such as of a read")
	require.Equal(t, outcome.MaybeApplied, outcome.EffectOf(io.EOF))
}

// ended is the result of a call.
type ended outcome.Edge

func (e ended) Edge() outcome.Edge { return outcome.Edge(e) }

func TestOfIsTheEdgeOfTheErrorOrElseOfTheResult(t *testing.T) {
	require.Equal(t, outcome.ConversationActive, outcome.Of(ended(outcome.ConversationActive), nil))
	var none *ended
	require.Equal(t, outcome.OnConversationFailed, outcome.Of(none, &outcome.Error{Edge: outcome.OnConversationFailed}))
	require.Equal(t, outcome.OnError, outcome.Of(ended(outcome.ConversationActive), io.EOF))
}

func TestEdgeOf(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want outcome.Edge
	}{
		{"nil", nil, ""},
		{"an error", &outcome.Error{Edge: outcome.OnConversationFailed}, outcome.OnConversationFailed},
		{"wrapped", fmt.Errorf("x: %w", &outcome.Error{Edge: outcome.OnInvalidData}), outcome.OnInvalidData},
		{"the outer of two", &outcome.Error{Edge: outcome.OnError, Err: &outcome.Error{Edge: outcome.OnTimeout}}, outcome.OnError},
		{"the edge, not the cause", &outcome.Error{Edge: outcome.OnError, Err: context.Canceled}, outcome.OnError},
		{"a deadline", context.DeadlineExceeded, outcome.OnTimeout},
		{"a wrapped cancellation", fmt.Errorf("x: %w", context.Canceled), outcome.OnTimeout},
		{"anything else", io.EOF, outcome.OnError},
	} {
		require.Equal(t, test.want, outcome.EdgeOf(test.err), test.name)
	}
}

func FuzzErrorText(f *testing.F) {
	f.Add("onError", "AppendMessage", "1.3", "4547", "trxid", "a-1", "no route to host")
	f.Add("\n", "\r\n", "\x00", "\xff", "\u2028", "\u202e", "\"")
	f.Add("", "", "", "", "", "", strings.Repeat("é", 600))
	f.Fuzz(func(t *testing.T, edge, operation, version, code, name, value, cause string) {
		err := &outcome.Error{
			Edge:        outcome.Edge(edge),
			Operation:   outcome.Operation(operation),
			Version:     outcome.Version(version),
			Code:        code,
			Description: cause,
			TraceIDs:    []outcome.TraceID{{Name: name, Value: value}},
			Violations:  outcome.Violations{{Field: name, Problem: cause}},
			Err:         errors.New(cause),
		}
		described := *err
		described.Describe("SECRET", cause)
		for _, text := range []string{err.Error(), fmt.Sprintf("%#v", err), err.LogValue().String(), described.Error(), described.LogValue().String()} {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q contains a character that is not printable", text)
			}
			if len(text) > 30_000 {
				t.Errorf("%d bytes", len(text))
			}
			if strings.Contains(text, "SECRET") && !strings.Contains(edge+operation+version+code+name+value+cause, "SECRET") {
				t.Errorf("%q shows the description", text)
			}
		}
		encoded, marshalErr := json.Marshal(err)
		if marshalErr != nil || !json.Valid(encoded) {
			t.Errorf("%v: %s", marshalErr, encoded)
		}
	})
}

func ExampleError() {
	// A call of the client may return this error.
	err := error(&outcome.Error{
		Edge: outcome.OnTimeout, Operation: outcome.AppendMessage, Version: outcome.V13,
		Effect: outcome.MaybeApplied, Err: context.DeadlineExceeded,
	})

	if failure, ok := errors.AsType[*outcome.Error](err); ok {
		fmt.Println(failure.Edge)
		fmt.Println(failure.Effect)
	}
	fmt.Println(errors.Is(err, outcome.ErrOnTimeout))
	fmt.Println(err)
	// Output:
	// onTimeout
	// maybe applied
	// true
	// engage: AppendMessage v1.3: onTimeout, maybe applied (find out before sending it again): context deadline exceeded
}

func ExampleEffectOf() {
	err := fmt.Errorf("answering: %w", &outcome.Error{Edge: outcome.OnTimeout, Effect: outcome.MaybeApplied})
	switch outcome.EffectOf(err) {
	case outcome.NotSent, outcome.Refused:
		fmt.Println("send it again")
	case outcome.MaybeApplied:
		fmt.Println("find out whether it arrived")
	}
	// Output:
	// find out whether it arrived
}

func ExampleCode() {
	err := error(&outcome.Error{Edge: outcome.OnCloseConversationFailure, Status: 409, Code: "4547"})
	fmt.Println(errors.Is(err, outcome.ErrAlreadyClosed))
	fmt.Println(errors.Is(err, outcome.Code("4551"))) // A code that your tenant returns.
	fmt.Println(errors.Is(err, outcome.ErrNotFound))
	// Output:
	// true
	// false
	// false
}

func ExampleEdgeOf() {
	fmt.Println(outcome.EdgeOf(&outcome.Error{Edge: outcome.OnConversationFailed}))
	fmt.Println(outcome.EdgeOf(context.Canceled))
	fmt.Println(outcome.EdgeOf(io.EOF))
	// Output:
	// onConversationFailed
	// onTimeout
	// onError
}
