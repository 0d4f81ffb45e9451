package auth

import (
	"io"
	"net/http"
)

// Transport is an [http.RoundTripper] that authorizes requests. It puts the token of Source
// on requests that go to Hosts, and sends other requests unchanged. An [http.Client] with
// it can follow redirects safely:
//
//	hosts, err := auth.NewHosts("https://webexapis.com")
//	client := &http.Client{Transport: &auth.Transport{Source: source, Hosts: hosts}}
//
// If the reply is 401 and Source is an [Invalidator], Transport invalidates the token. It
// then sends the request once more if Source returns another token. A request with a body
// must have a GetBody for that. Otherwise Transport returns the reply. After a 2xx reply it
// calls Accept if Source is an [Accepter].
//
// A Transport is safe for concurrent use. Do not change its fields after the first use.
type Transport struct {
	// Source returns the tokens. Required.
	Source TokenSource
	// Hosts are the hosts that the tokens are meant for. If it is empty, no request
	// gets a token.
	Hosts Hosts
	// Base sends the requests; nil means [http.DefaultTransport].
	Base http.RoundTripper
}

// RoundTrip implements [http.RoundTripper]. It returns errors of Source and of
// [Hosts.Authorize] unchanged.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.Hosts.allow(r.URL) {
		return orDefault(t.Base).RoundTrip(r)
	}
	token, err := t.Source.Token(r.Context())
	if err != nil {
		closeBody(r)
		return nil, err
	}
	refused, err := t.send(r, token)
	if err != nil || refused.StatusCode != http.StatusUnauthorized {
		return refused, err
	}
	second := r.Clone(r.Context())
	switch {
	case r.GetBody != nil:
		if second.Body, err = r.GetBody(); err != nil {
			return refused, nil
		}
	case r.Body != nil && r.Body != http.NoBody:
		return refused, nil
	}
	other, err := t.Source.Token(r.Context())
	if err != nil || other.Equal(token) {
		closeBody(second)
		return refused, nil
	}
	// The connection can be reused only after the body has been read to its end.
	_, _ = io.Copy(io.Discard, io.LimitReader(refused.Body, 64<<10))
	_ = refused.Body.Close()
	return t.send(second, other)
}

// send sends r with token, and calls Accept or Invalidate of Source.
func (t *Transport) send(r *http.Request, token Token) (*http.Response, error) {
	authorized := r.Clone(r.Context())
	if err := t.Hosts.Authorize(authorized, token); err != nil {
		closeBody(r)
		return nil, err
	}
	response, err := orDefault(t.Base).RoundTrip(authorized)
	if err != nil {
		return nil, err
	}
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		if source, ok := t.Source.(Invalidator); ok {
			source.Invalidate(token)
		}
	case response.StatusCode/100 == 2:
		if source, ok := t.Source.(Accepter); ok {
			source.Accept(token)
		}
	}
	return response, nil
}

// closeBody closes the body of r, as a RoundTripper must even if it does not send r.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
