package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/retry"
	"github.com/engagesdk/engage-go/internal/retryafter"
	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/sent"
)

const (
	// mostAttempts is the largest number of attempts of one token request.
	mostAttempts = 3
	// attemptLimit is how long one attempt may take. It leaves time for another if the
	// endpoint hangs.
	attemptLimit = 10 * time.Second
	// exchangeLimit is how long all attempts of a refresh may take together.
	exchangeLimit = mostAttempts * attemptLimit
	// firstWait is the shortest wait after the first attempt. The shortest wait doubles
	// after each further attempt. A random time of up to the same length is added.
	firstWait = 100 * time.Millisecond
	// longestWait is the longest wait between two attempts. If the endpoint asks for a
	// longer wait, there is no further attempt, and the cache pauses instead.
	longestWait = 10 * time.Second
	// maxReply is the size of the largest reply that is accepted, in bytes.
	maxReply = 1 << 20
)

// endpoint is a token endpoint with the OAuth 2 client that requests tokens from it.
type endpoint struct {
	url       string
	client    client
	basicAuth bool // send the id and secret in a header instead of the form
	sender    *sent.Client
	// singleUse is set if the service may accept the grant in the form only once. Then
	// attemptLimit does not apply, and after a lost reply there is no further attempt.
	singleUse bool
}

// client is the id and secret of an OAuth 2 client.
type client struct {
	id     string
	secret Secret
	// fetch returns the secret; nil means that secret is set instead.
	fetch func(context.Context) (Secret, error)
}

// currentSecret returns the secret to send now.
func (c client) currentSecret(ctx context.Context) (Secret, error) {
	if c.fetch == nil {
		return c.secret, nil
	}
	secret, err := c.fetch(ctx)
	if err != nil {
		return Secret{}, fmt.Errorf("auth: the client secret is not available: %w", err)
	}
	if problem := secretProblem(secret); problem != "" {
		return Secret{}, safeerror.New("auth: the client secret " + problem)
	}
	return secret, nil
}

// request sends a token request and returns the reply. It makes up to three attempts while
// the failure is temporary. The error is a [*TokenEndpointError] or that of client.fetch.
// It wraps the error of ctx too if ctx ends between two attempts.
func (e endpoint) request(ctx context.Context, form url.Values) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, nil)
	if err != nil {
		return reply{}, safeerror.Exchange(err)
	}
	a := attempts{endpoint: e, form: form}
	response, err := a.RoundTrip(request)
	if a.err == nil {
		return a.answer, nil
	}
	_, err = retry.Continue(request, response, err, &a)
	if a.waiting && err != nil { // ctx ended during the wait
		return reply{}, fmt.Errorf("%w, then %w", a.err, err)
	}
	return a.answer, a.err
}

// attempts makes the attempts of one token request. It is a [retry.Call].
type attempts struct {
	endpoint
	form    url.Values
	n       int
	answer  reply         // of the last attempt
	err     error         // of the last attempt
	wait    time.Duration // before the next attempt
	waiting bool          // set from CheckRetry until the next attempt
}

// RoundTrip makes one attempt and puts its result in a. The body of the response has been
// read.
func (a *attempts) RoundTrip(request *http.Request) (*http.Response, error) {
	a.n++
	a.waiting = false
	var response *http.Response
	response, a.answer, a.err = a.attempt(request.Context(), a.form)
	if response == nil {
		return nil, a.err
	}
	response.Body = http.NoBody
	return response, nil
}

// CheckRetry reports whether to make another attempt, and sets the wait before it.
func (a *attempts) CheckRetry(ctx context.Context, _ *http.Response, _ error) (bool, error) {
	failure, ok := errors.AsType[*TokenEndpointError](a.err)
	if a.n == mostAttempts || ctx.Err() != nil || !ok || !failure.Temporary() {
		return false, nil
	}
	if failure.Status/100 == 2 || a.singleUse && failure.maybeApplied {
		return false, nil
	}
	a.wait = max(firstWait<<(a.n-1)+retry.Wait(a.n, firstWait, longestWait), failure.RetryAfter)
	deadline, limited := ctx.Deadline()
	a.waiting = a.wait <= longestWait && !(limited && time.Until(deadline) < a.wait)
	return a.waiting, nil
}

// Backoff returns the wait that CheckRetry has set.
func (a *attempts) Backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return a.wait }

