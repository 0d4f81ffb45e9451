//go:build !race

// The race detector makes pools forget what they hold.

package stream_test

import (
	"fmt"
	"net/http"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

func TestAllocationsOfAnEventStayBelowTheFloors(t *testing.T) {
	const runs = 200
	requests := signedMessages(t, 2*(runs+1))
	next := 0
	perRun := func(f func(signed)) float64 {
		return testing.AllocsPerRun(runs, func() { f(requests[next%len(requests)]); next++ })
	}
	p := newPoster(t)

	byHand := newFloor()
	least := perRun(func(s signed) { require200(t, p.post(byHand, s)) })
	subject := newSubject(t, func(stream.MessageEvent) {})
	next = 0
	received := perRun(func(s signed) { require200(t, p.post(subject, s)) })
	for range runs + 1 {
		require.NoError(t, subject.work(t.Context()))
	}
	whole := perRun(func(s signed) {
		require200(t, p.post(subject, s))
		if err := subject.work(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	copies := perRun(func(s signed) { require200(t, p.post(subject, s)) })
	forged := testing.AllocsPerRun(runs, func() {
		if p.post(subject, signed{requests[0].body, requests[1].signature}) != http.StatusBadRequest {
			t.Fatal("a forged request is accepted")
		}
	})
	t.Logf("allocations: floor %v, received %v, received and handled %v, copy %v, forged %v", least, received, whole, copies, forged)
	require.LessOrEqual(t, received, 30.0)
	require.LessOrEqual(t, whole, 36.0)
	require.Less(t, whole, least)
	require.LessOrEqual(t, forged, 4.0)
	require.Less(t, copies, received)
}

func require200(t *testing.T, status int) {
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
}

func TestSeenAllocatesNothingOnceItIsFull(t *testing.T) {
	const capacity = 10_000
	ids := make([]string, 5*capacity)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x", i)
	}
	seen := stream.NewSeen(capacity)
	next := 0
	add := func() {
		if seen.Claim(ids[next]) {
			seen.Commit(ids[next])
		}
		next++
	}
	for range 3 * capacity {
		add()
	}
	require.Zero(t, testing.AllocsPerRun(2*capacity-1, add))
}

func TestSeenTakesLittleMemory(t *testing.T) {
	const capacity = 100_000
	before := heap()
	seen := stream.NewSeen(capacity)
	for i := range 3 * capacity {
		id := fmt.Sprintf("%032x", i)
		seen.Claim(id)
		seen.Commit(id)
	}
	perID := float64(heap()-before) / capacity
	runtime.KeepAlive(seen)
	require.LessOrEqual(t, perID, 100.0)
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
