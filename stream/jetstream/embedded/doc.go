// Package embedded runs a NATS server with JetStream inside the program, for an
// inbox that keeps its entries in a folder of one machine and needs nothing
// else:
//
//	inbox, err := embedded.Open(ctx, embedded.Config{Folder: "/var/lib/engage"}, jetstream.Config{})
//	if err != nil {
//		…
//	}
//	defer inbox.Close()
//
// By default the server listens nowhere: only this program reaches it, and
// every write is on the disk before it is confirmed. With Config.Listen other
// programs of the machine reach it too, and open the inbox with
// [jetstream.Open].
//
// The server belongs to the program and ends with it. To be served on when one
// machine fails, run three servers of their own and use package jetstream alone:
// a program that does not import this package does not contain the server.
// [StartCluster] runs three in one program, for tests and demonstrations.
package embedded
