package auth

import (
	"sync"
	"time"
)

// lasting is what outlives a source. All sources that the registry makes for one
// name share it, so that replacing a source loses no token and repeats no notice.
// The zero value is empty.
type lasting struct {
	unsaved unsaved
	noticed noticed
}

// noticed is the last notice of the end of a refresh token. The zero value is none.
type noticed struct {
	mu       sync.Mutex
	ahead    time.Duration
	deadline time.Time
}

// first reports whether ahead is the first notice of its kind of that deadline,
// and remembers it. A deadline counts as another from an hour on, because services
// that count down round, and clocks differ.
func (n *noticed) first(ahead time.Duration, deadline time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ahead == n.ahead && deadline.Sub(n.deadline).Abs() < time.Hour {
		return false
	}
	n.ahead, n.deadline = ahead, deadline
	return true
}

// unsaved is a record that the store did not take. The store's lock orders what
// sources put into it. The zero value is none.
type unsaved struct {
	mu      sync.Mutex
	record  *record
	instead Secret // what the store had instead
}

// over returns the record if it counts more than stored, which is until somebody
// has saved another one, a person who has signed in anew or another process, or
// has removed the stored one.
func (u *unsaved) over(stored Secret) (record, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == nil || !stored.Equal(u.instead) {
		return record{}, false
	}
	return *u.record, true
}

// some reports whether there is a record.
func (u *unsaved) some() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.record != nil
}

// put makes r the record, on its way to replace stored.
func (u *unsaved) put(r *record, stored Secret) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.record, u.instead = r, stored
}

// saved forgets r, unless another record has taken its place.
func (u *unsaved) saved(r *record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == r {
		u.record, u.instead = nil, Secret{}
	}
}
