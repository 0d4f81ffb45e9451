// Package embedded runs a NATS server with JetStream inside the program. An
// inbox on it stores its entries in a folder and needs nothing else:
//
//	inbox, err := embedded.Open(ctx, embedded.Config{Folder: "/var/lib/engage"}, jetstream.Config{})
//	if err != nil {
//		…
//	}
//	defer inbox.Close()
//
// By default the server does not listen on the network: only this program
// reaches it. Every write is flushed to the disk before it is confirmed. With
// Config.Listen, other programs reach the server as well, and open the inbox
// with [jetstream.Open].
//
// If the disk is full, the inbox refuses entries until there is room again.
//
// The server ends with the program. To continue when a machine fails, run three
// separate servers and use package jetstream alone: a program that does not
// import embedded does not contain a server. [StartCluster] runs three servers
// in one program, for tests and demonstrations.
package embedded
