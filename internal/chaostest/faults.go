package chaostest

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// Faults chooses the faults of requests at random. Each Faults draws the same numbers in the
// same order. Create one with [NewFaults]. It is safe for concurrent use.
type Faults struct {
	mutex  sync.Mutex
	random *rand.Rand
}

// NewFaults returns a Faults that has drawn no number.
func NewFaults() *Faults {
	const seed = 20260131
	return &Faults{random: rand.New(rand.NewPCG(seed, seed))}
}

// Percent draws a number from 0 to 99.
func (f *Faults) Percent() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.random.IntN(100)
}

// Choose chooses the fault of a request. It is an [engagetest.FaultFunc].
func (f *Faults) Choose(r engagetest.Request) engagetest.Fault {
	faults := ofWrites
	switch r.Operation {
	case outcome.SearchConversation, outcome.FetchTranscript, engagetest.Token:
		faults = ofReads
	}
	if i := f.Percent(); i < len(faults) {
		return faults[i]
	}
	return engagetest.Fault{}
}

// ChooseReply is [Faults.Choose] without the faults of the connection: in place of one of
// them it returns no fault.
func (f *Faults) ChooseReply(r engagetest.Request) engagetest.Fault {
	fault := f.Choose(r)
	if fault.Connection != "" {
		return engagetest.Fault{}
	}
	return fault
}

// Retry sets the time limit of an attempt, and short waits. A late reply takes 400
// milliseconds, and a silent connection outlasts any limit.
func Retry(attemptTimeout time.Duration) engage.Option {
	return engage.WithCallOptions(engage.WithRetry(engage.Retry{
		AttemptTimeout: attemptTimeout, FirstWait: time.Millisecond, LongestWait: 50 * time.Millisecond,
	}))
}

var busySoon = http.Header{"Retry-After": {"0.01"}}

// ofWrites are the faults of writes. Each element is the fault of one request in a hundred,
// and the requests beyond the last element have none. So the list must not be longer than
// 100.
var ofWrites = slices.Concat(
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionReset}}, 4),
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionClosed}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionReset}}, 4),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionClosed}}, 4),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionCutShort}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Shape: engagetest.Truncated}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Delay: 400 * time.Millisecond}}, 2),
	slices.Repeat([]engagetest.Fault{{Delay: 400 * time.Millisecond}}, 1),
	slices.Repeat([]engagetest.Fault{{Status: 429, Header: busySoon}}, 4),
	slices.Repeat([]engagetest.Fault{{Status: 503, Header: busySoon}}, 4),
	slices.Repeat([]engagetest.Fault{{Status: 502, Shape: engagetest.HTML}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Status: 502, Shape: engagetest.HTML}}, 3),
	slices.Repeat([]engagetest.Fault{{Applied: true, Status: 503, Shape: engagetest.PlainText}}, 3),
	slices.Repeat([]engagetest.Fault{{Body: `{"status":"under maintenance"}`}}, 2),
	slices.Repeat([]engagetest.Fault{{Applied: true, Shape: engagetest.ByteOrderMark}}, 1),
	slices.Repeat([]engagetest.Fault{{Applied: true, Connection: engagetest.ConnectionSilent}}, 1),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackLost}}, 3),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackDoubled}}, 8),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackOvertaken}}, 6),
	slices.Repeat([]engagetest.Fault{{Callback: engagetest.CallbackEarly}}, 8),
	slices.Repeat([]engagetest.Fault{{CallbackDelay: 20 * time.Millisecond}}, 4),
)

// ofReads are the faults of searches, transcripts and requests for tokens, in the same way.
var ofReads = slices.Concat(
	slices.Repeat([]engagetest.Fault{{Connection: engagetest.ConnectionClosed}}, 3),
	slices.Repeat([]engagetest.Fault{{Status: 503, Header: busySoon}}, 3),
	slices.Repeat([]engagetest.Fault{{Status: 502, Shape: engagetest.HTML}}, 2),
)
