package auth

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/retryafter"
)

// reply is a token endpoint's answer in the form of RFC 6749.
type reply struct {
	AccessToken      string `json:"access_token"`
	RefreshToken     string `json:"refresh_token,omitempty"`
	ExpiresIn        int64  `json:"expires_in,omitempty"`
	RefreshExpiresIn int64  `json:"refresh_token_expires_in,omitempty"`
	Scope            string `json:"scope,omitempty"`
}

// members are the members of a JSON object, undecoded.
type members map[string]json.RawMessage

// read reads the answer of a token endpoint. It accepts what is known to be
// sent beyond the standard: a scope that is an array (documented for Engage),
// and numbers written as strings.
func read(response *http.Response, body []byte) (reply, *TokenEndpointError) {
	object, failure := decode(response, body)
	if failure != nil {
		return reply{}, failure
	}
	answer, problem := object.reply()
	if problem != "" {
		return reply{}, unreadable(response, object, problem)
	}
	return answer, nil
}

// unreadable returns the error of a successful reply that does not hold what was
// asked for.
func unreadable(response *http.Response, object members, problem string) *TokenEndpointError {
	failure := failureOf(response)
	failure.explain(object) // it may have a tracking id
	failure.problem, failure.refresh = problem, NewSecret(object.text("refresh_token"))
	return failure
}

// decode returns the JSON object of an answer that is no refusal.
func decode(response *http.Response, body []byte) (members, *TokenEndpointError) {
	failure := failureOf(response)
	if len(body) > maxReply {
		failure.problem = "the reply is larger than 1 MiB"
		return nil, failure
	}
	var object members
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		failure.problem = "the reply is not a JSON object"
		return nil, failure
	}
	ok := response.StatusCode/100 == 2
	if ok {
		failure.refresh = NewSecret(object.text("refresh_token"))
	}
	if failure.explain(object); failure.recognised || !ok {
		return nil, failure
	}
	return object, nil
}

// failureOf begins the error that an answer may turn out to be.
func failureOf(response *http.Response) *TokenEndpointError {
	return &TokenEndpointError{
		Status:     response.StatusCode,
		TrackingID: cmp.Or(word(response.Header.Get("TrackingId")), word(response.Header.Get("trxid"))),
		RetryAfter: retryafter.Read(response.Header, time.Now()),
	}
}

// explain fills in what a refusal in one of the known shapes tells:
//
//	{"error": "invalid_client", "error_description": "…"}             RFC 6749
//	{"message": "…", "errors": [{"description": "…"}], "trackingId"}  Webex
//	{"error": {"key": "…", "message": […]}, "trackingId"}             contact center
//
// That of Webex could stand beside a token as well, so it counts only without one.
func (e *TokenEndpointError) explain(object members) {
	if id := word(object.text("trackingId")); id != "" {
		e.TrackingID = id
	}
	var nested members
	_ = json.Unmarshal(object["error"], &nested)
	code := object.text("error")
	switch {
	case code != "":
		e.Code, e.Description = word(code), shorten(object.text("error_description"))
		e.recognised = true
	case len(nested) > 0:
		e.Code, e.Description = word(nested.text("key")), shorten(nested.text("message"))
		e.recognised = true
	case object["message"] != nil && object["trackingId"] != nil && object.text("access_token") == "":
		e.Description = shorten(object.text("message"))
		e.recognised = true
	}
}

// reply returns the answer that the members of a successful reply hold, and what
// is wrong with it, if anything. Even then it holds the refresh token, for the
// service may have taken back the one it replaces.
func (m members) reply() (answer reply, problem string) {
	answer.AccessToken = m.text("access_token")
	answer.RefreshToken = m.text("refresh_token")
	answer.Scope = m.text("scope")
	var list []string
	if json.Unmarshal(m["scope"], &list) == nil {
		answer.Scope = strings.Join(list, " ")
	}
	var known bool
	answer.ExpiresIn, known = m.seconds("expires_in")
	// A refresh deadline that cannot be read must not cost the token.
	answer.RefreshExpiresIn, _ = m.seconds("refresh_token_expires_in")
	switch kind := m.text("token_type"); {
	case answer.AccessToken == "":
		problem = "the reply holds no access token"
	case !wellFormed(answer.AccessToken):
		problem = "the access token holds a character that no token can hold"
	case kind != "" && !strings.EqualFold(kind, "Bearer"):
		problem = "the token is not a bearer token"
	// Nor must a lifetime cost a grant that cannot be asked for again.
	case !known && answer.RefreshToken == "":
		problem = "expires_in is not a number of seconds from now on"
	}
	return answer, problem
}

// text returns the member called name if it is a string; else the empty string.
func (m members) text(name string) string {
	var text string
	_ = json.Unmarshal(m[name], &text)
	return text
}

// seconds returns the member called name, which may be a number or a string
// that holds one. An absent or empty member is 0. It is false for a negative
// value and for what is no number. A value beyond the range of x/oauth2, which
// is 68 years, is cut to it.
func (m members) seconds(name string) (int64, bool) {
	text := strings.Trim(string(m[name]), `"`)
	if text == "" || text == "null" {
		return 0, true
	}
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(value, 1):
		return math.MaxInt32, true
	case err != nil, math.IsNaN(value), value < 0:
		return 0, false
	}
	return int64(min(value, math.MaxInt32)), true
}

// word returns text if it is one short word, as a code or an id is, so that it
// can stand in an error; else the empty string.
func word(text string) string {
	const longest = 128
	if len(text) > longest || !wellFormed(text) {
		return ""
	}
	return text
}

// shorten cuts an explanation to a length worth keeping.
func shorten(text string) string {
	const longest = 512
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}
