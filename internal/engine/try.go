package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/retryafter"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// The causes that the engine finds itself.
var (
	errTooLarge = errors.New("the reply is larger than the limit")
	errNoReply  = errors.New("the transport returned neither a reply nor an error")
	// errSentAgain keeps a transport from sending again what may have arrived.
	errSentAgain = errors.New("the connection was reset after the request had been sent")
)

// try is what came of sending the request once.
type try struct {
	// ok: a 2xx reply was read to its end, and means a success.
	ok bool
	// sentAgain: the reply is that to a sending after one that may have arrived.
	sentAgain bool

	token   auth.Token
	status  int
	header  http.Header
	body    []byte
	err     error
	verdict verdict
	// failure is what the body of a reply that is no success says; nil without
	// one.
	failure    *tolerant.Failure
	retryAfter time.Duration
}

// told is what the body of a reply that is no success says; nothing without one.
func (t *try) told() tolerant.Failure {
	if t.failure == nil {
		return tolerant.Failure{}
	}
	return *t.failure
}

// The headers of every request. The values are shared and never written.
var (
	jsonType  = []string{"application/json"}
	userAgent = []string{"engage-go"}
)

// try sends the request once, under the try's own time limit.
func (r *run) try(ctx context.Context) try {
	f := r.board()
	r.engine.alarm.begin(ctx, f, r.Timeout)
	defer r.engine.alarm.end(f)
	// The source does not get to know the departure: a dial of its own would look
	// like one for this request.
	token, err := r.Source.Token(&f.limited)
	if err != nil {
		return unauthorized(&f.limited, tokenCause(err))
	}
	if err := f.Err(); err != nil {
		return unauthorized(&f.limited, err)
	}
	request := r.request(f.watch(r.engine.Transport, r.Method), f)
	if err := r.engine.Hosts.Authorize(request, token); err != nil {
		return unauthorized(&f.limited, err)
	}
	t := r.send(ctx, request, &f.departure)
	t.token = token
	return t
}

// flight is what one try has to itself. Nothing of a request is shared with that
// of another try but the bytes of the body, which nobody changes: the transport
// may still be reading the request of the try before.
type flight struct {
	departure
	body bytes.Reader
	// next and previous are the flights beside this one in the list of the alarm.
	next, previous *flight
}

// board returns the flight of the next try. That of the first is part of the
// run, so that a call that succeeds at once has no more to allocate.
func (r *run) board() *flight {
	if len(r.History) > 0 {
		return new(flight)
	}
	return &r.first
}

// request returns the request of one try.
func (r *run) request(ctx context.Context, f *flight) *http.Request {
	request := http.Request{
		Method:     r.Method,
		URL:        r.url(),
		Host:       r.URL.Host,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     r.header(),
	}
	if r.Body != nil {
		// The transport knows this kind of body and sends it in one piece with
		// the header.
		f.body.Reset(r.Body)
		request.Body = io.NopCloser(&f.body)
		request.ContentLength = int64(len(r.Body))
		// Without it, net/http does not repeat a GET with a body by itself.
		if r.Method != http.MethodGet {
			request.GetBody = func() (io.ReadCloser, error) { return r.rewound(f) }
		}
	}
	return request.WithContext(ctx)
}

// url returns the URL for one try. The engine's own transport leaves it as it is.
// Others may rewrite it, even net/http's, by a protocol that is registered there.
func (r *run) url() *url.URL {
	if _, own := r.engine.Transport.(*Transport); own {
		return r.URL
	}
	return new(*r.URL)
}

// rewound returns the body once more, for a transport that found its connection
// gone before it had written anything.
func (r *run) rewound(f *flight) (io.ReadCloser, error) {
	if !f.repeatable() {
		return nil, errSentAgain
	}
	return io.NopCloser(bytes.NewReader(r.Body)), nil
}

// header returns the header of one try.
func (r *run) header() http.Header {
	header := make(http.Header, 4+len(r.Header))
	header["Accept"] = jsonType
	header["User-Agent"] = userAgent
	if r.Body != nil {
		header["Content-Type"] = jsonType
	}
	maps.Copy(header, r.Header)
	return header
}

// unsent is a try that ended before anything left.
func unsent(edge outcome.Edge, err error) try {
	return try{err: err, verdict: verdict{edge, outcome.NotSent, false}}
}

