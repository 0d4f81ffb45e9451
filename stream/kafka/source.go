package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
)

// Source reads data streams from Kafka. It implements [stream.Source]; see the
// package's comment for what it promises. Make one with [Open]: any other one is
// closed. Its methods are safe for concurrent use.
type Source struct {
	config Config
	client *kgo.Client
	seen   *stream.Seen
	// life ends when nothing is to be waited for any more.
	life    context.Context
	abandon context.CancelFunc
	// stopReading ends the reader, which then closes readerDone.
	stopReading context.CancelFunc
	readerDone  chan struct{}
	closing     sync.Once
	closed      chan struct{}
	closeErr    error
	// wakeup tells one taker that there is something to take, room the reader
	// that there is room.
	wakeup, room chan struct{}
	// producing has an element while the client has a dead letter.
	producing chan struct{}

	mu            sync.Mutex
	partitions    map[partitionID]*partition
	conversations map[string]*conversation
	// ready holds conversations whose first record may be given out, each once,
	// and some that have become empty since.
	ready []*conversation
	// trouble is what went wrong in reading, until a taker is told.
	trouble error
	// held and bytes are what all partitions hold together.
	held   int
	bytes  int64
	counts Counts
}

var _ stream.Source = (*Source)(nil)

// Open joins the group and starts to read. ctx limits how long that may take,
// and has no effect afterwards: the caller must [Source.Close] the source.
//
// It fails without a ctx, on what [Config.Validate] refuses, on options that the Kafka client
// refuses, if no broker can be reached before ctx ends, and if one of the topics
// cannot be found, the one of dead letters among them.
func Open(ctx context.Context, config Config) (*Source, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	life, abandon := context.WithCancel(context.Background())
	s := &Source{
		config:        config,
		seen:          stream.NewSeen(config.Remembered),
		life:          life,
		abandon:       abandon,
		readerDone:    make(chan struct{}),
		closed:        make(chan struct{}),
		wakeup:        make(chan struct{}, 1),
		room:          make(chan struct{}, 1),
		producing:     make(chan struct{}, 1),
		partitions:    map[partitionID]*partition{},
		conversations: map[string]*conversation{},
	}
	if err := s.connect(ctx); err != nil {
		abandon()
		return nil, err
	}
	reading, stop := context.WithCancel(life)
	s.stopReading = stop
	go s.read(reading)
	return s, nil
}

// connect makes the client, and ends it again unless all topics are there.
func (s *Source) connect(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	client, err := kgo.NewClient(s.config.options(s)...)
	if err != nil {
		return fmt.Errorf("kafka: the client refuses its options: %w", err)
	}
	s.client = client
	ended, err := within(ctx, func() error { return s.findTopics(ctx) })
	if err != nil {
		left, leave := context.WithCancel(ctx)
		leave()
		_ = client.LeaveGroupContext(left) // at once; there is nothing to commit
		client.Close()
	}
	<-ended
	return err
}

// within returns what call does, or ctx's error as soon as ctx ends: while it
// connects, the client is deaf to contexts. The client must be closed then,
// which ends call.
func within(ctx context.Context, call func() error) (ended <-chan struct{}, err error) {
	result, end := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(end)
		result <- call()
	}()
	select {
	case err = <-result:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return end, err
}

// findTopics names every topic that cannot be found.
func (s *Source) findTopics(ctx context.Context) error {
	request := kmsg.NewPtrMetadataRequest()
	for _, topic := range append(slices.Clone(s.config.Topics), s.config.DeadLetterTopic) {
		asked := kmsg.NewMetadataRequestTopic()
		asked.Topic = kmsg.StringPtr(topic)
		request.Topics = append(request.Topics, asked)
	}
	reply, err := request.RequestWith(ctx, s.client)
	if err != nil {
		return fmt.Errorf("kafka: no broker answers: %w", err)
	}
	var missing []error
	for _, topic := range reply.Topics {
		if err := kerr.ErrorForCode(topic.ErrorCode); err != nil && topic.Topic != nil {
			missing = append(missing, fmt.Errorf("kafka: topic %q: %w", *topic.Topic, err))
		}
	}
	return errors.Join(missing...)
}

