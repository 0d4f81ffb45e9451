// Package jetstream keeps events in NATS JetStream between a receiver and its
// workers. Its [Inbox] is a durable [stream.Inbox]: entries survive the end of
// the program and of the machine and, in a cluster, the loss of a server.
//
// # One machine
//
// Package embedded runs the server inside the program and stores everything in
// a folder. Nothing else has to be installed:
//
//	inbox, err := embedded.Open(ctx, embedded.Config{Folder: "/var/lib/engage"}, jetstream.Config{})
//	if err != nil {
//		…
//	}
//	defer inbox.Close()
//	receiver, err := stream.NewReceiver(inbox, …)
//	worker, err := stream.NewWorker(inbox)
//
// # A cluster
//
// When one machine is too small, or must be allowed to fail, the same program
// connects to separate servers. A program that does not import embedded does
// not contain a server:
//
//	inbox, err := jetstream.Open(ctx, jetstream.Config{
//		URL:      "tls://a.example:4222,tls://b.example:4222,tls://c.example:4222",
//		Options:  []nats.Option{nats.UserCredentials("/run/secrets/engage.creds")},
//		Replicas: 3,
//	})
//
// Any number of programs may open the inbox at once, receivers and workers
// alike. With three replicas one of three servers may stop and nothing is lost.
//
// # How it works
//
// An inbox has a fixed number of lines, and a hash assigns each conversation to
// one of them. A line is a subject of one work-queue stream, with a consumer
// that delivers a single entry at a time. This alone keeps the order: no
// program owns a line and none is elected. If a program dies, the lines
// of its entries wait until the leases end, and then deliver the entries again.
//
// Conversations on the same line wait for each other. There are 32 lines by
// default, so at most 32 entries are handled at a time by all workers together.
// Config.Lines sets another number when the inbox is first opened.
//
// A second stream, the ledger, holds a short record for each settled entry.
// Writing the record settles the entry. The first program to write it wins;
// others get [stream.ErrSettled]. Then the entry is removed from its line. An
// entry that has a record is never delivered again, even if the program or the
// server ended between the two steps. If the server did not remove the entry before
// it ended, the next program that takes from the line removes it.
//
// # Another number of lines
//
// The number of lines is fixed, because each conversation must stay on its line.
// To change it, move to a new inbox with another Config.Name. No event is lost, and
// the order of each conversation is kept, if the steps are taken one after another:
//
//  1. Deploy receivers that put into the new inbox. Its entries wait. The workers
//     still take from the old inbox.
//  2. Wait until no receiver of the old version runs any more. Then deploy workers
//     that empty the old inbox before they take from the new one, as the example
//     HandleOldInbox does. Entries that are being handled count, so no worker starts
//     with the new inbox too early.
//  3. Delete the three streams of the old inbox with the tools of NATS, when you do
//     not need its dead letters any more. They have the name of the inbox, alone and
//     followed by -ledger and -dead. Before step 2 a dead letter can be requeued.
//
// If a single program receives and handles all events, its next version does both
// steps at once.
//
// The new inbox does not know the ids of the old one. If the service sends an event
// again that the old inbox holds or has settled, the event is handled again.
//
// # Guarantees
//
//   - When Put returns nil, most replicas have stored the entry. By default,
//     servers flush their disks every two minutes. If most of them lose power
//     together, the entries since then can be lost. The server setting
//     sync_interval: always prevents this, and the embedded server has it by
//     default.
//   - An entry is delivered again until it is settled. After Ack or Term returns nil
//     it is not delivered again while the ledger remembers it.
//   - The inbox recognizes a copy, which package stream calls a duplicate, while
//     the entry waits. After that it does so for as long as Config.RememberFor
//     and Config.Remembered allow.
//   - Entries of one conversation are delivered in the order of their Puts.
//
// # Limits of the guarantees
//
// A handler can receive an entry again that was delivered but not settled:
// after a crash, or when its lease ran out. [stream.Delivery] counts such an
// attempt, unless the only server crashed before it stored the count. The count
// can be one too high for an entry that was on its way to a program that ended
// or lost its connection. If the ledger cannot be read, an entry waits in the
// program that fetched it, and no attempt is counted.
//
// If Ack fails with an error other than [stream.ErrSettled], the entry may or
// may not be settled. Ack repeats its request until its context or the lease
// ends, so this takes a long outage.
//
// JetStream finds copies within Config.CopyWindow by a list in the servers'
// memory. A restart rebuilds that list from stored entries, and so forgets the
// settled ones; and an entry can wait longer than the window. Put therefore
// asks the ledger first, and needs the window only for copies that arrive close
// together. If a copy of a waiting entry is stored nevertheless, Put reports it
// as new. It stands behind the first in the same line and is dropped when its
// turn comes. For this, copies must have the same conversation, as those of
// package stream do.
//
// When a server fails, another may not know that an entry is delivered, and a second
// program gets it. One of them settles it, and Ack returns [stream.ErrSettled] to the
// other. A program looks up an entry again that waited there for a taker, and drops it if
// it was settled. The program may still deliver it about a tenth of a second after it was
// settled. If the ledger cannot be read, that can be a quarter of the lease.
//
// If the ledger has forgotten an entry that the server should have removed, the entry
// is neither delivered nor removed. It still counts in Counts and Backlog.
//
// When a server fails, a line may not notice that its request for an entry was
// lost. It sends another after three seconds: a request is valid for one, and
// the reply may take two more. Entries of that line wait until then, and longer if
// the cluster needs longer to elect a leader.
//
// A Put that fails may have stored the entry, for example if its context ended.
// It is always safe to put the entry again.
//
// If the reply to a Nak is lost, the entry may be with another taker already. The
// delivery then ends: later calls return [stream.ErrSettled]. If the Nak was lost
// as well, the entry is delivered again when its lease ends, without the delay.
//
// An entry must be 2 KiB smaller than the servers' max_payload: a dead letter
// needs the rest. The default max_payload is 1 MiB, but a
// [stream.Receiver] accepts up to 4 MiB. Set max_payload to 8 MiB, as the
// embedded server does, or limit the receiver. Do not lower it while entries
// wait: a large entry could not become a dead letter and would block its line.
//
// JetStream domains and custom API prefixes are not supported: requests go to
// $JS.API in the domain of the servers that URL lists. Connect to the servers
// that are to hold the streams, not to a leaf node of another domain.
package jetstream
