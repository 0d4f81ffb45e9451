package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/pb33f/libopenapi-validator/config"
	problem "github.com/pb33f/libopenapi-validator/errors"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	"github.com/pb33f/libopenapi-validator/strict"
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/engagesdk/engage-go/outcome"
)

// openAPI is the version of the document, as the validator wants it.
const openAPI = 3.1

// Request checks a request with its body: the path and the verb, the parameters and the
// body. Any member that the document does not list is a finding.
func (d *Document) Request(request *http.Request, body []byte) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, problems := d.validator().ValidateHttpRequestSync(withBody(request, body))
	return located(request, problems)
}

// Reply checks a reply to a request: the status, the header and the body. Any member
// that the document does not list is a finding, also where it allows others.
func (d *Document) Reply(request *http.Request, reply *http.Response, body []byte) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	copied := *reply
	copied.Body = io.NopCloser(bytes.NewReader(body))
	_, problems := d.validator().ValidateHttpResponse(withBody(request, nil), &copied)
	return located(request, problems)
}

// withBody returns a copy of a request with a body that can be read.
func withBody(request *http.Request, body []byte) *http.Request {
	copied := request.Clone(request.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	return copied
}

// Callback checks the body of a callback about a write.
func (d *Document) Callback(name outcome.Operation, body []byte) []string {
	for path := range d.model.Paths.PathItems.ValuesFromOldest() {
		for o := range path.GetOperations().ValuesFromOldest() {
			if o.OperationId != string(name) || o.Callbacks == nil {
				continue
			}
			callback := o.Callbacks.First().Value().Expression.First().Value()
			return d.posted("the callback of "+string(name), callback.Post, body)
		}
	}
	return []string{fmt.Sprintf("the callback of %s: the document has none", name)}
}

// Event checks an event of the stream by the webhook of its kind.
func (d *Document) Event(body []byte) []string {
	var event node
	if err := json.Unmarshal(body, &event); err != nil {
		return []string{"the event is no JSON object: " + err.Error()}
	}
	name := d.webhookOf(event)
	if name == "" {
		return []string{fmt.Sprintf("the event of the channel %q: the document has no webhook for it", event.text("channel"))}
	}
	return d.posted("the event "+name, d.model.Webhooks.GetOrZero(name).Post, body)
}

// webhookOf returns the name of the webhook whose schema requires a member that the event
// has, or else of the one whose schema lists the channel of the event. It returns "" if
// there is none. Only schemas that list no channel require a member.
func (d *Document) webhookOf(event node) string {
	byChannel := ""
	for name := range d.tree.at("webhooks") {
		schema := d.resolve(d.tree.at("webhooks", name, "post", "requestBody", "content", "application/json", "schema"))
		for _, member := range schema.texts("required") {
			if event[member] != nil {
				return name
			}
		}
		for _, member := range []string{"channel", "Channel"} {
			if slices.Contains(schema.at("properties", member).texts("enum"), event.text(member)) {
				byChannel = name
			}
		}
	}
	return byChannel
}

// posted checks the body of a request that the service sends. where begins each finding.
func (d *Document) posted(where string, o *v3.Operation, body []byte) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	schema := o.RequestBody.Content.GetOrZero("application/json").Schema.Schema()
	_, problems := schema_validation.NewSchemaValidator(config.WithExistingOpts(d.options)).
		ValidateSchemaBytesWithVersion(schema, body, openAPI)
	findings := sentences(problems)
	for i := range findings {
		findings[i] = where + ": " + findings[i]
	}
	return append(findings, d.undeclared(where, schema, body)...)
}

// undeclared finds the members of a body that its schema does not list.
func (d *Document) undeclared(where string, schema *base.Schema, body []byte) []string {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return nil // Reported by the schema.
	}
	var findings []string
	for _, extra := range strict.ValidateBody(schema, value, strict.DirectionRequest, d.options, openAPI).UndeclaredValues {
		findings = append(findings, fmt.Sprintf("%s: %s is not declared", where, extra.Path))
	}
	return findings
}

// located returns problems as sentences that begin with the verb and the path.
func located(request *http.Request, problems []*problem.ValidationError) []string {
	all := sentences(problems)
	for i := range all {
		all[i] = request.Method + " " + request.URL.Path + ": " + all[i]
	}
	return all
}
