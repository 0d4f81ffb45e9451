package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
)

// Source reads events from Kafka. It implements [stream.Source]; the package
// comment states what it promises. Use [Open] to make one. Its methods are safe
// for concurrent use.
type Source struct {
	config Config
	client *kgo.Client
	// seen knows the ids of events that are held or were handled.
	seen *stream.Seen
	// life ends, by abandon, when Close stops waiting or is done.
	life    context.Context
	abandon context.CancelFunc
	// stop ends the goroutines that read and commit. running waits for them, and for
	// those of Backlog, which the end of the client ends.
	stop    context.CancelFunc
	running sync.WaitGroup
	// closed is closed when Close begins. closeErr is what Close returns.
	closing  sync.Once
	closed   chan struct{}
	closeErr error
	// wakeup has an element when a taker should check whether a conversation is
	// ready. room has one when the reader should check whether there is room.
	wakeup, room chan struct{}
	// producing has an element while the client produces a dead letter.
	producing chan struct{}
	// committing is held during a commit, so that a later commit has later
	// progress. It is locked before mu, and guards metadataLimit, which is the
	// largest size of metadata that the brokers accept.
	committing    sync.Mutex
	metadataLimit int

	mu            sync.Mutex
	partitions    map[partitionID]*partition
	conversations map[string]*conversation
	// ready contains each conversation whose first record may be delivered, and
	// some that have become empty since.
	ready []*conversation
	// readErr is an error of the reader that no taker has returned yet.
	readErr error
	// held and bytes are the number of records in all partitions and the size of
	// their values.
	held   int
	bytes  int64
	counts Counts
	// interrupt ends the last poll. polled is closed when its records are in their
	// partitions; nil before the first.
	interrupt context.CancelFunc
	polled    chan struct{}
}

var _ stream.Source = (*Source)(nil)

// Open joins the group, starts to read, and returns the source, which the caller
// must [Source.Close]. ctx limits how long Open takes, and has no effect
// afterwards.
//
// Open fails if config is invalid, or if the Kafka client rejects Config.Options. It
// also fails if no broker answers before ctx ends, or if one of the topics does not
// exist, that of dead letters included.
func Open(ctx context.Context, config Config) (*Source, error) {
	if err := cmp.Or(config.Validate(), ctx.Err()); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	life, abandon := context.WithCancel(context.Background())
	s := &Source{
		config:        config,
		seen:          stream.NewSeen(config.Remembered),
		life:          life,
		abandon:       abandon,
		closed:        make(chan struct{}),
		wakeup:        make(chan struct{}, 1),
		room:          make(chan struct{}, 1),
		producing:     make(chan struct{}, 1),
		metadataLimit: maxMetadata,
		partitions:    map[partitionID]*partition{},
		conversations: map[string]*conversation{},
	}
	var err error
	if s.client, err = newClient(config.options(s)); err == nil {
		err = connect(ctx, s.client, config)
	}
	if err != nil {
		abandon()
		return nil, err
	}
	running, stop := context.WithCancel(life)
	s.stop = stop
	s.running.Go(func() { s.read(running) })
	s.running.Go(func() { s.commitRegularly(running) })
	return s, nil
}

// newClient returns a client with options.
func newClient(options []kgo.Opt) (*kgo.Client, error) {
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("kafka: the client rejects its options: %w", err)
	}
	return client, nil
}

// connect connects client to the brokers. It closes client again, and returns an error, if
// no broker answers or a topic of config does not exist.
func connect(ctx context.Context, client *kgo.Client, config Config) error {
	ended, err := within(ctx, func() error { return findTopics(ctx, client, config) })
	if err != nil {
		left, leave := context.WithCancel(ctx)
		leave()
		_ = client.LeaveGroupContext(left) // at once; there is nothing to commit
		client.Close()
	}
	<-ended
	return err
}

// within returns the error of call, or ctx's error as soon as ctx ends: the client
// ignores its contexts while it connects. Closing the client then ends call, which
// closes ended.
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

