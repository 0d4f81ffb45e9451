package tolerant

import (
	"cmp"
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
	// Envelope reports whether the reply has one of the service's envelopes.
	Envelope bool
	// Errors reports whether it contains an error, or a list of errors, with a
	// code, a description or an id.
	Errors      bool
	Code        string
	Description string
	IDs
}

// No more than maxDetails errors of a list are read, and no errors that are nested
// more than maxDepth deep.
const maxDetails, maxDepth = 100, 4

// detail is an error inside an envelope. It is specific if it has a code, a
// description or an id.
type detail struct {
	code, description string
	tracking          string
	specific          bool
}

// ReadFailure reads a reply that reports an error, in any of the known envelopes:
//
//	{status, code, description, value}
//	{status_code, description, response}
//	{trackingId, error: {key, message: [{description}]}}
//	{message, errors: [{description}], trackingId}
//	{errors: [{key, description}]}
//
// For any other reply, such as HTML or an empty one, it returns a Failure whose
// Envelope is false.
func ReadFailure(body []byte) Failure {
	m, ok := Split(body)
	if !ok {
		return Failure{}
	}
	e := EnvelopeOf(m)
	f := Failure{
		Code:        cmp.Or(e.Code, m.Text("statusCode")),
		Description: cmp.Or(e.Description, describe(m.Find("message"), maxDepth)),
		IDs:         e.IDs,
	}
	nested := append(details(m.Find("error"), maxDepth), details(m.Find("errors"), maxDepth)...)
	var described []string
	for _, d := range nested {
		f.Errors = f.Errors || d.specific
		f.Code = cmp.Or(f.Code, d.code)
		f.Tracking = cmp.Or(f.Tracking, d.tracking)
		if d.description != "" {
			described = append(described, d.description)
		}
	}
	f.Description = cmp.Or(f.Description, strings.Join(described, "; "))
	f.Transaction = cmp.Or(f.Transaction, IDsOf(MembersOf(e.Value)).Transaction)
	f.Envelope = f.Code != "" || f.Description != "" || e.Status != "" || f.IDs != (IDs{}) || len(nested) > 0
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
			all = append(all, detail{description: Text(element), specific: true})
		}
	}
	return all
}

func detailOf(m Members, depth int) detail {
	d := detail{
		code:        m.Text("code", "key"),
		description: cmp.Or(m.Text("description"), describe(m.Find("message"), depth)),
		tracking:    m.Text("trackingId"),
	}
	d.specific = d.code != "" || d.description != "" || IDsOf(m) != (IDs{})
	return d
}

// describe returns a string, or the descriptions of a list of errors.
func describe(value []byte, depth int) string {
	var texts []string
	for _, d := range details(value, depth) {
		if d.description != "" {
			texts = append(texts, d.description)
		}
	}
	return strings.Join(texts, "; ")
}
