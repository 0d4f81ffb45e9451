package stream

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// MemoryLimits limits what a [MemoryInbox] holds. A field that is zero or negative
// has its default.
type MemoryLimits struct {
	// Entries and Bytes limit the entries that wait or are being handled, and the
	// size of their payloads. The defaults are 10,000 entries and 64 MiB. Entries
	// above 16,777,216 count as 16,777,216.
	//
	// In addition to its payload, an entry of a [Receiver] takes about 2 KiB, and
	// never more than 32 KiB.
	Entries int
	Bytes   int64
	// Remembered is how many ids of settled entries are recognized as duplicates at
	// least: the newest ones. Each takes less than 100 bytes. The default is 100,000.
	Remembered int
	// DeadLetters is how many of the newest dead letters are kept. Their payloads
	// take no more than Bytes, counted apart from those of the entries. The
	// default is 1,000.
	DeadLetters int
}

func (l MemoryLimits) withDefaults() MemoryLimits {
	setDefault := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	setDefault(&l.Entries, 10_000)
	l.Entries = min(l.Entries, 1<<24)
	setDefault(&l.Remembered, 100_000)
	setDefault(&l.DeadLetters, 1_000)
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	return l
}

// MemoryInbox is an [Inbox] in memory. When the program ends, the entries that it
// still holds are lost: their sender was answered 200 and does not send them
// again. Where that is not good enough, use a durable inbox.
//
// An inbox never drops an entry to make room: Put returns [ErrFull] instead. It does so
// for every entry larger than MemoryLimits.Bytes. Deliveries have no lease.
//
// Before a program ends, [MemoryInbox.Drain] waits until everything in the inbox is
// handled. [Serve] calls it.
//
// Make one with [NewMemoryInbox].
type MemoryInbox struct {
	limits MemoryLimits
	seen   *Seen
	// ready holds each conversation whose first entry may be delivered, once. It
	// has room for all of them, so that a send never blocks.
	ready  chan *memoryConversation
	closed chan struct{}

	mu sync.Mutex
	// draining is set by Drain: nothing is put any more. empty is closed when the
	// last entry is settled after that.
	draining      bool
	empty         chan struct{}
	conversations map[string]*memoryConversation
	counts        MemoryCounts
	deadLetters   []DeadLetter
	deadBytes     int64 // of the payloads of deadLetters
}

// memoryConversation holds the entries of a conversation, oldest first. The first
// one is ready, delivered, or waiting for its delay. The others wait for it.
type memoryConversation struct {
	entries  []Entry
	attempts int // how often the first entry was delivered
	delay    *time.Timer
}

// MemoryCounts says what a [MemoryInbox] holds.
type MemoryCounts struct {
	// Entries and Bytes count the entries that wait or are being handled, and the
	// size of their payloads. Conversations counts the conversations that they
	// belong to.
	Entries       int
	Bytes         int64
	Conversations int
	// DeadLetters counts all dead letters so far, including those that are no
	// longer kept.
	DeadLetters int
}

// DeadLetter is an entry that is not delivered again, although no handler succeeded.
type DeadLetter struct {
	Entry
	// Attempts is how often the entry was delivered.
	Attempts int
	// Reason says why it became a dead letter.
	Reason string
}

// NewMemoryInbox returns an empty inbox.
func NewMemoryInbox(limits MemoryLimits) *MemoryInbox {
	limits = limits.withDefaults()
	return &MemoryInbox{
		limits:        limits,
		seen:          NewSeen(limits.Remembered),
		ready:         make(chan *memoryConversation, limits.Entries),
		closed:        make(chan struct{}),
		empty:         make(chan struct{}),
		conversations: map[string]*memoryConversation{},
	}
}

