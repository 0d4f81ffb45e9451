package kafka_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/engagesdk/engage-go/stream"
	"github.com/engagesdk/engage-go/stream/inboxtest"
	"github.com/engagesdk/engage-go/stream/kafka"
)

// inbox makes an inbox of a source, so that the contract of inboxes can be tested
// on it. Put produces each entry to the topic that the source reads. It produces
// copies as well, so that the source must drop them. What the contract says of Put
// alone, the inbox does itself: it refuses entries without id, and reports copies.
type inbox struct {
	*kafka.Source
	client *kgo.Client
	topic  string
	mu     sync.Mutex
	known  map[string]bool
}

// envelope is the payload of an entry. The source reads its id and conversation.
type envelope struct {
	Channel      string `json:"channel"`
	Conversation string `json:"oa"`
	ID           string `json:"tid"`
	TraceID      string `json:"x-wx-gtrid"`
	TraceParent  string `json:"traceParent"`
	VerifiedBy   string `json:"verifiedBy"`
	Data         []byte `json:"data"`
}

func (i *inbox) Put(ctx context.Context, entry stream.Entry) (duplicate bool, err error) {
	if entry.ID == "" || entry.Conversation == "" {
		return false, stream.ErrNoID
	}
	value, err := json.Marshal(envelope{"SMS", entry.Conversation, entry.ID, entry.TraceID, entry.TraceParent, entry.VerifiedBy, entry.Data})
	if err != nil {
		return false, err
	}
	record := &kgo.Record{Topic: i.topic, Key: []byte(entry.Conversation), Value: value, Timestamp: entry.Received}
	if err := i.client.ProduceSync(ctx, record).FirstErr(); err != nil {
		return false, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	duplicate = i.known[entry.ID]
	i.known[entry.ID] = true
	return duplicate, nil
}

func (i *inbox) Take(ctx context.Context) (stream.Delivery, error) {
	delivery, err := i.Source.Take(ctx)
	if err != nil {
		return delivery, err
	}
	var e envelope
	if err := json.Unmarshal(delivery.Data, &e); err != nil {
		return delivery, err
	}
	delivery.ID, delivery.Conversation, delivery.Data = e.ID, e.Conversation, e.Data
	delivery.TraceParent, delivery.VerifiedBy = e.TraceParent, e.VerifiedBy
	return delivery, nil
}

// The contract of durable inboxes is not tested: they know copies after a restart,
// while a source remembers ids in memory. Other tests show what survives a restart.
func TestASourceKeepsTheContract(t *testing.T) {
	cluster := newCluster(t, 1)
	var opened atomic.Int64
	inboxtest.Run(t, inboxtest.Setup{Open: func(t *testing.T) stream.Inbox {
		c := config(cluster)
		c.Group = fmt.Sprintf("group-%d", opened.Add(1))
		c.Topics = []string{c.Group + ".events"}
		require.NoError(t, cluster.CreateTopic(c.Topics[0], 4, nil))
		require.NoError(t, cluster.CreateTopic(c.Group+".dead-letters", 1, nil))
		client := newClient(t, cluster, kgo.ProducerLinger(0), kgo.MetadataMinAge(10*time.Millisecond))
		return &inbox{Source: open(t, c), client: client, topic: c.Topics[0], known: map[string]bool{}}
	}})
}
