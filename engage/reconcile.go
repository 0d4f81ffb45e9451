package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/outcome"
)

// A write in doubt is one that left and was not answered in a way that settles
// whether it was done. What can settle it afterwards:
//
//   - A callback, for it comes to a URL that this call alone has. A success
//     settles the write as done. Failures settle it as refused once there is one
//     for each try that is in doubt.
//   - The write itself, found at the service under a mark that only this call
//     can have left: the alias ids of its messages, or of the conversation.
//   - Its absence, but not at any moment. The request may still be on its way
//     through a gateway, or in a queue of the service, which carries writes out
//     after it has acknowledged them. Nothing that can be observed ends that;
//     only time does, and how much is not published. So absence counts only if
//     it is seen later than the time the caller has named, see
//     [WithSettleTime]. Without one the call looks, and can find the write, but
//     never takes it for absent.
//
// Whatever else is seen leaves the doubt: some of several messages, another
// message under the same alias id, a conversation that may have been there
// before, a transcript too long to be read whole, or one with messages that
// have no alias id. A write that is certainly absent is sent once more, with the
// same alias ids, if the call has a try left.

// sight is what a look at the service shows of a write.
type sight uint8

const (
	// unclear: not what was looked for, and looking again may show more.
	unclear sight = iota
	// unknowable: looking again is of no use.
	unknowable
	// absent: it is not there at this moment.
	absent
	// gone: it is not there and will not be.
	gone
	// there: it was carried out.
	there
)

// finding is what came of looking for a write.
type finding struct {
	sight          sight
	conversationID string
	// why says what leaves the doubt: words, or the error of the look.
	why error
	// closed is set if all there is in its place is a closed conversation without
	// the mark.
	closed bool
	// report is the outcome that a callback has reported, if one has.
	report *callback.Outcome
}

// traceable is a write that leaves a mark at the service.
type traceable interface {
	form
	// requireMarks notes which marks the caller has not given.
	requireMarks(*outcome.Violations)
	// look looks for the mark once.
	look(ctx context.Context, c *Client, s *settings) finding
}

// doubt is a write that may have been applied.
type doubt struct {
	client   *Client
	form     form
	settings *settings
	call     engine.Call
	awaited  *awaited
	failure  *outcome.Error
}

// isDoubtful reports whether failure leaves open whether the write was done.
// Where a callback is to tell the outcome, so does an acknowledgement that could
// not be read: the write may still be refused.
func isDoubtful(failure *outcome.Error, w *awaited) bool {
	if w != nil && failure.Effect == outcome.Applied {
		failure.Effect = outcome.MaybeApplied
		for i, attempt := range failure.Attempts {
			failure.Attempts[i].Effect = min(attempt.Effect, outcome.MaybeApplied)
		}
	}
	return failure.Effect == outcome.MaybeApplied
}

// reconcile finds out what became of a write that ended in failure. It returns
// its receipt if it was done, the receipt or the error of a repetition, or
// failure with the reason why the doubt remains.
func (c *Client) reconcile(ctx context.Context, f form, s *settings, call engine.Call, w *awaited, failure *outcome.Error) (Receipt, error) {
	d := &doubt{c, f, s, call, w, failure}
	repeated := false
	for {
		found := d.investigate(ctx)
		switch {
		case found.sight == there:
			return d.receipt(found), nil
		case found.report != nil:
			return Receipt{}, d.refused(found.report)
		case found.sight != gone || repeated || engine.Tries(d.failure.Attempts) >= d.call.Attempts:
			return Receipt{}, d.remains(ctx, found.why)
		}
		repeated = true
		d.call.History = d.failure.Attempts
		got, err := c.exchange(ctx, f, d.call)
		if err == nil {
			return receiptOf(f, got, w), nil
		}
		heard := d.failure.TraceIDs
		d.failure, _ = errors.AsType[*outcome.Error](err)
		d.failure.TraceIDs = withTraces(d.failure.TraceIDs, heard)
		if !isDoubtful(d.failure, w) {
			return d.heard(ctx)
		}
	}
}

// investigate looks until something settles the doubt or nothing will: as often
// as the call has tries, with the waits between tries.
func (d *doubt) investigate(ctx context.Context) finding {
	mark, leavesMark := d.form.(traceable)
	if !leavesMark && d.awaited == nil {
		return finding{sight: unknowable}
	}
	began := time.Now()
	looks := max(d.call.Attempts, 1)
	if d.settings.settle > 0 {
		looks = max(looks, 2)
	}
	for look := 1; ; look++ {
		found, age := finding{}, time.Since(began)
		if leavesMark {
			found = d.look(ctx, mark)
		}
		switch {
		case found.sight == there, found.report != nil:
			return found
		case found.sight == absent && d.settings.settle > 0 && age >= d.settings.settle:
			found.sight = gone
			return found
		case found.sight == unknowable && d.awaited == nil:
			return found
		}
		wait := d.pause(look, looks, age)
		if d.awaited == nil && !affords(ctx, wait) {
			return found
		}
		if report := d.hear(ctx, wait); report != nil {
			return d.told(report)
		}
		if look == looks || ctx.Err() != nil {
			return found
		}
	}
}

