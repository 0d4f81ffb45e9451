// Package engage is a client for Webex Engage, the engine that holds customer
// conversations behind Cisco's contact center.
//
// A [Client] does in Go what the nodes of Cisco's flow builder do: it searches,
// creates, appends to, updates, closes and re-opens conversations, adds and
// removes participants, and fetches transcripts. Every call ends on the outcome
// edge that the node would end on, see package outcome. [Client.Do] makes calls
// for which there is no method.
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
// [RetryPolicy]. Each try has a time limit of its own, [WithTotalTimeout] limits
// all of them, and the context limits the call as a whole. [WithLimiter] holds
// tries back.
//
// A create or an append that may have happened is looked for at the service: by
// the alias ids of its messages in the transcript, by the address and the alias
// id of a conversation. If it is found the call succeeds, and the receipt's
// Proof says [Reconciled]. If it is not found, that alone proves nothing, because
// it may still arrive; the error then says that it may have been applied. See
// [WithReconciliation] and [WithSettleTime]. A program that was killed knows
// nothing of its calls: when it handles the same event once more, [WithLookFirst]
// has it look for what it may have done.
//
// # Writes are asynchronous
//
// Engage acknowledges a write, applies it and then reports the outcome by a
// callback. A client without callbacks returns with the acknowledgement, and the
// receipt's Proof says [Acknowledged], unless the service answers that the state
// asked for was there already, which settles the write. A client with callbacks,
// see [WithCallbacks], returns with the outcome: a receipt whose Proof says
// [Confirmed], or an error on the operation's own failure edge with the service's
// code and description. [Receipt.Wait] waits for the outcome later.
package engage
