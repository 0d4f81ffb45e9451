package mocked

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/jarcoal/httpmock"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// missing returns the responder for requests that no other one matches. It fails the
// test, and answers with a failure that the client does not repeat.
func missing(t testing.TB) httpmock.Responder {
	return func(request *http.Request) (*http.Response, error) {
		operation, what, advice := explain(request)
		return fail(t, operation, "no responder for "+what, advice)(request)
	}
}

// exhausted reports whether err is the error of a responder whose Once or Times allow no
// further request. httpmock does not export its type, so exhausted compares it with that of
// a responder that allows none.
func exhausted(err error, request *http.Request) bool {
	_, none := httpmock.NewStringResponder(http.StatusOK, "").Times(0)(request)
	return reflect.TypeOf(err) == reflect.TypeOf(none)
}

// limited returns responder. It treats a request that Once or Times do not allow like one
// without a responder.
func limited(t testing.TB, responder httpmock.Responder) httpmock.Responder {
	return func(request *http.Request) (*http.Response, error) {
		response, err := responder(request)
		if err == nil || !exhausted(err, request) {
			return response, err
		}
		operation, what, _ := explain(request)
		return fail(t, operation, "no responder any more for "+what, "the Once or Times of its responder allow no further request")(request)
	}
}

// fail fails the test. It returns the reply that says so to the client, which shows its
// code.
func fail(t testing.TB, operation outcome.Operation, problem, advice string) httpmock.Responder {
	t.Errorf("mocked: %s; %s", problem, advice)
	if operation == engagetest.Token {
		return TokenRefused(http.StatusBadRequest, "no_responder", advice)
	}
	return Failure(http.StatusNotImplemented, problem, advice)
}

// explain describes a request without a responder: its operation, which may be empty, a
// text with method, path and operation, and what to register for it.
func explain(request *http.Request) (operation outcome.Operation, what, advice string) {
	path := request.URL.EscapedPath()
	what = request.Method + " " + path
	advice = "if the client has this route from engage.WithRoute, register one with mocked.Pattern"
	for _, r := range rows {
		switch {
		case !Pattern(r.route).MatchString(path):
		case r.route.Method == request.Method:
			call := fmt.Sprintf("mocked.Register(t, mock, %s, %s)", r.constant(), r.reply)
			advice = "register one with " + call + ", or all operations with mocked.RegisterServer"
			return r.operation, fmt.Sprintf("%s (%s)", what, r.operation), advice
		default:
			advice += fmt.Sprintf("; %s of this path is %s", r.route.Method, r.operation)
		}
	}
	return "", what + " (no operation)", advice
}