// Put implements [Inbox].
func (m *MemoryInbox) Put(ctx context.Context, entry Entry) (duplicate bool, err error) {
	if entry.ID == "" || entry.Conversation == "" {
		return false, ErrNoID
	}
	if err := m.ended(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.draining {
		return false, ErrClosed
	}
	// The lock is held from Claim to Release. Otherwise another call could report a
	// duplicate of an entry that then has no room.
	if !m.seen.Claim(entry.ID) {
		return true, nil
	}
	if err := m.add(entry); err != nil {
		m.seen.Release(entry.ID)
		return false, err
	}
	return false, nil
}

// add adds an entry to its conversation, or returns [ErrFull].
func (m *MemoryInbox) add(entry Entry) error {
	size := int64(len(entry.Data))
	if m.counts.Entries >= m.limits.Entries || size > m.limits.Bytes-m.counts.Bytes {
		return ErrFull
	}
	m.counts.Entries++
	m.counts.Bytes += size
	conversation, ok := m.conversations[entry.Conversation]
	if !ok {
		conversation = &memoryConversation{}
		m.conversations[entry.Conversation] = conversation
		m.ready <- conversation
	}
	conversation.entries = append(conversation.entries, entry)
	return nil
}

// ended returns [ErrClosed] if the inbox is closed, or ctx's error if ctx has ended.
func (m *MemoryInbox) ended(ctx context.Context) error {
	select {
	case <-m.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// Take implements [Source].
func (m *MemoryInbox) Take(ctx context.Context) (Delivery, error) {
	if err := m.ended(ctx); err != nil {
		return Delivery{}, err
	}
	select {
	case conversation := <-m.ready:
		return m.deliver(conversation), nil
	case <-m.closed:
		return Delivery{}, ErrClosed
	case <-ctx.Done():
		return Delivery{}, ctx.Err()
	}
}

func (m *MemoryInbox) deliver(conversation *memoryConversation) Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	conversation.attempts++
	return Delivery{
		Entry:      conversation.entries[0],
		Attempt:    conversation.attempts,
		Settlement: &memorySettlement{inbox: m, conversation: conversation},
	}
}

// Counts returns what the inbox holds now.
func (m *MemoryInbox) Counts() MemoryCounts {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := m.counts
	counts.Conversations = len(m.conversations)
	return counts
}

// Backlog returns how many entries the inbox holds, and when the oldest was received.
// The error is [ErrClosed] if the inbox is closed, or ctx's error if ctx has ended.
func (m *MemoryInbox) Backlog(ctx context.Context) (Backlog, error) {
	if err := m.ended(ctx); err != nil {
		return Backlog{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	backlog := Backlog{Entries: m.counts.Entries}
	for _, conversation := range m.conversations {
		received := conversation.entries[0].Received
		if backlog.Oldest.IsZero() || received.Before(backlog.Oldest) {
			backlog.Oldest = received
		}
	}
	return backlog, nil
}

// DeadLetters returns the dead letters that are kept, oldest first. See
// [MemoryLimits].
func (m *MemoryInbox) DeadLetters() []DeadLetter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.deadLetters)
}

// Requeue makes the dead letter with an entry's id an entry again. The entry is delivered
// after those that wait in its conversation, and its attempts are counted anew. If several
// letters have the id, Requeue takes the newest.
//
// It returns [ErrNoDeadLetter] if no letter that is kept has the id. It fails like
// [MemoryInbox.Put] otherwise, and then keeps the letter.
func (m *MemoryInbox) Requeue(ctx context.Context, id string) error {
	if err := m.ended(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.draining {
		return ErrClosed
	}
	for i, letter := range slices.Backward(m.deadLetters) {
		if letter.ID != id {
			continue
		}
		claimed := m.seen.Claim(id) // the id may have been forgotten since
		if err := m.add(letter.Entry); err != nil {
			if claimed {
				m.seen.Release(id)
			}
			return err
		}
		m.deadBytes -= int64(len(letter.Data))
		m.deadLetters = slices.Delete(m.deadLetters, i, i+1)
		return nil
	}
	return ErrNoDeadLetter
}

// Drain closes the inbox for new entries and waits until all entries in it are settled.
// Put returns [ErrClosed] from then on, and Take still delivers. If ctx ends or the inbox is
// closed before all are settled, Drain returns an error that says how many are left. It
// wraps ctx's error or [ErrClosed].
func (m *MemoryInbox) Drain(ctx context.Context) error {
	m.mu.Lock()
	if !m.draining {
		m.draining = true
		if m.counts.Entries == 0 {
			close(m.empty)
		}
	}
	m.mu.Unlock()
	select {
	case <-m.empty:
	case <-m.closed:
	case <-ctx.Done():
	}
	if left := m.Counts().Entries; left > 0 {
		return fmt.Errorf("stream: %d accepted events are not handled: %w", left, m.ended(ctx))
	}
	return nil
}

// Close closes the inbox: from then on Put and Take return [ErrClosed], and so do the
// calls of Take and Drain that wait. Deliveries can still be settled. The entries that wait
// are lost. To lose none, call [MemoryInbox.Drain] first. A second call does nothing.
func (m *MemoryInbox) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-m.closed:
		return
	default:
		close(m.closed)
	}
	for _, conversation := range m.conversations {
		if conversation.delay != nil {
			conversation.delay.Stop()
		}
	}
}

// memorySettlement settles one delivery of a [MemoryInbox].
type memorySettlement struct {
	inbox        *MemoryInbox
	conversation *memoryConversation
	settled      bool
}

// settle calls how under the inbox's lock, unless the delivery is settled.
func (s *memorySettlement) settle(how func(*MemoryInbox)) error {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	if s.settled {
		return ErrSettled
	}
	s.settled = true
	how(s.inbox)
	return nil
}

// Ack implements [Settlement].
func (s *memorySettlement) Ack(context.Context) error {
	return s.settle(func(m *MemoryInbox) { m.remove(s.conversation) })
}

// Term implements [Settlement].
func (s *memorySettlement) Term(_ context.Context, reason string) error {
	return s.settle(func(m *MemoryInbox) {
		attempts := s.conversation.attempts
		m.keep(DeadLetter{m.remove(s.conversation), attempts, reason})
	})
}

// Nak implements [Settlement].
func (s *memorySettlement) Nak(_ context.Context, delay time.Duration) error {
	return s.settle(func(m *MemoryInbox) {
		ready := func() { m.ready <- s.conversation }
		if delay <= 0 {
			ready()
			return
		}
		s.conversation.delay = time.AfterFunc(delay, ready)
	})
}

// Extend implements [Settlement].
func (s *memorySettlement) Extend(context.Context) error {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	if s.settled {
		return ErrSettled
	}
	return nil
}

// remove removes and returns the first entry of a conversation. The next one may
// be delivered then.
func (m *MemoryInbox) remove(conversation *memoryConversation) Entry {
	entry := conversation.entries[0]
	m.seen.Commit(entry.ID)
	m.counts.Entries--
	m.counts.Bytes -= int64(len(entry.Data))
	conversation.entries[0] = Entry{}
	conversation.entries = conversation.entries[1:]
	conversation.attempts = 0
	if len(conversation.entries) == 0 {
		delete(m.conversations, entry.Conversation)
	} else {
		m.ready <- conversation
	}
	if m.draining && m.counts.Entries == 0 {
		close(m.empty)
	}
	return entry
}

// keep adds a dead letter, and drops the oldest ones that are above the limits.
func (m *MemoryInbox) keep(letter DeadLetter) {
	m.counts.DeadLetters++
	m.deadLetters = append(m.deadLetters, letter)
	m.deadBytes += int64(len(letter.Data))
	for len(m.deadLetters) > m.limits.DeadLetters || m.deadBytes > m.limits.Bytes {
		m.deadBytes -= int64(len(m.deadLetters[0].Data))
		m.deadLetters[0] = DeadLetter{}
		m.deadLetters = m.deadLetters[1:]
	}
}