// look looks once, until a callback settles the doubt.
func (d *doubt) look(ctx context.Context, mark traceable) finding {
	if d.awaited == nil {
		return mark.look(ctx, d.client, d.settings)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // Also when the transport panics.
	told := make(chan *callback.Outcome, 1)
	var panicked any
	go func() {
		defer close(told)
		defer func() {
			if p := recover(); p != nil {
				panicked = p // It is the caller's to recover from.
			}
		}()
		if report := d.listen(ctx); report != nil {
			cancel()
			told <- report
		}
	}()
	found := mark.look(ctx, d.client, d.settings)
	cancel()
	report := <-told
	switch {
	case panicked != nil:
		panic(panicked)
	case report == nil, found.sight == there && report.Effect != outcome.Applied:
		return found
	}
	return d.told(report)
}

// pause returns how long to wait after a look, which was made at that age of
// the doubt. After the last but one it is what is left of the settle time.
func (d *doubt) pause(look, looks int, age time.Duration) time.Duration {
	switch {
	case look == looks:
		return 0
	case look == looks-1 && d.settings.settle > age:
		return d.settings.settle - age
	}
	return engine.Backoff(look, d.settings.FirstWait, d.settings.LongestWait)
}

// affords reports whether a wait ends before ctx does.
func affords(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// hear waits, and returns the callback that settles the doubt if it comes
// meanwhile.
func (d *doubt) hear(ctx context.Context, wait time.Duration) *callback.Outcome {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if d.awaited != nil {
		if report := d.listen(ctx); report != nil {
			return report
		}
	}
	<-ctx.Done()
	return nil
}

// listen returns the outcome that callbacks report, or nil when ctx ends first or
// the table of pending writes fails.
func (d *doubt) listen(ctx context.Context) *callback.Outcome {
	reported, err := d.awaited.Outcome(ctx, "", d.failure.Attempts)
	if err != nil {
		return nil
	}
	return &reported
}

// heard ends a call that is not looked for. What callbacks have told of it by now
// is its outcome, although no reply said so.
func (d *doubt) heard(ctx context.Context) (Receipt, error) {
	report := d.hear(ctx, 0)
	inDoubt := d.failure.Effect == outcome.MaybeApplied
	switch {
	case report != nil && report.Effect == outcome.Applied:
		return d.receipt(d.told(report)), nil
	case report != nil && inDoubt:
		return Receipt{}, d.refused(report)
	case inDoubt:
		d.awaited.explain(d.failure)
	}
	return Receipt{}, d.failure
}

// told returns what a callback settles.
func (d *doubt) told(report *callback.Outcome) finding {
	if report.Effect == outcome.Applied {
		return finding{sight: there, conversationID: report.ConversationID, report: report}
	}
	return finding{report: report}
}

// receipt is the receipt of a write that was found done.
func (d *doubt) receipt(found finding) Receipt {
	t := d.client.target(d.form)
	receipt := Receipt{
		Reply: Reply{
			Outcome:    t.success,
			HTTPStatus: d.failure.Status,
			TraceIDs:   d.failure.TraceIDs,
			Attempts:   d.failure.Attempts,
		},
		Proof:          Reconciled,
		ConversationID: cmp.Or(found.conversationID, d.form.ids().conversation),
	}
	if report := found.report; report != nil {
		receipt.Proof = Confirmed
		receipt.AlreadyDone = report.Status == callback.Failure
		receipt.TransactionID = report.TransactionID
		receipt.TraceIDs = withTransaction(receipt.TraceIDs, report.TransactionID)
		receipt.Code, receipt.Description = report.Code, report.Description
	}
	return receipt
}

// refused is the error of a write that callbacks tell was not done.
func (d *doubt) refused(report *callback.Outcome) error {
	failure := *d.failure
	failure.Edge = d.awaited.failure
	failure.Effect = outcome.Refused
	failure.Code, failure.Description = report.Code, report.Description
	failure.TraceIDs = withTransaction(failure.TraceIDs, report.TransactionID)
	// Why the doubt arose is in the attempts; it is over.
	failure.Err, failure.RetryAfter = nil, 0
	return &failure
}

// remains is the error of a write whose doubt could not be settled under ctx.
func (d *doubt) remains(ctx context.Context, why error) error {
	failure := *d.failure
	if why != nil {
		failure.Err = also(failure.Err, fmt.Errorf("looked for it: %w", why))
	}
	if ended := ctx.Err(); ended != nil {
		failure.Edge = outcome.OnTimeout
		if !errors.Is(failure.Err, ended) {
			failure.Err = also(failure.Err, safeerror.Cause(ctx, ended))
		}
	}
	d.awaited.explain(&failure)
	return &failure
}

// also returns one error of two, of which either may be missing.
func also(first, second error) error {
	if first == nil || second == nil {
		return cmp.Or(first, second)
	}
	return fmt.Errorf("%w; %w", first, second)
}

// What leaves a doubt.
var (
	errSameAliasIDs = errors.New("two of the messages have the same alias id")
	errOtherMessage = errors.New("another message has the same alias id")
	errNoPages      = errors.New("the service does not page through the transcript")
	errTooLong      = errors.New("the transcript is too long")
	errNameless     = errors.New("the conversation holds messages without alias id")
	errNotThere     = errors.New("the conversation does not hold it")
	errNoAddress    = errors.New("there is no conversation at the address")
	errNoMark       = errors.New("there is a conversation at the address, and nothing tells who created it")
	errOtherAliasID = errors.New("there is another conversation at the address")
)
