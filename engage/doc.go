// Package engage is a client for Webex Engage, the engine that holds customer
// conversations behind Cisco's contact center.
//
// A [Client] does in Go what the nodes of Cisco's flow builder do: it searches,
// creates, appends to, updates, closes and re-opens conversations, and adds and
// removes participants. Every call ends on the outcome edge that the node would
// end on, see package outcome.
//
//	client, err := engage.New(engage.US, auth.ClientCredentials{
//		ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
//		ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
//	})
//	…
//	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{
//		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
//	})
//	…
//	switch found.Outcome {
//	case outcome.NoConversationFound:
//	case outcome.ConversationActive, outcome.ConversationInQueue:
//	}
//
// # Requests and versions
//
// A request is a struct named after the operation and the version of the node,
// such as [AppendMessageV13]. The method of an operation takes the versions that
// exist and no others. What a version cannot carry is refused before anything
// is sent, with every fault of the request at once. Validate tells the same
// without a client.
//
// # What is known of the wire
//
// The vendor documents the hosts, the token call, the message schema, the
// addresses and the edges. It does not publish the paths. Those are assumed,
// stand in one table ([Operations]), and can be replaced ([WithRoute]).
//
// # When a call fails
//
// The error is an [outcome.Error]. Its Effect says whether a write may have
// happened all the same. Reads and convergent writes are retried; a create or
// an append is sent again only if it certainly did nothing, see [Class] and
// [RetryPolicy]. Each try has a time limit of its own; the context limits the
// call as a whole.
//
// # Writes are asynchronous
//
// Engage answers a write with an acknowledgement, and a receipt tells of no more
// than that.
package engage
