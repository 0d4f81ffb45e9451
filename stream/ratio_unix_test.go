//go:build unix

package stream_test

import (
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/stream"
)

// BenchmarkReceiveRatio reports the processor time of a receiver with the work of a worker,
// divided by that of the floor. It measures both in turn, so that a busy machine slows both
// down, and reports the median of the rounds.
func BenchmarkReceiveRatio(b *testing.B) {
	requests := signedMessages(b, batch)
	p := newPoster(b)
	var ratios []float64
	for b.Loop() {
		byHand := newFloor()
		s := newSubject(b, func(stream.MessageEvent) {})
		least := cpuTime(b, func() {
			for _, request := range requests {
				if p.post(byHand, request) != http.StatusOK {
					b.Fatal("refused")
				}
			}
		})
		whole := cpuTime(b, func() {
			for _, request := range requests {
				if p.post(s, request) != http.StatusOK {
					b.Fatal("refused")
				}
				if err := s.work(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
		ratios = append(ratios, float64(whole)/float64(least))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
	b.ReportMetric(0, "ns/op") // of both together
}

// cpuTime returns the processor time that the process uses while it calls do.
func cpuTime(tb testing.TB, do func()) time.Duration {
	tb.Helper()
	before := usedTime(tb)
	do()
	return usedTime(tb) - before
}

func usedTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
