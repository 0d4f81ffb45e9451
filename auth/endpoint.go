package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/engagesdk/engage-go/internal/nothing"
	"github.com/engagesdk/engage-go/internal/safeerror"
)

// endpoint is a token endpoint and the client that asks it.
type endpoint struct {
	url       string
	clientID  string
	secret    Secret
	style     oauth2.AuthStyle // never AutoDetect, which sends every secret twice
	transport http.RoundTripper
	// single tells that what is sent may be good for one use. So a try has all the
	// time of the exchange, and none follows upon one that may have arrived.
	single bool
}

// ask sends one token request and returns the endpoint's answer, or a
// [*TokenEndpointError]. The form's grant_type selects the grant.
func (e endpoint) ask(ctx context.Context, form url.Values) (*oauth2.Token, error) {
	if !e.single {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, tryLimit)
		defer cancel()
	}
	reader := &replyReader{base: e.transport}
	client := &http.Client{
		Transport: reader,
		// A redirect would carry the secret to wherever it leads.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	config := clientcredentials.Config{
		ClientID:       e.clientID,
		ClientSecret:   e.secret.Reveal(),
		TokenURL:       e.url,
		AuthStyle:      e.style,
		EndpointParams: form,
	}
	answer, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	if err == nil {
		return answer, nil
	}
	return nil, reader.failure(ctx, err)
}

// tokenOf returns the token in an answer.
func tokenOf(answer *oauth2.Token) Token {
	scope, _ := answer.Extra("scope").(string)
	return NewToken(answer.AccessToken, answer.Expiry, strings.Fields(scope)...)
}

// orDefault returns transport, or the default one if that is nil or holds nil.
func orDefault(transport http.RoundTripper) http.RoundTripper {
	if nothing.In(transport) {
		return http.DefaultTransport
	}
	return transport
}

// cloneOfDefault returns a copy of the default transport, so that nobody's pool
// of connections is shared.
func cloneOfDefault() http.RoundTripper {
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		return standard.Clone()
	}
	return http.DefaultTransport
}

// maxReply is the largest reply of a token endpoint that is read, in bytes.
const maxReply = 1 << 20

// send sends one request that is not a token request of x/oauth2 and returns
// the reply and the JSON object in it, or a [*TokenEndpointError]. It follows no
// redirect.
func send(transport http.RoundTripper, r *http.Request) (*http.Response, members, error) {
	r.Header.Set("Accept", "application/json")
	ctx, cancel := context.WithTimeout(r.Context(), tryLimit)
	defer cancel()
	response, body, err := roundTrip(transport, r.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	object, failure := decode(response, body)
	if failure != nil {
		return nil, nil, failure
	}
	return response, object, nil
}

// roundTrip sends r and reads the body of the answer, or as much of it as tells
// that it is too large. All its errors are a [*TokenEndpointError].
func roundTrip(transport http.RoundTripper, r *http.Request) (*http.Response, []byte, error) {
	var way departure
	response, err := transport.RoundTrip(r.WithContext(way.watch(r.Context())))
	if err != nil {
		return nil, nil, &TokenEndpointError{Err: safeerror.Cause(r.Context(), err), lost: way.possible()}
	}
	if response == nil || response.Body == nil {
		return nil, nil, &TokenEndpointError{problem: "the transport returned no response", lost: way.possible()}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < http.StatusOK {
		// After a 101 the body is the connection itself, and no context ends it.
		return response, nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err != nil {
		return nil, nil, &TokenEndpointError{Status: response.StatusCode, problem: "the reply broke off", Err: safeerror.Cause(r.Context(), err), lost: true}
	}
	return response, body, nil
}

// replyReader stands between x/oauth2 and the network. It turns whatever a
// token endpoint answers into either a plain RFC 6749 reply, which x/oauth2
// reads without trouble, or a [*TokenEndpointError].
type replyReader struct {
	base http.RoundTripper
	// unread is what to report if x/oauth2 has trouble all the same.
	unread *TokenEndpointError
}

// failure makes err, which came instead of an answer, a [*TokenEndpointError].
func (t *replyReader) failure(ctx context.Context, err error) error {
	if failure, ok := errors.AsType[*TokenEndpointError](err); ok {
		return failure
	}
	if t.unread != nil {
		return t.unread
	}
	return &TokenEndpointError{Err: safeerror.Cause(ctx, err)}
}

func (t *replyReader) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	response, body, err := roundTrip(t.base, r)
	if err != nil {
		return nil, err
	}
	plain, failure := read(response, body)
	if failure != nil {
		return nil, failure
	}
	t.unread = failureOf(response)
	t.unread.problem, t.unread.refresh = "the reply cannot be read", NewSecret(plain.RefreshToken)
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false) // which could make more of it than the 1 MiB that x/oauth2 reads
	if err := encoder.Encode(plain); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: response.Status, StatusCode: http.StatusOK, Proto: response.Proto,
		ProtoMajor: response.ProtoMajor, ProtoMinor: response.ProtoMinor,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(&encoded),
		ContentLength: int64(encoded.Len()),
		Request:       r,
	}, nil
}
