package callback_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// replied is an attempt with a reply that contains a transaction id.
func replied(status int, effect outcome.Effect, tid string) outcome.Attempt {
	return outcome.Attempt{Status: status, Effect: effect, TraceIDs: []outcome.TraceID{{Name: "trxid", Value: "X-1"}, {Name: "tid", Value: tid}}}
}

func TestFailuresDecideTheOutcome(t *testing.T) {
	ack, lost := outcome.Attempt{Status: 202}, outcome.Attempt{Effect: outcome.MaybeApplied}
	const undecided = outcome.Effect(0)
	for name, c := range map[string]struct {
		attempts    []outcome.Attempt
		transaction string
		failures    []string // transaction ids of the failures, in their order
		want        outcome.Effect
	}{
		"the acknowledged transaction":                          {[]outcome.Attempt{ack}, "T-1", []string{"T-1"}, outcome.Refused},
		"the acknowledged transaction, in another spelling":     {[]outcome.Attempt{ack}, "T-1", []string{"t-1"}, outcome.Refused},
		"no transaction, after one attempt":                     {[]outcome.Attempt{ack}, "T-1", []string{""}, outcome.Refused},
		"another transaction":                                   {[]outcome.Attempt{ack}, "T-1", []string{"T-2"}, undecided},
		"other transactions":                                    {[]outcome.Attempt{lost, ack}, "T-1", []string{"T-0", "T-2"}, undecided},
		"the acknowledgement names no transaction":              {[]outcome.Attempt{ack}, "", []string{"T-2"}, outcome.Refused},
		"the acknowledged one of two attempts":                  {[]outcome.Attempt{lost, ack}, "T-1", []string{"T-1"}, outcome.MaybeApplied},
		"no transaction, after two attempts":                    {[]outcome.Attempt{lost, ack}, "T-1", []string{""}, outcome.MaybeApplied},
		"both attempts":                                         {[]outcome.Attempt{lost, ack}, "T-1", []string{"T-0", "T-1"}, outcome.Refused},
		"both attempts, one of them twice":                      {[]outcome.Attempt{lost, ack}, "T-1", []string{"T-0", "t-0", "T-1"}, outcome.Refused},
		"all three attempts":                                    {[]outcome.Attempt{lost, lost, ack}, "T-1", []string{"T-0", "T-2", "T-0", "T-1"}, outcome.Refused},
		"after an attempt that was not sent":                    {[]outcome.Attempt{{Effect: outcome.NotSent}, ack}, "T-1", []string{"T-1"}, outcome.Refused},
		"after an attempt that was turned away":                 {[]outcome.Attempt{{Status: 429, Effect: outcome.Refused}, ack}, "T-1", []string{"T-1"}, outcome.Refused},
		"after an attempt that was refused":                     {[]outcome.Attempt{replied(503, outcome.Refused, "T-0"), ack}, "T-1", []string{"T-0", "T-1"}, outcome.Refused},
		"two attempts that replies name alike":                  {[]outcome.Attempt{replied(500, outcome.MaybeApplied, "T-1"), ack}, "T-1", []string{"T-1"}, outcome.Refused},
		"an id that one reply refused and another acknowledged": {[]outcome.Attempt{replied(503, outcome.Refused, "T-1"), ack}, "T-1", []string{"T-1"}, outcome.Refused},
		"an id that one reply refused and another left open":    {[]outcome.Attempt{replied(503, outcome.Refused, "T-1"), replied(500, outcome.MaybeApplied, "T-1")}, "", []string{"t-1"}, outcome.Refused},
		"after the failure of a repetition by a gateway":        {[]outcome.Attempt{ack}, "T-1", []string{"T-0", "T-1"}, outcome.Refused},
		"a transport has repeated the attempt":                  {[]outcome.Attempt{{Status: 202, Repeated: true}}, "T-1", []string{"T-0", "T-1"}, outcome.MaybeApplied},
		"the only attempt, whose reply is lost":                 {[]outcome.Attempt{lost}, "", []string{"T-1"}, outcome.Refused},
		"the only attempt, without a transaction":               {[]outcome.Attempt{lost}, "", []string{""}, outcome.Refused},
		"one of two attempts whose replies are lost":            {[]outcome.Attempt{lost, lost}, "", []string{"T-1", "t-1", ""}, undecided},
		"both attempts whose replies are lost":                  {[]outcome.Attempt{lost, lost}, "", []string{"T-1", "T-2"}, outcome.Refused},
		"an attempt whose reply refused it":                     {[]outcome.Attempt{lost, replied(409, outcome.Refused, "T-2")}, "", []string{"t-2"}, undecided},
		"an attempt whose reply refused it without its id":      {[]outcome.Attempt{lost, {Status: 409, Effect: outcome.Refused}}, "", []string{"T-2"}, undecided},
		"an attempt whose reply was cut off after its id":       {[]outcome.Attempt{replied(200, outcome.MaybeApplied, "T-1")}, "", []string{"T-1"}, outcome.Refused},
		"not the transaction that a cut-off reply names":        {[]outcome.Attempt{replied(200, outcome.MaybeApplied, "T-1")}, "", []string{"T-2"}, undecided},
		"the transport has repeated an attempt without a reply": {[]outcome.Attempt{{Effect: outcome.MaybeApplied, Repeated: true}}, "", []string{"T-1", "T-2"}, undecided},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			awaited := expect(t, newHandler(t, logTo(&log)))
			for i, tid := range c.failures {
				_, err := awaited.Outcome(ended(t), c.transaction, c.attempts)
				require.ErrorIs(t, err, context.Canceled)
				require.Equal(t, i, strings.Count(log.String(), `msg="callback: a failure decides nothing" tid=`), log.String())
				require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"`+tid+`","status":"failure","code":"4551","description":"no"}`))
			}
			got, err := awaited.Outcome(ended(t), c.transaction, c.attempts)
			if c.want == undecided {
				require.ErrorIs(t, err, context.Canceled)
				return
			}
			require.NoError(t, err)
			last := c.failures[len(c.failures)-1]
			require.Equal(t, callback.Outcome{
				Report: callback.Report{TransactionID: last, Status: callback.Failure, Code: "4551", Description: "no"},
				Effect: c.want,
			}, got)
		})
	}
}

func TestASuccessDecidesTheOutcomeInWhicheverTransaction(t *testing.T) {
	for name, reports := range map[string][]string{
		"of the acknowledged one":   {success},
		"of another":                {`{"tid":"T-2","status":"success"}`},
		"without a transaction":     {`{"status":"success"}`},
		"after an unknown status":   {`{"tid":"T-1","status":"queued"}`, success},
		"after failures of others":  {`{"tid":"T-2","status":"failure"}`, `{"tid":"T-3","status":"failure"}`, success},
		"after its own failure":     {`{"tid":"T-1","status":"failure"}`, `{"tid":"T-2","status":"success"}`},
		"already there, on failure": {`{"tid":"T-2","status":"failure","code":"4547"}`},
	} {
		t.Run(name, func(t *testing.T) {
			awaited := expect(t, newHandler(t), "4547")
			for _, report := range reports {
				require.Equal(t, http.StatusOK, post(t, awaited.URL(), report))
			}
			want, err := callback.DecodeReport([]byte(reports[len(reports)-1]))
			require.NoError(t, err)
			for range 2 {
				got, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
				require.NoError(t, err)
				require.Equal(t, callback.Outcome{Report: want, Effect: outcome.Applied}, got)
			}
		})
	}
}

func TestACodeForAStateThatWasThereAlreadyCountsInFailuresOnly(t *testing.T) {
	awaited := expect(t, newHandler(t), "4547")
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"T-1","status":"queued","code":"4547"}`))
	_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
	require.ErrorIs(t, err, context.Canceled)
}

