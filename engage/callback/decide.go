package callback

import (
	"net/http"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// decide returns the outcome of a write that was sent in attempts and acknowledged
// as transaction, which is empty if no reply named one. It returns nil if failures
// do not decide the outcome.
//
// A failure is evidence against the one transaction that it names. The write is
// refused only if each of its transactions has failed.
func decide(failures []Report, transaction string, attempts []outcome.Attempt) *Outcome {
	t := transactionsOf(attempts, transaction)
	var decisive *Report
	var named, unnamed []string // the transactions that have failed
	anonymous := false          // a failure names no transaction
	for _, report := range failures {
		id := strings.ToLower(report.TransactionID)
		switch {
		case slices.Contains(t.refused, id):
			continue // A reply has reported it.
		case id == "":
			anonymous = true
		case slices.Contains(t.named, id):
			named = append(named, id)
		default:
			unnamed = append(unnamed, id)
		}
		if transaction == "" || id == "" || strings.EqualFold(id, transaction) {
			decisive = &report
		}
	}
	allFailed := distinct(named) == len(t.named) && distinct(unnamed) >= t.unnamed ||
		anonymous && t.count() <= 1
	switch {
	case decisive == nil:
		return nil
	case allFailed:
		return &Outcome{*decisive, outcome.Refused}
	case transaction == "":
		return nil
	}
	return &Outcome{*decisive, outcome.MaybeApplied}
}

// transactions are those that the attempts of a write may have begun.
type transactions struct {
	// named are the ids, in lower case, of those that replies named and that may
	// have been applied.
	named []string
	// refused are the ids, in lower case, of those that replies refused.
	refused []string
	// unnamed is how many others there may be. Only callbacks name them.
	unnamed int
}

// unlimited stands for the transactions of an attempt that a transport repeated by
// itself. It is more than the failures that callbacks report of one write.
const unlimited = 1 << 20

// transactionsOf returns the transactions of attempts. The successful attempt was
// acknowledged as acknowledged, which is empty if its reply named no transaction.
func transactionsOf(attempts []outcome.Attempt, acknowledged string) transactions {
	var t transactions
	for _, attempt := range attempts {
		id := transactionOf(attempt)
		if attempt.Effect == 0 {
			id = strings.ToLower(acknowledged)
		}
		refused := attempt.Effect == outcome.Refused
		switch {
		case attempt.Effect == outcome.NotSent, refused && id == "" && isTurnedAway(attempt.Status):
		case slices.Contains(t.named, id), slices.Contains(t.refused, id):
		case id == "":
			t.unnamed++
		case refused:
			t.refused = append(t.refused, id)
		default:
			t.named = append(t.named, id)
		}
		if attempt.Repeated {
			t.unnamed += unlimited
		}
	}
	return t
}

// count returns the number of all transactions.
func (t transactions) count() int { return len(t.named) + len(t.refused) + t.unnamed }

// distinct returns the number of different ids.
func distinct(ids []string) int {
	slices.Sort(ids)
	return len(slices.Compact(ids))
}

// transactionOf returns the transaction id in the reply to an attempt, in lower
// case; empty if it had none.
func transactionOf(attempt outcome.Attempt) string {
	for _, id := range attempt.TraceIDs {
		if id.Name == "tid" {
			return strings.ToLower(id.Value)
		}
	}
	return ""
}

// isTurnedAway reports whether a reply with status refuses a request before it
// becomes a transaction.
func isTurnedAway(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}
