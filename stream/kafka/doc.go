// Package kafka reads events of data streams from Kafka and gives them to a
// [stream.Worker]. It is a module of its own, so that programs without Kafka do
// not depend on a Kafka client.
//
//	source, err := kafka.Open(ctx, kafka.Config{
//		Brokers: []string{"kafka-1.example.com:9093"},
//		Topics:  []string{"engage-events"},
//		Group:   "support-desk",
//		TLS:     &tls.Config{},
//		SASL: kafka.SASL{
//			Mechanism: kafka.SCRAMSHA512,
//			User:      "support-desk",
//			Password:  stream.NewSecret(os.Getenv("KAFKA_PASSWORD")).Named("kafka"),
//		},
//	})
//	…
//	worker, err := stream.NewWorker(source)
//	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error { … })
//	err = worker.Run(ctx)
//	err = source.Close(closing)
//
// Kafka stores the events, so no inbox is needed: the worker takes them from a
// [Source]. Close the source after the worker's Run has returned.
//
// # Order
//
// Events of one conversation are delivered one after another. An event that is put
// back with a delay holds up its own conversation and no other. The source holds a
// limited number of records, of which each partition has an equal share; see
// Config.MaxRecords. While a partition holds its share, because one of its events
// is not settled, the source reads only the others.
//
// # Commits
//
// A record is settled when it was acknowledged, became a dead letter, or was
// dropped as a copy. The source commits, for each partition, the offset of the
// first record that is not settled. The metadata of the commit says which records
// behind it are settled, and how often the others were delivered. The next member
// that has the partition does not deliver the settled ones again, and goes on
// counting attempts.
//
// Progress is committed at every Config.CommitInterval, when a partition moves to
// another member, and by [Source.Close]. After a crash, events that were handled
// since the last commit are delivered again. So are some of those that do not fit
// into the metadata, which brokers limit to 4 KiB. A handler must therefore be
// repeatable, as package stream says.
//
// # Copies
//
// Data streams deliver an event twice if streaming is on both for an asset and in
// a flow (documented). The source delivers the first copy. It drops a later one
// if it still holds the event, or remembers its id; see Config.Remembered. Which
// copy comes first is not known. Only the flow's copy contains the flow's context.
//
// Each source remembers ids in its own memory, which starts empty. A copy is therefore
// delivered again after a restart, or if it is in a partition of another member.
// The source never drops the last copy of an event that was not handled.
//
// The id of an event without an id of the sender is a digest of its payload, as
// [stream.NewEntry] says. The id of a record that is not a JSON object is its position,
// in the form topic/partition/offset, and its copies are not recognized.
//
// # Dead letters
//
// A worker makes a dead letter of an event whose attempts all failed, and of a record
// that is not a JSON object. The source delivers such a record like any other, but its
// entry cannot be decoded. A byte order mark before the JSON is ignored. A record
// without a value (a tombstone) is skipped.
//
// The dead letter has the key, value and headers of the record, and headers that
// describe it; see [HeaderReason]. All in-sync replicas must store it before the
// record counts as settled. It may be stored twice. Its topic, and
// [kgo.ProducerBatchMaxBytes], must allow records that are 2 KiB larger than those
// of the other topics. A record that is too large all the same is left out of its
// letter; see [HeaderOmitted].
//
// [Source.DeadLetters] lists dead letters, and [Source.Requeue] and [Source.RequeueAll] make
// the group deliver them again. A tool that must not join the group uses a [DeadLetterTopic]. A record
// with the headers of a dead letter is never dropped as a copy, so that other tools
// can requeue letters as well.
//
// # Rebalances
//
// Partitions move one at a time (cooperative-sticky), and a member goes on with
// those that stay. When a partition leaves, the source delivers no more of it and
// waits for its deliveries, at most for their lease. Then it commits, and another
// member gets the partition. A delivery that is not settled by then has ended:
// settling it returns [stream.ErrSettled], and a worker cancels the context of its
// handler.
//
// # In operation
//
// [Source.Backlog] returns the lag of the source's partitions. A worker reports it to its
// observer, and its readiness handler uses it.
//
// # Deleted records
//
// Records that the broker deletes before they are read are lost. They are logged
// and counted in Counts.Expired. If a topic is deleted and created again, the source
// reads the new one from its beginning.
//
// # Evidence
//
// Documented: Kafka is the only destination of data streams, the vendor's support
// sets them up, and what the payloads contain.
//
// Assumed: the value of each record is one JSON object in UTF-8. Records of one
// customer have one key, so that they are in one partition and in order. Without
// that key, each source handles them one after another, but in the order in which
// it reads its partitions.
//
// Not published: the names of the topics, and how Webex Engage Streaming delivers
// its events. Nothing says that it writes to Kafka.
package kafka
