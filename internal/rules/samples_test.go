package rules_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/rules"
)

// sample is the source of a made-up repository, by path, and what a rule finds in
// it.
type sample struct {
	name  string
	files map[string]string
	finds []string
}

// one is a sample of a single file.
func one(name, path, source string, finds ...string) sample {
	return sample{name, map[string]string{path: source}, finds}
}

func TestRulesFindWhatBreaksThem(t *testing.T) {
	samples := map[string][]sample{
		"imports point one way":                importSamples,
		"packages are named for what they are": nameSamples,
		"exported identifiers are documented":  documentationSamples,
		"calls of the client have examples":    exampleSamples,
		"what users set up has an example":     setupSamples,
		"no package holds mutable state":       globalSamples,
		"nothing is left for later":            leftoverSamples,
	}
	for _, rule := range rules.All() {
		t.Run(rule.Name, func(t *testing.T) {
			broken := 0
			for _, sample := range samples[rule.Name] {
				broken += len(sample.finds)
				t.Run(sample.name, func(t *testing.T) {
					var found []string
					for _, finding := range rule.Check(read(t, sample.files)) {
						found = append(found, finding.String())
					}
					require.Equal(t, sample.finds, found)
				})
			}
			require.Positive(t, broken, "no sample breaks this rule")
		})
	}
}

// read returns a repository of files, whose module is called core.
func read(t *testing.T, files map[string]string) rules.Repository {
	t.Helper()
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module core.test\n\ngo 1.26\n")}}
	for path, text := range files {
		fsys[path] = &fstest.MapFile{Data: []byte(text)}
	}
	repository, err := rules.Read(fsys)
	require.NoError(t, err)
	return repository
}

var importSamples = []sample{
	one("down", "engage/search.go", `package engage; import ("context"; "core.test/auth"; "core.test/outcome")`),
	one("its own package", "auth/token_test.go", `package auth_test; import "core.test/auth"`),
	one("up", "outcome/edge.go", `package outcome; import "core.test/engage"`,
		"outcome/edge.go:1: outcome may not import engage"),
	one("sideways", "stream/event.go", `package stream; import "core.test/auth"`,
		"stream/event.go:1: stream may not import auth"),
	one("a sub-package that is not named", "engage/client.go", `package engage; import "core.test/engage/engagetest"`,
		"engage/client.go:1: engage may not import engage/engagetest"),
	one("tests go up", "auth/token_test.go", `package auth_test; import "core.test/engage/engagetest"`),
	one("examples know everything", "examples/quickstart/main.go",
		`package main; import ("core.test/engage"; "core.test/engage/engagetest"; "core.test/stream/kafka"; "core.test/examples/story")`),
	one("examples know nothing internal", "examples/quickstart/main.go", `package main; import "core.test/internal/engine"`,
		"examples/quickstart/main.go:1: examples/... may not import internal/engine"),
	one("nothing knows the examples", "engage/client.go", `package engage; import "core.test/examples/story"`,
		"engage/client.go:1: nothing may import the examples"),
	one("tests neither", "engage/client_test.go", `package engage_test; import "core.test/examples/story"`,
		"engage/client_test.go:1: nothing may import the examples"),
	one("a folder without a row", "internal/other/other.go", `package other`,
		"internal/other/other.go:1: internal/other has no row in the table of imports"),
	one("listed modules", "auth/client.go",
		`package auth; import ("golang.org/x/oauth2/clientcredentials"; "github.com/hashicorp/go-retryablehttp")`),
	one("a module not listed", "auth/client.go", `package auth; import "golang.org/x/oauth2more"`,
		"auth/client.go:1: the core may not import golang.org/x/oauth2more"),
	one("a module not listed, in a test", "auth/client_test.go", `package auth; import "github.com/google/uuid"`,
		"auth/client_test.go:1: the core may not import github.com/google/uuid"),
	one("test libraries in a test", "auth/client_test.go",
		`package auth_test; import ("github.com/jarcoal/httpmock"; "github.com/stretchr/testify/require")`),
	one("test libraries outside one", "engage/engagetest/server.go", `package engagetest; import "github.com/stretchr/testify/require"`,
		"engage/engagetest/server.go:1: only tests may import github.com/stretchr/testify/require"),
	one("the library of a package for tests", "engage/engagetest/mocked/register.go",
		`package mocked; import ("core.test/engage/engagetest"; "github.com/jarcoal/httpmock")`),
	one("another library of a package for tests", "engage/engagetest/mocked/register.go",
		`package mocked; import "github.com/stretchr/testify/require"`,
		"engage/engagetest/mocked/register.go:1: only tests may import github.com/stretchr/testify/require"),
	{"a nested module", map[string]string{
		"stream/kafka/go.mod":          "module core.test/stream/kafka\n",
		"stream/kafka/reader.go":       `package kafka; import ("core.test/stream"; "github.com/twmb/franz-go/pkg/kgo")`,
		"stream/kafka/inner/inner.go":  `package inner; import "github.com/twmb/franz-go/pkg/kgo"`,
		"stream/kafka/conformance.go":  `package kafka; import "github.com/jarcoal/httpmock"`,
		"stream/kafka/wrong/engage.go": `package wrong; import "core.test/engage"`,
	}, []string{
		"stream/kafka/conformance.go:1: only tests may import github.com/jarcoal/httpmock",
		"stream/kafka/wrong/engage.go:1: stream/... may not import engage",
	}},
}

