package stream_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestMembersAreFoundInEverySpelling(t *testing.T) {
	event, err := stream.Decode([]byte(`{"channel":"Rtm","clientUUID ":"tenant","Thread_ID":"7","n":1.5,"yes":true,
		"list":"[1,2]","object":{"a":1},"text":"[not JSON","\u0065scaped":"x","messageid":"","message_id":"m"}`))
	require.NoError(t, err)
	h := event.Head()
	require.Equal(t, "tenant", h.Member("client_UUID"))
	require.Equal(t, "7", h.Member("threadId"))
	require.Equal(t, "1.5", h.Member("n"))
	require.Equal(t, "true", h.Member("yes"))
	require.Equal(t, "x", h.Member("escaped"))
	require.Equal(t, "m", h.Member("messageId"))
	require.Equal(t, "7", h.Member("missing", "threadid"))
	require.Empty(t, h.Member("object", "missing"))

	for _, name := range []string{"Größe", "GRöSSE", "ÜberGabe", "thread_ID", "ÜBER_gabe"} {
		event, err := stream.Decode(fmt.Appendf(nil, `{"tid":"1",%q:"found",%q:{"a":1}}`, name, name+"Object"))
		require.NoError(t, err)
		require.Equal(t, "found", event.Head().Member(name))
		require.JSONEq(t, `{"a":1}`, string(event.Head().JSON(name+"_object")))
	}
	require.JSONEq(t, `[1,2]`, string(h.JSON("list")))
	require.JSONEq(t, `{"a":1}`, string(h.JSON("object")))
	require.Nil(t, h.JSON("text"))
	require.Nil(t, h.JSON("missing"))
}

func TestContextIsReadFromEveryShape(t *testing.T) {
	for _, name := range []string{"apple_message_datastream", "livechat_custom_datastream", "receipt_livechat_clicked_datastream", "email_datastream"} {
		event, err := stream.Decode(sample(t, name))
		require.NoError(t, err)
		require.Equal(t, "gold", event.Head().Context()["customer tier"], name)
	}
	mail := decode[stream.MessageEvent](t, "email_datastream")
	require.Equal(t, map[string]string{"URL": "kafka.internal.example:9093"}, mail.AppContext())
	webhook := decode[stream.MessageEvent](t, "apple_message_webhook")
	require.Nil(t, webhook.Context())
	require.Nil(t, webhook.AppContext())

	for _, name := range []string{"a\\u0062\xff", "ab\xff"} {
		broken, err := stream.Decode([]byte(`{"event":"MO","appContext":{"` + name + `":"x"}}`))
		require.NoError(t, err)
		require.Equal(t, map[string]string{"ab\ufffd": "x"}, broken.Head().AppContext(), "a name is UTF-8")
	}
}

// verbs are the verbs of fmt that print a struct or its fields.
var verbs = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"}

func TestAnEventIsPrintedAsItsSummary(t *testing.T) {
	const id = "0a7c9d6b1b4a4e0f8d3f5c2e6a9b7d10"
	for payload, want := range map[string]struct{ text, log, json string }{
		`{"channel":"SMS","oa":"15550199","da":"15550100","message":"hello","tid":"1","ts":"2026-11-02T09:30:00Z"}`: {
			`stream event message on "sms", id ` + id,
			`e.kind=message e.channel=sms e.id=` + id + ` e.time=2026-11-02T09:30:00.000Z`,
			`{"kind":"message","channel":"sms","id":"` + id + `","time":"2026-11-02T09:30:00Z"}`,
		},
		`{"user_action":"x","transid":"1"}`: {
			`stream event audit, id ` + id,
			`e.kind=audit e.channel="" e.id=` + id + ` e.time=0001-01-01T00:00:00.000Z`,
			`{"kind":"audit","id":"` + id + `"}`,
		},
		`{"channel":"` + strings.Repeat("x", 50) + `"}`: {
			`stream event unknown on "` + strings.Repeat("x", 40) + `", id ` + id,
			`e.kind=unknown e.channel=` + strings.Repeat("x", 50) + ` e.id=` + id + ` e.time=0001-01-01T00:00:00.000Z`,
			`{"kind":"unknown","channel":"` + strings.Repeat("x", 50) + `","id":"` + id + `"}`,
		},
	} {
		event, err := stream.Entry{ID: id, Conversation: "c", Data: []byte(payload)}.Event()
		require.NoError(t, err)
		require.Equal(t, want.text, event.(fmt.Stringer).String())
		for _, verb := range verbs {
			require.Equal(t, want.text, fmt.Sprintf(verb, event), verb)
		}
		var log strings.Builder
		logTo(&log).Info("m", "e", event)
		require.Equal(t, "level=INFO msg=m "+want.log+"\n", log.String())
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		require.JSONEq(t, want.json, string(encoded))
	}
	event, err := stream.Decode([]byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, "stream event unknown", fmt.Sprint(event))
}

func TestAnEventIsPrintedWithoutItsPayload(t *testing.T) {
	for _, name := range sampleNames(t) {
		event, err := stream.Decode(sample(t, name))
		require.NoError(t, err)
		encoded, err := json.Marshal(event)
		require.NoError(t, err)
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("event", "event", event)
		shown := fmt.Sprintf("%v %+v %#v %s %q %x", event, event, event, event, event, event) + string(encoded) + logged.String()
		shown += fmt.Sprintf("%v %#v", struct{ E stream.Event }{event}, []stream.Event{event})
		for _, part := range []string{"hello", "secret-token", "15550199", "ann@example", "visitor-7", "kafka.internal", "dataIntegration", "members"} {
			require.NotContains(t, shown, part, name)
		}
		require.Contains(t, shown, event.Head().ID)
	}
}

func TestASecretShowsItsNameOnly(t *testing.T) {
	secret := stream.NewSecret("very-secret").Named("2026-10")
	require.Equal(t, `secret "2026-10"`, secret.String())
	for _, verb := range verbs {
		require.Equal(t, secret.String(), fmt.Sprintf(verb, secret), verb)
	}
	encoded, err := json.Marshal(map[string]any{"secret": secret})
	require.NoError(t, err)
	var logged strings.Builder
	logTo(&logged).Info("m", "secret", secret)
	shown := fmt.Sprintf("%v %+v %#v %s %x", secret, secret, struct{ s stream.Secret }{secret}, secret, secret) + string(encoded) + logged.String()
	require.NotContains(t, shown, "very-secret")
	require.JSONEq(t, `{"secret":"secret \"2026-10\""}`, string(encoded))
	require.Equal(t, `level=INFO msg=m secret="secret \"2026-10\""`+"\n", logged.String())
	require.Equal(t, "very-secret", secret.Reveal())
	require.Empty(t, stream.Secret{}.Reveal())
}
