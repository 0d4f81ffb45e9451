package message_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

var update = flag.Bool("update", false, "write testdata/support.txt")

// printed returns the support table as a text.
func printed() string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "type\tdirection\tchannels\tchannels are\tAppendMessage\tCreateConversation\tversions are")
	for _, row := range message.SupportTable() {
		var channels []string
		for _, ch := range row.Channels {
			channels = append(channels, string(ch))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Type, row.Direction, strings.Join(channels, " "), row.ChannelEvidence,
			since(row.Append), since(row.Create), row.Evidence)
	}
	w.Flush()
	return b.String()
}

func since(version outcome.Version) string {
	if version == "" {
		return "never"
	}
	return "from " + string(version)
}

func TestTheSupportTableIsTheCheckedInOne(t *testing.T) {
	path := filepath.Join("testdata", "support.txt")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(printed()), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), printed(), "run the test with -update to accept the change")
}

func TestTheSupportTableHasEachMessageOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range message.SupportTable() {
		require.Contains(t, message.Types(), row.Type)
		for _, ch := range row.Channels {
			key := fmt.Sprint(row.Type, row.Direction, ch)
			require.False(t, seen[key], key)
			seen[key] = true
		}
	}
}

func TestCallersMayChangeTheTable(t *testing.T) {
	table := message.SupportTable()
	table[0].Channels[0] = "other"
	require.Equal(t, channel.SMS, message.SupportTable()[0].Channels[0])
}

func TestCheckFollowsTheSupportTable(t *testing.T) {
	for _, name := range names() {
		m := samples[name]
		for _, ch := range channel.All() {
			for _, operation := range []outcome.Operation{outcome.AppendMessage, outcome.CreateConversation} {
				since := message.Since(m.Type(), message.DirectionOf(m), ch, operation)
				for _, version := range outcome.Versions(operation) {
					supported := since != "" && !version.Before(since)
					v := message.Check(m, operation, version, ch)
					require.Equal(t, supported, len(v) == 0, "%s by %s %s on %s: %s", name, operation, version, ch, v)
				}
			}
		}
	}
}

// TestVersionsFollowTheRules compares the table with the documented and assumed rules, one
// by one.
func TestVersionsFollowTheRules(t *testing.T) {
	const appending, creating = outcome.AppendMessage, outcome.CreateConversation
	tests := []struct {
		sample    string
		channel   channel.Channel
		operation outcome.Operation
		since     outcome.Version
	}{
		{"text-inbound", channel.SMS, appending, outcome.V10},
		{"text-inbound", channel.LiveChat, appending, outcome.V10},
		{"text-outbound", channel.LiveChat, appending, outcome.V13},
		{"text-outbound", channel.LiveChat, creating, outcome.V10},
		{"text-inbound", channel.Email, appending, ""},
		{"text-announcement", channel.SMS, appending, outcome.V13},
		{"text-announcement", channel.Email, appending, outcome.V13},
		{"text-announcement", channel.LiveChat, appending, outcome.V13},
		{"text-announcement", channel.LiveChat, creating, outcome.V12},
		{"text-announcement", channel.SMS, creating, outcome.V13},
		{"text-with-attachments-inbound", channel.Facebook, appending, outcome.V10},
		{"text-with-attachments-inbound", channel.SMS, appending, ""},
		{"text-with-attachments-inbound", channel.LiveChat, appending, outcome.V13},
		{"text-with-attachments-inbound", channel.LiveChat, creating, outcome.V12},
		{"attachments-outbound", channel.SMS, appending, ""},
		{"email-inbound", channel.Email, appending, outcome.V10},
		{"email-inbound", channel.SMS, appending, ""},
		{"lc-form-response-inbound", channel.LiveChat, appending, outcome.V10},
		{"lc-form-response-inbound", channel.LiveChat, creating, outcome.V12},
		{"lc-carousel-response-inbound", channel.LiveChat, appending, outcome.V13},
		{"text-with-lc-carousel-outbound", channel.LiveChat, appending, outcome.V13},
		{"text-with-lc-carousel-outbound", channel.SMS, appending, ""},
		{"wab-interactive-response-inbound", channel.WhatsApp, appending, outcome.V14},
		{"wab-buttons-outbound", channel.WhatsApp, appending, outcome.V14},
		{"wab-list-outbound", channel.WhatsApp, creating, outcome.V13},
		{"wab-list-outbound", channel.Apple, creating, ""},
		{"amb-list-picker-outbound", channel.Apple, appending, outcome.V14},
		{"amb-form-response-inbound", channel.Apple, appending, outcome.V14},
		{"amb-form-response-inbound", channel.Apple, creating, outcome.V13},
		{"amb-form-response-inbound", channel.API, appending, ""},
	}
	for _, test := range tests {
		m := samples[test.sample]
		require.Equal(t, test.since, message.Since(m.Type(), message.DirectionOf(m), test.channel, test.operation),
			"%s by %s on %s", test.sample, test.operation, test.channel)
	}
}