// attempt sends a token request once. It returns the response, whose body has been read,
// even if that is a refusal. The response is nil if there was none.
func (e endpoint) attempt(ctx context.Context, form url.Values) (*http.Response, reply, error) {
	secret, err := e.client.currentSecret(ctx)
	if err != nil {
		return nil, reply{}, err
	}
	if !e.singleUse {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, attemptLimit)
		defer cancel()
	}
	x := exchange{sender: e.sender, secrets: []Secret{secret}}
	for _, field := range [...]string{"refresh_token", "code", "code_verifier", "device_code"} {
		x.secrets = append(x.secrets, NewSecret(form.Get(field)))
	}
	// RFC 6749 requires both to be encoded as in a form, even in the header.
	id, password := url.QueryEscape(e.client.id), url.QueryEscape(secret.Reveal())
	body := form.Encode()
	if !e.basicAuth {
		body += "&client_id=" + id + "&client_secret=" + password
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, nil)
	if err != nil {
		return nil, reply{}, safeerror.Exchange(err)
	}
	if e.basicAuth {
		request.SetBasicAuth(id, password)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := x.send(request, []byte(body)); err != nil {
		return x.response, reply{}, err
	}
	answer, err := x.reply()
	return x.response, answer, err
}

// sleep waits. If ctx ends first, it returns the error of ctx.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exchange is one request and its reply. Its errors are [*TokenEndpointError] and hold none
// of the secrets.
type exchange struct {
	sender   *sent.Client
	secrets  []Secret // the secrets in the request
	response *http.Response
	object   members // the reply
}

// sender returns a client that sends requests by transport, or by [http.DefaultTransport]
// if that is nil. Use one client for all refreshes of a source: it learns which protocol
// the service speaks, and so when it may repeat a request after a stale connection.
func sender(transport http.RoundTripper) *sent.Client {
	return &sent.Client{Transport: orDefault(transport)}
}

// send sends request with body and decodes the JSON object in the reply. It follows no
// redirect.
func (x *exchange) send(request *http.Request, body []byte) error {
	text, err := x.sendRaw(request, body)
	if err != nil {
		return err
	}
	return x.decode(text)
}

