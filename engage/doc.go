// Package engage is a client for Webex Engage, the engine that holds customer
// conversations behind Cisco's contact center.
//
// A [Client] does in Go what the nodes of Cisco's flow builder do. It searches, creates,
// appends to, updates, holds, transfers, closes and re-opens conversations, adds and
// removes participants, and reads transcripts and business hours. It can also let the
// service resolve what becomes of a message. Every call ends on the outcome edge on which
// the node would end; see package outcome. [Client.Do] calls operations for which there
// is no method. A [Deliverer] makes the calls that bring a customer's message into the
// right conversation.
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
// A request is a struct named after the operation and the version of the node, such
// as [AppendMessageV13]. A method accepts only the versions of its operation. A request
// is validated before anything is sent; the error names all violations at once. Validate
// does the same without a client. Take the highest version, or that of your flow: a
// version says what a request may contain, and is not sent.
//
// An alias id is an id that you give to a message or a conversation. The client makes one
// for each message without it.
//
// # What is known of the wire
//
// The vendor documents the hosts, the token call, the message schema, the addresses
// and the edges. It does not publish the paths. They are assumed, stand in one table
// ([Operations]), and can be replaced ([WithRoute]).
//
// # When a call fails
//
// The error is an [*outcome.Error]. [outcome.EdgeOf] and [outcome.EffectOf] read it, and
// errors.Is compares it with codes such as [outcome.ErrAlreadyClosed]. The effect says
// whether a write may have been applied all the same.
//
// Reads are retried, and so are convergent writes, which end in the same state however
// often they are applied. A create, an append, a transfer or a resolve is sent again only
// if it was certainly not applied; see [Class]. [Retry] changes that. Each attempt has a
// time limit, and the context limits the call as a whole. [WithLimiter] delays attempts.
//
// A create or an append that may have been applied is reconciled; see
// [Reconciliation]. The client looks it up at the service by the alias ids of its
// messages or of the conversation. If the lookup finds it, the call succeeds, and the
// Proof of the receipt is [Reconciled]. If not, it may still arrive: the error says
// that it may have been applied. A program that was killed does not know what it sent:
// when it handles the same event again, the LookFirst of [Reconciliation] looks a write
// up before it is sent.
//
// [Client.Ping] checks the token and the host before there is work.
//
// # Observing calls
//
// [WithLogger] logs calls and attempts. It warns of retries, and of what a reply contains
// and the SDK does not know. [WithObserver] reports calls and attempts to traces and metrics;
// package otelengage has an observer for OpenTelemetry. [WithMiddleware] puts code of yours
// around the transport, below the retries. Results and errors have the header of the last
// reply. Requests, results, errors and tokens show nothing private to package log/slog.
//
// # Writes are asynchronous
//
// Engage acknowledges a write, applies it, and then reports the outcome to a callback
// URL. A client without callbacks returns with the acknowledgement: the Proof of the
// receipt is [Acknowledged]. A client with callbacks ([WithCallbacks]) waits for the
// outcome. It returns a receipt whose Proof is [Confirmed], or an error on the failure
// edge of the operation with the code and description of the service. [Receipt.Wait]
// waits for the outcome later.
package engage