var nameSamples = []sample{
	one("a clear name", "auth/token.go", `package auth`),
	one("a folder", "internal/util/strings.go", `package strings`, "internal/util/strings.go:1: util does not say what the package contains"),
	one("a package", "auth/token.go", `package helpers`, "auth/token.go:1: helpers does not say what the package contains"),
	one("a test package", "auth/token_test.go", `package types_test`, "auth/token_test.go:1: types does not say what the package contains"),
	one("both at once", "models/models.go", `package models`, "models/models.go:1: models does not say what the package contains"),
}

var documentationSamples = []sample{
	one("complete", "auth/token.go", `// Package auth gets tokens.
package auth

// ErrNone says that there is no token.
var ErrNone error

// The kinds of token.
const (
	Bearer = "bearer"
	// Basic: an older one.
	Basic = "basic"
)

const (
	Seconds = 1 // beside it
)

// A Token opens doors. Its key is a secret and its last use is in UTC.
type Token struct {
	Early string

	Key     string
	LastUse string
	Kind    Kind
	Last    struct{ TokenKind }
	Other

	// Header and Value are sent.
	Header string
	Value  string
	Extra  string // beside it
	hidden string
}

// Kind is one of:
//
//	Bearer
type Kind string

// Source gives tokens.
type Source interface {
	// Next returns one.
	Next() Token
	hidden()
}

// Do does.
func (t *Token) Do() {}

// Map maps.
func (p Pair[K, V]) Map() {}

// Pair is a pair.
type Pair[K, V any] struct{}

type quiet struct{ A, B string }

func (quiet) Shown() {}
func unseen()        {}
`),
	one("tests and examples need none", "examples/quickstart/main.go", "package main\nfunc Loud() {}"),
	one("tests need none", "auth/token_test.go", "package auth_test\nfunc Loud() {}"),
	one("no package comment", "auth/token.go", "package auth", "auth/token.go:1: auth has no doc comment"),
	{"a package comment in another file", map[string]string{
		"auth/a.go": "package auth",
		"auth/b.go": "// Package auth gets tokens.\npackage auth",
	}, nil},
	one("a package comment of another name", "auth/token.go", "// Package author gets tokens.\npackage auth",
		"auth/token.go:2: auth has a comment that does not start with Package auth"),
	one("functions", "auth/token.go", `// Package auth gets tokens.
package auth

func Bare() {}

// This does.
func Other() {}

// A Third does.
func Third() {}

// Fourth does
func Fourth() {}

// Fifths does.
func Fifth() {}

//go:noinline
func Sixth() {}
`,
		"auth/token.go:4: Bare has no doc comment",
		"auth/token.go:7: Other has a comment that does not start with Other",
		"auth/token.go:10: Third has a comment that does not start with Third",
		"auth/token.go:13: Fourth has a comment that is not a sentence",
		"auth/token.go:16: Fifth has a comment that does not start with Fifth",
		"auth/token.go:19: Sixth has no doc comment"),
	one("types and their methods", "auth/token.go", `// Package auth gets tokens.
package auth

type Bare struct{}

func (Bare) Method()        {}
func (*Bare) Pointer()      {}
func (Pair[K]) Generic()    {}
func (Two[K, V]) Generics() {}

// Source gives.
type Source interface {
	Next()
	// gives one.
	Last()
}

// Types come in groups.
type (
	Pair[K any] struct{}
	// Two is two.
	Two[K, V any] struct{}
)
`,
		"auth/token.go:4: Bare has no doc comment",
		"auth/token.go:6: Method has no doc comment",
		"auth/token.go:7: Pointer has no doc comment",
		"auth/token.go:8: Generic has no doc comment",
		"auth/token.go:9: Generics has no doc comment",
		"auth/token.go:13: Next has no doc comment",
		"auth/token.go:15: Last has a comment that does not start with Last",
		"auth/token.go:20: Pair has a comment that does not start with Pair"),
	{"methods of embedded types", map[string]string{
		"auth/token.go": `// Package auth gets tokens.
package auth

// Token opens doors.
type Token struct{ *redacted }

type Plain interface{ stringer }

type redacted struct{ deep[string] }

type stringer interface {
	String() string
	hidden()
}

type named struct{ redacted redacted; alone }
`,
		"auth/deep.go": `package auth

type deep[T any] struct{}

func (deep[T]) Deep()  {}
func (deep[T]) quiet() {}
func (*redacted) Format() {}
func (alone) Alone() {}

type alone struct{}
`,
		"stream/deep.go": `// Package stream reads events.
package stream

type deep struct{}

func (deep) Unseen() {}
`,
	}, []string{
		"auth/deep.go:5: Deep has no doc comment",
		"auth/deep.go:7: Format has no doc comment",
		"auth/token.go:7: Plain has no doc comment",
		"auth/token.go:12: String has no doc comment",
	}},
	one("fields", "auth/token.go", `// Package auth gets tokens.
package auth

// Token opens doors; secrets are kept.
type Token struct {
	Secret string
	Shared string

	Value string
	// said halfway
	Half  string
	Extra struct {
		Inner string

		Alone string
	}
}

// Loose is
type Loose struct {
	Shared string
}
`,
		"auth/token.go:9: Value has no doc comment",
		"auth/token.go:11: Half has a comment that is not a sentence",
		"auth/token.go:12: Extra has a comment that is not a sentence",
		"auth/token.go:13: Inner has a comment that is not a sentence",
		"auth/token.go:15: Alone has no doc comment",
		"auth/token.go:20: Loose has a comment that is not a sentence",
		"auth/token.go:21: Shared has a comment that is not a sentence"),
	one("values", "auth/token.go", `// Package auth gets tokens.
package auth

const Bare = 1

// Alone is called something else.
var Single error

const (
	Grouped = 1
)
`,
		"auth/token.go:4: Bare has no doc comment",
		"auth/token.go:7: Single has a comment that does not start with Single",
		"auth/token.go:10: Grouped has no doc comment"),
}

