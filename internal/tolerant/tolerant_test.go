package tolerant_test

import (
	"encoding/json"
	"testing"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/stretchr/testify/require"
)

func TestStringsAreReadFromEveryScalar(t *testing.T) {
	for data, want := range map[string]tolerant.String{
		`"a"`: "a", `"a\"é"`: `a"é`, `"é"`: "é", `""`: "", `4547`: "4547", `-1.5e3`: "-1.5e3", `true`: "true",
		`null`: "", `{}`: "", `[1]`: "", "\"a\xffb\"": "a\ufffdb",
	} {
		got := tolerant.String("before")
		require.NoError(t, json.Unmarshal([]byte(data), &got), data)
		require.Equal(t, want, got, data)
	}
}

func TestBooleansAreReadFromWordsAndNumbers(t *testing.T) {
	for data, want := range map[string]tolerant.Bool{
		`true`: {true, true}, `"True"`: {true, true}, `1`: {true, true}, `"yes"`: {true, true},
		`false`: {false, true}, `"FALSE"`: {false, true}, `0`: {false, true}, `"no"`: {false, true},
		`null`: {}, `"maybe"`: {}, `{}`: {}, `2`: {},
	} {
		got := tolerant.Bool{Value: true, Set: true}
		require.NoError(t, json.Unmarshal([]byte(data), &got), data)
		require.Equal(t, want, got, data)
	}
}

func TestAFailureHasAnEnvelopeOnlyIfItTellsSomething(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":1}`: true, ` {"description":"no"}`: true, `{"status":"failure"}`: true, `{"trackingId":"T"}`: true,
		`{"error":{}}`: true, `{"errors":[{}]}`: true,
		``: false, `{}`: false, `[]`: false, `<html>`: false, `{"code":`: false, `{"other":1}`: false, `{"errors":[]}`: false,
	} {
		require.Equal(t, want, tolerant.ReadFailure([]byte(body)).Envelope, body)
	}
}

func FuzzReadFailure(f *testing.F) {
	for _, seed := range []string{
		`{"status":"failure","code":4551,"description":"no","tid":"T-1","value":{"tid":"T-2"}}`,
		`{"trackingId":"T-1","error":{"key":4551,"message":[{"description":"no"}]}}`,
		`{"message":"no","errors":[{"description":"never"},"no"],"trackingId":"T-1"}`, `{"errors":[[[]]]}`, `<html>`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		failure := tolerant.ReadFailure(body)
		if !failure.Envelope {
			require.Zero(t, failure.Code+failure.Description)
		}
		if failure.Envelope {
			require.True(t, json.Valid(body))
		}
	})
}

func FuzzScalars(f *testing.F) {
	for _, seed := range []string{`"a\u00e9"`, `4547`, `true`, `null`, `[1,{"a":"b"}]`, "\"\xff\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var text tolerant.String
		var flag tolerant.Bool
		valid := json.Valid(data)
		require.Equal(t, valid, json.Unmarshal(data, &text) == nil)
		require.Equal(t, valid, json.Unmarshal(data, &flag) == nil)
		var plain string
		if json.Unmarshal(data, &plain) == nil && plain != "" {
			require.Equal(t, plain, string(text))
		}
	})
}
