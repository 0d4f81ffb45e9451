package tolerant_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/stretchr/testify/require"
)

func TestTextIsReadFromEveryScalar(t *testing.T) {
	for data, want := range map[string]string{
		`"a"`: "a", `"a\"é"`: `a"é`, `"é"`: "é", `""`: "", `4547`: "4547", `-1.5e3`: "-1.5e3", `true`: "true",
		`null`: "", `{}`: "", `[1]`: "", "\"a\xffb\"": "a\ufffdb", `"\ud83d\ude00"`: "😀",
	} {
		require.Equal(t, want, tolerant.MembersOf([]byte(`{"a":`+data+`}`)).Text("a"), data)
		require.Equal(t, want, tolerant.Text([]byte(data)), data)
	}
	require.Empty(t, tolerant.Text(nil))
}

func TestFlagsAreReadFromWordsAndNumbers(t *testing.T) {
	for data, want := range map[string][2]bool{
		`true`: {true, true}, `"True"`: {true, true}, `1`: {true, true}, `"yes"`: {true, true},
		`false`: {false, true}, `"FALSE"`: {false, true}, `0`: {false, true}, `"no"`: {false, true},
		`null`: {}, `"maybe"`: {}, `{}`: {}, `2`: {},
	} {
		value, ok := tolerant.MembersOf([]byte(`{"a":` + data + `}`)).Flag("a")
		require.Equal(t, want, [2]bool{value, ok}, data)
	}
}

func TestMembersAreFoundInAnySpelling(t *testing.T) {
	m := tolerant.MembersOf([]byte(` { "Status_Code" : "409" , "clientUUID " : 7,
		"a\u0062c" : {"x":[1,{"y":"}"}]}, "Escaped" : "{\"z\":\"\\\"}\"}", "n":null, "e":"", "twice":1, "twice":2, "last":1, "last":null } `))
	require.Len(t, m, 10)
	require.Equal(t, "409", m.Text("statusCode"))
	require.Equal(t, "7", m.Text("clientUuid"))
	require.Equal(t, `{"x":[1,{"y":"}"}]}`, string(m.Find("abc")))
	require.Equal(t, `"}`, tolerant.MembersOf(m.Nested("escaped")).Text("z"))
	require.Equal(t, "409", m.Text("n", "e", "missing", "statusCode"))
	require.Equal(t, "2", m.Text("twice"), "the later one counts")
	require.Equal(t, "1", m.Text("last"), "unless it is null")
	require.Equal(t, "7", m.Text("abc", "clientUuid"), "an object is not text")
	require.True(t, m.Has("n"))
	require.False(t, m.Has("status"))
	require.Nil(t, m.Find("status"), "a name that begins like another is another")
	for _, other := range []string{`null`, `[{"a":1}]`, `"a"`, `7`, ` `, ``} {
		require.Empty(t, tolerant.MembersOf([]byte(other)))
	}
}

func TestAnObjectHasNoMoreThanAHundredThousandMembers(t *testing.T) {
	object := "{" + strings.Repeat(`"a":1,`, 200_000) + `"b":2}`
	require.Len(t, tolerant.MembersOf([]byte(object)), 100_000)
}

func TestBeginningReturnsTheWholeMembers(t *testing.T) {
	for object, want := range map[string][]string{
		`{"a":1,"b":{"c":[2]},"d":"e"}`: {"a=1", `b={"c":[2]}`, `d="e"`},
		`{"a":1,"b":{"c":[2`:            {"a=1", "b="},
		`{"a":1,"b":"C:\x"}`:            {"a=1", "b="},
		`{"a":1,"b"`:                    {"a=1", "b="},
		`{"a":1,"b`:                     {"a=1"},
		`{"a":1,"b":12`:                 {"a=1", "b="},
		`{"a":1,"b":-1.5e+3`:            {"a=1", "b="},
		`{"a":1,"b":true`:               {"a=1", "b=true"},
		`{"a":1,"b":"x2"`:               {"a=1", `b="x2"`},
		`{"a":1,"b":[2]`:                {"a=1", "b=[2]"},
		`{"a":1,"b":12 `:                {"a=1", "b=12"},
		`{"a":1}{"b":2}`:                {"a=1"},
		` {"a" : 1 ,`:                   {"a=1"},
		`{"a":1,]`:                      {"a=1"},
		`{`:                             nil,
		`{1:2}`:                         nil,
		`[{"a":1}]`:                     nil,
		`<html>`:                        nil,
		``:                              nil,
	} {
		var got []string
		for _, m := range tolerant.Beginning([]byte(object)) {
			got = append(got, string(m.Name)+"="+string(m.Value))
		}
		require.Equal(t, want, got, object)
	}
	many := `{"a":1` + strings.Repeat(`,"a":1`, 200_000)
	require.Len(t, tolerant.Beginning([]byte(many)), 100_000)
}

