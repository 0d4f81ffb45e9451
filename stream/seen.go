package stream

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// Seen remembers the ids of events that were handled, and those that are being
// handled. It is the memory of an inbox or a source that has none of its own.
//
// An id is claimed before its event is handled, and then either committed or
// released. Only a committed id counts as handled, so that an event whose
// handling failed is not taken for a copy of itself. Of the committed ids the
// newest are remembered: none of the last Capacity is ever missed, and none of
// more than twice as many is kept. What one call costs does not depend on how
// many ids there are.
//
// The zero value remembers the last id, and a nil Seen none. A Seen is safe for
// concurrent use.
type Seen struct {
	capacity int64
	// generation counts how often the sets were exchanged, committed how many
	// ids came in since.
	generation atomic.Int64
	committed  atomic.Int64
	shards     [seenShards]seenShard
}

const seenShards = 16

// idDigest stands for an id: equal for equal ids only, as far as anyone can
// tell, and of one size.
type idDigest [16]byte

// seenShard holds the ids whose digests end alike. Committed ids go into newer;
// with each generation newer becomes older, and older is forgotten.
type seenShard struct {
	mu           sync.Mutex
	generation   int64
	newer, older map[idDigest]struct{}
	claimed      map[idDigest]struct{}
}

// NewSeen returns an empty Seen that remembers the last capacity ids; at least
// one.
func NewSeen(capacity int) *Seen { return &Seen{capacity: int64(capacity)} }

// Claim takes id for the caller. It returns false if id is claimed or committed
// already: of any number of concurrent calls one returns true.
func (s *Seen) Claim(id string) bool {
	if s == nil {
		return true
	}
	digest, shard := s.open(id)
	defer shard.mu.Unlock()
	if shard.has(digest) {
		return false
	}
	shard.claimed[digest] = struct{}{}
	return true
}

// Commit notes that the event with id, which need not be claimed, was handled.
func (s *Seen) Commit(id string) {
	if s == nil {
		return
	}
	digest, shard := s.open(id)
	defer shard.mu.Unlock()
	delete(shard.claimed, digest)
	if _, known := shard.newer[digest]; known {
		return
	}
	shard.newer[digest] = struct{}{}
	if s.committed.Add(1) == max(1, s.capacity) {
		s.committed.Store(0)
		s.generation.Add(1)
	}
}

// Release gives a claimed id up, so that it can be claimed again.
func (s *Seen) Release(id string) {
	if s == nil {
		return
	}
	digest, shard := s.open(id)
	defer shard.mu.Unlock()
	delete(shard.claimed, digest)
}

// open returns the digest of id and its shard, locked and up to date.
func (s *Seen) open(id string) (idDigest, *seenShard) {
	var buffer [64]byte
	sum := sha256.Sum256(append(buffer[:0], id...))
	digest := idDigest(sum[:])
	shard := &s.shards[binary.LittleEndian.Uint64(digest[:])%seenShards]
	shard.mu.Lock()
	if shard.claimed == nil {
		shard.newer, shard.older, shard.claimed = map[idDigest]struct{}{}, map[idDigest]struct{}{}, map[idDigest]struct{}{}
	}
	shard.age(s.generation.Load())
	return digest, shard
}

// age brings the shard to generation.
func (s *seenShard) age(generation int64) {
	switch generation - s.generation {
	case 0:
		return
	case 1:
		s.newer, s.older = s.older, s.newer
	default:
		clear(s.older)
	}
	clear(s.newer)
	s.generation = generation
}

func (s *seenShard) has(digest idDigest) bool {
	if _, claimed := s.claimed[digest]; claimed {
		return true
	}
	if _, newer := s.newer[digest]; newer {
		return true
	}
	_, older := s.older[digest]
	return older
}
