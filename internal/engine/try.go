package engine

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// errTooLarge is the cause where a reply is larger than the engine reads.
var errTooLarge = errors.New("the reply is larger than the limit")

// try is what came of sending the request once.
type try struct {
	// ok: a 2xx reply was read to its end.
	ok      bool
	token   auth.Token
	status  int
	header  http.Header
	body    []byte
	err     error
	verdict verdict
	// failure is what the body of an error's reply says.
	failure    tolerant.Failure
	retryAfter time.Duration
}

// The headers of every request. The values are shared and never written.
var (
	jsonType  = []string{"application/json"}
	userAgent = []string{"engage-go"}
)

// try sends the request once, under the try's own time limit.
func (r *run) try(request *http.Request) try {
	ctx := request.Context()
	token, err := r.engine.Source.Token(ctx)
	if err != nil {
		return unauthorized(ctx, tokenCause(err))
	}
	if r.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		request = request.WithContext(limited)
	}
	request.Header = r.header()
	if err := r.engine.Hosts.Authorize(request, token); err != nil {
		return unauthorized(ctx, err)
	}
	t := r.send(request)
	t.token = token
	return t
}

// header returns the header of one try. Each try has its own, because the
// transport may still be reading that of the one before.
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

// unauthorized is a try that ended for want of a token.
func unauthorized(ctx context.Context, err error) try {
	if ctx.Err() != nil {
		return try{err: cause(ctx, err), verdict: verdict{outcome.OnTimeout, outcome.NotSent, false}}
	}
	return try{err: err, verdict: verdict{outcome.OnAuthorizationFailure, outcome.NotSent, false}}
}

// send has the request sent and the reply read and judged.
func (r *run) send(request *http.Request) try {
	request, left := traced(request)
	response, err := r.engine.Transport.RoundTrip(request)
	if err != nil {
		err = cause(request.Context(), err)
		return try{err: err, verdict: verdict{broken(err), left(), true}}
	}
	t := try{status: response.StatusCode, header: response.Header}
	if t.body, err = r.read(response); err != nil {
		t.err = cause(request.Context(), err)
	}
	switch {
	case t.status/100 != 2:
		t.failure = tolerant.ReadFailure(t.body)
		t.verdict = judge(t.status, t.failure.Envelope, r.Failure)
		t.retryAfter = retryAfter(t.header, time.Now())
	case err != nil:
		t.verdict = verdict{broken(t.err), outcome.Applied, err != errTooLarge}
	default:
		t.ok = true
	}
	return t
}

// broken returns the edge of an exchange that err ended.
func broken(err error) outcome.Edge {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return outcome.OnTimeout
	}
	return outcome.OnError
}

// traced returns the request with a trace, and what tells afterwards whether
// the request can have left. It cannot if the transport asked for a connection
// and never got one. A transport that does not say is not trusted.
func traced(request *http.Request) (*http.Request, func() outcome.Effect) {
	if request.Context().Err() != nil {
		return request, func() outcome.Effect { return outcome.NotSent }
	}
	var waiting atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { waiting.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { waiting.Store(false) },
	}
	effect := func() outcome.Effect {
		if waiting.Load() {
			return outcome.NotSent
		}
		return outcome.MaybeApplied
	}
	return request.WithContext(httptrace.WithClientTrace(request.Context(), trace)), effect
}

// read returns the body of response, unless it is larger than the limit.
func (r *run) read(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	limit := r.engine.ReplyLimit
	if response.ContentLength > limit {
		return nil, errTooLarge
	}
	if response.ContentLength >= 0 {
		body := make([]byte, response.ContentLength)
		n, err := io.ReadFull(response.Body, body)
		return body[:n], err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if int64(len(body)) > limit {
		return nil, errTooLarge
	}
	return body, err
}
