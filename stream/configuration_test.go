package stream_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

func TestTheZeroConfigurationIsTheVendorsDefault(t *testing.T) {
	advice, err := stream.Configuration{}.Validate()
	require.NoError(t, err)
	require.Equal(t, "Channels has all channels on; Engage consumes Apple's typing indicators only", advice.String())
}

func TestTheRecommendedConfigurationGetsNoAdvice(t *testing.T) {
	advice, err := stream.Configuration{
		Name: "Engage", Assets: stream.AllAssets,
		Channels: []channel.Channel{channel.Apple}, Events: []stream.EventFamily{stream.IncomingEvents},
	}.Validate()
	require.NoError(t, err)
	require.Empty(t, advice)
}

func TestIncomingEventsMustNotBeTurnedOff(t *testing.T) {
	for _, events := range [][]stream.EventFamily{{}, {stream.AuditLogs}} {
		_, err := stream.Configuration{Events: events}.Validate()
		require.ErrorIs(t, err, outcome.ErrOnInvalidData)
		require.ErrorContains(t, err, "Events lacks the incoming events")
	}
}

func TestValidateNamesEveryViolationAndAdvice(t *testing.T) {
	advice, err := stream.Configuration{
		Assets: "some", Channels: []channel.Channel{channel.Apple, channel.SMS}, Events: []stream.EventFamily{"Gossip", stream.AuditLogs},
	}.Validate()
	failure := failureOf(t, err)
	require.Equal(t, []string{"Assets", "Events", "Events[0]"}, fields(failure.Violations))
	require.Equal(t, []string{"Events[1]", "Channels[1]"}, fields(advice))

	advice, err = stream.Configuration{Assets: stream.ChosenAssets, Channels: []channel.Channel{}}.Validate()
	require.NoError(t, err)
	require.Equal(t, []string{"Assets", "AssetIDs", "Channels"}, fields(advice))
	advice, err = stream.Configuration{AssetIDs: []string{"a"}, Channels: []channel.Channel{channel.Apple}}.Validate()
	require.NoError(t, err)
	require.Equal(t, []string{"AssetIDs"}, fields(advice))
}

func fields(violations outcome.Violations) []string {
	var names []string
	for _, v := range violations {
		names = append(names, v.Field)
	}
	return names
}

func TestAConfigurationAllowsWhatItStreams(t *testing.T) {
	onlyApple := stream.Configuration{Channels: []channel.Channel{channel.Apple}}
	nothing := stream.Configuration{Channels: []channel.Channel{}}
	byNumber := stream.Configuration{Assets: stream.ChosenAssets, AssetIDs: []string{"15550100"}}
	byApp := stream.Configuration{Assets: stream.ChosenAssets, AssetIDs: []string{"a_637712", ""}}
	everything := stream.Configuration{Events: []stream.EventFamily{stream.IncomingEvents, stream.DeliveryReceipts, stream.AuditLogs}}
	for _, test := range []struct {
		configuration stream.Configuration
		sample        string
		want          bool
	}{
		{stream.Configuration{}, "apple_typing_started_datastream", true},
		{stream.Configuration{}, "unknown_channel", true},
		{stream.Configuration{}, "receipt_sms_webhook", false},
		{stream.Configuration{}, "audit_datastream", false},
		{onlyApple, "apple_message_webhook", true},
		{onlyApple, "sms_webhook", false},
		{onlyApple, "unknown_channel", false},
		{nothing, "apple_message_webhook", false},
		{byNumber, "sms_datastream", true},
		{byNumber, "apple_message_webhook", false},
		{byApp, "apple_message_webhook", true},
		{byApp, "sms_webhook", false},
		{everything, "receipt_sms_webhook", true},
		{everything, "audit_datastream", true},
	} {
		event, err := stream.Decode(sample(t, test.sample))
		require.NoError(t, err)
		require.Equal(t, test.want, test.configuration.Allows(event), "%+v %s", test.configuration, test.sample)
	}
}