func TestAWaitWithoutADeadlineIsLimited(t *testing.T) {
	for name, c := range map[string]struct {
		options []callback.Option
		own     time.Duration // the deadline of the caller; 0 for none
		want    time.Duration
	}{
		"by default":                     {nil, 0, 2 * time.Minute},
		"by an option":                   {[]callback.Option{callback.WithTimeout(time.Second)}, 0, time.Second},
		"by the deadline of the context": {nil, time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				handler, err := callback.New("https://example.com", c.options...)
				require.NoError(t, err)
				ctx := t.Context()
				if c.own > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.own)
					defer cancel()
				}
				awaited, began := expect(t, handler), time.Now()
				_, err = awaited.Outcome(ctx, "T-1", acknowledged())
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, c.want, time.Since(began))
			})
		})
	}
}

func TestManyCanWaitForOneOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, err := callback.New("https://example.com")
		require.NoError(t, err)
		awaited := expect(t, handler)
		ctx, leave := context.WithCancel(t.Context())
		var waiting, leaving sync.WaitGroup
		for range 50 {
			leaving.Go(func() {
				if _, err := awaited.Outcome(ctx, "T-1", acknowledged()); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
			waiting.Go(func() {
				got, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
				if err != nil || got.Effect != outcome.Applied {
					t.Error(got, err)
				}
			})
		}
		synctest.Wait()
		leave()
		leaving.Wait()
		require.Equal(t, http.StatusOK, deliver(handler, awaited.URL(), success))
		waiting.Wait()
	})
}

