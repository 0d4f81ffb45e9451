package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/kafka"
)

func TestAWorkerMakesDeadLettersOfRecordsThatCannotBeRead(t *testing.T) {
	poison := []struct {
		name   string
		value  []byte
		reason string
	}{
		{"an empty value", []byte{}, "stream: the payload is not valid JSON"},
		{"curly quotes", []byte(`{“channel”:“SMS”}`), "stream: the payload is not valid JSON"},
		{"cut off", []byte(`{"channel":"SMS","tid":"a`), "stream: the payload is not valid JSON"},
		{"an array", []byte(`[{"tid":"a-1"}]`), "stream: the payload is not a JSON object"},
		{"a number", []byte(`7`), "stream: the payload is not a JSON object"},
		{"bytes that are no text", []byte{0xff, 0x00, 0xfe}, "stream: the payload is not valid JSON"},
	}
	cluster := newCluster(t, 1)
	for _, p := range poison {
		produce(t, cluster, &kgo.Record{Topic: topic, Key: []byte(p.name), Value: p.value,
			Headers: []kgo.RecordHeader{{Key: "sent-by", Value: []byte("somebody")}}})
	}
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	var reported atomic.Int64
	worker, err := stream.NewWorker(source, stream.WithDeadLetters(func(context.Context, stream.DeadLetter) error {
		reported.Add(1)
		return nil
	}))
	require.NoError(t, err)
	worker.OnMessage(func(context.Context, stream.MessageEvent) error { return nil })
	work(t, worker)

	stored := letters(t, cluster, len(poison))
	slices.SortFunc(stored, func(a, b *kgo.Record) int {
		return strings.Compare(header(a, kafka.HeaderOffset), header(b, kafka.HeaderOffset))
	})
	for offset, letter := range stored {
		want := poison[offset]
		require.Equal(t, want.name, string(letter.Key))
		require.Equal(t, string(want.value), string(letter.Value), want.name)
		require.Equal(t, want.reason, header(letter, kafka.HeaderReason), want.name)
		require.Equal(t, fmt.Sprintf("events/0/%d", offset), header(letter, kafka.HeaderID))
		require.Equal(t, topic, header(letter, kafka.HeaderTopic))
		require.Equal(t, "0", header(letter, kafka.HeaderPartition))
		require.Equal(t, strconv.Itoa(offset), header(letter, kafka.HeaderOffset))
		require.Equal(t, "1", header(letter, kafka.HeaderAttempts))
		require.Equal(t, "somebody", header(letter, "sent-by"))
	}
	eventually(t, func() bool { return committed(cluster, 0) == int64(len(poison))+1 })
	require.EqualValues(t, len(poison), source.Counts().DeadLetters)
	require.EqualValues(t, len(poison), worker.Counts().DeadLettered)
	require.EqualValues(t, len(poison), reported.Load())
}

func TestARecordWithoutAValueIsSkipped(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, nil), onto(0, message("a", 1)), onto(0, nil))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 3 })
	require.Equal(t, kafka.Counts{Read: 3, Skipped: 2, Partitions: 1}, source.Counts())
}

func TestAByteOrderMarkIsIgnored(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, append([]byte("\uFEFF"), message("a", 1)...)))
	source := open(t, config(cluster))
	delivery := expect(t, source, "a-1")
	require.Equal(t, string(message("a", 1)), string(delivery.Data))
}

func TestAnEventWithoutAnIDIsKnownByItsPayload(t *testing.T) {
	cluster := newCluster(t, 1)
	event := []byte(`{"channel":"carrier pigeon","message":"hello"}`)
	other := []byte(`{"channel":"carrier pigeon","message":"bye"}`)
	produce(t, cluster, onto(0, event), onto(0, event), onto(0, other))
	source := open(t, config(cluster))
	for _, payload := range [][]byte{event, other} {
		want, err := stream.NewEntry(payload)
		require.NoError(t, err)
		delivery := take(t, source)
		require.Equal(t, want.ID, delivery.ID)
		require.Equal(t, string(payload), string(delivery.Data))
		require.NoError(t, delivery.Ack(t.Context()))
	}
	eventually(t, func() bool { return committed(cluster, 0) == 3 })
	require.EqualValues(t, 1, source.Counts().Copies)
}

func TestATerminatedEntryBecomesADeadLetter(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Nak(t.Context(), 0))
	delivery := expect(t, source, "a-1")
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	require.ErrorIs(t, delivery.Ack(t.Context()), stream.ErrSettled)

	letter := letters(t, cluster, 1)[0]
	require.Equal(t, string(message("a", 1)), string(letter.Value))
	require.Equal(t, "no use", header(letter, kafka.HeaderReason))
	require.Equal(t, "2", header(letter, kafka.HeaderAttempts))
	require.NoError(t, expect(t, source, "a-2").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 2 })
}

