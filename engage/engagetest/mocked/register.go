package mocked

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// Register makes mock answer the requests of an operation with responder, whatever
// their host. It also makes each request without a responder fail the test. Use
// engagetest.Token for requests for a token. Register panics if this package does not
// know the operation.
func Register(t testing.TB, mock *httpmock.MockTransport, operation outcome.Operation, responder httpmock.Responder) {
	for _, r := range rows {
		if r.operation == operation {
			mock.RegisterRegexpResponder(r.route.Method, Pattern(r.route), limited(t, responder))
			mock.RegisterNoResponder(missing(t))
			return
		}
	}
	panic(fmt.Sprintf("mocked: no operation is called %q", operation))
}

// RegisterServer makes mock answer the requests of all operations from the state of
// server, whatever their host. It passes them to the server in memory. The faults of
// the server apply. It also makes each request without a responder fail the test.
func RegisterServer(t testing.TB, mock *httpmock.MockTransport, server *engagetest.Server) {
	for _, r := range rows {
		Register(t, mock, r.operation, r.forward(server))
	}
}

// forward returns a responder that sends each request to server.
func (r row) forward(server *engagetest.Server) httpmock.Responder {
	transport := server.Transport()
	return func(request *http.Request) (*http.Response, error) {
		path := r.route.Path
		for i, id := range ids(r.route) {
			value, err := httpmock.GetSubmatch(request, i+1)
			if err != nil {
				return nil, err
			}
			path = strings.Replace(path, id, value, 1)
		}
		target, err := url.Parse(server.URL() + path)
		if err != nil {
			return nil, err
		}
		target.RawQuery = request.URL.RawQuery
		forwarded := request.WithContext(request.Context())
		forwarded.URL, forwarded.Host = target, target.Host
		return transport.RoundTrip(forwarded)
	}
}

// anID matches a segment of a path that stands for an id.
var anID = regexp.MustCompile(`\{[^/{}]*\}`)

// ids returns the segments of a route that stand for ids, with their braces.
func ids(route engage.Route) []string { return anID.FindAllString(route.Path, -1) }

// Pattern returns an expression that matches the URLs of a route below any base URL,
// with or without a query. Its submatches are the ids of the path, still escaped. It is
// for a client whose route was replaced with engage.WithRoute:
//
//	route := client.Routes()[outcome.CloseConversation]
//	mock.RegisterRegexpResponder(route.Method, mocked.Pattern(route), mocked.Acknowledged("T-1"))
func Pattern(route engage.Route) *regexp.Regexp {
	fixed := anID.Split(route.Path, -1)
	for i := range fixed {
		fixed[i] = regexp.QuoteMeta(fixed[i])
	}
	return regexp.MustCompile(`^[^?#]*` + strings.Join(fixed, `([^/?#]+)`) + `(?:\?.*)?$`)
}
