// Package outcome names how a call to Webex Engage can end.
//
// Cisco's flow builder ends every Engage node in a named outcome edge. The SDK
// ends every call in the same edge, spelled as the vendor spells it, so that a
// flow and a Go program can be compared line by line:
//
//   - A call that reached its goal returns a result whose Outcome is one of
//     the operation's success edges, such as [ConversationActive].
//   - A call that did not returns an [*Error] whose Edge is the operation's own
//     failure edge, such as [OnAppendMessageFailure], or one of the five
//     standard edges that every node has: [OnError], [OnInvalidData],
//     [OnInvalidChoice], [OnTimeout] and [OnAuthorizationFailure].
//
// Each standard edge has a sentinel for errors.Is, and errors.As reaches the
// rest: the vendor's code, the trace ids to quote to support, and the [Effect],
// which says whether a failed write may have happened all the same.
//
//	_, err := client.AppendMessage(ctx, request)
//	switch {
//	case errors.Is(err, outcome.ErrOnTimeout):
//		// Look at the Effect before sending again.
//	case errors.Is(err, outcome.ErrOnAuthorizationFailure):
//		// Credentials have changed: re-authorize.
//	}
//
// [Transitions] maps edges to a program's next steps, as a flow's wires do.
//
// The package imports nothing of the SDK; everything else in it may import
// this package.
package outcome
