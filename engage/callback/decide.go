package engage

import (
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// tries is what the tries of a write mean for the failures that callbacks tell.
type tries struct {
	// open is how many may be told to have failed that are not known to have:
	// beyond count if a transport sent one of them again.
	open int
	// refused are the transaction ids, in small letters, of those that are known to
	// have failed: their replies said so. A callback may say it again.
	refused []string
}

// beyondCount is more than there are failures told of one write.
const beyondCount = 1 << 20

// triesOf reads the attempts of a write.
func triesOf(attempts []outcome.Attempt) tries {
	var made tries
	for _, attempt := range attempts {
		if attempt.SentAgain {
			made.open += beyondCount
		}
		switch attempt.Effect {
		case outcome.NotSent:
		case outcome.Refused:
			id := transaction(attempt)
			if id != "" {
				made.refused = append(made.refused, id)
			} else if !isTurnedAway(attempt.Status) {
				made.open++
			}
		default:
			made.open++
		}
	}
	return made
}

// transaction returns the id, in small letters, under which a callback tells of an
// attempt; empty if its reply did not tell it.
func transaction(attempt outcome.Attempt) string {
	for _, id := range attempt.TraceIDs {
		if id.Name == "tid" {
			return strings.ToLower(id.Value)
		}
	}
	return ""
}

// isTurnedAway reports whether a status refuses a request before it becomes a
// write that a callback could tell of.
func isTurnedAway(status int) bool {
	return slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable}, status)
}

// withTransaction returns ids with the transaction id that a callback told, unless
// it is among them.
func withTransaction(ids []outcome.TraceID, transaction string) []outcome.TraceID {
	if transaction == "" {
		return ids
	}
	return withTraces(ids, []outcome.TraceID{{Name: "tid", Value: transaction}})
}

// withTraces returns ids with those of others that are not among them.
func withTraces(ids, others []outcome.TraceID) []outcome.TraceID {
	for _, id := range others {
		if !slices.Contains(ids, id) {
			ids = append(slices.Clip(ids), id)
		}
	}
	return ids
}
