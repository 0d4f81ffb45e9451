package jetstream_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

// The steps are those of the package comment.
func TestTheNumberOfLinesCanBeChanged(t *testing.T) {
	t.Parallel()
	const conversations, length, programs = 20, 20, 2
	server := serve(t)
	var before, after []*jetstream.Inbox
	for range programs {
		before = append(before, join(t, server, jetstream.Config{Lines: 3}))
		after = append(after, join(t, server, jetstream.Config{Name: "more-lines", Lines: 8}))
	}
	log := newHandlings(t, conversations, length)
	quarter := log.reached(conversations * length / 4)
	all := log.reached(conversations * length)
	run := func(handle func(program int) error) (wait func()) {
		var group sync.WaitGroup
		for program := range programs {
			group.Go(func() {
				if err := handle(program); err != nil {
					t.Error(err)
				}
			})
		}
		return group.Wait
	}
	work := func(ctx context.Context, inbox *jetstream.Inbox) error {
		worker, err := stream.NewWorker(inbox)
		if err != nil {
			return err
		}
		worker.OnMessage(log.handle)
		return worker.Run(ctx)
	}

	// Old workers run while the receivers change from one inbox to the other.
	ctx, stop := context.WithCancel(t.Context())
	oldWorkers := run(func(program int) error { return work(ctx, before[program]) })
	var receivers sync.WaitGroup
	for c := range conversations {
		receivers.Go(func() {
			for n := range length {
				inbox := before[n%programs]
				if n >= length/2 {
					inbox = after[n%programs]
				}
				e, err := stream.NewEntry(payloadOf(c, n))
				if err == nil {
					_, err = inbox.Put(t.Context(), e)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	<-quarter
	stop()
	oldWorkers()
	receivers.Wait()

	ctx, stop = context.WithCancel(t.Context())
	newWorkers := run(func(program int) error {
		if err := handleOldInbox(ctx, before[program], log.handle); err != nil {
			return err
		}
		return work(ctx, after[program])
	})
	<-all
	empty(t, after[0])
	stop()
	newWorkers()
	require.Equal(t, log.inOrder(), log.handled)
	require.Equal(t, stream.Backlog{}, backlogOf(t, before[0]))
}
