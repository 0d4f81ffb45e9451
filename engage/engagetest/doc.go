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
// # What it stands for
//
// The server follows what is publicly known of the service, not the client that
// comes with it, and decodes JSON on its own. It is strict where the service may
// not be: a member that it does not know, or one that is null, is refused, so
// that a misspelt member does not pass unseen. Where nothing is known it does
// what its documentation calls assumed; paths are assumed throughout. A program
// that passes here can still meet surprises there.
//
// Malformed requests are answered 400, well-formed ones that make no sense 422,
// a missing conversation 404, and what the state of a conversation forbids 409.
// A write whose request has a callback URL is acknowledged first, and told of a
// 404 or 409 by callback, as was observed of the service.
package engagetest
