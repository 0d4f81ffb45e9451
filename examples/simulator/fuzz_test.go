package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// FuzzDraw checks that every message of a state file can be drawn, also if its fields and
// its JSON contradict each other.
func FuzzDraw(f *testing.F) {
	for _, ch := range channel.All() {
		for _, m := range samples.Messages(ch) {
			c := engagetest.NewConversation(channel.SMSAddress{}, m)
			f.Add(string(c.Messages[0].Direction), []byte(c.Messages[0].Raw))
		}
	}
	f.Fuzz(func(t *testing.T, direction string, raw []byte) {
		kept := engagetest.Message{Direction: message.Direction(direction), Raw: raw}
		c := engagetest.Conversation{Messages: []engagetest.Message{kept}}
		require.NoError(t, templates.ExecuteTemplate(io.Discard, "message", newMessageView(c, kept, 0)))
	})
}
