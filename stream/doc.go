// Package stream takes in what customers do as it happens: the events that
// Webex Engage Streaming, data streams and outbound webhooks send, and those
// of Engage's virtual-agent webhooks.
//
// An event goes down four steps, and no step calls back up:
//
//	Receiver   checks the request, verifies its signature, finds the event's id
//	Inbox      stores the event unless it has seen that id; gives out in order
//	Worker     takes events, runs the handler of their type, retries, gives up
//	handler    the program's own code
//
// A whole program is little more than that:
//
//	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
//	receiver, err := stream.NewReceiver(inbox,
//		stream.WithSignature(stream.SHA256, stream.NewSecret("2026-10", os.Getenv("HUB_SECRET"))))
//	…
//	worker, err := stream.NewWorker(inbox)
//	…
//	worker.OnMessage(func(ctx context.Context, e stream.MessageEvent) error {
//		content, err := e.Content()
//		…
//	})
//	server := http.Server{Addr: address, Handler: receiver, ReadHeaderTimeout: 5 * time.Second}
//	go server.ListenAndServe()
//	err = worker.Run(ctx)
//
// # Events
//
// [Decode] turns a payload into one of a few structs, such as [MessageEvent] or
// [ReceiptEvent]. All embed a [Header] with what every event has: its kind, its
// channel and the two parties in the terms of package channel, an id that is
// the same for every copy of the event, its time, and the JSON as it came.
// Members without a field are read by name, with [Header.Member] and
// [Header.JSON]. What the package does not know is an [UnknownEvent], never an
// error.
//
// # Nothing lost, nothing doubled
//
// The receiver answers 200 only once the event is in the inbox. The inbox
// remembers ids, so a copy that the sender repeats is answered 200 and dropped.
// An event counts as handled only after its handler returned without an error;
// until then it is given out again, and after too many tries it becomes a dead
// letter; so does one that ends the program each time, where the source counts
// tries on after a restart. A handler can still meet an event twice if the
// program ends between the handler's return and the acknowledgement: make it
// repeatable. Of a message that goes into a conversation the service does not
// promise to know a copy; but [MessageEvent.Content] gives it an alias id that is
// the event's own, and with that WithLookFirst of package engage looks whether it
// is there already.
//
// # What is known
//
// The payloads are documented for data streams and for outbound webhooks, with
// contradictions that the package reads either way. The transport is documented
// for outbound webhooks alone. The vendor publishes no endpoint, credential or
// protocol of Webex Engage Streaming itself, and documents Apple's typing
// indicators as the only thing that Engage consumes from it: a [Sender] posts
// to a URL of the caller's, and speaks as an outbound webhook does.
package stream
