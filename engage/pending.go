package engage

import (
	"context"
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
	// It does not wait for anybody to take the report, and may drop one of an id
	// that has many already. With an error the service is told to try later.
	Deliver(ctx context.Context, id string, report Report) (bool, error)
	// Next waits for the next report of id and takes it. One that was delivered
	// already is returned even if ctx has ended.
	Next(ctx context.Context, id string) (Report, error)
	// Forget removes id. It is called once for each id, unless the process ends
	// before that, and must not take long.
	Forget(id string)
}

// maxReports is how many reports of one write are kept until somebody takes
// them. There is one for each try, and repetitions of them.
const maxReports = 8

// NewPending returns a table in memory. It holds no more than there are writes
// whose callers wait, or hold a receipt to wait with.
func NewPending() Pending { return &memory{reports: map[string]chan Report{}} }

type memory struct {
	mutex   sync.RWMutex
	reports map[string]chan Report
}

// Expect implements [Pending]; it never fails.
func (m *memory) Expect(_ context.Context, id string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.reports[id] = make(chan Report, maxReports)
	return nil
}

// Deliver implements [Pending]; it never fails.
func (m *memory) Deliver(_ context.Context, id string, report Report) (bool, error) {
	reports, ok := m.find(id)
	if !ok {
		return false, nil
	}
	select {
	case reports <- report:
	default: // The outcome is told already.
	}
	return true, nil
}

// Next implements [Pending].
func (m *memory) Next(ctx context.Context, id string) (Report, error) {
	reports, _ := m.find(id)
	select {
	case report := <-reports:
		return report, nil
	default:
	}
	select {
	case report := <-reports:
		return report, nil
	case <-ctx.Done():
		return Report{}, ctx.Err()
	}
}

// Forget implements [Pending].
func (m *memory) Forget(id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	delete(m.reports, id)
}

func (m *memory) find(id string) (chan Report, bool) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	reports, ok := m.reports[id]
	return reports, ok
}