// unauthorized is a try that ended under ctx for want of a token. One whose time
// was up can have more luck than the next.
func unauthorized(ctx context.Context, err error) try {
	if ctx.Err() != nil {
		return try{err: causeOf(ctx, err), verdict: verdict{outcome.OnTimeout, outcome.NotSent, true}}
	}
	return unsent(outcome.OnAuthorizationFailure, err)
}

// held is a try that the limiter did not allow.
func held(ctx context.Context, err error) try {
	if ctx.Err() != nil {
		return unsent(outcome.OnTimeout, causeOf(ctx, err))
	}
	err = safeerror.Hide("the limiter held the call back", err)
	return unsent(broken(err), err)
}

// send has the request sent and the reply read and judged. ctx is that of the
// call, which may last for longer than the request's.
func (r *run) send(ctx context.Context, request *http.Request, sent *departure) try {
	response, err := r.engine.Transport.RoundTrip(request)
	if err == nil && response == nil {
		err = errNoReply
	}
	if err != nil {
		err = causeOf(request.Context(), err)
		return try{err: err, verdict: verdict{broken(err), sent.effect(), true}, sentAgain: sent.again()}
	}
	t := try{status: response.StatusCode, header: response.Header, sentAgain: sent.again()}
	if t.body, err = r.read(response); err != nil {
		t.err = causeOf(request.Context(), err)
	}
	switch {
	case t.status/100 != 2:
		t.failure = new(tolerant.ReadFailure(t.body))
		t.verdict = judge(t.status, t.failure.Envelope, r.Failure)
		t.retryAfter = retryafter.Read(t.header, time.Now())
		if ctx.Err() != nil && broken(t.err) == outcome.OnTimeout {
			t.verdict.edge = outcome.OnTimeout
		}
	case err != nil:
		t.verdict = verdict{broken(t.err), outcome.Applied, err != errTooLarge}
		beginning := r.judge(t.body)
		t.failure = new(beginning.told)
		if beginning.cause != nil && beginning.effect != outcome.Applied {
			t.verdict.effect = outcome.MaybeApplied
		}
	default:
		judgement := r.judge(t.body)
		t.verdict, t.err = judgement.verdict, judgement.cause
		t.ok = t.err == nil
		if !t.ok {
			t.failure = new(judgement.told)
		}
	}
	if !t.ok && t.sentAgain {
		t.verdict.effect = t.verdict.effect.Then(outcome.MaybeApplied)
	}
	return t
}

// judge says what a 2xx reply means, of which body is all that was read.
func (r *run) judge(body []byte) Judgement {
	if r.Judge == nil {
		return Judgement{}
	}
	return r.Judge(body)
}

// broken returns the edge of an exchange that err ended.
func broken(err error) outcome.Edge {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}

// trusted is the size in bytes up to which there is room for a reply before it
// has come, only because its header says so.
const trusted = 64 << 10

// read returns the body of response, or as much of it as came. Of one that is
// larger than the limit it returns the beginning. An interim reply has none.
func (r *run) read(response *http.Response) ([]byte, error) {
	if response.Body == nil {
		return nil, nil
	}
	defer response.Body.Close()
	if response.StatusCode < http.StatusOK {
		// After a 101 the body is the connection itself, and no context ends it.
		return nil, nil
	}
	limit := r.engine.ReplyLimit
	if response.ContentLength > limit {
		beginning, _ := io.ReadAll(io.LimitReader(response.Body, min(limit, 512)))
		return beginning, errTooLarge
	}
	length := response.ContentLength
	if length <= 0 || length > trusted {
		return readUpTo(limit, response.Body)
	}
	// It need not be true: a transport that decompresses may leave the length. What
	// is cut short, net/http tells.
	begun := make([]byte, length+1)
	for n := 0; n < len(begun); {
		more, err := response.Body.Read(begun[n:])
		n += more
		switch err {
		case nil:
		case io.EOF:
			return begun[:n], nil
		default:
			return begun[:n], err
		}
	}
	return readUpTo(limit, io.MultiReader(bytes.NewReader(begun), response.Body))
}

// readUpTo reads body to its end, or as much of it as the limit allows.
func readUpTo(limit int64, body io.Reader) ([]byte, error) {
	whole, err := io.ReadAll(io.LimitReader(body, limit))
	if int64(len(whole)) < limit || err != nil {
		return whole, err
	}
	if n, _ := io.ReadFull(body, make([]byte, 1)); n > 0 {
		return whole, errTooLarge
	}
	return whole, nil
}
