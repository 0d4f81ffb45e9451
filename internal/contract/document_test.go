package contract_test

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/contract"
)

// file is the path of the document.
const file = "../../engage/openapi.yaml"

// readOnce reads the document once for all tests, because that takes long.
var readOnce = sync.OnceValues(func() (*contract.Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return contract.Read(text)
})

// read returns the document.
func read(t *testing.T) *contract.Document {
	t.Helper()
	document, err := readOnce()
	require.NoError(t, err)
	return document
}

// object is an object of the document.
type object = map[string]any

// root returns a copy of the document as an object.
func root(t *testing.T) object {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var shared, copied object
	require.NoError(t, yaml.Unmarshal(text, &shared))
	// Aliases of YAML share objects, which a change of one must not change.
	encoded, err := json.Marshal(shared)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &copied))
	return copied
}

// changed returns a copy of the document after change.
func changed(t *testing.T, change func(root object)) *contract.Document {
	t.Helper()
	copied := root(t)
	change(copied)
	encoded, err := json.Marshal(copied)
	require.NoError(t, err)
	document, err := contract.Read(encoded)
	require.NoError(t, err)
	return document
}

// at returns the object at a path of names.
func at(t *testing.T, root object, path ...string) object {
	t.Helper()
	for _, name := range path {
		next, ok := root[name].(object)
		require.True(t, ok, "%v has no %s", path, name)
		root = next
	}
	return root
}

func TestTheDocumentAgreesWithTheTables(t *testing.T) {
	document := read(t)
	require.Empty(t, document.Operations(engage.Operations()))
	require.Empty(t, document.Support(message.SupportTable()))
	require.Empty(t, document.Regions(engage.Regions()))
}

func TestEachElementOfTheDocumentHasEvidenceAndASource(t *testing.T) {
	require.Empty(t, read(t).Marks())
}

func TestADocumentThatDiffersFromTheTablesIsFound(t *testing.T) {
	const search, messages = "/conversations/search", "/conversations/{conversation}/messages"
	for name, test := range map[string]struct {
		change func(t *testing.T, root object)
		want   string
	}{
		"a missing path": {
			func(t *testing.T, root object) { delete(at(t, root, "paths"), search) },
			"SearchConversation: the document has no operation with this id",
		},
		"another path": {
			func(t *testing.T, root object) {
				paths := at(t, root, "paths")
				paths["/search"] = paths[search]
				delete(paths, search)
			},
			`SearchConversation: the path is "/conversations/search" in the table and "/search" in the document`,
		},
		"another verb": {
			func(t *testing.T, root object) {
				path := at(t, root, "paths", search)
				path["put"] = path["post"]
				delete(path, "post")
			},
			`SearchConversation: the verb is "POST" in the table and "PUT" in the document`,
		},
		"an operation that the table lacks": {
			func(t *testing.T, root object) {
				at(t, root, "paths", search)["get"] = object{"operationId": "Count", "responses": object{"200": object{"description": "a number"}}}
			},
			"Count: the table has no such operation",
		},
		"a path with more evidence than there is": {
			func(t *testing.T, root object) { at(t, root, "paths", search, "post")["x-evidence"] = "documented" },
			`SearchConversation: the evidence of the route is "assumed" in the table and "documented" in the document`,
		},
		"a member with more evidence than there is": {
			func(t *testing.T, root object) {
				at(t, root, "components", "schemas", "Address", "properties", "browserFingerprint")["x-evidence"] = "documented"
			},
			`SearchConversation request browserFingerprint: the evidence is "assumed" in the table and "documented" in the document`,
		},
		"an edge with less evidence than there is": {
			func(t *testing.T, root object) {
				edges := at(t, root, "paths", messages, "post", "x-edges")["successes"].([]any)
				edges[0].(object)["x-evidence"] = "assumed"
			},
			`AppendMessage successes onAppendMessageSuccess: the evidence is "documented" in the table and "assumed" in the document`,
		},
		"an edge in another spelling": {
			func(t *testing.T, root object) {
				edges := at(t, root, "paths", messages, "post", "x-edges")["failures"].([]any)
				edges[0].(object)["edge"] = "onAppendMessageFailed"
			},
			`AppendMessage failures: the list of edges is "onAppendMessageFailure" in the table and "onAppendMessageFailed" in the document`,
		},
		"a missing member of a request": {
			func(t *testing.T, root object) {
				delete(at(t, root, "components", "schemas", "AppendRequest", "properties"), "extras")
			},
			`AppendMessage request: the document lacks "extras", which the table has`,
		},
		"a member that requests do not have": {
			func(t *testing.T, root object) {
				at(t, root, "components", "schemas", "AppendRequest", "properties")["priority"] = object{"type": "string"}
			},
			`AppendMessage request: the table lacks "priority", which the document has`,
		},
		"a missing member of a reply": {
			func(t *testing.T, root object) {
				delete(at(t, root, "components", "schemas", "SearchReply", "properties", "value", "properties"), "teamId")
			},
			`SearchConversation reply: the document lacks "value.teamId", which the table has`,
		},
		"a member that replies do not have": {
			func(t *testing.T, root object) {
				at(t, root, "components", "schemas", "Acknowledgement", "properties")["ticket"] = object{"type": "string"}
			},
			`CloseConversation reply: the table lacks "ticket", which the document has`,
		},
		"a missing version": {
			func(t *testing.T, root object) {
				at(t, root, "paths", search, "post")["x-versions"] = []any{"1.0", "1.3"}
			},
			`SearchConversation: the list of versions is "1.0, 1.1, 1.3" in the table and "1.0, 1.3" in the document`,
		},
		"another class": {
			func(t *testing.T, root object) { at(t, root, "paths", messages, "post")["x-class"] = "read" },
			`AppendMessage: the class is "unsafe" in the table and "read" in the document`,
		},
		"a message type on another channel": {
			func(t *testing.T, root object) {
				rows := at(t, root, "components", "schemas", "WhatsAppList")["x-support"].([]any)
				rows[0].(object)["channels"] = []any{"sms"}
			},
			`x-support: the table lacks "outbound wab-list on sms`,
		},
		"a region at another address": {
			func(_ *testing.T, root object) {
				root["servers"].([]any)[0].(object)["url"] = "https://api.example.com/api/v1"
			},
			`servers: the document lacks "us https://api-us-site-1.imiengage.io/api/v1", which the table has`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			document := changed(t, func(root object) { test.change(t, root) })
			findings := append(document.Operations(engage.Operations()), document.Support(message.SupportTable())...)
			findings = append(findings, document.Regions(engage.Regions())...)
			require.Contains(t, strings.Join(findings, "\n"), test.want)
		})
	}
}

func TestAMissingOrUnknownMarkIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		change func(t *testing.T, root object)
		want   string
	}{
		"a member without evidence": {
			func(t *testing.T, root object) {
				delete(at(t, root, "components", "schemas", "TransferRequest", "properties", "team"), "x-evidence")
			},
			`/components/schemas/TransferRequest/properties/team: x-evidence is "", and not one of documented, observed, assumed`,
		},
		"an unknown evidence": {
			func(t *testing.T, root object) {
				at(t, root, "paths", "/oauth/token", "post")["x-evidence"] = "certain"
			},
			`/paths//oauth/token/post: x-evidence is "certain"`,
		},
		"an edge without a source": {
			func(_ *testing.T, root object) { delete(root["x-standard-edges"].([]any)[0].(object), "x-source") },
			`/x-standard-edges[0]: x-source is "", which x-sources does not list`,
		},
		"an unknown source": {
			func(t *testing.T, root object) { delete(at(t, root, "x-sources"), "push-mms") },
			`/webhooks/mms/post: x-source is "push-mms", which x-sources does not list`,
		},
		"an observation that no page shows": {
			func(t *testing.T, root object) {
				at(t, root, "paths", "/conversations", "post")["x-evidence"] = "observed"
			},
			`/paths//conversations/post: x-evidence is "observed", but the source has no page`,
		},
		"a callback without evidence": {
			func(t *testing.T, root object) {
				delete(at(t, root, "components", "callbacks", "Resolved", "{$request.body#/callbackUrl}", "post"), "x-evidence")
			},
			"/components/callbacks/Resolved/{$request.body#/callbackUrl}/post: x-evidence",
		},
		"a parameter without evidence": {
			func(t *testing.T, root object) {
				delete(at(t, root, "components", "parameters", "conversation"), "x-evidence")
			},
			"/paths//conversations/{conversation}/parameters[0]: x-evidence",
		},
	} {
		t.Run(name, func(t *testing.T) {
			document := changed(t, func(root object) { test.change(t, root) })
			require.Contains(t, strings.Join(document.Marks(), "\n"), test.want)
		})
	}
}

func TestATextThatIsNoDocumentIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"no YAML":                  "openapi: [",
		"no OpenAPI":               "hello: world",
		"no title":                 `{"openapi": "3.1.0", "info": {"version": "1"}, "paths": {}}`,
		"a response without words": `{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/": {"get": {"responses": {"200": {}}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.Read([]byte(text))
			require.ErrorContains(t, err, "contract: ")
		})
	}
}
