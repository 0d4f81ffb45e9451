// Package engagetest provides a Webex Engage in memory, for tests of programs that
// use package engage.
//
// A [Server] speaks the service's HTTP API. It keeps conversations with their status,
// participants and messages, issues tokens and posts callbacks. It checks every request,
// and it fails as the test asks. A test runs the code under test against the server and
// then inspects the conversations:
//
//	func TestAnswer(t *testing.T) {
//		server := engagetest.New(t)
//		client, err := server.Client()
//		…
//		id := server.Seed(engagetest.NewConversation(
//			channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
//			message.Text{Direction: message.Inbound, Text: "Where is my order?"},
//		))
//		answer(client, …) // the code under test
//		require.Empty(t, engagetest.Diff([]message.Message{…}, server.Messages(id)))
//	}
//
// [New] closes the server when the test ends, and fails the test if the server did not
// understand a request. Use [NewServer] outside of a test. [Server.Conversation] returns
// the whole state of a conversation. [Server.Requests] returns the requests that arrived
// with their replies, [Server.Callbacks] the callbacks that the server posted, and
// [Server.Log] a summary for people.
//
// # Time and retries
//
// A server listens on a loopback address, and waits take real time. The clients of
// [Server.Client] retry fast. With another client, set the field FirstWait of
// engage.Retry.
//
// In a testing/synctest bubble no wait takes real time. A server that listens stops the
// clock of the bubble, and the first wait then never ends. So create the server with
// [WithoutNetwork], inside the bubble:
//
//	synctest.Test(t, func(t *testing.T) {
//		server := engagetest.New(t, engagetest.WithoutNetwork())
//		client, err := server.Client(engage.WithCallOptions(
//			engage.WithRetry(engage.Retry{LongestWait: time.Hour})))
//		…
//		server.Fail(outcome.AppendMessage, engagetest.Fault{
//			Status: 429, Header: http.Header{"Retry-After": {"600"}},
//		})
//		answer(client, …) // It waits for ten minutes, in no real time.
//	})
//
// [Server.Transport] serves other HTTP clients in the same way. [HandlerTransport] passes
// callbacks and stream events to a handler without a network.
//
// # The other side
//
// [Server.Write] appends a message of a customer, on any channel. [Answer] returns the
// customer's answer to a rich message, and [Reply] that to an email. [Server.OnDelivery]
// sets a function that gets the messages to the customer.
//
// [Server.AddFile] makes the server serve a file for an attachment.
//
// [Event] returns the stream event of a customer's message, and a stream.Sender sends it
// as the vendor does. After [Server.StreamTo] the server itself sends an event of each
// message that is written.
//
// [Server.Changes] reports the conversations that change, and [Server.Snapshot] returns the
// state of the server for [Server.Restore].
//
// # Faults
//
// [Server.Fail] makes the next requests of an operation go wrong, with one [Fault]
// for each. This fault applies the write and then loses the reply. A program that
// repeats the request without a check appends the message twice:
//
//	server.Fail(outcome.AppendMessage, engagetest.Fault{
//		Applied:    true,
//		Connection: engagetest.ConnectionClosed,
//	})
//
// [Server.FailFunc] sets a function that chooses the fault of each request, and [Randomly]
// returns one that chooses at random. Use the operation [Token] for requests for a token.
//
// # Differences from the service
//
// The server implements what is publicly known of the service. It shares no wire format
// with package engage, so that each can find mistakes in the other. It uses the types of
// package message only where a test passes messages or gets them, such as in
// [NewConversation], [Server.Write] and [Server.Messages]. This documentation marks
// behavior that is not known as assumed. A program that works with this server can still
// fail with the service. These options change assumed behavior, so test with and without
// them: [WithRepeatsIgnored], [WithAliasIDsReplaced], [WithTextTrimmed],
// [WithTranscriptPages], [WithConversationIDs], [WithApplyDelay] and [WithRateLimit].
//
// The server is stricter than the service may be, so that it finds misspelled names.
// It refuses:
//
//   - a member or a query parameter that it does not know, or that occurs twice;
//   - a value of the wrong kind, and null, except for the bid of Apple and what an update
//     clears;
//   - an address, an id or a name that is present but empty.
//
// This applies to rich messages and to the details of Resolve at every depth, as far
// as they are documented. The server does not check:
//
//   - Apple's capability list, and details of Resolve of which only the name is known,
//     such as headers;
//   - missing members of rich messages, because no document says which are required;
//   - missing details of Resolve, except for the address;
//   - lengths, such as the three buttons and ten rows of WhatsApp;
//   - fields of a request for a token, except for the grant type and the credentials.
//
// The server answers 400 to a malformed request and 422 to a well-formed one whose
// values make no sense. It answers 404 if there is no such conversation, and 409 if
// the state of the conversation forbids the operation. If a write has a callback URL,
// the server acknowledges it and reports the 404 or 409 by callback (observed).
package engagetest