func TestAnOutcomeThatHasArrivedNeedsNoContext(t *testing.T) {
	for name, table := range map[string]callback.Pending{
		"in memory":    callback.NewPending(),
		"on a network": networkTable{callback.NewPending()},
	} {
		t.Run(name, func(t *testing.T) {
			handler := newHandler(t, callback.WithPending(table))
			awaited := expect(t, handler)
			_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, http.StatusOK, post(t, awaited.URL(), success))
			got, err := awaited.Outcome(ended(t), "T-1", acknowledged())
			require.NoError(t, err)
			require.Equal(t, outcome.Applied, got.Effect)
		})
	}
}

func TestAWriteIsForgottenWhateverHappensToItsContext(t *testing.T) {
	table := networkTable{callback.NewPending()}
	awaited := expect(t, newHandler(t, callback.WithPending(table)))
	id, _, _ := strings.Cut(path.Base(awaited.URL()), ".")
	has := func() bool {
		awaits, err := table.Pending.Deliver(t.Context(), id, callback.Report{})
		require.NoError(t, err)
		return awaits
	}
	require.True(t, has())
	awaited.Forget()
	require.False(t, has())

	awaited = expect(t, newHandler(t, callback.WithPending(table)))
	id, _, _ = strings.Cut(path.Base(awaited.URL()), ".")
	require.True(t, has())
	runtime.KeepAlive(awaited)
	for has() { // until it is unreachable
		runtime.GC()
		runtime.Gosched()
	}
}

func TestExpectFailsWithTheTable(t *testing.T) {
	broken := errors.New("the table is down")
	handler := newHandler(t, callback.WithPending(brokenTable{callback.NewPending(), broken}))
	_, err := handler.Expect(t.Context(), nil)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, broken.Error())

	_, err = newHandler(t, callback.WithPending(networkTable{callback.NewPending()})).Expect(ended(t), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestAWriteThatTheTableFailedToAddIsForgotten(t *testing.T) {
	table := &halfwayTable{Pending: callback.NewPending()}
	_, err := newHandler(t, callback.WithPending(table)).Expect(t.Context(), nil)
	require.Error(t, err)
	awaits, err := table.Deliver(t.Context(), table.id, callback.Report{})
	require.NoError(t, err)
	require.False(t, awaits)
}

// halfwayTable is a table that adds a write and then fails.
type halfwayTable struct {
	callback.Pending
	id string
}

func (h *halfwayTable) Expect(ctx context.Context, id string) error {
	h.id = id
	return errors.Join(h.Pending.Expect(ctx, id), errors.New("the reply of the table is lost"))
}

func TestAWaitFailsWithTheTable(t *testing.T) {
	broken := errors.New("the table is down")
	table := brokenTable{Pending: callback.NewPending()}
	handler := newHandler(t, callback.WithPending(&table))
	awaited := expect(t, handler)
	table.err = broken
	_, err := awaited.Outcome(t.Context(), "T-1", acknowledged())
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, broken.Error())
}

// brokenTable is a table that cannot add writes nor wait for reports.
type brokenTable struct {
	callback.Pending
	err error
}

func (b brokenTable) Expect(ctx context.Context, id string) error {
	return cmp.Or(b.err, b.Pending.Expect(ctx, id))
}

func (b brokenTable) Next(ctx context.Context, id string) (callback.Report, error) {
	if b.err != nil {
		return callback.Report{}, b.err
	}
	return b.Pending.Next(ctx, id)
}

