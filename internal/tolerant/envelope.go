package tolerant

import (
	"cmp"
	"strings"
)

// IDs are the ids under which the service's logs know a request: that of the
// write that a reply acknowledges (tid, TransId) and that of the gateway.
type IDs struct{ Transaction, Tracking string }

// IDsOf returns the ids that an object holds.
func IDsOf(m Members) IDs { return IDs{m.Text("tid", "transId"), m.Text("trackingId")} }

// Envelope is the usual shape of a reply. Value is nil where it is null or
// missing.
type Envelope struct {
	Status      string
	Code        string
	Description string
	IDs
	ConversationID string // beside the value, where it is seldom
	Value          []byte
}

// EnvelopeOf reads the members of a reply.
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

// Failure is what a reply tells of an error, whichever envelope it came in.
type Failure struct {
	// Envelope reports whether the reply was in a shape the service uses, Errors
	// whether an error or a list of errors in it says anything.
	Envelope    bool
	Errors      bool
	Code        string
	Description string
	IDs
}

// Bounds on the errors of one reply that are read: how many in a list, and how
// deep one within another.
const maxDetails, maxDepth = 100, 4

// detail is an error within an envelope.
type detail struct {
	code, description string
	tracking          string
	says              bool
}

// ReadFailure reads an error's reply in any of the known envelopes:
//
//	{status, code, description, value}
//	{status_code, description, response}
//	{trackingId, error: {key, message: [{description}]}}
//	{message, errors: [{description}], trackingId}
//	{errors: [{key, description}]}
//
// A reply in none of them, HTML or nothing at all yields a Failure without an
// envelope.
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
		f.Errors = f.Errors || d.says
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

// details reads an error, or a list of errors, each of them an object or a text.
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
			all = append(all, detail{description: Text(element), says: true})
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
	d.says = d.code != "" || d.description != "" || IDsOf(m) != (IDs{})
	return d
}

// describe reads a text, or the descriptions of a list of errors.
func describe(value []byte, depth int) string {
	var texts []string
	for _, d := range details(value, depth) {
		if d.description != "" {
			texts = append(texts, d.description)
		}
	}
	return strings.Join(texts, "; ")
}
