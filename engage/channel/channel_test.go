package channel_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
)

func TestChannelsHaveTheServicesNames(t *testing.T) {
	require.Equal(t, []channel.Channel{"sms", "facebook", "livechat", "email", "whatsapp", "amb", "api"}, channel.All())
}

func TestCallersMayChangeTheList(t *testing.T) {
	channel.All()[0] = "spoilt"
	require.NotContains(t, channel.All(), channel.Channel("spoilt"))
}

func TestKnownChannelsAreThoseOfAll(t *testing.T) {
	for _, ch := range channel.All() {
		require.True(t, ch.Known(), ch)
	}
	for _, ch := range []channel.Channel{"", "SMS", " sms", "apple", "abc", "gbm", "\xff"} {
		require.False(t, ch.Known(), "%q", ch)
	}
}

func ExampleChannel_Known() {
	fmt.Println(channel.WhatsApp, channel.WhatsApp.Known())
	fmt.Println(channel.Channel("rcs"), channel.Channel("rcs").Known())
	// Output:
	// whatsapp true
	// rcs false
}