func TestALetterThatCannotBeStoredSettlesNothing(t *testing.T) {
	cluster := newCluster(t, 1)
	refused := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: deadLetters,
		Err: kerr.TopicAuthorizationFailed, Count: -1})
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	delivery := expect(t, source, "a-1")
	for range 2 {
		require.ErrorIs(t, delivery.Term(t.Context(), "no use"), kerr.TopicAuthorizationFailed)
	}
	require.NoError(t, delivery.Extend(t.Context()), "it is still the taker's")
	require.Zero(t, committed(cluster, 0))

	refused.Remove()
	require.NoError(t, delivery.Term(t.Context(), "no use"))
	letters(t, cluster, 1)
}

func TestALeaseRunsOutAfterALetterThatCannotBeStored(t *testing.T) {
	cluster := newCluster(t, 1)
	cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: deadLetters,
		Err: kerr.TopicAuthorizationFailed, Count: -1})
	produce(t, cluster, onto(0, message("a", 1)))
	brief := config(cluster)
	brief.Lease = 100 * time.Millisecond
	source := open(t, brief)

	delivery := expect(t, source, "a-1")
	err := delivery.Term(t.Context(), "no use")
	for errors.Is(err, stream.ErrSettled) { // its lease had run out before
		delivery = expect(t, source, "a-1")
		err = delivery.Term(t.Context(), "no use")
	}
	require.ErrorIs(t, err, kerr.TopicAuthorizationFailed)
	again := expect(t, source, "a-1")
	require.Equal(t, delivery.Attempt+1, again.Attempt)
	require.ErrorIs(t, delivery.Term(t.Context(), "no use"), stream.ErrSettled)
}

// A letter is larger than its record. The topic or the client may allow less.
func TestALetterThatIsTooLargeSaysWhereTheRecordIs(t *testing.T) {
	const limit = 2000
	for name, test := range map[string]struct {
		topic  map[string]string
		client []kgo.Opt
	}{
		"for its topic":  {topic: map[string]string{"max.message.bytes": strconv.Itoa(limit)}},
		"for the client": {client: []kgo.Opt{kgo.ProducerBatchMaxBytes(limit)}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newCluster(t, 1)
			c := config(cluster)
			c.DeadLetterTopic = "small"
			c.Options = append(c.Options, test.client...)
			require.NoError(t, cluster.CreateTopic(c.DeadLetterTopic, 1, test.topic))
			noise := make([]byte, 5*limit) // which cannot be compressed much
			_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
			large := fmt.Appendf(nil, `{"channel":"SMS","oa":"a","da":"500","tid":"a-1","message":"%x"}`, noise)
			produce(t, cluster, onto(0, noise), onto(0, large), onto(0, message("a", 2)))
			source := open(t, c)

			require.NoError(t, take(t, source).Term(t.Context(), "noise"))
			require.NoError(t, expect(t, source, "a-1").Term(t.Context(), strings.Repeat("no use ", 1000)))
			require.NoError(t, expect(t, source, "a-2").Ack(t.Context()))
			eventually(t, func() bool { return committed(cluster, 0) == 3 })
			require.EqualValues(t, 2, source.Counts().DeadLetters)
			reasons := map[string]string{}
			for _, letter := range lettersIn(t, cluster, c.DeadLetterTopic, 2) {
				require.Equal(t, "true", header(letter, kafka.HeaderOmitted))
				require.Equal(t, topic, header(letter, kafka.HeaderTopic))
				require.Equal(t, "0", header(letter, kafka.HeaderPartition))
				require.Empty(t, letter.Value)
				reasons[header(letter, kafka.HeaderOffset)] = header(letter, kafka.HeaderReason)
			}
			require.Equal(t, map[string]string{
				"0": "noise",
				"1": strings.Repeat("no use ", 1000)[:1<<10],
			}, reasons)
		})
	}
}

// The broker's limit is for a batch, which it refuses as a whole.
func TestLettersStoredAtTheSameTimeAreKeptWhole(t *testing.T) {
	const n = 20
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.DeadLetterTopic = "small"
	// The client would wait for more letters, if it got them at once.
	c.Options = append(c.Options, kgo.ProducerLinger(50*time.Millisecond))
	require.NoError(t, cluster.CreateTopic(c.DeadLetterTopic, 1, map[string]string{"max.message.bytes": "10000"}))
	noise := rand.NewChaCha8([32]byte{})
	for i := range n {
		text := make([]byte, 2000)
		_, _ = noise.Read(text)
		produce(t, cluster, onto(0, fmt.Appendf(nil, `{"channel":"SMS","oa":"%d","da":"500","tid":"%d","message":"%x"}`, i, i, text)))
	}
	source := open(t, c)
	ended := make(chan error, n)
	for range n {
		delivery := take(t, source)
		go func() { ended <- delivery.Term(t.Context(), "no use") }()
	}
	for range n {
		require.NoError(t, <-ended)
	}
	for _, letter := range lettersIn(t, cluster, c.DeadLetterTopic, n) {
		require.Empty(t, header(letter, kafka.HeaderOmitted))
		require.NotEmpty(t, letter.Value)
	}
}

