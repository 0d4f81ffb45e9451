package scan_test

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/internal/scan"
	"github.com/stretchr/testify/require"
)

// valid reports whether data is one JSON value.
func valid(s scan.Scanner) bool {
	_, ok := s.Skip()
	return ok && s.End()
}

// documents has valid JSON, and text that is almost JSON.
var documents = []string{
	``, ` `, `null`, `true`, `fals`, `nulll`, `0`, `-0`, `01`, `-`, `1.`, `.5`, `1.5e+10`, `1e`, `1E-`, `12 `, `+1`, `0x1`, "\v1",
	`""`, `"a`, `"a\"`, `"\u00e9\ud83d\ude00\ud83d\n"`, `"\u12"`, `"\uD83"`, `"\x"`, "\"\n\"", "\"\xff\"", "\"\x7f\"", `'a'`,
	`{}`, `{"a":1}`, ` { "a" : [ 1 , { } ] } `, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,"a":1}`, `{a:1}`, `{"a":1 "b":2}`, `{"a":1}}`, `{`, `{"a"`, `{"a":`, `{"a":1`, `{1:2}`, `{"a":1]`,
	`[]`, `[1,2]`, `[1,]`, `[,1]`, `[1 2]`, `[`, `[1`, `]`, `[1}`, "\ufeff{}", `{}x`, `{} {}`,
}

func TestScannerAcceptsWhatEncodingJSONAccepts(t *testing.T) {
	nested := func(deep int) string { return strings.Repeat("[", deep) + strings.Repeat("]", deep) }
	for _, document := range append(documents, nested(scan.MaxDepth), nested(scan.MaxDepth+1)) {
		require.Equal(t, json.Valid([]byte(document)), valid(scan.New([]byte(document))), "%.64q", document)
	}
}

func TestTextIsDecodedAsByEncodingJSON(t *testing.T) {
	for _, document := range []string{
		`"plain"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u20AC"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\ud83dx"`, `"\ud83d\n"`,
		"\"\xff\xfe\"", "\"a\\u0062\xff\"", "\"\xc3\\n\xa9\"",
	} {
		var want string
		require.NoError(t, json.Unmarshal([]byte(document), &want))
		s := scan.New([]byte(" " + document))
		got, ok := s.Text()
		require.True(t, ok && s.End(), document)
		require.Equal(t, want, string(got), document)
	}
}

func TestNestingUsesNoStack(t *testing.T) {
	document := []byte(strings.Repeat(`{"a":[`, scan.MaxDepth/2) + strings.Repeat(`]}`, scan.MaxDepth/2))
	const goroutines = 32
	var before, after runtime.MemStats
	done, end := make(chan bool), make(chan struct{})
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range goroutines {
		go func() {
			done <- valid(scan.New(document))
			<-end
		}()
	}
	for range goroutines {
		require.True(t, <-done)
	}
	runtime.ReadMemStats(&after)
	close(end)
	require.Less(t, after.StackInuse, before.StackInuse+goroutines*(64<<10), "less than 64 KB for each")
}

func TestAStrictScannerRequiresUTF8AndLimitsTheDepth(t *testing.T) {
	for document, problem := range map[string]string{
		`{"é":["é"]}`:        "",
		"{\"é\":[\"\xff\"]}": "is not valid UTF-8",
		"{\"\xff\":1}":       "is not valid UTF-8",
		`[[[1]]]`:            "is nested more than 2 deep",
		`[[1],[2]]`:          "",
		`[1`:                 "ends too early",
		`[1}`:                "is not valid JSON at byte 2",
	} {
		s := scan.NewStrict([]byte(document), 2)
		_, ok := s.Skip()
		require.Equal(t, problem == "", ok, document)
		if !ok {
			require.Equal(t, problem, s.Problem())
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, document := range documents {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		require.Equal(t, json.Valid(data), valid(scan.New(data)))
		s := scan.New(data)
		if text, ok := s.Text(); ok && s.End() {
			var want string
			require.NoError(t, json.Unmarshal(data, &want))
			require.Equal(t, want, string(text))
		}
	})
}
