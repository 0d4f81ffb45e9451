package contract

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
)

// Checker is a transport that checks every request and every reply that pass through it.
// It changes neither, but reads both to their ends first. A reply that breaks off is not
// checked. Checker is safe for concurrent use.
type Checker struct {
	// Document is what the traffic must follow.
	Document *Document
	// Transport makes the requests.
	Transport http.RoundTripper

	mu       sync.Mutex
	findings []string
	checked  int
}

// RoundTrip implements [http.RoundTripper].
func (c *Checker) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		body, err = io.ReadAll(request.Body)
		request.Body.Close()
		if err != nil {
			return nil, err
		}
		request = request.Clone(request.Context())
		request.Body = io.NopCloser(bytes.NewReader(body))
	}
	c.add(c.Document.Request(request, body))
	reply, err := c.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(reply.Body)
	reply.Body.Close()
	rest := io.Reader(bytes.NewReader(content))
	if err != nil {
		rest = io.MultiReader(rest, failing{err})
	} else {
		c.add(c.Document.Reply(request, reply, content))
	}
	reply.Body = io.NopCloser(rest)
	return reply, nil
}

// add adds the findings of a check.
func (c *Checker) add(findings []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked++
	c.findings = append(c.findings, findings...)
}

// Findings returns what was found so far, and how many requests and replies were checked.
func (c *Checker) Findings() (findings []string, checked int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.findings), c.checked
}

// failing is a reader that fails.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }
