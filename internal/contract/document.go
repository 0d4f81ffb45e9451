package contract

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"go.yaml.in/yaml/v3"
)

// Document is an OpenAPI document. It is safe for concurrent use.
type Document struct {
	// tree is the document as maps, lists and values, with references.
	tree      node
	model     *v3.Document
	options   *config.ValidationOptions
	validator func() validator.Validator
	// mu guards the validator, which fills its caches while it works.
	mu sync.Mutex
}

// open lists the objects whose members can have any name. The messages of a transcript
// are among them, because they can have a type that the document does not know. The
// schema still forbids unknown members of messages that it does know.
var open = []string{
	"$.body.**.headers.*", "$.body.value.messages[*].**", "$.body.dataIntegration.**", "$.body.dataIntegration[*].**",
	"$.body.appContext.*", "$.body.paymentRequest.**",
}

// Read reads a document in YAML or JSON. It returns an error if the text is not a valid
// document of OpenAPI 3.1.
func Read(text []byte) (*Document, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	d := &Document{tree: tree}
	parsed, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	built, err := parsed.BuildV3Model()
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	if ok, problems := schema_validation.ValidateOpenAPIDocument(parsed); !ok {
		return nil, fmt.Errorf("contract: no document of OpenAPI 3.1: %s", strings.Join(sentences(problems), "; "))
	}
	d.model = &built.Model
	// The strict mode finds members that the document does not list, also where it
	// allows others.
	options := []config.Option{
		config.WithStrictMode(), config.WithStrictIgnorePaths(open...), config.WithFormatAssertions(), config.WithContentAssertions(),
		config.WithURLEncodedBodyValidation(), config.WithRejectUndeclaredRequestBody(),
	}
	d.options = config.NewValidationOptions(options...)
	d.validator = sync.OnceValue(func() validator.Validator { return validator.NewValidatorFromV3Model(d.model, options...) })
	return d, nil
}

// node is an object of the document. Its methods return zero values for what is not
// there.
type node map[string]any

// at returns the object at a path of names.
func (n node) at(path ...string) node {
	for _, name := range path {
		next, _ := n[name].(map[string]any)
		n = next
	}
	return n
}

// text returns the member called name as text.
func (n node) text(name string) string {
	text, _ := n[name].(string)
	return text
}

// texts returns the member called name, which is a list, with each element as text.
func (n node) texts(name string) []string {
	list, _ := n[name].([]any)
	texts := make([]string, len(list))
	for i, element := range list {
		texts[i] = fmt.Sprint(element)
	}
	return texts
}

// list returns the member called name, which is a list of objects.
func (n node) list(name string) []node {
	elements, _ := n[name].([]any)
	nodes := make([]node, len(elements))
	for i, element := range elements {
		nodes[i], _ = element.(map[string]any)
	}
	return nodes
}

// resolve returns what n refers to, with the members that stand beside the reference, which
// win. It returns n itself if n is no reference.
func (d *Document) resolve(n node) node {
	reference := n.text("$ref")
	if reference == "" {
		return n
	}
	path := strings.Split(strings.TrimPrefix(reference, "#/"), "/")
	resolved := node{}
	for name, value := range d.resolve(d.tree.at(path...)) {
		resolved[name] = value
	}
	for name, value := range n {
		if name != "$ref" {
			resolved[name] = value
		}
	}
	return resolved
}

// properties returns the properties of a schema and of those in its allOf.
func (d *Document) properties(schema node) map[string]node {
	schema = d.resolve(schema)
	all := map[string]node{}
	for _, part := range schema.list("allOf") {
		for name, property := range d.properties(part) {
			all[name] = property
		}
	}
	for name := range schema.at("properties") {
		all[name] = d.resolve(schema.at("properties", name))
	}
	return all
}

// operation is an operation of the document.
type operation struct {
	node
	method, path string
	// shared are the parameters of the path.
	shared []node
}

// methods are the members of a path that are operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations returns the operations by their ids.
func (d *Document) operations() map[string]operation {
	all := map[string]operation{}
	for path := range d.tree.at("paths") {
		item := d.tree.at("paths", path)
		for _, method := range methods {
			if o := item.at(method); o != nil {
				all[o.text("operationId")] = operation{o, strings.ToUpper(method), path, item.list("parameters")}
			}
		}
	}
	return all
}

// parameters returns the parameters of an operation that are in a place, such as query.
func (d *Document) parameters(o operation, place string) map[string]node {
	all := map[string]node{}
	for _, reference := range slices.Concat(o.shared, o.list("parameters")) {
		if parameter := d.resolve(reference); parameter.text("in") == place {
			all[parameter.text("name")] = parameter
		}
	}
	return all
}
