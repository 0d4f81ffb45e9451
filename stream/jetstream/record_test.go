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
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/jetstream"
)

// record notes what programs are given, and finds what they must not be.
type record struct {
	want int

	mu        sync.Mutex
	given     map[string]int  // the number of a conversation's last entry that was given out
	acked     map[string]bool // by id
	uncertain map[string]bool // ids whose acknowledgement got no answer
	programs  map[int]int     // acknowledgements by program
	wrong     []string
	progress  map[int]func() // what to do after so many acknowledgements
}

func newRecord(want int) *record {
	return &record{
		want: want, given: map[string]int{}, acked: map[string]bool{}, uncertain: map[string]bool{},
		programs: map[int]int{}, progress: map[int]func(){},
	}
}

// handle has a program take and acknowledge until the test ends. Some entries
// are put back once.
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
	case errors.Is(err, stream.ErrSettled): // another one has it
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

// note writes down what was given out, and returns its number in its
// conversation. It must be the one after the last, or the last again.
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
		r.wrong = append(r.wrong, fmt.Sprintf("%s is given out after number %d", d.ID, last))
	case r.acked[d.ID]:
		r.wrong = append(r.wrong, d.ID+" is given out after it was acknowledged")
	}
	r.given[d.Conversation] = number
	return number
}

// wait returns when all that is wanted was settled, and nothing is left.
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
	}, 60*time.Second, 20*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Empty(t, r.wrong)
	t.Logf("%d acknowledged, %d acknowledgements got no answer; by program %v", len(r.acked), len(r.uncertain), r.programs)
}
