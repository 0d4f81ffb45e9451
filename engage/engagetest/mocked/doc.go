// Package mocked answers the requests of package engage in test suites that use
// httpmock (github.com/jarcoal/httpmock).
//
// # A whole service
//
// [RegisterServer] registers all operations on a transport of httpmock. They are
// answered from the state of an engagetest server:
//
//	func TestAnswer(t *testing.T) {
//		server := engagetest.New(t, engagetest.WithoutNetwork())
//		httpmock.Activate(t)
//		mocked.RegisterServer(t, httpmock.DefaultTransport, server)
//		client, err := engage.New(engage.US, server.Credentials(), engage.WithTransport(http.DefaultTransport))
//		…
//		// Run the code under test, and then inspect server.Conversations().
//	}
//
// The client can have any endpoint, because no request leaves the process. The server
// checks tokens, so use its Credentials or a token of its IssueToken.
//
// # Single replies
//
// [Register] registers one reply for one operation. The replies of this package have
// the form of the service's replies:
//
//	mock := httpmock.NewMockTransport()
//	mocked.Register(t, mock, outcome.SearchConversation, mocked.NoConversation())
//	mocked.Register(t, mock, outcome.CreateConversation, mocked.Acknowledged("T-1"))
//	client, err := engage.New(engage.US, auth.Static("token"), engage.WithTransport(mock))
//
// A reply is a responder of httpmock, whose methods combine replies. This append is
// refused once and then acknowledged, half a second late:
//
//	mocked.Register(t, mock, outcome.AppendMessage,
//		mocked.Failure(429, "", "too many requests").HeaderSet(http.Header{"Retry-After": {"1"}}).
//			Then(mocked.Acknowledged("T-2").Delay(500*time.Millisecond)))
//
// A later call of Register for the same operation replaces the reply. So a test can
// call RegisterServer and then replace single operations.
//
// The client waits between two attempts as in production. This option makes it fast:
//
//	engage.WithCallOptions(engage.WithRetry(engage.Retry{FirstWait: time.Millisecond}))
//
// # Requests without a responder
//
// A request that no responder matches fails the test. The failure names the method, the
// path and the operation of the request, and says what to register. A request also
// fails the test if Once or Times of its responder do not allow it any more.
//
// The client gets a refusal, and makes no other attempt. The error of the call names the
// request, too.
//
// A responder that the test sets later with RegisterNoResponder of httpmock replaces that
// of this package.
//
// # What is known
//
// The vendor does not publish the paths, so they are assumed, as in
// engage.Operations. The form of the replies was observed. For a client with another
// route, use [Pattern].
package mocked
