package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

func TestDraw(t *testing.T) {
	for _, ch := range channel.All() {
		for _, m := range samples.Messages(ch) {
			address, err := newCustomer(ch, "", "", "")
			require.NoError(t, err)
			c := engagetest.NewConversation(address, m)
			require.NoError(t, templates.ExecuteTemplate(io.Discard, "message", newMessageView(c, c.Messages[0], 0)))
			require.NoError(t, templates.ExecuteTemplate(io.Discard, "conversation", newConversationView(c)))
		}
	}
}
