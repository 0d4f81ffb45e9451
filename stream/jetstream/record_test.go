package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

// record is what programs were given. It finds what breaks an inbox's promises.
type record struct {
	want int

	mu        sync.Mutex
	given     map[string]int  // the number of the last entry delivered, by conversation
	acked     map[string]bool // by id
	uncertain map[string]bool // ids whose acknowledgement failed
	programs  map[int]int     // acknowledgements by program
	wrong     []string        // broken promises
	progress  map[int]func()  // what to do after a number of acknowledgements
}

func newRecord(want int) *record {
	return &record{
		want: want, given: map[string]int{}, acked: map[string]bool{}, uncertain: map[string]bool{},
		programs: map[int]int{}, progress: map[int]func(){},
	}
}

// handle takes and acknowledges entries in a program until the test ends. It
// puts some entries back once.
func (r *record) handle(t testing.TB, source stream.Source, program, takers int) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range takers {
		group.Go(func() {
			for ctx.Err() == nil {
				if delivery, err := source.Take(ctx); err == nil {
					r.settle(ctx, program, delivery)
				}
			}
		})
	}
	t.Cleanup(func() { cancel(); group.Wait() })
}

func (r *record) settle(ctx context.Context, program int, d stream.Delivery) {
	if r.note(d)%7 == 6 && d.Attempt == 1 {
		_ = d.Nak(ctx, 0) // if that is lost, the lease runs out
		return
	}
	err := d.Ack(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, stream.ErrSettled): // another program has it
	case err != nil:
		r.uncertain[d.ID] = true
	case r.acked[d.ID]:
		r.wrong = append(r.wrong, d.ID+" is acknowledged twice")
	default:
		r.acked[d.ID] = true
		r.programs[program]++
		if do := r.progress[len(r.acked)]; do != nil {
			do()
		}
	}
}

// note records a delivery and returns its number in its conversation. It must be
// the number after the last one, or the last one again.
func (r *record) note(d stream.Delivery) (number int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, err := strconv.Atoi(strings.TrimPrefix(d.ID, d.Conversation+"-"))
	last, ok := r.given[d.Conversation]
	if !ok {
		last = -1
	}
	switch {
	case err != nil, number != last && number != last+1:
		r.wrong = append(r.wrong, fmt.Sprintf("%s is delivered after number %d", d.ID, last))
	case r.acked[d.ID]:
		r.wrong = append(r.wrong, d.ID+" is delivered after it was acknowledged")
	}
	r.given[d.Conversation] = number
	return number
}

// wait waits until all entries are settled and none is left.
func (r *record) wait(t testing.TB, inbox *jetstream.Inbox) {
	t.Helper()
	settled := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		both := maps.Clone(r.acked)
		maps.Copy(both, r.uncertain)
		return len(both)
	}
	require.EventuallyWithT(t, func(t *assert.CollectT) {
		counts, err := inbox.Counts(context.Background())
		require.NoError(t, err)
		require.Zero(t, counts.Entries, "entries are left")
		require.Equal(t, r.want, settled(), "entries are settled")
	}, patience(t), tick)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.wrong)
	t.Logf("%d acknowledged, %d acknowledgements failed; by program %v", len(r.acked), len(r.uncertain), r.programs)
}