// client is source of a client with calls and with other methods.
const client = `package engage

func (c *Client) Search(ctx context.Context, request Request) {}
func (c *Client) Append(ctx context.Context) {}
func (c *Client) String() string { return "" }
func (c *Client) Close(reason string) {}
func (c *Client) send(ctx context.Context) {}
func (o *Other) Do(ctx context.Context) {}
func New(ctx context.Context) *Client { return nil }
`

var exampleSamples = []sample{
	one("no client yet", "outcome/edge.go", "package outcome"),
	{"all calls shown", map[string]string{
		"engage/client.go": client,
		"engage/example_test.go": `package engage_test

func ExampleClient_Search() {
	// Output: found
}

func ExampleClient_Append_twice() {
	// Output:
}
`,
	}, nil},
	{"some not shown", map[string]string{
		"engage/client.go": client,
		"engage/example_test.go": `package engage_test

func ExampleClient_Search() {
	println("never run")
}

func ExampleClient_AppendMore() {
	// Output: another
}
`,
		"outcome/example_test.go": `package outcome_test

func ExampleClient_Append() {
	// Output: elsewhere
}
`,
	}, []string{
		"engage/client.go:3: Search has no ExampleClient_Search with an output",
		"engage/client.go:4: Append has no ExampleClient_Append with an output",
	}},
}

// source is source of a package with what users set up, and with other functions.
const source = `package auth

func NewCache() *Cache { return nil }
func WithClock() {}
func OpenBrowser() {}
func Bind() {}
func (c *Cache) Token(ctx context.Context) {}
func (c *Cache) Close(ctx context.Context) {}
func (k Key) Open() {}
func (l Login) Run(ctx context.Context) {}
func (l Login) String() {}
func (s secret) Run(ctx context.Context) {}
func newRenewal() {}
`

