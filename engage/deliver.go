package engage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// Deliverer brings messages of customers into their conversations, as an inbound flow
// of Cisco's flow builder does:
//
//	search ── noConversationFound ────────────── create with the message
//	       ├─ conversationClosed ──── re-open ── append
//	       └─ active, in queue, on hold ──────── append
//
// A closed live chat is not re-opened (documented): the message creates a new one. A
// Deliverer is for tenants in which the service does not resolve conversations by itself;
// see [Client.ResolveConversation].
//
// The deliveries of one customer take turns, so that only one of them creates the
// conversation. Set the fields before the first delivery. A Deliverer must not be copied
// after that. It is safe for concurrent use.
type Deliverer struct {
	// Client is required.
	Client *Client
	// Locker makes the deliveries of several programs take turns. If it is nil, only those
	// of this Deliverer do.
	Locker Locker
	// AppearTime limits the wait until a search shows that an acknowledged create or
	// re-open was applied. The default is 10 seconds. The vendor publishes no such time
	// (assumed).
	AppearTime time.Duration

	turns turns
}

// Inbound is a message of a customer and where it came from.
type Inbound struct {
	// Address is required. That of an email has the InReplyTo of the message, by which
	// the service finds the conversation first.
	Address channel.Address
	// Message is required, and is inbound. Give it an alias id of its own, such as the id of
	// its event, so that another delivery can recognize it.
	Message message.Message
	// CustomerName, Domain and ProactiveID are used if the message creates a
	// conversation; see [CreateConversationV13].
	CustomerName, Domain, ProactiveID string
	// CapabilityList says what an Apple device can show. It is invalid on other channels.
	CapabilityList string
	// Again says that the message may have been delivered already, by a program that was
	// killed or by a delivery that failed. Each write is then looked up before it is sent;
	// see LookFirst of [Reconciliation]. The message must have the alias id that it had
	// before. Set AliasIDsKept of [Reconciliation], too, if it is true of the tenant: without
	// it a message fails if the customer wrote the same before.
	//
	// A search finds one live chat of a thread. If the one with the message was closed
	// meanwhile, and another one has begun, the message arrives twice.
	Again bool
}

// Delivery is what became of a message.
type Delivery struct {
	// ConversationID is the conversation of the message. It is empty if the message
	// created it, and no reply has named it within AppearTime.
	ConversationID string
	// Steps are the steps in order, the one that failed included.
	Steps []Step
}

// Edge returns the edge of the last step, or the empty edge without a step. It is for
// [outcome.Of], which takes the edge of the error instead if there is one: after a refusal
// the last step is the search that follows it.
func (d Delivery) Edge() outcome.Edge {
	if len(d.Steps) == 0 {
		return ""
	}
	return d.Steps[len(d.Steps)-1].Edge
}

// Step is one call of a delivery. The searches that wait for a conversation to appear are
// no steps.
type Step struct {
	// Operation is the operation of the call.
	Operation outcome.Operation
	// Edge is the edge that the call ended on.
	Edge outcome.Edge
}

// mostRounds limits how often a delivery writes. Somebody else may change the conversation
// each time.
const mostRounds = 4

// Validate returns nil, or an [*outcome.Error] of CreateConversation or AppendMessage with
// the violations. The message is their Messages[0].
func (in Inbound) Validate() error {
	create := in.create().wire()
	violations := create.validate()
	if in.Again {
		violations = append(violations, create.validateAliasIDs()...)
	}
	if direction := message.DirectionOf(in.Message); direction == message.Outbound || direction == message.Announcement {
		violations.Add("Messages[0].Direction", "must be inbound")
	}
	if len(violations) > 0 {
		return violations.Err(create.name())
	}
	return in.append("conversation").Validate()
}

func (in Inbound) create() CreateConversationV13 {
	return CreateConversationV13{
		Address: in.Address, CustomerName: in.CustomerName, Domain: in.Domain, ProactiveID: in.ProactiveID,
		CapabilityList: in.CapabilityList, Messages: []message.Message{in.Message},
	}
}

func (in Inbound) append(conversationID string) AppendMessageV14 {
	return AppendMessageV14{
		ConversationID: conversationID, Channel: in.Address.Channel(),
		Messages: []message.Message{in.Message}, CapabilityList: in.CapabilityList,
	}
}

// key names the customer of the message to a [Locker], without saying who it is. One
// customer can have several conversations by email; their messages take turns, too.
func (in Inbound) key() string {
	m := in.Address.Members()
	customer := strings.ToLower(strings.TrimPrefix(m.CustomerAddress, "+"))
	business := strings.ToLower(strings.TrimPrefix(m.BusinessAddress, "+"))
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", m.Channel, customer, business, m.ThreadID))
	return hex.EncodeToString(sum[:16])
}

// Deliver brings a message into its conversation. The options apply to each call that it
// makes. It returns the steps that it took, with an error, too. The error is an
// [*outcome.Error]: that of the step that failed. If there are no steps, nothing was sent.
// Then the delivery is invalid, the Locker failed, or ctx ended before the turn. The error
// wraps that of the Locker or of ctx.
//
// A step is refused if somebody else has opened or closed the conversation since the
// search. Deliver then searches again, and goes on from what it finds. It returns the
// refusal if the conversation is as before, or after four rounds.
//
// Deliver returns when the last write is acknowledged, or with callbacks when its outcome
// is known. After an acknowledged create or re-open it waits for up to AppearTime more.
//
// After an error, deliver the message again with Again, unless the edge is onInvalidData.
// If the effect is [outcome.MaybeApplied], let some time pass first: a request that is
// still on its way cannot be found; see SettleTime of [Reconciliation].
func (d *Deliverer) Deliver(ctx context.Context, in Inbound, options ...CallOption) (Delivery, error) {
	if d.Client == nil {
		return Delivery{}, outcome.Violations{{Field: "Client", Problem: "is nil"}}.Err("", "")
	}
	if err := in.Validate(); err != nil {
		return Delivery{}, err
	}
	ctx, unlock, err := d.lock(ctx, in.key())
	if err != nil {
		return Delivery{}, &outcome.Error{
			Edge: outcome.EdgeOf(err), Effect: outcome.NotSent, Err: fmt.Errorf("the customer's turn: %w", err),
		}
	}
	defer unlock()
	if in.Again {
		options = append(options[:len(options):len(options)], lookFirst)
	}
	r := &deliveryRun{client: d.Client, in: in, options: options, appearTime: cmp.Or(d.AppearTime, 10*time.Second)}
	err = r.run(ctx)
	return r.Delivery, err
}

