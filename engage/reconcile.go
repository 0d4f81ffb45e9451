package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/engine"
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
	// report is the callback that settled it, if one did.
	report *Report
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
	// refusals are the transaction ids, in small letters, of the failures told by
	// callback.
	refusals map[string]bool
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
	d := &doubt{c, f, s, call, w, failure, map[string]bool{}}
	repeated := false
	for {
		found := d.investigate(ctx)
		switch {
		case found.sight == there:
			return d.receipt(found), nil
		case found.report != nil:
			return Receipt{}, d.refused(found.report)
		case found.sight != gone || repeated || len(d.failure.Attempts) >= d.call.Attempts:
			return Receipt{}, d.remains(found.why)
		}
		repeated = true
		d.call.Before = d.failure.Attempts
		got, err := c.exchange(ctx, f, d.call)
		if err == nil {
			return receiptOf(got, w), nil
		}
		d.failure, _ = errors.AsType[*outcome.Error](err)
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
			found = mark.look(ctx, d.client, d.settings)
		}
		switch {
		case found.sight == there:
			return found
		case found.sight == absent && d.settings.settle > 0 && age >= d.settings.settle:
			if report := d.hear(ctx, 0); report != nil { // It was told during the look.
				return d.told(report)
			}
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

// pause returns how long to wait after a look, which was made at that age of
// the doubt. After the last but one it is what is left of the settle time.
func (d *doubt) pause(look, looks int, age time.Duration) time.Duration {
	switch {
	case look == looks:
		return 0
	case look == looks-1 && d.settings.settle > age:
		return d.settings.settle - age
	}
	return engine.Backoff(look, d.settings.firstWait, d.settings.longestWait)
}

// affords reports whether a wait ends before ctx does.
func affords(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > wait
}

// hear waits, and returns the callback that settles the doubt if it comes
// meanwhile.
func (d *doubt) hear(ctx context.Context, wait time.Duration) *Report {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for d.awaited != nil {
		report, err := d.awaited.next(ctx)
		if err != nil {
			break
		}
		if report.Status == ReportFailure && !d.awaited.target.isDone(report.Code) {
			d.refusals[strings.ToLower(report.TransactionID)] = true
			if len(d.refusals) < d.inDoubt() {
				continue
			}
		}
		return &report
	}
	<-ctx.Done()
	return nil
}

// heard ends a call that is not looked for. What callbacks have told of it by now
// is its outcome, although no reply said so.
func (d *doubt) heard(ctx context.Context) (Receipt, error) {
	report := d.hear(ctx, 0)
	if report == nil {
		return Receipt{}, d.failure
	}
	found := d.told(report)
	switch {
	case found.sight == there:
		return d.receipt(found), nil
	case d.failure.Effect == outcome.MaybeApplied:
		return Receipt{}, d.refused(report)
	}
	return Receipt{}, d.failure
}

// inDoubt counts the tries that may have been carried out.
func (d *doubt) inDoubt() int {
	count := 0
	for _, attempt := range d.failure.Attempts {
		if attempt.Effect == outcome.MaybeApplied {
			count++
		}
	}
	return count
}

// told returns what a callback settles.
func (d *doubt) told(report *Report) finding {
	if report.Status == ReportSuccess || d.awaited.target.isDone(report.Code) {
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
		receipt.AlreadyDone = report.Status == ReportFailure
		receipt.TransactionID = report.TransactionID
		receipt.Code, receipt.Description = report.Code, report.Description
	}
	return receipt
}

// refused is the error of a write that callbacks tell was not done.
func (d *doubt) refused(report *Report) error {
	failure := *d.failure
	failure.Edge = d.awaited.target.failure
	failure.Effect = outcome.Refused
	failure.Code, failure.Description = report.Code, report.Description
	return &failure
}

// remains is the error of a write whose doubt could not be settled.
func (d *doubt) remains(why error) error {
	if d.awaited != nil && d.awaited.unclear.Load() != nil {
		why = errUnknownStatus
	}
	if why == nil {
		return d.failure
	}
	failure := *d.failure
	if failure.Err == nil {
		failure.Err = fmt.Errorf("looked for it: %w", why)
	} else {
		failure.Err = fmt.Errorf("%w; looked for it: %v", failure.Err, why)
	}
	return &failure
}

// What leaves a doubt.
var (
	errUnknownStatus = errors.New("the callback tells a status that is not known")
	errSameAliasIDs  = errors.New("two of the messages have the same alias id")
	errOtherMessage  = errors.New("another message has the same alias id")
	errNoPages       = errors.New("the service does not page through the transcript")
	errTooLong       = errors.New("the transcript is too long")
	errNameless      = errors.New("the conversation holds messages without alias id")
	errNotThere      = errors.New("the conversation does not hold it")
	errNoAddress     = errors.New("there is no conversation at the address")
	errNoMark        = errors.New("there is a conversation at the address, and nothing tells who created it")
	errOtherAliasID  = errors.New("there is another conversation at the address")
)