func TestElementsReturnsAnArrayUpToALimit(t *testing.T) {
	require.Equal(t, [][]byte{[]byte("1"), []byte(`"]"`), []byte("[2]")}, tolerant.Elements([]byte(` [1 , "]",[2] ]`), 9))
	require.Len(t, tolerant.Elements([]byte(`[1,2,3]`), 2), 2)
	require.Equal(t, [][]byte{[]byte("1")}, tolerant.Elements([]byte("\ufeff[1]"), 9))
	for _, other := range []string{`[]`, `{"a":[1]}`, `null`, ``} {
		require.Empty(t, tolerant.Elements([]byte(other), 9))
	}
}

func TestAByteOrderMarkIsIgnored(t *testing.T) {
	const mark = "\ufeff"
	m, ok := tolerant.Split([]byte(mark + ` {"tid":"T-1"}`))
	require.True(t, ok)
	require.Equal(t, "T-1", m.Text("tid"))
	for text, valid := range map[string]bool{
		mark + `[1]`: true, mark + `"a"`: true, mark: false, mark + `<html>`: false, mark + mark + `{}`: false, ` ` + mark + `{}`: false,
	} {
		_, ok := tolerant.Split([]byte(text))
		require.Equal(t, valid, ok, "%q", text)
		require.Equal(t, valid, tolerant.Valid([]byte(text)), "%q", text)
	}
	require.Equal(t, "T-1", tolerant.MembersOf([]byte(mark+`{"tid":"T-1"}`)).Text("tid"))
	require.Equal(t, "T-1", tolerant.Beginning([]byte(mark+`{"tid":"T-1","value":{`)).Text("tid"))
	require.Equal(t, `{"a":1}`, string(tolerant.Nested([]byte(`"\ufeff {\"a\":1} "`))))
	require.Equal(t, "4547", tolerant.ReadFailure([]byte(mark+`{"code":4547}`)).Code)
	require.Equal(t, `{}`, string(tolerant.TrimBOM([]byte(mark+`{}`))))
	require.Equal(t, `{}`, string(tolerant.TrimBOM([]byte(`{}`))))
}

func TestAnEnvelopeIsReadFromItsMembers(t *testing.T) {
	m, ok := tolerant.Split([]byte(`{"Status":"success","code":202,"description":"accepted","Transid":"T-1","tracking_id":"K-1",
		"conversationId":"C-1","value":{"a":1}}`))
	require.True(t, ok)
	require.Equal(t, tolerant.Envelope{
		Status: "success", Code: "202", Description: "accepted", IDs: tolerant.IDs{Transaction: "T-1", Tracking: "K-1"},
		ConversationID: "C-1", Value: []byte(`{"a":1}`),
	}, tolerant.EnvelopeOf(m))
}

func TestAFailureIsReadFromEveryEnvelope(t *testing.T) {
	for body, want := range map[string]tolerant.Failure{
		`{"status":"failure","code":4547,"description":"closed","tid":"T-1","trackingId":"K-1"}`: {
			Code: "4547", Description: "closed", IDs: tolerant.IDs{Transaction: "T-1", Tracking: "K-1"}},
		`{"status":"failure","value":{"TransId":"T-2"}}`: {IDs: tolerant.IDs{Transaction: "T-2"}},
		`{"tid":"T-1","value":{"tid":"T-2"}}`:            {IDs: tolerant.IDs{Transaction: "T-1"}},
		`{"status_code":"503","description":"busy"}`:     {Code: "503", Description: "busy"},
		`{"message":"no","trackingId":"K-1"}`:            {Description: "no", IDs: tolerant.IDs{Tracking: "K-1"}},
		`{"trackingId":"K-1","error":{"key":409,"message":[{"description":"one"},{"description":"two"}]}}`: {
			HasErrors: true, Code: "409", Description: "one; two", IDs: tolerant.IDs{Tracking: "K-1"}},
		`{"status_code":503,"description":"busy","response":{"tid":"T-3"}}`: {
			Code: "503", Description: "busy", IDs: tolerant.IDs{Transaction: "T-3"}},
		`{"message":"no","errors":[{"description":"never"}],"trackingId":"K-1"}`: {
			HasErrors: true, Description: "no", IDs: tolerant.IDs{Tracking: "K-1"}},
		`{"error":{"trackingId":"K-2","code":"c"}}`:     {HasErrors: true, Code: "c", IDs: tolerant.IDs{Tracking: "K-2"}},
		`{"errors":[{"trackingId":"K-3"}]}`:             {HasErrors: true, IDs: tolerant.IDs{Tracking: "K-3"}},
		`{"errors":[{"tid":"T-9"}]}`:                    {HasErrors: true, IDs: tolerant.IDs{Transaction: "T-9"}},
		`{"error":{"tid":"T-8"},"value":{"tid":"T-9"}}`: {HasErrors: true, IDs: tolerant.IDs{Transaction: "T-8"}},
		`{"errors":[{"key":"a"},{"code":"b"}]}`:         {HasErrors: true, Code: "a"},
		`{"code":"top","errors":[{"code":"inner"}]}`:    {HasErrors: true, Code: "top"},
		`{"error":"no","errors":["never"]}`:             {HasErrors: true, Description: "no; never"},
		`{"description":"top","errors":["inner"]}`:      {HasErrors: true, Description: "top"},
		`{"errors":[null,"",{},{"code":7},"later"]}`:    {HasErrors: true, Code: "7", Description: "later"},
		`{"errors":[{"message":["",{},"a"]},[1],"b"]}`:  {HasErrors: true, Description: "a; b"},
		`{"errors":[{}]}`:                               {},
	} {
		want.Recognized = true
		require.Equal(t, want, tolerant.ReadFailure([]byte(body)), body)
	}
}

