package engage

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Pending is the table of the writes whose outcome is awaited. Each has an id of
// its own, which nobody else can guess. [NewPending] keeps them in memory, for
// one process. Where the callbacks of one process may arrive at another, give
// all of them a table that they share, or see [WithForwarding].
//
// Implementations are safe for concurrent use and return when ctx ends.
type Pending interface {
	// Expect adds id, before its write is sent. With an error the write is not
	// sent.
	Expect(ctx context.Context, id string) error
	// Deliver hands a report in for id and reports whether id is in the table.
	// It does not wait for anybody to take the report. It may drop one that was
	// delivered already, and refuse one of an id that has many with an error.
	// With an error the service is told to try later.
	Deliver(ctx context.Context, id string, report Report) (bool, error)
	// Next waits for the next report of id and takes it. One that was delivered
	// already is returned even if ctx has ended. Of an id that is not in the
	// table there is none.
	Next(ctx context.Context, id string) (Report, error)
	// Forget removes id. It is called once for each id, unless the process ends
	// before that, and must not take long.
	Forget(id string)
}

// maxReports is how many reports of one write are kept until somebody takes
// them. There is one for each try.
const maxReports = 32

// errFull refuses a report of a write that has too many.
var errFull = errors.New("engage: the write has too many reports that nobody has taken")

// NewPending returns a table in memory. It holds no more than there are writes
// whose callers wait, or hold a receipt to wait with. Of each it keeps up to 32
// reports until they are taken: the newest success, failure and other status of
// each transaction id. Where there is no room, a failure replaces a report of
// another status, a success replaces either, and what replaces nothing is
// refused with an error.
func NewPending() Pending { return &memory{boxes: map[string]*box{}} }

type memory struct {
	mutex sync.RWMutex
	boxes map[string]*box
}

// Expect implements [Pending]; it never fails.
func (m *memory) Expect(_ context.Context, id string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.boxes[id] = &box{filled: make(chan struct{}, 1)}
	return nil
}

// Deliver implements [Pending].
func (m *memory) Deliver(_ context.Context, id string, report Report) (bool, error) {
	b := m.find(id)
	if b == nil {
		return false, nil
	}
	return true, b.put(report)
}

// Next implements [Pending]; it fails only when ctx ends.
func (m *memory) Next(ctx context.Context, id string) (Report, error) {
	b := m.find(id)
	if b == nil {
		<-ctx.Done()
		return Report{}, ctx.Err()
	}
	for {
		ended := ctx.Err()
		if report, ok := b.take(); ok {
			return report, nil
		}
		if ended != nil {
			return Report{}, ended
		}
		select {
		case <-b.filled:
		case <-ctx.Done():
		}
	}
}

// Forget implements [Pending].
func (m *memory) Forget(id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.boxes, id)
}

// find returns the box of id, or nil.
func (m *memory) find(id string) *box {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	return m.boxes[id]
}

// box holds the reports of one write that nobody has taken.
type box struct {
	mutex   sync.Mutex
	reports []Report
	// filled holds a value if reports came that nobody has looked for since.
	filled chan struct{}
}

// put adds a report, or replaces one that tells no more.
func (b *box) put(report Report) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	weight := report.Status.weight()
	at := slices.IndexFunc(b.reports, func(r Report) bool {
		return r.TransactionID == report.TransactionID && r.Status.weight() == weight
	})
	if at < 0 && len(b.reports) == maxReports {
		at = slices.IndexFunc(b.reports, func(r Report) bool { return r.Status.weight() < weight })
		if at < 0 {
			return errFull
		}
	}
	if at < 0 {
		b.reports = append(b.reports, report)
	} else {
		b.reports[at] = report
	}
	b.signal()
	return nil
}

// take returns the oldest report, if there is one.
func (b *box) take() (Report, bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.reports) == 0 {
		return Report{}, false
	}
	report := b.reports[0]
	b.reports = slices.Delete(b.reports, 0, 1)
	if len(b.reports) > 0 {
		b.signal()
	}
	return report, true
}

// signal wakes one of those who wait; it passes that on if it leaves a report.
func (b *box) signal() {
	select {
	case b.filled <- struct{}{}:
	default:
	}
}

// remembered is how many ids a [recent] holds at least, once there were as many.
const remembered = 10_000

// recent holds the ids that were added last, and no more than twice as many as
// it must.
type recent struct {
	mutex        sync.Mutex
	newer, older map[string]bool
}

// add adds id.
func (r *recent) add(id string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.newer == nil || len(r.newer) == remembered {
		r.newer, r.older = map[string]bool{}, r.newer
	}
	r.newer[id] = true
}

// has reports whether id was added lately.
func (r *recent) has(id string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.newer[id] || r.older[id]
}