// findTopics returns an error that names every topic that does not exist.
func findTopics(ctx context.Context, client *kgo.Client, config Config) error {
	request := kmsg.NewPtrMetadataRequest()
	for _, topic := range append(slices.Clone(config.Topics), config.DeadLetterTopic) {
		asked := kmsg.NewMetadataRequestTopic()
		asked.Topic = kmsg.StringPtr(topic)
		request.Topics = append(request.Topics, asked)
	}
	reply, err := request.RequestWith(ctx, client)
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

// Take implements [stream.Source]. After [Source.Close] it returns
// [stream.ErrClosed], and after the end of ctx its error. Any other error means
// that reading has failed. Take returns it when the source has nothing to deliver.
// The source continues to read, and Take can be called again.
func (s *Source) Take(ctx context.Context) (stream.Delivery, error) {
	for {
		if err := s.ended(ctx); err != nil {
			s.wake() // another taker, because this one may have used up the wakeup
			return stream.Delivery{}, err
		}
		delivery, found, err := s.takeReady()
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

// ended returns [stream.ErrClosed] if the source is closed, or ctx's error if ctx has
// ended.
func (s *Source) ended(ctx context.Context) error { return ended(ctx, s.closed) }

// ended returns [stream.ErrClosed] once closed is closed, or ctx's error if ctx has ended.
func ended(ctx context.Context, closed <-chan struct{}) error {
	select {
	case <-closed:
		return stream.ErrClosed
	default:
		return ctx.Err()
	}
}

// takeReady returns a delivery of a conversation that is ready, or the reader's
// error.
func (s *Source) takeReady() (delivery stream.Delivery, found bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.next(); c != nil {
		if len(s.ready) > 0 {
			s.wake()
		}
		return s.deliver(c), true, nil
	}
	err, s.readErr = s.readErr, nil
	return stream.Delivery{}, false, err
}

// wake wakes one taker, which wakes the next if more is ready.
func (s *Source) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// Close closes the source, so that Take returns [stream.ErrClosed]. It waits until
// all deliveries are settled, at most for a lease, commits, and leaves the group.
// Deliveries that are not settled by then have ended, and another member delivers
// their entries again.
//
// When ctx ends, Close stops waiting and returns, although the client may need
// some seconds to end. What is not committed by then is delivered again.
//
// It returns the errors of the commit and of leaving the group. Further calls
// return the same.
func (s *Source) Close(ctx context.Context) error {
	s.closing.Do(func() { s.closeErr = s.close(ctx) })
	return s.closeErr
}

func (s *Source) close(ctx context.Context) error {
	s.mu.Lock()
	close(s.closed) // Backlog starts nothing after this
	s.mu.Unlock()
	s.stop()
	defer s.abandon()
	defer context.AfterFunc(ctx, s.abandon)()

	var failed []error
	ended, err := within(ctx, func() error { return s.handOver(ctx, s.all()) })
	if err != nil {
		failed = append(failed, fmt.Errorf("kafka: the last commit failed: %w", err))
	}
	if err := s.client.LeaveGroupContext(ctx); err != nil {
		failed = append(failed, fmt.Errorf("kafka: leaving the group failed, and the group notices later: %w", err))
	}
	s.client.Close()
	s.running.Wait()
	<-ended
	return errors.Join(failed...)
}

// Format writes, for every verb, that this is a source and its group.
func (s *Source) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "Kafka source of group %q", s.config.Group)
}

// Counts contains what a [Source] has done, and what it holds now.
type Counts struct {
	// Read counts all records. Copies counts those whose event was handled or
	// held already. Skipped counts those without a value (tombstones), and those
	// that were settled before this source had their partition. Neither copies
	// nor skipped records are delivered.
	Read, Copies, Skipped uint64
	// DeadLetters counts entries that were stored as dead letters.
	DeadLetters uint64
	// Expired counts records that the broker deleted before they were read, by
	// its retention, or before they were handled, with their topic. They are lost.
	Expired uint64

	// Records and Bytes are what the source holds; see Config.MaxRecords.
	Records int
	Bytes   int64
	// Partitions counts those that are assigned to this source, and Paused those
	// among them that hold their share and are not read for now.
	Partitions, Paused int
}

// Counts returns what the source has done, and what it holds now.
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