// lock waits for the customer's turn, first in this program and then among programs.
func (d *Deliverer) lock(ctx context.Context, key string) (context.Context, func(), error) {
	held, unlock, err := d.turns.Lock(ctx, key)
	if err != nil || d.Locker == nil {
		return held, unlock, err
	}
	held, unlockAll, err := d.Locker.Lock(held, key)
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return held, func() { unlockAll(); unlock() }, nil
}

// lookFirst is the call option of a message that is delivered again.
func lookFirst(s *settings) error {
	s.reconciliation.LookFirst = true
	return nil
}

// deliveryRun is one delivery. It has its turn.
type deliveryRun struct {
	Delivery
	client     *Client
	in         Inbound
	options    []CallOption
	appearTime time.Duration
}

// run searches and writes. If a step is refused, it searches again, and writes again if
// the conversation is in another state than before. After mostRounds writes, or if that
// search fails, it returns the refusal.
func (r *deliveryRun) run(ctx context.Context) error {
	found, err := r.search(ctx)
	if err != nil {
		return err
	}
	for round := 1; ; round++ {
		err := r.write(ctx, found)
		if round == mostRounds || !wasRefused(err) {
			return err
		}
		now, searchErr := r.search(ctx)
		if searchErr != nil || now.Outcome == found.Outcome && now.ConversationID == found.ConversationID {
			return err
		}
		found = now
	}
}

// wasRefused reports whether err is a refusal because of the state of the conversation, after
// which another round brings no message twice. So the service must certainly not have applied
// a create or an append. A re-open contains no message, so its effect does not matter.
func wasRefused(err error) bool {
	failure, ok := errors.AsType[*outcome.Error](err)
	switch {
	case !ok:
		return false
	case failure.Edge == outcome.OnConversationFailed, failure.Edge == outcome.OnAppendMessageFailure:
		return failure.Effect == outcome.Refused
	}
	return failure.Edge == outcome.ConversationReopenFailed
}

// write brings the message into the conversation that a search found.
func (r *deliveryRun) write(ctx context.Context, found *SearchConversationResult) error {
	r.ConversationID = found.ConversationID
	if found.Outcome == outcome.ConversationClosed && r.in.Again {
		// An earlier delivery may have appended before the conversation was closed.
		if err := r.append(ctx); !wasRefused(err) {
			return err
		}
	}
	switch {
	case found.Outcome == outcome.NoConversationFound,
		found.Outcome == outcome.ConversationClosed && r.in.Address.Channel() == channel.LiveChat:
		return r.create(ctx)
	case found.Outcome == outcome.ConversationClosed:
		if err := r.reopen(ctx); err != nil {
			return err
		}
	}
	return r.append(ctx)
}

func (r *deliveryRun) search(ctx context.Context) (*SearchConversationResult, error) {
	found, err := r.client.SearchConversation(ctx, SearchConversationV13{Address: r.in.Address}, r.options...)
	r.step(outcome.SearchConversation, outcome.Of(found, err))
	return found, err
}

func (r *deliveryRun) create(ctx context.Context) error {
	r.ConversationID = ""
	receipt, err := r.client.CreateConversation(ctx, r.in.create(), r.options...)
	r.step(outcome.CreateConversation, outcome.Of(receipt, err))
	if err != nil {
		return err
	}
	r.ConversationID = receipt.ConversationID
	r.awaitOpen(ctx, receipt.Receipt)
	return nil
}

func (r *deliveryRun) reopen(ctx context.Context) error {
	receipt, err := r.client.ReopenConversation(ctx, ReopenConversationV10{ConversationID: r.ConversationID}, r.options...)
	r.step(outcome.ReopenConversation, outcome.Of(receipt, err))
	if err != nil {
		return err
	}
	r.awaitOpen(ctx, *receipt)
	return nil
}

func (r *deliveryRun) append(ctx context.Context) error {
	receipt, err := r.client.AppendMessage(ctx, r.in.append(r.ConversationID), r.options...)
	r.step(outcome.AppendMessage, outcome.Of(receipt, err))
	return err
}

// awaitOpen waits until a search finds the conversation open, so that the next message of
// the customer does not create another one. The service applies a write after it has
// acknowledged it. The wait ends without an error: the write itself has succeeded.
func (r *deliveryRun) awaitOpen(ctx context.Context, receipt Receipt) {
	if receipt.Proof != Acknowledged {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.appearTime)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		found, err := r.client.SearchConversation(ctx, SearchConversationV13{Address: r.in.Address}, r.options...)
		switch {
		case err != nil:
			return
		case found.Outcome != outcome.NoConversationFound && found.Outcome != outcome.ConversationClosed:
			r.ConversationID = found.ConversationID
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

func (r *deliveryRun) step(operation outcome.Operation, edge outcome.Edge) {
	r.Steps = append(r.Steps, Step{operation, edge})
}
