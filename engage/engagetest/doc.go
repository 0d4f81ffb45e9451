// Package engagetest is a whole Webex Engage in memory, for the tests of
// programs that use package engage.
//
// A [Server] speaks real HTTP on a loopback address. It keeps conversations with
// their status, participants and messages, finds them by every channel's
// address, grants tokens that expire, checks what it is sent, posts callbacks,
// and fails on demand. A test drives its own code against it and looks at what
// became of the conversations:
//
//	server := engagetest.NewServer()
//	defer server.Close()
//	client, err := server.Client()
//	…
//	id := server.Seed(engagetest.Conversation{
//		Channel:         channel.SMS,
//		BusinessAddress: "+15550100",
//		CustomerAddress: "+15550199",
//	})
//	answer(client, …) // the code under test
//	conversation, _ := server.Conversation(id)
//	// Are the messages those that should be there?
//
// [Server.Requests] tells what was sent, [Server.Callbacks] what was posted.
//
// # Faults
//
// [Server.Fail] scripts what goes wrong with the next requests of an operation,
// one [Fault] each. This is the reply that gets lost on its way back, the fault
// that doubles messages in programs that send again blindly:
//
//	server.Fail(outcome.AppendMessage, engagetest.Fault{
//		Applied:    true,
//		Connection: engagetest.ConnectionClosed,
//	})
//
// [Server.FailFunc] decides request by request instead, for a random mix of
// faults. Requests for tokens fail under the name [Token].
//
// # What has no method of the client
//
// Some operations are called with the client's Do. Their routes are assumed, as
// all are, and stand below the base URL of the server:
//
//	HoldConversation       POST /conversations/{id}/hold
//	TransferConversation   POST /conversations/{id}/transfer
//	FetchTeamWorkingHours  GET /teams/{team}/working-hours
//	BusinessHours          GET /business-hours/{id}
//	ResolveConversation    POST /conversations/resolve
//
// # What it stands for
//
// The server follows what is publicly known of the service, not the client that
// comes with it, and decodes JSON on its own. Where nothing is known it does
// what its documentation calls assumed; paths are assumed throughout. What the
// service does with a message whose alias id is already in the conversation is
// not known either: the server appends it again (assumed), or ignores it with
// [WithRepeatsIgnored]. A program that passes here can still meet surprises
// there.
//
// The server is strict where the service may not be, so that a misspelt name
// does not pass unseen. It refuses a member, or a name in a query, that it does
// not know or that is there twice; a value of another kind; null, save for the
// bid of Apple; and an address, an id or a name that is there but empty. Bodies
// of rich messages and the details of Resolve are checked like this at every
// depth, as far as their members are documented. What is not checked:
//
//   - Apple's capability list, and those details of Resolve of which only the
//     name is known, such as headers;
//   - whether a rich message lacks something, for no document says what it needs,
//     or the details anything but the address;
//   - lengths, such as the three buttons and ten rows of WhatsApp;
//   - what the form of a token request has beside the credentials.
//
// Malformed requests are answered 400, well-formed ones that make no sense 422,
// a missing conversation 404, and what the state of a conversation forbids 409.
// A write whose request has a callback URL is acknowledged first, and told of a
// 404 or 409 by callback, as was observed of the service.
package engagetest
