package tolerant

import (
	"cmp"
	"slices"
	"strings"
)

// IDs are the ids of a request in the service's logs. Transaction is the id of
// the write that a reply acknowledges (tid, TransId). Tracking is the id that the
// gateway gave the request.
type IDs struct{ Transaction, Tracking string }

// IDsOf returns the ids in an object.
func IDsOf(m Members) IDs { return IDs{m.Text("tid", "transId"), m.Text("trackingId")} }

// Envelope is the usual form of a reply. Value is nil if it is null or missing.
// ConversationID is the one beside the value, which is seldom there.
type Envelope struct {
	Status      string
	Code        string
	Description string
	IDs
	ConversationID string
	Value          []byte
}

// EnvelopeOf returns the envelope of a reply with the members m.
func EnvelopeOf(m Members) Envelope {
	return Envelope{
		Status:         m.Text("status"),
		Code:           m.Text("code"),
		Description:    m.Text("description"),
		IDs:            IDsOf(m),
		ConversationID: m.Text("conversationId"),
		Value:          m.Find("value"),
	}
}

// Failure is the content of a reply that reports an error, read from any known
// envelope.
type Failure struct {
	// Recognized reports whether the reply has one of the service's envelopes. A
	// message and an HTTP status make none: gateways answer so, too.
	Recognized bool
	// HasErrors reports whether it contains an error, or a list of errors, with a
	// code, a description or an id.
	HasErrors   bool
	Code        string
	Description string
	IDs
}

// No more than maxDetails errors of a list are read, and no errors that are nested
// more than maxDepth deep.
const maxDetails, maxDepth = 100, 4

// detail is an error inside an envelope.
type detail struct {
	code, description string
	// message describes an error that has no description.
	message string
	IDs
}

// ReadFailure reads a reply that reports an error, in any of the known envelopes:
//
//	{status, code, description, value}
//	{status_code, description, response}
//	{trackingId, error: {key, message: [{description}]}}
//	{message, errors: [{description}], trackingId}
//	{errors: [{key, description}]}
//
// Of any other object, such as {message} or {status: 503, error: "…"}, it returns
// what it finds in a Failure whose Recognized is false. For HTML, an empty reply and
// whatever else is no object, it returns the zero Failure.
func ReadFailure(body []byte) Failure {
	m, ok := Split(body)
	if !ok {
		return Failure{}
	}
	e := EnvelopeOf(m)
	f := Failure{Code: e.Code, Description: e.Description, IDs: e.IDs}
	list := details(m.Find("errors"), maxDepth)
	hasStatusWord := e.Status != "" && HTTPStatus(e.Status) == 0
	f.Recognized = f.Code != "" || f.Description != "" || hasStatusWord || f.IDs != (IDs{}) || len(list) > 0
	f.Code = cmp.Or(f.Code, m.Text("statusCode"))
	f.Description = cmp.Or(f.Description, describe(m.Find("message"), maxDepth))

	single := details(m.Find("error"), maxDepth)
	for _, d := range single {
		f.Recognized = f.Recognized || d.code != "" || d.description != "" || d.IDs != (IDs{})
	}
	all := slices.Concat(single, list)
	for _, d := range all {
		f.HasErrors = f.HasErrors || d != detail{}
		f.Code = cmp.Or(f.Code, d.code)
		f.Tracking = cmp.Or(f.Tracking, d.Tracking)
		f.Transaction = cmp.Or(f.Transaction, d.Transaction)
	}
	f.Description = cmp.Or(f.Description, join(all))
	for _, nested := range [][]byte{e.Value, m.Find("response")} {
		f.Transaction = cmp.Or(f.Transaction, IDsOf(MembersOf(nested)).Transaction)
	}
	return f
}

// details reads an error or a list of errors. Each may be an object or a string.
func details(value []byte, depth int) []detail {
	if depth == 0 {
		return nil
	}
	list := [][]byte{value}
	if len(value) > 0 && value[0] == '[' {
		list = Elements(value, maxDetails)
	}
	var all []detail
	for _, element := range list {
		if isEmpty(element) {
			continue
		}
		switch element[0] {
		case '{':
			all = append(all, detailOf(MembersOf(element), depth-1))
		case '"':
			all = append(all, detail{message: Text(element)})
		}
	}
	return all
}

func detailOf(m Members, depth int) detail {
	return detail{
		code:        m.Text("code", "key"),
		description: m.Text("description"),
		message:     describe(m.Find("message"), depth),
		IDs:         IDsOf(m),
	}
}

// describe returns a string, or the descriptions of a list of errors.
func describe(value []byte, depth int) string { return join(details(value, depth)) }

// join returns the descriptions of errors in one text.
func join(list []detail) string {
	var texts []string
	for _, d := range list {
		if text := cmp.Or(d.description, d.message); text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}
