package engagetest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

func TestClientReachesTheServer(t *testing.T) {
	for name, options := range map[string][]engagetest.Option{
		"over HTTP": nil,
		"over TLS":  {engagetest.WithTLS()},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			client, err := s.Client()
			require.NoError(t, err)
			found, err := client.SearchConversation(t.Context(), engage.SearchConversationV13{
				Address: channel.SMSAddress{Business: "+100", Customer: "+199"},
			})
			require.NoError(t, err)
			require.Equal(t, outcome.NoConversationFound, found.Outcome)
		})
	}
}

func TestClientOptionsWinAndTheirErrorsAreReturned(t *testing.T) {
	s := start(t, engagetest.WithTLS())
	client, err := s.Client(engage.WithTransport(failing{}))
	require.NoError(t, err)
	_, err = client.SearchConversation(t.Context(), engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+100", Customer: "+199"},
	}, engage.WithRetry(engage.Retry{Policy: engage.RetryNever}))
	require.ErrorIs(t, err, errFailing)

	_, err = s.Client(engage.WithReplyLimit(0))
	require.Error(t, err)
}
