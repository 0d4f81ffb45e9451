package main

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// busy is a fault with which Engage asks its clients to wait for ten minutes.
var busy = engagetest.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"600"}}}

// bubbleService returns a service and a server in memory, for a test in a bubble. The
// client of the service waits as long as in production.
func bubbleService(t *testing.T) (Service, *engagetest.Server) {
	t.Helper()
	server := engagetest.New(t, engagetest.WithoutNetwork())
	client, err := server.Client(options()...)
	return newService(t, client, err), server
}

// In a bubble the clock stands still until all goroutines wait, and then goes on to the
// end of the first wait.
func TestAnAnswerWaitsTenMinutesForABusyService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, server := bubbleService(t)
		server.Fail(outcome.CreateConversation, busy)
		start := time.Now()
		require.NoError(t, service.Answer(t.Context(), question))
		require.GreaterOrEqual(t, time.Since(start), 10*time.Minute)
		requireAnswer(t, server)
	})
}

func TestAnAnswerDoesNotOutlastItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, server := bubbleService(t)
		server.Fail(outcome.CreateConversation, busy)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		start := time.Now()
		require.Error(t, service.Answer(ctx, question))
		require.Less(t, time.Since(start), 5*time.Minute, "there is no point in a wait that ends too late")
		require.Empty(t, server.Conversations())
	})
}
