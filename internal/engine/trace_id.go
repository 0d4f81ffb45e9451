package engine

import (
	"net/http"
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// traceHeaders are the headers that hold a trace id. The canonical names are those
// that net/http writes, so that they need no conversion for each reply.
var traceHeaders = [...]struct{ name, canonical string }{
	{"trxid", "Trxid"},
	{"TrackingId", "Trackingid"},
}

// traceIDs lists the trace ids of a reply: those of its header, then those of
// its body.
func traceIDs(header http.Header, body tolerant.IDs) []outcome.TraceID {
	var ids []outcome.TraceID
	add := func(name, value string) {
		if value != "" {
			ids = append(ids, outcome.TraceID{Name: name, Value: value})
		}
	}
	for _, h := range traceHeaders {
		if values := header[h.canonical]; len(values) > 0 {
			add(h.name, values[0])
		}
	}
	add("tid", body.Transaction)
	add("trackingId", body.Tracking)
	return ids
}

// brief returns the beginning of a trace id, so that a long one does not fill a
// log.
func brief(value string) string {
	const longest = 128
	if len(value) <= longest {
		return value
	}
	return strings.ToValidUTF8(value[:longest], "") + "…"
}
