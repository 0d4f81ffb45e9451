package tolerant

import (
	"bytes"
	"encoding/json"
	"strings"
)

// IDs are the ids under which the service's logs know a request. Member names
// match in any case, which covers the spellings seen: tid, TransId, transid,
// Transid, transID, trackingId.
type IDs struct {
	TID        String `json:"tid"`
	TransID    String `json:"transId"`
	TrackingID String `json:"trackingId"`
}

// Transaction returns the id of the write that a reply acknowledges.
func (i IDs) Transaction() string {
	if i.TID != "" {
		return string(i.TID)
	}
	return string(i.TransID)
}

// Envelope is the usual shape of a reply, whose value is a V. Error, Errors and
// StatusCode belong to the shapes of errors, which [ReadFailure] reads.
type Envelope[V any] struct {
	Status      String `json:"status"`
	Code        String `json:"code"`
	Description String `json:"description"`
	Value       V      `json:"value"`
	IDs

	StatusCode String          `json:"status_code"`
	Error      json.RawMessage `json:"error"`
	Errors     json.RawMessage `json:"errors"`
}

// Object is a JSON object read as a V. Anything else reads as the zero V.
type Object[V any] struct{ Fields V }

// UnmarshalJSON implements [json.Unmarshaler].
func (o *Object[V]) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	return json.Unmarshal(data, &o.Fields)
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

// failureEnvelope is the union of the envelopes that errors come in:
//
//	{status, code, description, value}
//	{status_code, description, response}
//	{trackingId, error: {key, message: [{description}]}}
//	{message, errors: [{description}], trackingId}
//	{errors: [{key, description}]}
type failureEnvelope struct {
	Code        String          `json:"code"`
	Status      String          `json:"status"`
	StatusCode  String          `json:"status_code"`
	Description String          `json:"description"`
	Message     json.RawMessage `json:"message"`
	Error       json.RawMessage `json:"error"`
	Errors      json.RawMessage `json:"errors"`
	Value       Object[IDs]     `json:"value"`
	IDs
}

// detail is an error within an envelope.
type detail struct {
	Code        String          `json:"code"`
	Key         String          `json:"key"`
	Description String          `json:"description"`
	Message     json.RawMessage `json:"message"`
	IDs
}

// ReadFailure reads an error's reply in any of the known envelopes. A reply in
// none of them, HTML or nothing at all yields a Failure without an envelope.
func ReadFailure(body []byte) Failure {
	var e failureEnvelope
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) || json.Unmarshal(body, &e) != nil {
		return Failure{}
	}
	nested := append(details(e.Error), details(e.Errors)...)
	f := Failure{
		Code:        first(string(e.Code), string(e.StatusCode)),
		Description: first(string(e.Description), describe(e.Message)),
		IDs:         e.IDs,
	}
	var described []string
	for _, d := range nested {
		f.Errors = f.Errors || d.says()
		f.Code = first(f.Code, string(d.Code), string(d.Key))
		f.TrackingID = String(first(string(f.TrackingID), string(d.TrackingID)))
		if text := first(string(d.Description), describe(d.Message)); text != "" {
			described = append(described, text)
		}
	}
	f.Description = first(f.Description, strings.Join(described, "; "))
	f.TID = String(first(f.Transaction(), e.Value.Fields.Transaction()))
	f.TransID = ""
	f.Envelope = f.Code != "" || f.Description != "" || e.Status != "" || f.IDs != (IDs{}) || len(nested) > 0
	return f
}

// details reads an error, or a list of errors, each of them an object or a text.
func details(data json.RawMessage) []detail {
	var list []json.RawMessage
	if len(data) == 0 || data[0] != '[' || json.Unmarshal(data, &list) != nil {
		list = []json.RawMessage{data}
	}
	var all []detail
	for _, element := range list {
		if d, ok := readDetail(element); ok {
			all = append(all, d)
		}
	}
	return all
}

// says reports whether the detail tells anything.
func (d *detail) says() bool {
	return d.Code != "" || d.Key != "" || d.Description != "" || describe(d.Message) != "" || d.IDs != (IDs{})
}

func readDetail(data json.RawMessage) (d detail, ok bool) {
	var text String
	switch {
	case len(data) == 0:
		return detail{}, false
	case data[0] == '{':
		return d, json.Unmarshal(data, &d) == nil
	case data[0] == '"':
		err := json.Unmarshal(data, &text)
		return detail{Description: text}, err == nil && text != ""
	}
	return detail{}, false
}

// describe reads a text, or the descriptions of a list of errors.
func describe(data json.RawMessage) string {
	var texts []string
	for _, d := range details(data) {
		if d.Description != "" {
			texts = append(texts, string(d.Description))
		}
	}
	return strings.Join(texts, "; ")
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
