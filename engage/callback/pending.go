package callback

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
)

// Pending is the table of the writes whose outcome is awaited, and of the reports
// that have arrived for them. [NewPending] returns one in memory, for one process.
// Processes that receive each other's callbacks need an implementation that they
// share.
//
// Each write has an id that nobody can guess. An implementation must be safe for
// concurrent use, and its methods must return when their context ends.
//
// The context of a write, or of a callback, may have ended when Deliver, Take and
// Forget are called. Their context is therefore one of the [Handler]'s own, which
// ends after two seconds.
type Pending interface {
	// Expect adds the write id before it is sent. If it returns an error, the
	// write is not sent, and Forget is called in case the id was added.
	Expect(ctx context.Context, id string) error
	// Deliver adds a report to the write id and returns whether the table holds
	// that write. It does not wait until somebody takes the report. It may drop a
	// repetition, and return an error for a write with too many reports. With an
	// error the callback is answered 503.
	Deliver(ctx context.Context, id string, report Report) (awaited bool, err error)
	// Next waits for a report of the write id, removes it and returns it, the
	// oldest first. It removes no report that it does not return. It returns an
	// error if the table does not hold that write, or no longer holds it.
	Next(ctx context.Context, id string) (Report, error)
	// Take is Next without the wait: ok is false if there is no report.
	Take(ctx context.Context, id string) (report Report, ok bool, err error)
	// Forget removes the write id and its reports. It is called once for each
	// write, unless the process ends first.
	Forget(ctx context.Context, id string)
}

// maxReports is how many reports of one write are kept until they are taken. A
// write has a report for each of its transactions.
const maxReports = 32

var (
	errNoWrite = errors.New("callback: the table does not hold the write")
	errFull    = errors.New("callback: the write has too many reports")
)

// NewPending returns a table in memory. It holds the writes that somebody waits
// for, and those whose receipts can still be waited for.
//
// For each write it keeps up to 32 reports until they are taken: the newest
// success, the newest failure and the newest other status of each transaction. The
// case of a transaction id does not matter. If there is no room, a success replaces any other report, and a failure replaces
// one of an unknown status. A report that can replace none is refused with an
// error.
func NewPending() Pending { return &memory{writes: map[string]*arrivals{}} }

// memory is a table in memory.
type memory struct {
	mutex  sync.Mutex
	writes map[string]*arrivals
}

// arrivals are the reports of one write that have not been taken.
type arrivals struct {
	reports []Report
	// more is closed when the next report arrives or the write is forgotten. It is
	// nil if nobody waits.
	more    chan struct{}
	waiting int
}

// Expect implements [Pending]. It never fails.
func (m *memory) Expect(_ context.Context, id string) error {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.writes[id] = &arrivals{}
	return nil
}

// Deliver implements [Pending].
func (m *memory) Deliver(_ context.Context, id string, report Report) (awaited bool, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	write, awaited := m.writes[id]
	if !awaited {
		return false, nil
	}
	return true, write.add(report)
}

// Next implements [Pending].
func (m *memory) Next(ctx context.Context, id string) (Report, error) {
	for {
		report, more, err := m.poll(id)
		if more == nil {
			return report, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			m.leave(id, more)
			return Report{}, ctx.Err()
		}
	}
}

// Take implements [Pending].
func (m *memory) Take(_ context.Context, id string) (report Report, ok bool, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	write, ok := m.writes[id]
	if !ok {
		return Report{}, false, errNoWrite
	}
	report, ok = write.take()
	return report, ok, nil
}

// Forget implements [Pending].
func (m *memory) Forget(_ context.Context, id string) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if write, ok := m.writes[id]; ok {
		write.wake()
		delete(m.writes, id)
	}
}

// poll removes and returns the oldest report of the write id. If there is none it
// returns a channel that is closed when one arrives, or when the write is
// forgotten. A caller that stops waiting calls leave.
func (m *memory) poll(id string) (report Report, more <-chan struct{}, err error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	write, ok := m.writes[id]
	if !ok {
		return Report{}, nil, errNoWrite
	}
	if report, ok := write.take(); ok {
		return report, nil, nil
	}
	if write.more == nil {
		write.more = make(chan struct{})
	}
	write.waiting++
	return Report{}, write.more, nil
}

// leave ends a wait for more.
func (m *memory) leave(id string, more <-chan struct{}) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	write, ok := m.writes[id]
	if !ok || write.more != more {
		return // It is closed.
	}
	if write.waiting--; write.waiting == 0 {
		write.more = nil
	}
}

// take removes and returns the oldest report, if there is one.
func (a *arrivals) take() (report Report, ok bool) {
	if len(a.reports) == 0 {
		return Report{}, false
	}
	report = a.reports[0]
	a.reports = slices.Delete(a.reports, 0, 1)
	return report, true
}

// add adds a report. It replaces the one of the same transaction and weight or, if
// there is no room, one of less weight.
func (a *arrivals) add(report Report) error {
	weight := report.Status.weight()
	at := slices.IndexFunc(a.reports, func(r Report) bool {
		return strings.EqualFold(r.TransactionID, report.TransactionID) && r.Status.weight() == weight
	})
	if at < 0 && len(a.reports) == maxReports {
		at = slices.IndexFunc(a.reports, func(r Report) bool { return r.Status.weight() < weight })
		if at < 0 {
			return errFull
		}
	}
	if at >= 0 {
		a.reports[at] = report
		return nil
	}
	a.reports = append(a.reports, report)
	a.wake()
	return nil
}

// wake ends the waits for the next report.
func (a *arrivals) wake() {
	if a.more != nil {
		close(a.more)
		a.more, a.waiting = nil, 0
	}
}
