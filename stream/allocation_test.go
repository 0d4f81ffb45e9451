//go:build !race

// The race detector empties pools, and so changes the number of allocations.

package stream_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
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
	duplicate := perRun(func(s signed) { require200(t, p.post(subject, s)) })
	forged := testing.AllocsPerRun(runs, func() {
		if p.post(subject, signed{requests[0].body, requests[1].signature}) != http.StatusBadRequest {
			t.Fatal("a forged request is accepted")
		}
	})
	t.Logf("allocations: floor %v, received %v, received and handled %v, duplicate %v, forged %v", least, received, whole, duplicate, forged)
	require.LessOrEqual(t, received, 18.0)
	require.LessOrEqual(t, whole, 23.0)
	require.Less(t, whole, least)
	require.LessOrEqual(t, forged, 4.0)
	require.Less(t, duplicate, received)
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

func TestAnEntryTakesLittleMemoryBesideItsPayload(t *testing.T) {
	const entries = 8
	text := strings.Repeat("x", 1<<20)
	for name, rest := range map[string]string{
		"usual":                               `,"message":"hello"`,
		"many members":                        strings.Repeat(`,"":1`, 200_000),
		"many escaped names":                  strings.Repeat(`,"\u0061":1`, 100_000),
		"a long customer":                     `,"userId":"` + text + `"`,
		"a long trace id":                     `,"x-wx-gtrid":"` + text + `"`,
		"a receipt of what is kept":           receiptOf(strings.Repeat("x", 7900)),
		"a receipt of bytes that are no text": receiptOf(strings.Repeat("\xff", 7900)),
		"a receipt in a string":               `,"deliveryInfoNotification":"{\"deliveryInfo\":{\"a\":\"` + text + `\"}}"`,
	} {
		t.Run(name, func(t *testing.T) {
			inbox := stream.NewMemoryInbox(stream.MemoryLimits{Entries: entries})
			payloads := make([][]byte, entries)
			for n := range payloads {
				payloads[n] = fmt.Appendf(nil, `{"channel":"Rtm","event":"MO","userId":"ann","appId":"a","transid":"%d"%s}`, n, rest)
			}
			before := heap()
			for _, payload := range payloads {
				put(t, inbox, payload)
			}
			perEntry := int64(heap()-before) / entries
			runtime.KeepAlive(payloads)
			require.LessOrEqual(t, perEntry, int64(32<<10))
			delivery, err := inbox.Take(t.Context())
			require.NoError(t, err)
			event, err := delivery.Event()
			require.NoError(t, err)
			require.Equal(t, string(payloads[0]), string(event.Head().Raw))
		})
	}
}

// receiptOf returns a receipt for a destination, as JSON in a string within JSON in a
// string.
func receiptOf(destination string) string {
	return `,"deliveryInfoNotification":"{\"deliveryInfo\":\"{\\\"destination\\\":\\\"` + destination + `\\\"}\"}"`
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
