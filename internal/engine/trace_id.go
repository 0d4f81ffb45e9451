package engine

import (
	"net/http"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// traceHeaders are the headers that hold a trace id.
var traceHeaders = [...]string{"trxid", "TrackingId"}

// TraceIDs lists the trace ids of a reply: those of its header, then those of
// its body.
func TraceIDs(header http.Header, body tolerant.IDs) []outcome.TraceID {
	var ids []outcome.TraceID
	add := func(name, value string) {
		if value != "" {
			ids = append(ids, outcome.TraceID{Name: name, Value: value})
		}
	}
	for _, name := range traceHeaders {
		add(name, header.Get(name))
	}
	add("tid", body.Transaction())
	add("trackingId", string(body.TrackingID))
	return ids
}