// sendRaw sends request and returns the body of the reply. Of a body that is too large it
// returns the first maxReply+1 bytes.
func (x *exchange) sendRaw(request *http.Request, body []byte) ([]byte, error) {
	request.Header.Set("Accept", "application/json")
	ctx := request.Context()
	var watch sent.Watch
	response, err := x.sender.Send(request, body, &watch)
	if err != nil {
		return nil, &TokenEndpointError{Err: x.cause(ctx, err), maybeApplied: !watch.NotSent()}
	}
	x.response = response
	if response.Body == nil {
		failure := x.failure("the transport returned no body")
		failure.maybeApplied = true
		return nil, failure
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < http.StatusOK {
		// After a 101 the body is the connection itself, which no context ends.
		failure := x.failure("the reply is not the final one")
		failure.maybeApplied = true
		return nil, failure
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err != nil {
		failure := x.failure("the reply broke off")
		failure.Err, failure.maybeApplied = x.cause(ctx, err), true
		return nil, failure
	}
	return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), nil
}

// cause returns an error for err whose text holds no secret. It keeps the text of an error
// of a user's own transport, but replaces the secrets of the request in it.
func (x *exchange) cause(ctx context.Context, err error) error {
	_, standard := x.sender.Transport.(*http.Transport)
	_, own := x.sender.Transport.(interface{ IsNetHTTP() })
	if standard || own || ctx.Err() != nil {
		return safeerror.Cause(ctx, err, sent.ErrNoReply)
	}
	secrets := make([]string, len(x.secrets))
	for i, secret := range x.secrets {
		secrets[i] = secret.Reveal()
	}
	return safeerror.Show(err, secrets...)
}

// decode decodes the JSON object in the reply. It returns an error for a refusal and for
// a body that is no object.
func (x *exchange) decode(body []byte) error {
	if len(body) > maxReply {
		return x.failure("the reply is larger than 1 MiB")
	}
	if err := json.Unmarshal(body, &x.object); err != nil || x.object == nil {
		x.object = nil
		return x.failure("the reply is not a JSON object")
	}
	if failure := x.failure(""); failure.recognised || x.response.StatusCode/100 != 2 {
		return failure
	}
	return nil
}

// reply returns the tokens in a successful reply. If the access token is not usable, the
// error holds the refresh token, because the service may no longer accept the old one.
func (x *exchange) reply() (reply, error) {
	answer, problem := x.object.reply(time.Now())
	if problem != "" {
		return reply{}, x.failure(problem)
	}
	return answer, nil
}

// failure returns the error of the reply, with the problem, which may be empty. It contains
// what the reply reports, and the details of a refusal in one of the known shapes:
//
//	{"error": "invalid_client", "error_description": "…"}             RFC 6749
//	{"message": "…", "errors": [{"description": "…"}], "trackingId"}  Webex
//	{"error": {"key": "…", "message": […]}, "trackingId"}             contact center
//
// A successful reply could contain the members of the second shape too, so that shape
// counts only without an access token.
func (x *exchange) failure(problem string) *TokenEndpointError {
	header, object := x.response.Header, x.object
	e := &TokenEndpointError{
		Status:     x.response.StatusCode,
		TrackingID: cmp.Or(x.word(object.text("trackingId")), x.word(header.Get("TrackingId")), x.word(header.Get("trxid"))),
		RetryAfter: retryafter.Read(header, time.Now()),
		problem:    problem,
	}
	if e.Status/100 == 2 {
		e.refreshToken = NewSecret(object.text("refresh_token"))
	}
	var nested members
	_ = json.Unmarshal(object["error"], &nested)
	code := object.text("error")
	switch {
	case code != "":
		e.Code, e.Description = x.word(code), x.shorten(object.text("error_description"))
		e.recognised = true
	case len(nested) > 0:
		e.Code, e.Description = x.word(nested.text("key")), x.shorten(nested.text("message"))
		e.recognised = true
	case object["message"] != nil && object["trackingId"] != nil && object.text("access_token") == "":
		e.Description = x.shorten(object.text("message"))
		e.recognised = true
	}
	return e
}

// word returns text if it is one short word, such as a code or an id; else the empty
// string. It replaces secrets.
func (x *exchange) word(text string) string {
	const longest = 128
	if len(text) > longest || !wellFormed(text) {
		return ""
	}
	return x.withoutSecrets(text)
}

// shorten cuts text to 512 bytes and replaces secrets.
func (x *exchange) shorten(text string) string {
	const longest = 512
	if text = x.withoutSecrets(text); len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// shortestSecret is the length of the shortest secret that withoutSecrets replaces. A
// shorter one may be part of an ordinary word.
const shortestSecret = 6

// withoutSecrets replaces the secrets of the request and the tokens of the reply in text,
// both plain and encoded as in a form.
func (x *exchange) withoutSecrets(text string) string {
	secrets := []string{x.object.text("access_token"), x.object.text("refresh_token")}
	for _, secret := range x.secrets {
		secrets = append(secrets, secret.Reveal())
	}
	for _, secret := range secrets {
		if len(secret) >= shortestSecret {
			text = strings.ReplaceAll(text, secret, redaction)
			text = strings.ReplaceAll(text, url.QueryEscape(secret), redaction)
		}
	}
	return text
}

// reply is the successful reply of a token endpoint. A time is zero if the reply does not
// contain it.
type reply struct {
	accessToken   string
	refreshToken  Secret
	expiry        time.Time
	refreshExpiry time.Time
	scopes        []string
}

// token returns the access token.
func (r reply) token() Token { return NewToken(r.accessToken, r.expiry, r.scopes...) }

// grant returns the reply as a grant.
func (r reply) grant() Grant {
	return Grant{Token: r.token(), RefreshToken: r.refreshToken, RefreshExpiry: r.refreshExpiry}
}

// members are the members of a JSON object, undecoded.
type members map[string]json.RawMessage

// reply returns the reply that came at now. If the access token is not usable, problem says
// why. Beyond RFC 6749, reply accepts a scope that is an array (documented for Engage), and
// numbers in strings.
func (m members) reply(now time.Time) (answer reply, problem string) {
	answer.accessToken = m.text("access_token")
	answer.refreshToken = NewSecret(m.text("refresh_token"))
	answer.scopes = strings.Fields(m.text("scope"))
	var list []string
	if json.Unmarshal(m["scope"], &list) == nil {
		answer.scopes = strings.Fields(strings.Join(list, " "))
	}
	life, known := m.duration("expires_in")
	answer.expiry = after(now, life)
	// An invalid lifetime of the refresh token must not cost the tokens.
	refreshLife, _ := m.duration("refresh_token_expires_in")
	answer.refreshExpiry = after(now, refreshLife)
	switch kind := m.text("token_type"); {
	case answer.accessToken == "":
		problem = "the reply contains no access token"
	case !wellFormed(answer.accessToken):
		problem = "the access token contains an invalid character"
	case kind != "" && !strings.EqualFold(kind, "Bearer"):
		problem = "the token is not a bearer token"
	// An invalid lifetime must not cost a refresh token either.
	case !known && answer.refreshToken.IsZero():
		problem = "expires_in is not a number of seconds from now on"
	}
	return answer, problem
}

// after returns the time life after now, or the zero time if life is 0.
func after(now time.Time, life time.Duration) time.Time {
	if life == 0 {
		return time.Time{}
	}
	return now.Add(life)
}

// text returns the member called name, or the empty string if it is no string.
func (m members) text(name string) string {
	var text string
	_ = json.Unmarshal(m[name], &text)
	return text
}

// longestLife is the longest lifetime, 68 years. A longer one is cut to it.
const longestLife = math.MaxInt32 * time.Second

// duration returns the member called name, a number of seconds or a string with one. It
// returns 0 for an absent or empty member, and at most longestLife. It returns false if the
// number is negative or the member is anything else.
func (m members) duration(name string) (time.Duration, bool) {
	text := strings.Trim(string(m[name]), `"`)
	if text == "" || text == "null" {
		return 0, true
	}
	seconds, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(seconds, 1):
		return longestLife, true
	case err != nil, math.IsNaN(seconds), seconds < 0:
		return 0, false
	}
	return time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second)), true
}
