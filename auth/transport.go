package auth

import (
	"io"
	"net/http"
)

// Transport is an [http.RoundTripper] that authorizes requests. It puts the token of
// Source on those that go to Hosts, and sends all others without a token. So an
// [http.Client] can follow redirects with it:
//
//	hosts, err := auth.NewHosts("https://webexapis.com")
//	client := &http.Client{Transport: &auth.Transport{Source: source, Hosts: hosts}}
//
// If the service refuses a token with 401, Transport invalidates it and sends the
// request once more with another token. The source must be an [Invalidator] that gives
// another token, and the request must have a GetBody if it has a body.
//
// A Transport is safe for concurrent use. Its fields must not be changed after the
// first use.
type Transport struct {
	// Source gives the tokens. Required.
	Source TokenSource
	// Hosts are the hosts that the tokens are meant for.
	Hosts Hosts
	// Base sends the requests; nil means [http.DefaultTransport].
	Base http.RoundTripper
}

// RoundTrip implements [http.RoundTripper]. An error of Source, or of putting its token
// on the request, is returned unchanged.
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
	// Reading to the end lets the connection be used again.
	_, _ = io.Copy(io.Discard, io.LimitReader(refused.Body, 64<<10))
	_ = refused.Body.Close()
	return t.send(second, other)
}

// send sends r with token, and reports to the source whether the service accepted it.
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

// closeBody closes the body of a request that is not sent, as a RoundTripper must.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close()
	}
}
