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
func decide(failures []Report, transaction string, attempts []outcome.Attempt) *Outcome {
	t := transactionsOf(attempts, transaction)
	var decisive *Report
	var named, unnamed []string // ids of the failures
	isAnonymous := false
	for _, report := range failures {
		id := strings.ToLower(report.TransactionID)
		switch {
		case slices.Contains(t.refused, id):
			continue
		case id == "":
			isAnonymous = true
		case slices.Contains(t.named, id):
			named = append(named, id)
		default:
			unnamed = append(unnamed, id)
		}
		if transaction == "" || id == "" || strings.EqualFold(id, transaction) {
			decisive = &report
		}
	}
	haveAllFailed := distinct(named) == len(t.named) && distinct(unnamed) >= t.unnamed ||
		isAnonymous && t.count() <= 1
	switch {
	case decisive == nil:
		return nil
	case haveAllFailed:
		return &Outcome{*decisive, outcome.Refused}
	case transaction == "":
		return nil
	}
	return &Outcome{*decisive, outcome.MaybeApplied}
}

// transactions are those that the attempts of a write may have begun. Ids are in
// lower case.
type transactions struct {
	// named are the ids of those that may have been applied, and refused of
	// those that were not, as far as replies contained them.
	named, refused []string
	// unnamed is how many others may fail, in callbacks under an unknown id.
	unnamed int
}

// unlimited is more than the failures that callbacks report of one write.
const unlimited = 1 << 20

// transactionsOf returns the transactions of these attempts. A successful attempt
// was acknowledged as acknowledged, unless its reply named no transaction.
func transactionsOf(attempts []outcome.Attempt, acknowledged string) transactions {
	var t transactions
	for _, attempt := range attempts {
		id := transactionOf(attempt)
		if attempt.Effect == 0 {
			id = strings.ToLower(acknowledged)
		}
		switch {
		case attempt.Effect == outcome.NotSent:
		case attempt.Effect == outcome.Refused && id != "":
			t.refused = append(t.refused, id)
		case attempt.Effect == outcome.Refused && isTurnedAway(attempt.Status):
		case id != "" && !slices.Contains(t.named, id):
			t.named = append(t.named, id)
		default:
			t.unnamed++
		}
		if attempt.SentAgain {
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