func TestExplainAddsWhatCallbacksHaveReported(t *testing.T) {
	tid := func(id string) outcome.TraceID { return outcome.TraceID{Name: "tid", Value: id} }
	lost := []outcome.Attempt{{Effect: outcome.MaybeApplied}, {Effect: outcome.MaybeApplied}}
	cause := errors.New("connection reset")
	for name, c := range map[string]struct {
		reports []string
		want    outcome.Error
		text    string
	}{
		"nothing": {nil, outcome.Error{Edge: outcome.OnError, Code: "7", TraceIDs: []outcome.TraceID{tid("T-0")}}, "connection reset"},
		"the failure of one of two attempts": {
			[]string{`{"tid":"T-1","status":"failure","code":"4551"}`},
			outcome.Error{Edge: outcome.OnError, Code: "7", TraceIDs: []outcome.TraceID{tid("T-0"), tid("T-1")}}, "connection reset",
		},
		"unknown statuses": {
			[]string{`{"tid":"T-1","status":"queued"}`, `{"tid":"T-0","status":"parked","code":"8","description":"soon"}`},
			outcome.Error{Edge: outcome.OnInvalidChoice, Code: "8", Description: "soon", TraceIDs: []outcome.TraceID{tid("T-0")}},
			`a callback reports the unknown status "parked"; connection reset`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			awaited := expect(t, newHandler(t))
			for _, report := range c.reports {
				require.Equal(t, http.StatusOK, post(t, awaited.URL(), report))
			}
			_, err := awaited.Outcome(ended(t), "", lost)
			require.ErrorIs(t, err, context.Canceled)
			failure := &outcome.Error{Edge: outcome.OnError, Code: "7", TraceIDs: []outcome.TraceID{tid("T-0")}, Err: cause}
			awaited.Explain(failure)
			require.EqualError(t, failure.Err, c.text)
			require.ErrorIs(t, failure, cause)
			failure.Err = nil
			require.Equal(t, c.want, *failure)
		})
	}
}

func TestExplainKnowsWhatAnotherWaitHasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handler, err := callback.New("https://example.com")
		require.NoError(t, err)
		awaited := expect(t, handler)
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := awaited.Outcome(t.Context(), "T-1", acknowledged()); err != nil {
				t.Error(err)
			}
		})
		require.Equal(t, http.StatusOK, deliver(handler, awaited.URL(), `{"tid":"T-1","status":"processing"}`))
		synctest.Wait()
		_, err = awaited.Outcome(ended(t), "T-1", acknowledged())
		require.ErrorIs(t, err, context.Canceled)
		var failure outcome.Error
		awaited.Explain(&failure)
		require.Equal(t, outcome.OnInvalidChoice, failure.Edge)
		require.ErrorContains(t, failure.Err, `"processing"`)
		require.Equal(t, http.StatusOK, deliver(handler, awaited.URL(), success))
		waiting.Wait()
	})
}

func TestALoggerMayUseTheAwaited(t *testing.T) {
	logger := &explainingHandler{Handler: slog.DiscardHandler}
	awaited := expect(t, newHandler(t, callback.WithLogger(slog.New(logger))))
	logger.awaited = awaited
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"T-9","status":"queued"}`))
	_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, outcome.OnInvalidChoice, logger.failure.Edge)
}

// explainingHandler asks for what callbacks have reported whenever it logs.
type explainingHandler struct {
	slog.Handler
	awaited *callback.Awaited
	failure outcome.Error
}

func (e *explainingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (e *explainingHandler) Handle(context.Context, slog.Record) error {
	e.awaited.Explain(&e.failure)
	return nil
}

func TestAnUnknownStatusIsLogged(t *testing.T) {
	var log strings.Builder
	awaited := expect(t, newHandler(t, logTo(&log)))
	require.Equal(t, http.StatusOK, post(t, awaited.URL(), `{"tid":"T-9","status":"queued","code":7,"description":"`+secretText+`"}`))
	_, err := awaited.Outcome(ended(t), "T-1", acknowledged())
	require.ErrorIs(t, err, context.Canceled)
	require.Contains(t, log.String(), `msg="callback: a report has an unknown status" tid=T-9 status=queued code=7`)
	require.NotContains(t, log.String(), secretText)
}
