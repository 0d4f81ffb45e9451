package engagetest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/outcome"
)

// maxRequestBytes is the longest request the server reads.
const maxRequestBytes = 4 << 20

// call is a request on its way through the server.
type call struct {
	route      *route   // Nil if there is none for the request.
	methods    []string // What the path is there for, if not for the method.
	parameters map[string]string
	query      string // As it was sent.
	header     http.Header
	content    []byte
	body       *object
	now        time.Time
	tid        string
	// callbackURL is where the outcome of a write is to be posted.
	callbackURL string
}

// operation is empty for a request that has no route.
func (c *call) operation() outcome.Operation {
	if c.route == nil {
		return ""
	}
	return c.route.operation
}

// receive reads a request. It reports a failure to read the body, after which
// nobody is there to be answered.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*call, error) {
	c := &call{query: r.URL.RawQuery, header: r.Header, now: s.now(), tid: s.transactionID()}
	c.route, c.parameters, c.methods = match(r)
	if r.Body == nil {
		return c, nil // A client's request that was handed to Handler.
	}
	var err error
	c.content, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes+1))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		err = nil
	}
	return c, err
}

// mediaType is the request's content type without its parameters.
func (c *call) mediaType() string {
	mediaType, _, _ := mime.ParseMediaType(c.header.Get("Content-Type"))
	return mediaType
}

// check returns why the request cannot even be routed, or nil.
func (c *call) check() *result {
	switch {
	case c.route == nil && len(c.methods) > 0:
		return &result{status: http.StatusMethodNotAllowed, description: "the path is there for " + strings.Join(c.methods, " and ")}
	case c.route == nil:
		return new(unknown("no such path"))
	case len(c.content) > maxRequestBytes:
		return &result{status: http.StatusRequestEntityTooLarge, description: "the body is too large"}
	}
	return nil
}

// token returns the bearer token of the request.
func (c *call) token() string {
	scheme, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// decode reads the members of the request, and where to post the outcome. It
// returns why it cannot, or nil. The members are those of the body, or of the
// query of a method that has no body.
func (c *call) decode() *result {
	read := c.decodeQuery
	if c.route.method == http.MethodPost || c.route.method == http.MethodPatch {
		read = c.decodeBody
	}
	if refusal := read(); refusal != nil {
		return refusal
	}
	if c.route.write {
		c.readCallbackURL()
	}
	return nil
}

func (c *call) decodeBody() *result {
	document := bytes.TrimSpace(c.content)
	switch {
	case c.query != "":
		return malformed("a query is not expected")
	case len(document) == 0:
		document = []byte("{}")
	case c.mediaType() != "application/json":
		return &result{status: http.StatusUnsupportedMediaType, description: "the content type is not application/json"}
	case !utf8.Valid(document):
		return malformed("the body is not UTF-8")
	}
	body, ok := newObject(document)
	if !ok {
		return malformed("the body is not a JSON object")
	}
	c.body = body
	return nil
}

func (c *call) decodeQuery() *result {
	query, err := url.ParseQuery(c.query)
	switch {
	case len(bytes.TrimSpace(c.content)) > 0:
		return malformed("a body is not expected")
	case err != nil:
		return malformed("the query is malformed")
	}
	c.body = queryObject(query)
	return nil
}

func malformed(description string) *result {
	return &result{status: http.StatusBadRequest, description: description}
}

// readCallbackURL takes it from the members of the request.
func (c *call) readCallbackURL() {
	if !c.body.take("callbackUrl", "a string", &c.callbackURL) {
		return
	}
	parsed, err := url.Parse(c.callbackURL)
	if err != nil || parsed.Host == "" || !slices.Contains([]string{"http", "https"}, parsed.Scheme) {
		c.body.unusable("callbackUrl", "is not an http or https URL")
	}
}
