package sent

import (
	"net/http"

	"github.com/engagesdk/engage-go/internal/safeerror"
)

// errEnded is the error of a request that a middleware sends after its attempt ended.
var errEnded = safeerror.New("the attempt of the request has ended")

// Below returns transport for the end of a chain of middleware. It notes for the Watch of
// a request how often the middleware sends it. After the attempt it sends nothing more.
func Below(transport http.RoundTripper) http.RoundTripper { return below{transport} }

// below implements [Below].
type below struct{ transport http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (b below) RoundTrip(request *http.Request) (*http.Response, error) {
	w, ok := request.Context().Value(watchKey{}).(*Watch)
	if !ok {
		return b.transport.RoundTrip(request)
	}
	if !w.enter() {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, errEnded
	}
	response, err := b.transport.RoundTrip(request)
	w.leave(response, err)
	return response, err
}

// enter notes that a middleware sends the request. It returns false if the attempt has
// ended.
func (w *Watch) enter() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.ended {
		return false
	}
	w.sendings++
	w.inFlight++
	return true
}

// leave notes the result of a sending of a middleware.
func (w *Watch) leave(response *http.Response, err error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.inFlight--
	w.status, w.err = 0, err
	if response != nil {
		w.status = response.StatusCode
	}
}

// answered notes that the middleware returned a response with this status.
func (w *Watch) answered(status int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.ended = true
	w.unproven = w.sendings != 1 || w.status != status
}

// Unproven reports whether the response is perhaps not all that the server answered: a
// middleware sent the request several times, made the response itself, or sent the
// request in a way that the Watch does not see.
func (w *Watch) Unproven() bool {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.unproven
}
