package stream

import (
	"context"
	"maps"
	"reflect"
)

// OnMessage registers handle for [MessageEvent]. As with all On methods, a later
// registration replaces an earlier one, and nil removes it.
func (w *Worker) OnMessage(handle func(context.Context, MessageEvent) error) { on(w, handle) }

// OnTyping registers handle for [TypingEvent].
func (w *Worker) OnTyping(handle func(context.Context, TypingEvent) error) { on(w, handle) }

// OnClosed registers handle for [ClosedEvent].
func (w *Worker) OnClosed(handle func(context.Context, ClosedEvent) error) { on(w, handle) }

// OnAuthentication registers handle for [AuthenticationEvent].
func (w *Worker) OnAuthentication(handle func(context.Context, AuthenticationEvent) error) {
	on(w, handle)
}

// OnPayment registers handle for [PaymentEvent].
func (w *Worker) OnPayment(handle func(context.Context, PaymentEvent) error) { on(w, handle) }

// OnInvitation registers handle for [InvitationEvent].
func (w *Worker) OnInvitation(handle func(context.Context, InvitationEvent) error) { on(w, handle) }

// OnProfile registers handle for [ProfileEvent].
func (w *Worker) OnProfile(handle func(context.Context, ProfileEvent) error) { on(w, handle) }

// OnSubscription registers handle for [SubscriptionEvent].
func (w *Worker) OnSubscription(handle func(context.Context, SubscriptionEvent) error) {
	on(w, handle)
}

// OnReceipt registers handle for [ReceiptEvent].
func (w *Worker) OnReceipt(handle func(context.Context, ReceiptEvent) error) { on(w, handle) }

// OnAudit registers handle for [AuditEvent].
func (w *Worker) OnAudit(handle func(context.Context, AuditEvent) error) { on(w, handle) }

// OnChat registers handle for [ChatEvent].
func (w *Worker) OnChat(handle func(context.Context, ChatEvent) error) { on(w, handle) }

// OnUnknown registers handle for [UnknownEvent].
func (w *Worker) OnUnknown(handle func(context.Context, UnknownEvent) error) { on(w, handle) }

// OnOther registers handle for the events whose type has no handler of its own.
func (w *Worker) OnOther(handle func(context.Context, Event) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fallback = handle
}

// on registers handle for events of type E.
func on[E Event](w *Worker, handle func(context.Context, E) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
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
