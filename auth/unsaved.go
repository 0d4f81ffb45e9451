package auth

import "sync"

// unsaved is a record that the store did not take. All sources that the registry
// makes for one name share it, so that replacing a source loses no token. The
// store's lock orders what they put into it. The zero value is none.
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
