package engine

import (
	"net/http"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// verdict is what a reply says of a call.
type verdict struct {
	edge   outcome.Edge
	effect outcome.Effect
	// transient ones can be better at the next try.
	transient bool
}

// Judgement is what a 2xx reply means. The zero value is a success.
type Judgement struct {
	verdict
	cause error
	told  tolerant.Failure
}

// Foreign is the judgement on a reply that the service did not send: it proves
// nothing, and the next try may reach the service.
func Foreign(cause error) Judgement {
	return Judgement{verdict: verdict{outcome.OnError, outcome.MaybeApplied, true}, cause: cause}
}

// Unreadable is the judgement on a reply by which the service says that the call
// was carried out, and whose result cannot be read.
func Unreadable(cause error) Judgement {
	return Judgement{verdict: verdict{outcome.OnError, outcome.Applied, false}, cause: cause}
}

// Failed is the judgement on a reply by which the service reports a failure that
// amounts to an HTTP status. It is not tried again. own is the operation's failure
// edge.
func Failed(status int, own outcome.Edge, cause error) Judgement {
	v := judge(status, true, own)
	v.transient = false
	return Judgement{verdict: v, cause: cause}
}

// With returns the judgement with what the reply tells of the failure.
func (j Judgement) With(told tolerant.Failure) Judgement {
	j.told = told
	return j
}

// verdicts holds the statuses that mean the same for every operation. 429 and
// 503 are refusals: the request was not processed. After the other failures of
// a server or a gateway nobody knows.
var verdicts = map[int]verdict{
	http.StatusBadRequest:          {outcome.OnInvalidData, outcome.Refused, false},
	http.StatusUnauthorized:        {outcome.OnAuthorizationFailure, outcome.Refused, false},
	http.StatusForbidden:           {outcome.OnAuthorizationFailure, outcome.Refused, false},
	http.StatusRequestTimeout:      {outcome.OnTimeout, outcome.MaybeApplied, true},
	http.StatusUnprocessableEntity: {outcome.OnInvalidData, outcome.Refused, false},
	http.StatusTooManyRequests:     {outcome.OnError, outcome.Refused, true},
	http.StatusServiceUnavailable:  {outcome.OnError, outcome.Refused, true},
	http.StatusGatewayTimeout:      {outcome.OnTimeout, outcome.MaybeApplied, true},
	http.StatusNotImplemented:      {outcome.OnError, outcome.Refused, false},
}

// judge returns the verdict on a status that is not a success. A refusal of the
// service itself, which comes in an envelope, ends on the operation's own
// failure edge; a 404 page of a web server does not.
func judge(status int, envelope bool, own outcome.Edge) verdict {
	if v, ok := verdicts[status]; ok {
		return v
	}
	switch {
	case status >= 500:
		return verdict{outcome.OnError, outcome.MaybeApplied, true}
	case status >= 400 && envelope && own != "":
		return verdict{own, outcome.Refused, false}
	case status >= 400:
		return verdict{outcome.OnError, outcome.Refused, false}
	}
	return verdict{outcome.OnError, outcome.MaybeApplied, false}
}
