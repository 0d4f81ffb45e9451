package stream

import (
	"crypto/sha256"
	"sync"
)

// Seen remembers the ids of events, so that an inbox or a source without a
// memory of its own can recognize duplicates.
//
// An id is claimed before its event is handled. Then it is committed if the event was
// handled, and released if not. Until it is released, or forgotten, it cannot be
// claimed again.
//
// A Seen with a capacity of n remembers all claimed ids, at least the last n committed
// ids, and at most the last 2n. On average, the cost of a call does not grow with the
// capacity.
//
// The zero value has a capacity of 1. A Seen is safe for concurrent use.
type Seen struct {
	mu       sync.Mutex
	capacity int
	// Committed ids go into newer. When newer is full it becomes older, and the
	// ids in older are forgotten.
	newer, older, claimed map[idDigest]struct{}
}

// idDigest stands for an id. Ids of any length take the same room.
type idDigest [16]byte

func digestOf(id string) idDigest {
	var buffer [64]byte
	sum := sha256.Sum256(append(buffer[:0], id...))
	return idDigest(sum[:16])
}

// NewSeen returns an empty Seen. A capacity below 1 counts as 1.
func NewSeen(capacity int) *Seen { return &Seen{capacity: capacity} }

// Claim claims id for the caller. It returns false if id is claimed or committed
// already. Of any number of concurrent calls with one id, exactly one returns
// true.
func (s *Seen) Claim(id string) bool {
	digest := digestOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allocate()
	for _, ids := range []map[idDigest]struct{}{s.claimed, s.newer, s.older} {
		if _, known := ids[digest]; known {
			return false
		}
	}
	s.claimed[digest] = struct{}{}
	return true
}

// Commit records that the event with id was handled. The id need not be claimed.
func (s *Seen) Commit(id string) {
	digest := digestOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allocate()
	delete(s.claimed, digest)
	s.newer[digest] = struct{}{}
	if len(s.newer) >= max(1, s.capacity) {
		s.newer, s.older = s.older, s.newer
		clear(s.newer)
	}
}

// Release ends the claim to id, so that it can be claimed again. A committed id
// stays committed.
func (s *Seen) Release(id string) {
	digest := digestOf(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.claimed, digest)
}

func (s *Seen) allocate() {
	if s.claimed == nil {
		s.newer, s.older, s.claimed = map[idDigest]struct{}{}, map[idDigest]struct{}{}, map[idDigest]struct{}{}
	}
}