func TestAReasonIsCutBetweenCharacters(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Term(t.Context(), "-"+strings.Repeat("é", 1000)))
	letter := letters(t, cluster, 1)[0]
	require.Equal(t, "-"+strings.Repeat("é", 511), header(letter, kafka.HeaderReason))
}

func TestTermObeysItsContext(t *testing.T) {
	cluster := newCluster(t, 1)
	produce(t, cluster, onto(0, message("a", 1)))
	source := open(t, config(cluster))
	delivery := expect(t, source, "a-1")
	reached := make(chan struct{})
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		close(reached)
		cluster.SleepControl(func() { <-t.Context().Done() })
		return nil, errors.New("too late"), true
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	require.ErrorIs(t, delivery.Term(ctx, "no use"), context.Canceled)
	require.NoError(t, delivery.Ack(t.Context()), "it is still the taker's")
}

func TestAWorkerMakesADeadLetterOfWhatKeepsFailing(t *testing.T) {
	cluster := newCluster(t, 2)
	produce(t, cluster, onto(0, message("bad", 1)), onto(0, message("good", 1)), onto(1, message("good", 2)))
	source := open(t, config(cluster))
	worker, err := stream.NewWorker(source, stream.WithMaxAttempts(3),
		stream.WithBackoff(func(int) time.Duration { return time.Millisecond }))
	require.NoError(t, err)
	worker.OnMessage(func(_ context.Context, e stream.MessageEvent) error {
		if e.Customer == "bad" {
			return errors.New("it cannot be done")
		}
		return nil
	})
	work(t, worker)
	letter := letters(t, cluster, 1)[0]
	require.Equal(t, "it cannot be done", header(letter, kafka.HeaderReason))
	require.Equal(t, "3", header(letter, kafka.HeaderAttempts))
	eventually(t, func() bool { return committed(cluster, 0) == 2 && committed(cluster, 1) == 1 })
}

func TestADeadLetterThatIsProducedAgainIsDelivered(t *testing.T) {
	cluster := newCluster(t, 1)
	record := onto(0, message("a", 1))
	record.Headers = []kgo.RecordHeader{{Key: "sent-by", Value: []byte("somebody")}}
	produce(t, cluster, record)
	source := open(t, config(cluster))
	require.NoError(t, expect(t, source, "a-1").Term(t.Context(), "no use"))
	letter := letters(t, cluster, 1)[0]

	produce(t, cluster, &kgo.Record{Topic: topic, Key: letter.Key, Value: letter.Value, Headers: letter.Headers})
	again := expect(t, source, "a-1")
	require.Equal(t, 1, again.Attempt)
	require.NoError(t, again.Term(t.Context(), "still no use"))
	letter = letters(t, cluster, 2)[1]
	require.Equal(t, "still no use", header(letter, kafka.HeaderReason))
	require.Equal(t, "1", header(letter, kafka.HeaderOffset))
	require.Equal(t, "somebody", header(letter, "sent-by"))
	require.Len(t, letter.Headers, 7, "the headers of the first letter are gone")

	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("b", 1)))
	require.NoError(t, expect(t, source, "b-1").Ack(t.Context()))
	eventually(t, func() bool { return committed(cluster, 0) == 4 })
	require.EqualValues(t, 1, source.Counts().Copies, "a record without the headers is a copy")
}

func TestDeadLettersAreStoredInATopicThatIsDeletedAndMadeAgain(t *testing.T) {
	cluster := newCluster(t, 1)
	c := config(cluster)
	c.Options = append(c.Options, kgo.MetadataMinAge(10*time.Millisecond))
	source := open(t, c)
	produce(t, cluster, onto(0, message("a", 1)), onto(0, message("a", 2)))
	require.NoError(t, expect(t, source, "a-1").Term(t.Context(), "no use"))
	require.NoError(t, cluster.DeleteTopic(deadLetters))
	require.NoError(t, cluster.CreateTopic(deadLetters, 1, nil))
	require.NoError(t, expect(t, source, "a-2").Term(t.Context(), "still no use"))
	require.Equal(t, "still no use", header(letters(t, cluster, 1)[0], kafka.HeaderReason))
}

func TestADeadLetterWithoutItsRecordIsNoTombstone(t *testing.T) {
	cluster := newCluster(t, 1)
	letter := onto(0, nil)
	letter.Headers = []kgo.RecordHeader{{Key: kafka.HeaderReason, Value: []byte("no use")}, {Key: kafka.HeaderOmitted, Value: []byte("true")}}
	produce(t, cluster, letter)
	source := open(t, config(cluster))
	delivery := take(t, source)
	_, err := delivery.Event()
	require.Error(t, err)
	require.NoError(t, delivery.Term(t.Context(), "its record is needed"))
	require.Equal(t, "its record is needed", header(letters(t, cluster, 1)[0], kafka.HeaderReason))
}
