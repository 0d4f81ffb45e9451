package engage_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/internal/chaostest"
	"github.com/stretchr/testify/require"
)

// Many goroutines of two programs deliver, one of them with callbacks, while requests,
// replies and callbacks are lost, and agents close conversations.
func TestEachCustomerHasOneConversationInChaos(t *testing.T) {
	const workers = 50
	server := engagetest.NewServer()
	defer server.Close()
	chaostest.Seed(server)
	server.FailFunc(newChaos().Choose)
	locker := &sharedLocker{}
	program := func(options ...engage.Option) *engage.Deliverer {
		client, err := server.Client(append(options, chaostest.Retry(chaostest.AttemptTimeout))...)
		require.NoError(t, err)
		t.Cleanup(client.CloseIdleConnections)
		return &engage.Deliverer{Client: client, Locker: locker}
	}
	programs := []*engage.Deliverer{program(), program(engage.WithCallbacks(newCallbacks(t, callback.WithTimeout(time.Second))))}

	// deliver delivers messages, and calls afterEach after it has begun one.
	deliver := func(deliveries []chaostest.Delivery, afterEach func()) {
		jobs := make(chan chaostest.Delivery)
		var delivering sync.WaitGroup
		for worker := range workers {
			delivering.Go(func() {
				for d := range jobs {
					if err := d.Deliver(t.Context(), programs[worker%len(programs)], false); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for _, d := range deliveries {
			jobs <- d
			afterEach()
		}
		close(jobs)
		delivering.Wait()
	}
	var most, last []chaostest.Delivery
	for _, d := range chaostest.Deliveries() {
		if d.Number < chaostest.Each-1 {
			most = append(most, d)
		} else {
			last = append(last, d)
		}
	}
	agent := rand.New(rand.NewPCG(1, 2))
	deliver(most, func() {
		if agent.IntN(10) == 0 {
			all := server.Conversations()
			server.Update(all[agent.IntN(len(all))].ID, func(c *engagetest.Conversation) {
				// A message that may be in a live chat cannot be found there any more once
				// another one has begun; see [engage.Inbound].
				if c.Channel != channel.LiveChat {
					c.Status = engagetest.Closed
				}
			})
		}
	})
	deliver(last, func() {})
	require.NoError(t, chaostest.Check(server))
}
