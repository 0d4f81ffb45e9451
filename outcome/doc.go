// Package outcome names the ways in which a call to Webex Engage can end.
//
// In Cisco's flow builder every Engage node ends on an edge, its named outcome.
// Every call of the SDK ends on the same edge, in the vendor's spelling:
//
//   - A call that succeeds returns a result. Its Outcome is one of the
//     operation's success edges, such as [ConversationActive].
//   - A call that fails returns an [*Error]. Its Edge is the operation's own
//     failure edge, such as [OnAppendMessageFailure], or a standard one.
//
// The five standard edges belong to every node: [OnError], [OnInvalidData],
// [OnInvalidChoice], [OnTimeout] and [OnAuthorizationFailure]. Each has a
// sentinel error for errors.Is. So have the codes of the service, see [Code].
//
// The [Effect] of an [*Error] says whether the service may have applied the
// request although the call failed. Read it before sending a write again:
//
//	_, err := client.AppendMessage(ctx, request)
//	switch {
//	case outcome.EffectOf(err) == outcome.MaybeApplied:
//		// Find out whether the message arrived before sending it again.
//	case errors.Is(err, outcome.ErrOnAuthorizationFailure):
//		// The token was refused, or there was none.
//	case outcome.EdgeOf(err) == outcome.OnAppendMessageFailure:
//		// The service refused the message, such as in a closed conversation.
//	}
//
// [Transitions] maps edges to the next steps of a program, as the connections
// between nodes do in a flow. [Of] returns the edge of a call for it.
package outcome
