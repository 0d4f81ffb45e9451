// Package kafka reads data streams from Kafka into a [stream.Worker]. It is a
// module of its own, so that programs without Kafka do not carry a client.
//
//	source, err := kafka.Open(ctx, kafka.Config{
//		Brokers: []string{"kafka-1.example.com:9093"},
//		Topics:  []string{"engage-events"},
//		Group:   "support-desk",
//		TLS:     &tls.Config{},
//		SASL: kafka.SASL{
//			Mechanism: kafka.SCRAMSHA512,
//			User:      "support-desk",
//			Password:  stream.NewSecret("kafka", os.Getenv("KAFKA_PASSWORD")),
//		},
//	})
//	…
//	worker, err := stream.NewWorker(source)
//	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error { … })
//	err = worker.Run(ctx)
//	err = source.Close(closing)
//
// Kafka keeps the events, so there is no inbox between: a [Source] is what the
// worker takes from. Close it after the worker's Run has returned.
//
// # Handled, then committed
//
// A record is committed once it and all before it in its partition are settled:
// acknowledged, terminated, or dropped as a copy. Conversations of one partition
// may be handled in any order among themselves; only the unbroken row of settled
// records counts. What was not committed is given out again after a crash, and
// with it what was handled out of that row, at most Config.MaxRecords. A
// handler must therefore be repeatable, as package stream says.
//
// Events of one conversation are given out one after another. An event that is
// put back with a delay holds up its own conversation. While it does, nothing
// behind it in its partition is committed; once the partition holds its share of
// records it is not read on until the event is settled. Other partitions are.
//
// Attempts are counted in memory: they begin again at 1 after a restart or a
// rebalance.
//
// # Copies
//
// Data streams deliver an event twice where streaming is on for an asset and in
// a flow as well (documented). The first copy is given out; the others are
// dropped if the event is still held or is among the newest that this source
// handled, as many as Config.Remembered says. Which copy comes first is not
// known, and only the flow's carries the flow's context. The memory is this
// source's own, and starts empty: a copy is given out again after a restart, or
// if it is in a partition that another member has. An event is never dropped
// for one that was not handled: until then that one is not committed, and comes
// again.
//
// # Dead letters
//
// A record that is not a JSON object or has no id never stops the others: it is
// stored as a dead letter, as is an entry that a worker gives up. The letter has
// the record's key, value and headers, and headers that say why it is one and
// where it is from, see [HeaderReason]. It is stored by all replicas in sync
// before the record counts as settled, and may be stored twice. Its topic must
// take records that are 2 KiB larger than those of the others, and so must
// [kgo.ProducerBatchMaxBytes], which is 1 MB unless Config.Options say more. A
// letter that is too large all the same has [HeaderOmitted]: it says where the
// record is, and no more, so that nothing waits for it. Producing a letter's
// value to a topic again tries the event again; the source that gave it up takes
// it for a copy as long as it remembers the event.
//
// # Rebalances
//
// Partitions move one by one (cooperative-sticky): a member goes on handling
// what stays. From a partition that leaves nothing more is given out; what is
// given out may be settled within its lease, is committed, and only then does
// another member get the partition. Fetching pauses while that is waited for.
// A delivery that is not settled in time ends: settling it returns
// [stream.ErrSettled], and a worker cancels the handler's context.
//
// Records that the broker deletes before they are read, by its retention, are
// lost. They are logged, and counted in Counts.Expired.
//
// # What is known
//
// Kafka is the only destination of data streams that the vendor documents; its
// support sets them up. The payloads are documented. Not documented, and assumed
// here: that each record's value is one JSON object in UTF-8, and that records
// of one customer have one key, so that they are in one partition and in order.
// Without that, each source still handles them one after another, but in the
// order in which it reads partitions. Names of topics are not published. How
// Webex Engage Streaming itself delivers is not published either: nothing says
// that it writes to Kafka.
package kafka
