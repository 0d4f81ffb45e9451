// Package jetstream keeps events in NATS JetStream between a receiver and its
// workers: a [stream.Inbox] that survives the end of the program, of the
// machine and, in a cluster, of a server.
//
// # One machine
//
// Package embedded runs the server inside the program and keeps everything in a
// folder. Nothing else has to be installed:
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
// When one machine is outgrown, or must be able to fail, the same program
// connects to servers of its own. A program that does not import embedded does
// not contain a server:
//
//	inbox, err := jetstream.Open(ctx, jetstream.Config{
//		URL:      "tls://a.example:4222,tls://b.example:4222,tls://c.example:4222",
//		Options:  []nats.Option{nats.UserCredentials("/run/secrets/engage.creds")},
//		Replicas: 3,
//	})
//
// Any number of programs may open the inbox at once, receivers and workers alike,
// all with the same Config. With three replicas one of three servers may stop,
// and nothing is lost.
//
// # How it works
//
// The conversations are dealt out to a fixed number of lines, by a hash. A line
// is a subject of one work-queue stream with a consumer that has a single entry
// out at a time, whoever asks. That is all there is to the order: no program
// owns a line, none has to be elected, and one that dies holds up its line only
// until the lease of the one entry that it has is over. Conversations of one
// line wait for each other. There are 32 lines, so at most 32 entries are being
// handled at a time in all workers together; Config.Lines changes that before
// the inbox is first opened.
//
// A second stream, the ledger, holds a short record for each entry that was
// settled. Writing it is what settles the entry: the first to write it wins, and
// who comes later gets [stream.ErrSettled]. Only then is the entry removed from
// its line. An entry whose record is there is never given out again, even if
// the program or the server ended between the two steps.
//
// # What is guaranteed
//
//   - When Put returns nil, most replicas have stored the entry. Servers write
//     to their disks at once, and make sure of it every two minutes: a loss of
//     power to most of them together can cost that much. With sync_interval:
//     always in their configuration it costs nothing, and neither does it with
//     the embedded server's default.
//   - An entry is given out until it is settled. After Ack or Term returned nil
//     it is not given out again, for as long as the ledger remembers it.
//   - A copy is known while the entry waits, and afterwards as long as
//     Config.RememberFor and Config.Remembered say.
//   - Entries of one conversation are given out in the order of their Puts.
//
// # What is not
//
// A handler can meet an entry again that was given out and not settled: after a
// crash, or when its lease ran out. [stream.Delivery] counts such an attempt,
// unless the only server crashed with the count. It can count one too many for
// an entry that was on its way to a program that ended, or that lost the servers.
// While only the ledger cannot be read, an entry waits with the program that
// fetched it, and nothing is counted.
//
// An Ack that fails other than with [stream.ErrSettled] leaves open whether the
// entry is settled. It tries until its context or the lease ends, so that takes
// servers that are gone for longer.
//
// JetStream's own window for copies (Config.CopyWindow) lives in the servers'
// memory. A restart rebuilds it from what is stored, which no longer has the
// entries that were settled; and an entry can wait longer than the window. Put
// therefore asks the ledger first, then relies on the window for copies that
// arrive together. Should a copy of a waiting entry slip past both, it is
// stored, Put says that it is new, and it is dropped when its turn comes: it
// stands in the same line, behind the first. So copies must be of one
// conversation, as those of package stream are.
//
// A line that waits for an entry may not learn that the server which has its
// request failed. It asks again when four seconds are over: the three for which
// a request is good, and one for the answer. Until then its entries wait, and
// longer if the cluster takes longer to elect another leader.
//
// A Put that fails without saying why, by its context for example, may have
// stored the entry. To put it again is always right.
//
// Entries larger than the server's max_payload are refused, less 2 KiB that are
// kept for what a dead letter adds. The standard is 1 MiB and a [stream.Receiver]
// takes up to 4 MiB, so set it to 8 MiB or limit the receiver; the embedded server
// does the first. Do not lower it while entries wait: a large one could not be
// given up, and would hold up its line.
//
// JetStream domains and API prefixes of one's own are not supported: requests go
// to $JS.API, which is the JetStream of the account and the domain of the servers
// that URL lists. So connect to the servers that are to have the streams, and
// not to a leaf node of another domain.
package jetstream
