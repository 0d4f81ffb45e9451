package engine

import (
	"net/http"

	"github.com/engagesdk/engage-go/outcome"
)

// verdict is what a reply's status says of a call.
type verdict struct {
	edge   outcome.Edge
	effect outcome.Effect
	// transient statuses can be better at the next try.
	transient bool
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

// Judge returns the edge and the effect of a failure that the service itself
// reports with status, in an envelope; own is the operation's failure edge.
func Judge(status int, own outcome.Edge) (outcome.Edge, outcome.Effect) {
	v := judge(status, true, own)
	return v.edge, v.effect
}