func TestTheMessageOfAGatewayIsReadAndIsNoEnvelope(t *testing.T) {
	for body, want := range map[string]tolerant.Failure{
		`{"message":"Internal server error"}`:                                             {Description: "Internal server error"},
		`{"message":["busy"],"other":1}`:                                                  {Description: "busy"},
		`{"statusCode":503,"message":"Service Unavailable"}`:                              {Code: "503", Description: "Service Unavailable"},
		`{"status":503,"error":"Service Unavailable","message":"no instance","path":"/"}`: {HasErrors: true, Description: "no instance"},
		`{"error":"Service Unavailable"}`:                                                 {HasErrors: true, Description: "Service Unavailable"},
		`{"error":{"message":"Service Unavailable"}}`:                                     {HasErrors: true, Description: "Service Unavailable"},
	} {
		require.Equal(t, want, tolerant.ReadFailure([]byte(body)), body)
	}
}

func TestAFailureReadsABoundedNumberOfErrors(t *testing.T) {
	read := tolerant.ReadFailure([]byte(`{"errors":["a"` + strings.Repeat(`,"a"`, 1_000) + `]}`))
	require.Equal(t, strings.Repeat("a; ", 99)+"a", read.Description)
	deep := strings.Repeat(`{"message":[`, 50) + `"deep"` + strings.Repeat(`]}`, 50)
	require.Empty(t, tolerant.ReadFailure([]byte(`{"error":`+deep+`}`)).Description)
}

func TestAFailureHasAnEnvelopeOnlyIfTheServiceUsesIt(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":1}`: true, ` {"description":"no"}`: true, `{"status":"failure"}`: true, `{"trackingId":"T"}`: true,
		`{"message":"no","trackingId":"T"}`: true, `{"message":"no","code":1}`: true, `{"message":"no","errors":["no"]}`: true,
		`{"error":{"key":1}}`: true, `{"error":{"description":"no"}}`: true, `{"error":{"tid":"T"}}`: true, `{"errors":[{}]}`: true,
		`{"error":{}}`: false, `{"status":409}`: false, `{"status":"409"}`: false, `{"status":409,"code":1}`: true,
		``: false, `{}`: false, `[]`: false, `<html>`: false, `{"code":`: false, `{"other":1}`: false, `{"errors":[]}`: false,
	} {
		require.Equal(t, want, tolerant.ReadFailure([]byte(body)).Recognized, body)
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
		if failure != (tolerant.Failure{}) {
			require.True(t, json.Valid(bytes.TrimPrefix(body, []byte("\ufeff"))))
		}
	})
}

// FuzzMembers compares what is read with what encoding/json reads.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`"a\u00e9"`, `4547`, `true`, `null`, `[1,{"a":"b"}]`, "\"\xff\"", ` {"a":{"b":[1,"]"]},"c\\":"\"" } `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		var object map[string]json.RawMessage
		_ = json.Unmarshal(data, &object)
		read := map[string]json.RawMessage{}
		for _, m := range tolerant.MembersOf(data) {
			name, err := json.Marshal(string(m.Name))
			require.NoError(t, err)
			var plain string
			require.NoError(t, json.Unmarshal(name, &plain))
			read[plain] = m.Value
		}
		require.Len(t, read, len(object))
		for name, value := range object {
			require.Equal(t, string(value), string(read[name]))
			var text string
			if json.Unmarshal(value, &text) == nil {
				require.Equal(t, text, tolerant.Text(value))
			}
		}
		var list []json.RawMessage
		_ = json.Unmarshal(data, &list)
		elements := tolerant.Elements(bytes.TrimSpace(data), len(data))
		require.Len(t, elements, len(list))
		for i, element := range list {
			require.Equal(t, string(element), string(elements[i]))
		}
	})
}