func TestAViolationOfTheTypeSaysWhatIsSupported(t *testing.T) {
	tests := []struct {
		sample    string
		operation outcome.Operation
		version   outcome.Version
		channel   channel.Channel
		want      string
	}{
		{
			"text-with-lc-carousel-outbound", outcome.AppendMessage, outcome.V14, channel.SMS,
			"Type is not supported: AppendMessage 1.4 cannot carry outbound text-with-lc-carousel on sms; supported: " +
				"outbound text-with-lc-carousel on livechat by AppendMessage 1.3 or later and CreateConversation 1.2 or later",
		},
		{
			"text-announcement", outcome.AppendMessage, outcome.V10, channel.SMS,
			"Type is not supported: AppendMessage 1.0 cannot carry announcement text on sms; supported: " +
				"announcement text on livechat by AppendMessage 1.3 or later and CreateConversation 1.2 or later; " +
				"announcement text on sms, facebook, whatsapp, amb, api by AppendMessage 1.3 or later and CreateConversation 1.3 or later; " +
				"announcement text on email by AppendMessage 1.3 or later and CreateConversation 1.3 or later",
		},
		{
			"amb-form-outbound", outcome.CreateConversation, outcome.V12, channel.Apple,
			"Type is not supported: CreateConversation 1.2 cannot carry outbound amb-form on amb; supported: " +
				"outbound amb-form on amb by AppendMessage 1.4 or later and CreateConversation 1.3 or later",
		},
		{
			"email-inbound", outcome.AppendMessage, outcome.V10, channel.API,
			"Type is not supported: AppendMessage 1.0 cannot carry inbound email on api; supported: " +
				"inbound email on email by AppendMessage 1.0 or later and CreateConversation 1.0 or later",
		},
		{
			"wab-buttons-outbound", outcome.AppendMessage, outcome.V13, "carrier pigeon",
			"Type is not supported: AppendMessage 1.3 cannot carry outbound wab-buttons on any channel; supported: " +
				"outbound wab-buttons on whatsapp by AppendMessage 1.4 or later and CreateConversation 1.3 or later",
		},
		{
			"text-inbound", outcome.SearchConversation, outcome.V10, channel.LiveChat,
			"Type is not supported: SearchConversation 1.0 cannot carry inbound text on livechat; supported: " +
				"inbound text on sms, facebook, whatsapp, amb, api by AppendMessage 1.0 or later and CreateConversation 1.0 or later; " +
				"inbound text on livechat by AppendMessage 1.0 or later and CreateConversation 1.0 or later",
		},
	}
	for _, test := range tests {
		v := message.Check(samples[test.sample], test.operation, test.version, test.channel)
		require.Equal(t, []string{test.want}, phrases(v))
	}
}

func TestOnlyATextCanBeAnAnnouncement(t *testing.T) {
	m := message.Attachments{Direction: message.Announcement, Attachments: files}
	for _, ch := range []channel.Channel{channel.LiveChat, "carrier pigeon"} {
		require.Equal(t, []string{"Type must be text in an announcement"},
			phrases(message.Check(m, outcome.AppendMessage, outcome.V14, ch)))
	}
}

func TestOtherOperationsSupportNoMessage(t *testing.T) {
	for _, operation := range []outcome.Operation{outcome.SearchConversation, outcome.CloseConversation, ""} {
		for _, ch := range []channel.Channel{channel.SMS, "carrier pigeon"} {
			require.NotEmpty(t, message.Check(samples["text-inbound"], operation, outcome.V10, ch))
		}
	}
}

func TestAVersionThatDoesNotExistSupportsNothing(t *testing.T) {
	for _, version := range []outcome.Version{outcome.V11, outcome.V12, "1.5", "9.9", "1.4beta", "x1.0", "-1.0", "1.00"} {
		for _, ch := range []channel.Channel{channel.SMS, "carrier pigeon"} {
			require.Equal(t,
				[]string{"Type is not supported by AppendMessage " + string(version) + ": the versions are 1.0, 1.3, 1.4"},
				phrases(message.Check(samples["text-inbound"], outcome.AppendMessage, version, ch)))
		}
	}
}

func TestAnUnknownChannelCountsAsAnyChannel(t *testing.T) {
	require.Empty(t, message.Check(samples["wab-buttons-outbound"], outcome.AppendMessage, outcome.V14, "carrier pigeon"))
}
