package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestTheNameOfACustomerIsWhereItsChannelHasIt(t *testing.T) {
	for payload, want := range map[string]string{
		`{"channel":"WhatsApp","waid":"1","username":"Ann","name":"no"}`:               "Ann",
		`{"channel":"Facebook Messenger","psid":"1","name":"Ann","username":"no"}`:     "Ann",
		`{"channel":"Email","from":"\"Ann B.\" <ann@example.org>"}`:                    "Ann B.",
		`{"channel":"Email","from":"=?utf-8?q?J=C3=BCrgen?= <j@example.org>"}`:         "Jürgen",
		`{"channel":"Email","from":"ann@example.org"}`:                                 "",
		`{"channel":"Email","from":"[Ann <ann@example.org>]"}`:                         "Ann",
		`{"channel":"Email","from":"[ann@example.org]"}`:                               "",
		`{"channel":"SMS","oa":"1","da":"2","name":"a service","username":"somebody"}`: "",
		`{"channel":"WhatsApp","waid":"1"}`:                                            "",
		"{\"channel\":\"WhatsApp\",\"username\":\"A\xff\"}":                            "A\uFFFD",
	} {
		event, err := stream.Decode([]byte(payload))
		require.NoError(t, err)
		require.Equal(t, want, event.Head().CustomerName(), payload)
	}
}

func TestACapabilityListIsOfAppleOnly(t *testing.T) {
	require.Equal(t, "AUTH%2CLIST%2CTIME%2CFORM%2CQUICK", decode[stream.MessageEvent](t, "apple_message_webhook").CapabilityList())
	event, err := stream.Decode([]byte(`{"channel":"SMS","capabilityList":"LIST"}`))
	require.NoError(t, err)
	require.Empty(t, event.Head().CapabilityList(), "Engage refuses it there")
}
