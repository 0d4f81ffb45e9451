package callback_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/stretchr/testify/require"
)

func TestReportsAreReadTolerantly(t *testing.T) {
	for body, want := range map[string]callback.Report{
		`{"tid":"T","status":"success","code":1000,"description":"ok","conversationId":"C"}`: {"T", callback.Success, "1000", "ok", "C", "", ""},
		`{"TransId":7,"status":"Failed","code":"4547"}`:                                      {"7", callback.Failure, "4547", "", "", "", ""},
		`{"status":200,"value":{"transid":"T","conversationId":8}}`:                          {"T", callback.Success, "", "", "8", "", ""},
		`{"status":"409","value":"what?","new":[1]}`:                                         {"", callback.Failure, "", "", "", "", ""},
		`{"value":{"tid":"T","status":"error","code":1,"description":"no"}}`:                 {"T", callback.Failure, "1", "no", "", "", ""},
		`{"status":200,"tid":"T","value":{"status":"failed","code":"4551"}}`:                 {"T", callback.Failure, "4551", "", "", "", ""},
		`{"tid":"T","status":"202","value":{"status":"success"}}`:                            {"T", callback.Success, "", "", "", "", ""},
		`{"tid":"T","status":"Accepted","value":{"status":200}}`:                             {"T", callback.Success, "", "", "", "", ""},
		`{"tid":"T","status":202,"value":{"status":"failed"}}`:                               {"T", callback.Failure, "", "", "", "", ""},
		`{"tid":"T","status":202,"value":{"status":"queued"}}`:                               {"T", "202", "", "", "", "", ""},
		`{"tid":"T","status":"queued","value":{"status":"success"}}`:                         {"T", "queued", "", "", "", "", ""},
		`{"tid":"T","status":"failed","value":{"status":"success"}}`:                         {"T", callback.Failure, "", "", "", "", ""},
		`{"tid":"T","status":"parked"}`:                                                      {"T", "parked", "", "", "", "", ""},
		`{"tid":"T","status":" Failure "}`:                                                   {"T", callback.Failure, "", "", "", "", ""},
		`{"tid":"T","status":"\tSUCCESS\n"}`:                                                 {"T", callback.Success, "", "", "", "", ""},
		`{"tid":"T","status":" ","value":{"status":"201 "}}`:                                 {"T", callback.Success, "", "", "", "", ""},
		`{"tid":"T","status":"2nd"}`:                                                         {"T", "2nd", "", "", "", "", ""},
		`{"tid":"T","status":302}`:                                                           {"T", "302", "", "", "", "", ""},
		`{"tid":"T","status":"success","conversationOperation":"created","taskId":"task"}`:   {"T", callback.Success, "", "", "", "created", "task"},
		`{"value":{"conversation_operation":"appended","taskId":7}}`:                         {"", "", "", "", "", "appended", "7"},
		`{"tid":"T"}`: {"T", "", "", "", "", "", ""},
	} {
		got, err := callback.DecodeReport([]byte(body))
		require.NoError(t, err, body)
		require.Equal(t, want, got, body)
	}
}

func TestAnAcceptanceIsNotAnOutcome(t *testing.T) {
	for _, status := range []string{`202`, `"202"`, `202.0`} {
		report, err := callback.DecodeReport([]byte(`{"status":` + status + `}`))
		require.NoError(t, err)
		require.NotEqual(t, callback.Success, report.Status)
		require.NotEqual(t, callback.Failure, report.Status)
	}
}

func TestAByteOrderMarkBeforeACallbackIsIgnored(t *testing.T) {
	report, err := callback.DecodeReport([]byte("\xef\xbb\xbf" + success))
	require.NoError(t, err)
	require.Equal(t, callback.Report{TransactionID: "T-1", Status: callback.Success}, report)
	awaited := expect(t, newHandler(t))
	require.Equal(t, 200, post(t, awaited.URL(), "\xef\xbb\xbf"+success))
	_, err = awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.NoError(t, err)
}

func FuzzDecodeReport(f *testing.F) {
	for _, seed := range []string{success, "\ufeff" + success, `{"value":{"tid":1}}`, `{"status":{}}`, `[]`, `null`, `{"tid":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		report, err := callback.DecodeReport(body)
		require.Equal(t, err != nil, report == callback.Report{})
		if err == nil {
			require.True(t, json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))))
		}
	})
}