// Take implements [stream.Source]. An error that is neither [stream.ErrClosed]
// nor ctx's tells that reading failed; the source goes on trying, and entries
// that it has are given out first.
func (s *Source) Take(ctx context.Context) (stream.Delivery, error) {
	for {
		if err := s.ended(ctx); err != nil {
			s.wake() // another taker, in case this one was woken instead
			return stream.Delivery{}, err
		}
		delivery, found, err := s.tryTake()
		if found || err != nil {
			return delivery, err
		}
		select {
		case <-s.wakeup:
		case <-s.closed:
		case <-ctx.Done():
		}
	}
}

// ended says why nothing can be taken any more, if so.
func (s *Source) ended(ctx context.Context) error {
	select {
	case <-s.closed:
		return stream.ErrClosed
	default:
	}
	return ctx.Err()
}

// tryTake returns what there is to take, or to tell.
func (s *Source) tryTake() (delivery stream.Delivery, found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.next(); c != nil {
		if len(s.ready) > 0 {
			s.wake()
		}
		return s.give(c), true, nil
	}
	err, s.trouble = s.trouble, nil
	return stream.Delivery{}, false, err
}

// wake wakes a taker, which wakes the next one if there is more.
func (s *Source) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// Close ends the source: Take returns [stream.ErrClosed] from now on. Close
// waits until what is given out is settled, at most for a lease, commits, leaves
// the group and returns. If ctx ends first, it goes on without waiting, except
// that the client may take some seconds to end; what is not committed then is
// given out again to whoever has the partitions next. Deliveries that are not
// settled by then are over.
//
// It returns why the commit or the leaving failed. Closing twice is harmless and
// returns the same.
func (s *Source) Close(ctx context.Context) error {
	s.closing.Do(func() { s.closeErr = s.close(ctx) })
	return s.closeErr
}

func (s *Source) close(ctx context.Context) error {
	close(s.closed)
	s.stopReading()
	defer s.abandon()
	defer context.AfterFunc(ctx, s.abandon)()

	s.mu.Lock()
	all := slices.Collect(maps.Values(s.partitions))
	s.mu.Unlock()
	s.handOver(ctx, all)

	var failed []error
	ended, err := within(ctx, func() error { return s.client.CommitMarkedOffsets(ctx) })
	if err != nil {
		failed = append(failed, fmt.Errorf("kafka: what was handled last is not committed: %w", err))
	}
	<-s.readerDone
	if err := s.client.LeaveGroupContext(ctx); err != nil {
		failed = append(failed, fmt.Errorf("kafka: the group notices later that the source has left: %w", err))
	}
	s.client.Close()
	<-ended
	return errors.Join(failed...)
}

// Format writes for every verb that this is a source, and of which group: its
// fields change all the time.
func (s *Source) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Kafka source of group %q", s.config.Group)
}

// Counts says what a [Source] did so far, and what it holds now.
type Counts struct {
	// Read counts all records, Copies those whose event was handled or held
	// already, and Tombstones those without a value. The latter two are not given
	// out.
	Read, Copies, Tombstones uint64
	// DeadLetters counts records that were stored as dead letters.
	DeadLetters uint64
	// Expired counts records that the broker had deleted, by its retention,
	// before they were read: they are lost.
	Expired uint64

	// Records and Bytes are what is held: see Config.MaxRecords.
	Records int
	Bytes   int64
	// Partitions counts those that are assigned to this source, and Paused those
	// among them that hold their share and are not read for now.
	Partitions, Paused int
}

// Counts returns what the source did so far and holds now.
func (s *Source) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts
	counts.Records, counts.Bytes, counts.Partitions = s.held, s.bytes, len(s.partitions)
	for _, p := range s.partitions {
		if p.paused {
			counts.Paused++
		}
	}
	return counts
}
