package engage_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

func TestClosingAClosedConversationIsSuccessThoughTheCallWouldHaveTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := httpmock.NewStringResponse(http.StatusServiceUnavailable, `{"status":"failure","code":4547,"tid":"T-1"}`)
		busy.Header.Set("Retry-After", "3600")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		client := clocked(t, engage.WithRetry(engage.Retry{FirstWait: time.Hour, LongestWait: time.Hour}), busy)
		receipt, err := client.CloseConversation(ctx, closeRequest)
		require.NoError(t, err)
		require.True(t, receipt.AlreadyDone)
		require.Equal(t, outcome.OnConversationClosed, receipt.Outcome)
		require.Equal(t, "T-1", receipt.TransactionID)
		require.Len(t, receipt.Attempts, 1)
	})
}
