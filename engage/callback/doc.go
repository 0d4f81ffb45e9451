// Package callback receives the outcomes of asynchronous writes.
//
// Engage acknowledges a write, applies it and then posts what became of it to the
// callback URL of the request (observed). Mount a [Handler] at that URL and give
// it to a client:
//
//	handler, err := callback.New("https://flows.example.com/engage/callbacks")
//	…
//	mux.Handle("/engage/callbacks/", handler) // the path of the URL, and a slash
//	client, err := engage.New(engage.US, source, engage.WithCallbacks(handler))
//
// The client's writes then return when their outcome has arrived, or on onTimeout
// when the wait for it ends first. The option engage.WithWaitForOutcome makes a
// write return with its acknowledgement instead; the Wait method of its receipt
// waits for the outcome later.
//
// # Several processes
//
// Behind a load balancer, the callback of a write may reach another process than
// the one that sent it. Give all processes one secret and one table of pending
// writes that they share, see [WithSecret] and [WithPending].
//
// # The outcome of a write
//
// A client may send a write in several attempts, and a gateway may repeat one of
// them, so one write may have several transactions. All of them report to the
// same URL. The outcome is
//
//   - the first success, of whichever transaction;
//   - the failure of the acknowledged transaction, or one that names no
//     transaction;
//   - if no reply acknowledged a transaction, the failures of as many transactions
//     as there are attempts that may have been applied.
//
// A success that has arrived comes before a failure. Any other failure decides
// nothing, nor does a status that means neither success nor failure: the write
// may still be in progress.
//
// After a failure, the effect is Refused if no other attempt may have been applied,
// and MaybeApplied otherwise. An attempt counts as one transaction: if a gateway has
// repeated it, the repetition is assumed to fail as well. An attempt that net/http
// has repeated by itself counts as one that may have been applied.
package callback
