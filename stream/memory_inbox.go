package stream

import (
	"context"
	"slices"
	"sync"
	"time"
)

// MemoryLimits bounds a [MemoryInbox]. A field that is zero or negative has its
// default.
type MemoryLimits struct {
	// Entries and Bytes limit what waits or is being handled: the entries
	// themselves and their payloads. The defaults are 10,000 and 64 MiB. There
	// are never more than 16,777,216 entries. An entry of a [Receiver] takes some
	// 2 KiB beside its payload, and never more than 32 KiB: what was read of a
	// large payload, of one with very many members, or of one that is not UTF-8
	// is not kept but read again.
	Entries int
	Bytes   int64
	// Remembered is how many of the newest settled ids are known as copies, at
	// least. Each takes less than 100 bytes. The default is 100,000.
	Remembered int
	// DeadLetters is how many of the newest are kept, in as many bytes of
	// payload as Bytes says again. The default is 1,000.
	DeadLetters int
}

func (l MemoryLimits) withDefaults() MemoryLimits {
	defaulted := func(n *int, standard int) {
		if *n <= 0 {
			*n = standard
		}
	}
	defaulted(&l.Entries, 10_000)
	l.Entries = min(l.Entries, 1<<24)
	defaulted(&l.Remembered, 100_000)
	defaulted(&l.DeadLetters, 1_000)
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	return l
}

// MemoryInbox is an [Inbox] in memory, with which the program's end loses what
// it holds. A sender that was answered 200 does not send again: where that is
// not good enough, use a durable inbox.
//
// It never forgets an entry to make room: Put returns [ErrFull]. An entry
// larger than MemoryLimits.Bytes never fits.
//
// Make one with [NewMemoryInbox]: any other one is closed.
type MemoryInbox struct {
	limits MemoryLimits
	seen   *Seen
	// ready holds the conversations whose first entry may be given out, each
	// once. It has room for all of them.
	ready  chan *memoryConversation
	closed chan struct{}

	mu            sync.Mutex
	conversations map[string]*memoryConversation
	counts        MemoryCounts
	deadLetters   []DeadLetter
	// deadBytes is the size of the payloads of deadLetters.
	deadBytes int64
}

// memoryConversation is a line of entries. The first one is ready, given out, or
// waits for its delay; those behind it wait for it.
type memoryConversation struct {
	entries []Entry
	// attempts counts how often the first entry was given out.
	attempts int
	delay    *time.Timer
}

// MemoryCounts says what a [MemoryInbox] holds.
type MemoryCounts struct {
	// Entries and Bytes are what waits or is being handled, of how many
	// Conversations.
	Entries       int
	Bytes         int64
	Conversations int
	// DeadLetters counts all there ever were; those that DeadLetters does not
	// return were forgotten.
	DeadLetters int
}

// DeadLetter is an entry that was given up.
type DeadLetter struct {
	Entry
	// Attempts is how often it was given out, Reason why it was given up.
	Attempts int
	Reason   string
}

// NewMemoryInbox returns an empty inbox.
func NewMemoryInbox(limits MemoryLimits) *MemoryInbox {
	limits = limits.withDefaults()
	return &MemoryInbox{
		limits:        limits,
		seen:          NewSeen(limits.Remembered),
		ready:         make(chan *memoryConversation, limits.Entries),
		closed:        make(chan struct{}),
		conversations: map[string]*memoryConversation{},
	}
}

// Put implements [Inbox].
func (m *MemoryInbox) Put(ctx context.Context, entry Entry) (duplicate bool, err error) {
	if err := entry.check(); err != nil {
		return false, err
	}
	if err := m.ended(ctx); err != nil {
		return false, err
	}
	return m.store(entry)
}

// ended says why nothing can be done any more, if so.
func (m *MemoryInbox) ended(ctx context.Context) error {
	if m == nil || m.closed == nil {
		return ErrClosed
	}
	if ctx == nil {
		return errNoContext
	}
	select {
	case <-m.closed:
		return ErrClosed
	default:
		return ctx.Err()
	}
}

// store adds the entry to its conversation, unless it is a copy or there is no
// room. It claims the id under the lock, so that nobody takes an entry for the
// copy of one that then had no room.
func (m *MemoryInbox) store(entry Entry) (duplicate bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.seen.Claim(entry.ID) {
		return true, nil
	}
	size := int64(len(entry.Data))
	if m.counts.Entries >= m.limits.Entries || size > m.limits.Bytes-m.counts.Bytes {
		m.seen.Release(entry.ID)
		return false, ErrFull
	}
	m.counts.Entries++
	m.counts.Bytes += size
	conversation, ok := m.conversations[entry.Conversation]
	if !ok {
		conversation = &memoryConversation{}
		m.conversations[entry.Conversation] = conversation
	}
	conversation.entries = append(conversation.entries, entry)
	if !ok {
		m.ready <- conversation
	}
	return false, nil
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

// advance takes the first entry, which is settled, out of its conversation, and
// gives the next one its turn.
func (m *MemoryInbox) advance(conversation *memoryConversation) (entry Entry, attempts int) {
	entry, attempts = conversation.entries[0], conversation.attempts
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
	return entry, attempts
}

// Counts returns what the inbox holds now.
func (m *MemoryInbox) Counts() MemoryCounts {
	if m == nil {
		return MemoryCounts{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := m.counts
	counts.Conversations = len(m.conversations)
	return counts
}

// DeadLetters returns the entries that were given up, oldest first, up to the
// newest that MemoryLimits.DeadLetters and Bytes allow.
func (m *MemoryInbox) DeadLetters() []DeadLetter {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.deadLetters)
}

func (m *MemoryInbox) bury(letter DeadLetter) {
	m.counts.DeadLetters++
	m.deadLetters = append(m.deadLetters, letter)
	m.deadBytes += int64(len(letter.Data))
	for len(m.deadLetters) > m.limits.DeadLetters || m.deadBytes > m.limits.Bytes {
		m.deadBytes -= int64(len(m.deadLetters[0].Data))
		m.deadLetters = slices.Delete(m.deadLetters, 0, 1)
	}
}

// Close ends the inbox: Put and Take return [ErrClosed] from now on, those that
// wait among them. Deliveries can still be settled. Closing twice is harmless.
func (m *MemoryInbox) Close() {
	if m == nil || m.closed == nil {
		return
	}
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

// settle runs as under the inbox's lock, unless the delivery was settled before.
func (s *memorySettlement) settle(as func()) error {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	if s.settled {
		return ErrSettled
	}
	s.settled = true
	as()
	return nil
}

// Ack implements [Settlement].
func (s *memorySettlement) Ack(context.Context) error {
	return s.settle(func() {
		entry, _ := s.inbox.advance(s.conversation)
		s.inbox.seen.Commit(entry.ID)
	})
}

// Nak implements [Settlement].
func (s *memorySettlement) Nak(_ context.Context, delay time.Duration) error {
	return s.settle(func() {
		ready := func() { s.inbox.ready <- s.conversation }
		if delay <= 0 {
			ready()
			return
		}
		s.conversation.delay = time.AfterFunc(delay, ready)
	})
}

// Term implements [Settlement].
func (s *memorySettlement) Term(_ context.Context, reason string) error {
	return s.settle(func() {
		entry, attempts := s.inbox.advance(s.conversation)
		s.inbox.seen.Commit(entry.ID)
		s.inbox.bury(DeadLetter{entry, attempts, reason})
	})
}

// Extend implements [Settlement]. A delivery from memory has no lease.
func (s *memorySettlement) Extend(context.Context) error {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	if s.settled {
		return ErrSettled
	}
	return nil
}
