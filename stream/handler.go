package stream

import (
	"context"
	"maps"
	"reflect"
)

// OnMessage runs handle for every [MessageEvent]. As with all On methods, a later
// registration replaces an earlier one, and nil removes it.
func (w *Worker) OnMessage(handle func(context.Context, MessageEvent) error) { on(w, handle) }

// OnTyping runs handle for every [TypingEvent].
func (w *Worker) OnTyping(handle func(context.Context, TypingEvent) error) { on(w, handle) }

// OnClosed runs handle for every [ClosedEvent].
func (w *Worker) OnClosed(handle func(context.Context, ClosedEvent) error) { on(w, handle) }

// OnAuthentication runs handle for every [AuthenticationEvent].
func (w *Worker) OnAuthentication(handle func(context.Context, AuthenticationEvent) error) {
	on(w, handle)
}

// OnPayment runs handle for every [PaymentEvent].
func (w *Worker) OnPayment(handle func(context.Context, PaymentEvent) error) { on(w, handle) }

// OnInvitation runs handle for every [InvitationEvent].
func (w *Worker) OnInvitation(handle func(context.Context, InvitationEvent) error) { on(w, handle) }

// OnProfile runs handle for every [ProfileEvent].
func (w *Worker) OnProfile(handle func(context.Context, ProfileEvent) error) { on(w, handle) }

// OnSubscription runs handle for every [SubscriptionEvent].
func (w *Worker) OnSubscription(handle func(context.Context, SubscriptionEvent) error) {
	on(w, handle)
}

// OnReceipt runs handle for every [ReceiptEvent].
func (w *Worker) OnReceipt(handle func(context.Context, ReceiptEvent) error) { on(w, handle) }

// OnAudit runs handle for every [AuditEvent].
func (w *Worker) OnAudit(handle func(context.Context, AuditEvent) error) { on(w, handle) }

// OnChat runs handle for every [ChatEvent].
func (w *Worker) OnChat(handle func(context.Context, ChatEvent) error) { on(w, handle) }

// OnUnknown runs handle for every [UnknownEvent].
func (w *Worker) OnUnknown(handle func(context.Context, UnknownEvent) error) { on(w, handle) }

// OnOther runs handle for every event whose type has no handler of its own.
func (w *Worker) OnOther(handle func(context.Context, Event) error) {
	if w == nil {
		return // Run says so
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fallback = handle
}

// on registers handle for events of type E.
func on[E Event](w *Worker, handle func(context.Context, E) error) {
	if w == nil {
		return // Run says so
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byType == nil {
		w.byType = map[reflect.Type]handler{}
	}
	if handle == nil {
		delete(w.byType, reflect.TypeFor[E]())
		return
	}
	w.byType[reflect.TypeFor[E]()] = func(ctx context.Context, event Event) error { return handle(ctx, event.(E)) }
}

// registered returns the handlers as they are now.
func (w *Worker) registered() (map[reflect.Type]handler, handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.byType), w.fallback
}

// handlerOf returns the handler of an event, or nil.
func (r run) handlerOf(event Event) handler {
	if h, ok := r.byType[reflect.TypeOf(event)]; ok {
		return h
	}
	return r.fallback
}
