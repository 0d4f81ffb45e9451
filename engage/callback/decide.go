package callback

import (
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/outcome"
)

// decide returns the outcome of a write that was sent in attempts, or nil if
// failures do not decide it. acknowledged is the transaction that a reply
// acknowledged. It is empty if no reply named one.
//
// A failure is evidence against the one transaction that it names. The write is
// refused only if each of its transactions has failed.
func decide(failures []Report, acknowledged string, attempts []outcome.Attempt) *Outcome {
	acknowledged = strings.ToLower(acknowledged)
	t := transactionsOf(attempts, acknowledged)
	failed := map[string]bool{} // by id; the id "" is that of a failure without one
	var decisive *Report
	for _, report := range failures {
		id := strings.ToLower(report.TransactionID)
		if t.refused[id] {
			continue // The reply has reported this failure.
		}
		failed[id] = true
		if acknowledged == "" || id == "" || id == acknowledged {
			decisive = &report
		}
	}
	switch {
	case decisive == nil:
		return nil
	case t.haveFailed(failed):
		return &Outcome{*decisive, outcome.Refused}
	case acknowledged == "":
		return nil
	}
	return &Outcome{*decisive, outcome.MaybeApplied}
}

// transactions are those that the attempts of a write have begun, or may have. Ids
// are in lower case.
type transactions struct {
	// named are those that replies named and did not refuse.
	named map[string]bool
	// refused are those that replies named and refused.
	refused map[string]bool
	// unnamed is how many others there may be. Only callbacks name them.
	unnamed int
	// repeated reports whether a transport has repeated an attempt by itself. Then
	// any number of transactions may have begun.
	repeated bool
}

// transactionsOf returns the transactions of attempts. The successful attempt was
// acknowledged as acknowledged, which is empty if its reply named no transaction.
func transactionsOf(attempts []outcome.Attempt, acknowledged string) transactions {
	t := transactions{named: map[string]bool{}, refused: map[string]bool{}}
	for _, attempt := range attempts {
		t.repeated = t.repeated || attempt.Repeated
		id := transactionOf(attempt)
		if attempt.Effect == 0 { // The attempt succeeded.
			id = acknowledged
		}
		switch refused := attempt.Effect == outcome.Refused; {
		case attempt.Effect == outcome.NotSent:
			// It began no transaction.
		case refused && id == "" && beginsNoTransaction(attempt.Status):
			// Nor did this one.
		case id == "":
			t.unnamed++
		case refused:
			t.refused[id] = true
		default:
			t.named[id] = true
		}
	}
	for id := range t.named {
		delete(t.refused, id) // The reply to another attempt did not refuse it.
	}
	return t
}

// haveFailed reports whether each transaction has failed. failed holds the ids in
// the reports of failures.
func (t transactions) haveFailed(failed map[string]bool) bool {
	if t.repeated {
		return false
	}
	others := len(failed)
	if failed[""] {
		if len(t.named)+len(t.refused)+t.unnamed <= 1 {
			return true // There is no other transaction that it can mean.
		}
		others--
	}
	for id := range t.named {
		if !failed[id] {
			return false
		}
		others--
	}
	return others >= t.unnamed
}

// transactionOf returns the transaction id in the reply to an attempt, in lower
// case. It is empty if the reply had none.
func transactionOf(attempt outcome.Attempt) string {
	for _, id := range attempt.TraceIDs {
		if id.Name == "tid" {
			return strings.ToLower(id.Value)
		}
	}
	return ""
}

// beginsNoTransaction reports whether a reply with status refuses a request before
// it becomes a transaction.
func beginsNoTransaction(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}