var setupSamples = []sample{
	{"all of it mentioned", map[string]string{
		"auth/cache.go": source,
		"auth/example_test.go": `package auth_test

func ExampleNewCache() { auth.NewCache(auth.WithClock()) }

func ExampleKey_Open() {}

func ExampleLogin_run() { auth.Login{Open: auth.OpenBrowser}.Run(ctx) }
`,
	}, nil},
	{"mentioned elsewhere", map[string]string{
		"auth/cache.go": source,
		"auth/cache_test.go": `package auth_test

func TestCache() { auth.NewCache(auth.WithClock(auth.OpenBrowser, Key, Login)) }

func (s suite) ExampleKey() {}
`,
		"stream/example_test.go": `package stream_test

func ExampleCache() { auth.NewCache(auth.WithClock(auth.OpenBrowser, Key, Login)) }
`,
	}, []string{
		"auth/cache.go:3: no example of auth mentions NewCache",
		"auth/cache.go:4: no example of auth mentions WithClock",
		"auth/cache.go:5: no example of auth mentions OpenBrowser",
		"auth/cache.go:7: no example of auth mentions Cache",
		"auth/cache.go:9: no example of auth mentions Key",
		"auth/cache.go:10: no example of auth mentions Login",
	}},
	one("internal packages need none", "internal/engine/engine.go", "package engine\nfunc New() {}"),
	one("programs need none", "examples/login/main.go", "package main\nfunc OpenBrowser() {}"),
}

var globalSamples = []sample{
	one("tables and sentinels", "auth/token.go", `package auth

var ErrNone = errors.New("none")
var _ Source = Token{}
var kinds = []string{"bearer"}
var pattern = regexp.MustCompile("x")
var inner = func() { var count int; _ = count }

func (Token) init() {}
`),
	one("variables of tests", "auth/token_test.go", "package auth_test\nvar seen []string"),
	one("init", "auth/token.go", "package auth\nfunc init() {}", "auth/token.go:2: init is not allowed"),
	one("init in a test", "auth/token_test.go", "package auth_test\nfunc init() {}", "auth/token_test.go:2: init is not allowed"),
	one("exported", "auth/token.go", "package auth\nvar Default = Token{1}",
		"auth/token.go:2: Default is a variable that users can change"),
	one("unexported", "auth/token.go", `package auth

var (
	mu     sync.Mutex
	cache  = map[string]Token{}
	more   = make(map[string]Token)
	one    = new(int)
	client = &http.Client{Timeout: 1}
)
`,
		"auth/token.go:4: mu is mutable",
		"auth/token.go:5: cache is mutable",
		"auth/token.go:6: more is mutable",
		"auth/token.go:7: one is mutable",
		"auth/token.go:8: client is mutable"),
	one("embedded files", "auth/token.go", "package auth\nimport \"embed\"\n//go:embed testdata\nvar files embed.FS\n"),
	one("another file system", "auth/token.go", "package auth\nvar files other.FS\n",
		"auth/token.go:2: files is mutable"),
}

// The words that must not stand in any Go file stand in two parts here.
var leftoverSamples = []sample{
	one("nothing", "auth/token.go", "package auth\n// Sleep is good, and so is to do something.\n"),
	one("notes", "auth/token.go", "package auth\n// TO"+"DO: all\n\n/* FIX"+"ME */",
		"auth/token.go:2: TO"+"DO is left over", "auth/token.go:4: FIX"+"ME is left over"),
	one("a wait", "auth/token.go", "package auth\nfunc f() { time"+".Sleep(1) }",
		"auth/token.go:2: time"+".Sleep is left over"),
	one("a wait in a test", "auth/token_test.go", "package auth\nfunc f() { time"+".Sleep(1) }",
		"auth/token_test.go:2: time"+".Sleep is left over"),
	one("a wait under a fake clock", "auth/token_test.go",
		"package auth\nimport \"testing/synctest\"\nfunc f() { synctest.Wait(); time"+".Sleep(1) }"),
	one("skipped tests", "auth/token_test.go", "package auth\nfunc f() {\n\tt"+".Skip()\n\tb"+".SkipNow()\n\ttb"+".Skipf(``)\n}",
		"auth/token_test.go:3: t"+".Skip is left over",
		"auth/token_test.go:4: b"+".Skip is left over",
		"auth/token_test.go:5: tb"+".Skip is left over"),
}
