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
	// mostAttempts is how often a request that may be repeated is sent.
	mostAttempts = 3
	// attemptLimit is how long one attempt may take, so that an endpoint that hangs
	// leaves time for another.
	attemptLimit = 10 * time.Second
	// exchangeLimit is how long all attempts of a single-use grant may take
	// together.
	exchangeLimit = mostAttempts * attemptLimit
	// firstWait is the least wait after the first attempt. It doubles after the next,
	// and up to as much is added at random.
	firstWait = 100 * time.Millisecond
	// longestWait is the longest wait between two attempts. If an endpoint asks for
	// a longer one, there is no further attempt, and the cache waits instead.
	longestWait = 10 * time.Second
	// maxReply is the largest reply that is read, in bytes.
	maxReply = 1 << 20
)

// endpoint is a token endpoint and the client that sends requests to it.
type endpoint struct {
	url       string
	client    client
	basicAuth bool // sends the client in a header instead of the form
	sender    *sent.Client
	// singleUse is set if the form holds a grant that the service may accept only
	// once. Then an attempt may take all the time of the exchange, and no other
	// follows if the request may have arrived.
	singleUse bool
}

// client is the id and secret of an OAuth 2 client.
type client struct {
	id     string
	secret Secret
	// fetch returns the secret where it is not known in advance; nil if it is.
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

// ask sends a token request and returns the reply, or a [*TokenEndpointError]. It
// makes up to three attempts while the failure is temporary.
func (e endpoint) ask(ctx context.Context, form url.Values) (reply, error) {
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
	if a.waiting && err != nil { // ctx has ended
		return reply{}, fmt.Errorf("%w, then %w", a.err, err)
	}
	return a.answer, a.err
}

// attempts makes the attempts of one token request. It is a [retry.Call].
type attempts struct {
	endpoint
	form    url.Values
	n       int
	answer  reply
	err     error         // of the last attempt
	wait    time.Duration // before the next attempt
	waiting bool
}

// RoundTrip makes one attempt. The result is in a; the response has no body any more.
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

// CheckRetry reports whether there is to be another attempt.
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

// Backoff returns the wait that CheckRetry has worked out.
func (a *attempts) Backoff(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return a.wait }

// attempt sends a token request once. It returns the response even if that is a
// refusal; its body has been read.
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
	// RFC 6749 wants both encoded as in a form before they go into the header.
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

// sleep waits, and returns the error of ctx if that ends first.
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

// exchange is one request and its reply. All its errors are a
// [*TokenEndpointError], and none of them holds one of the secrets.
type exchange struct {
	sender   *sent.Client
	secrets  []Secret // those in the request
	response *http.Response
	object   members
}

// sender returns a client that sends requests by transport, or by the default one if
// that is nil. A client that sends several single-use grants learns which protocol the
// service speaks, and so when a stale connection is safe to replace.
func sender(transport http.RoundTripper) *sent.Client {
	return &sent.Client{Transport: orDefault(transport)}
}

// send sends request with body and reads the JSON object of the reply. It follows
// no redirect.
func (x *exchange) send(request *http.Request, body []byte) error {
	text, err := x.sendRaw(request, body)
	if err != nil {
		return err
	}
	return x.decode(text)
}

// sendRaw sends request and returns the body of the reply; of one that is too
// large, a part that is larger than maxReply.
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

// cause returns the error of an exchange in a form that can be shown. It shows the text
// of an error of the user's own transport, without what was sent.
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

// decode reads the JSON object of a reply that is no refusal.
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

// reply returns the token in a reply of success. Even the error of an unusable one
// holds its refresh token, because the service may no longer accept the one before.
func (x *exchange) reply() (reply, error) {
	answer, problem := x.object.reply(time.Now())
	if problem != "" {
		return reply{}, x.failure(problem)
	}
	return answer, nil
}

// failure returns the error of a reply that has this problem, if any, with what the
// reply reports. It takes over a refusal in one of the known shapes:
//
//	{"error": "invalid_client", "error_description": "…"}             RFC 6749
//	{"message": "…", "errors": [{"description": "…"}], "trackingId"}  Webex
//	{"error": {"key": "…", "message": […]}, "trackingId"}             contact center
//
// The shape of Webex could stand beside a token as well, so it counts only without
// one.
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

// word returns text if it is one short word, as a code or an id is; else the empty
// string. So an error can hold it.
func (x *exchange) word(text string) string {
	const longest = 128
	if len(text) > longest || !wellFormed(text) {
		return ""
	}
	return x.withoutSecrets(text)
}

// shorten cuts an explanation to a length worth keeping.
func (x *exchange) shorten(text string) string {
	const longest = 512
	if text = x.withoutSecrets(text); len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}

// shortestSecret is the length of the shortest secret that is looked for. A shorter one
// would be found in ordinary words.
const shortestSecret = 6

// withoutSecrets replaces the secrets of the request and the tokens of the reply in
// text, plain and as in a form.
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

// reply is the successful reply of a token endpoint. A zero time is one that the
// reply does not contain.
type reply struct {
	accessToken   string
	refreshToken  Secret
	expiry        time.Time
	refreshExpiry time.Time
	scopes        []string
}

// token returns the access token.
func (r reply) token() Token { return NewToken(r.accessToken, r.expiry, r.scopes...) }

// grant returns the access token with the refresh token.
func (r reply) grant() Grant {
	return Grant{Token: r.token(), RefreshToken: r.refreshToken, RefreshExpiry: r.refreshExpiry}
}

// members are the members of a JSON object, undecoded.
type members map[string]json.RawMessage

// reply returns the reply that came at now, and what is wrong with it, if anything.
// Beyond the standard it accepts a scope that is an array (documented for Engage),
// and numbers that are strings.
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
	// A refresh deadline that cannot be read must not cost the token.
	refreshLife, _ := m.duration("refresh_token_expires_in")
	answer.refreshExpiry = after(now, refreshLife)
	switch kind := m.text("token_type"); {
	case answer.accessToken == "":
		problem = "the reply contains no access token"
	case !wellFormed(answer.accessToken):
		problem = "the access token contains an invalid character"
	case kind != "" && !strings.EqualFold(kind, "Bearer"):
		problem = "the token is not a bearer token"
	// Nor must a lifetime cost a grant that cannot be asked for again.
	case !known && answer.refreshToken.IsZero():
		problem = "expires_in is not a number of seconds from now on"
	}
	return answer, problem
}

// after returns the time that is life after now; the zero time if life is 0.
func after(now time.Time, life time.Duration) time.Time {
	if life == 0 {
		return time.Time{}
	}
	return now.Add(life)
}

// text returns the member called name if it is a string; else the empty string.
func (m members) text(name string) string {
	var text string
	_ = json.Unmarshal(m[name], &text)
	return text
}

// longestLife is 68 years, the longest lifetime that is believed.
const longestLife = math.MaxInt32 * time.Second

// duration returns the member called name as a number of seconds. It may be a
// number or a string that holds one. An absent or empty member is 0, and a longer
// time than longestLife is cut to it. The result is false for a negative number and
// for anything else.
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
