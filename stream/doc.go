// Package stream receives the events of a tenant's channels: what customers write, choose
// and type, what becomes of the messages to them, and what happens to chats.
//
// # Webex Engage Streaming
//
// Webex Engage Streaming is the data stream from a tenant's channels to Webex Engage. It
// is machine to machine and authorized in advance. An administrator chooses its assets,
// channels and events in the vendor's console, under Assets > Integrations. [Configuration] is a
// model of these choices.
//
// The vendor publishes no endpoint, protocol or credential of this stream, and no API for
// its configuration. It documents that Engage consumes only Apple's typing indicators
// from it. The same events reach a program in three other ways. This package reads all of
// them:
//
//   - Outbound webhooks post each event to a URL. [Receiver] is a handler for them. It
//     follows the documented rules for signatures, statuses and retries.
//   - Data streams write the events to Kafka. The module stream/kafka reads them.
//   - Engage posts the events of a chat to the webhooks of a virtual agent.
//
// # From the request to the handler
//
// An event goes through four steps:
//
//	Receiver   verifies the request and finds the id of the event
//	Inbox      drops duplicates, stores the event, delivers in order
//	Worker     runs the handler of the event's type, again if it fails
//	handler    your code
//
// This is a whole program:
//
//	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
//	receiver, err := stream.NewReceiver(inbox,
//		stream.WithSignature(stream.SHA256, stream.NewSecret(os.Getenv("HUB_SECRET")).Named("2026-10")),
//		stream.WithReceiverLogger(slog.Default()))
//	…
//	worker, err := stream.NewWorker(inbox, stream.WithWorkerLogger(slog.Default()))
//	…
//	deliverer := &engage.Deliverer{Client: client}
//	worker.OnMessage(stream.ToConversation(deliverer.Deliver))
//	listener, err := net.Listen("tcp", ":8080")
//	…
//	server := &http.Server{Handler: receiver, ReadHeaderTimeout: 5 * time.Second}
//	err = stream.Serve(ctx, server, listener, worker)
//
// When ctx ends, [Serve] stops the server first and the worker last. No accepted event is
// lost if the handlers finish in time; see [WithDrain].
//
// # Events
//
// [Decode] returns one of the structs whose names end in Event, such as [MessageEvent]. An
// event that the package does not know is an [UnknownEvent], and not an error.
//
// All events embed a [Header] with the event's kind, channel, parties, time, payload and
// id. All duplicates of an event have the same id.
// [Header.Member] and [Header.JSON] return members of the payload that have no field.
//
// [Header.Address] and [MessageEvent.Content] return the event in the terms of package
// engage: the address to search for a conversation, and the message to append to it.
// [Header.CustomerName] and [Header.CapabilityList] return what a new conversation should
// also have. [ToConversation] hands all of them to an engage.Deliverer.
//
// # Nothing lost
//
// The receiver answers 200 when the event is in the inbox. The inbox remembers its id. A
// duplicate is answered 200 and dropped.
//
// An event is handled when its handler returns nil. Until then it is delivered again.
// After too many attempts it becomes a dead letter. So does an event whose handler ends the
// program each time, if the source counts attempts across restarts.
//
// # Handled twice
//
// A handler gets an event twice if the program ends between the handler's return and the
// acknowledgement. So a handler must be able to repeat its work. The service does not
// promise to recognize a message that it already has. But the message of
// [MessageEvent.Content] has an alias id made from the event. With the LookFirst of
// engage.Reconciliation, the client looks that id up before it appends the message.
//
// # In operation
//
// Receivers, workers and inboxes count what they do. An [Observer] gets each result, the
// lag of each event, the calls of handlers, and the backlog, for traces and metrics.
// Package otelengage has one for OpenTelemetry. [Worker.Ready] answers readiness probes.
//
// A dead letter is not delivered until a program requeues it, as examples/deadletters
// does. Each source says how long it keeps dead letters.
//
// By default nothing is logged. [WithReceiverLogger] logs refused requests. Set it in
// production: if the secret is wrong, the sender drops every event. [WithWorkerLogger] logs
// failed attempts and dead letters.
//
// # What is known
//
// The payloads are documented for data streams and for outbound webhooks. Where the two
// contradict each other, the package accepts both. The transport is documented for
// outbound webhooks only. [Sender] sends as they do.
package stream
