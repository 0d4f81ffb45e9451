package engagetest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// scopes has the scopes of the vendor's sample, as far as they are readable in it.
var scopes = []string{
	"conversations:read", "conversations:write",
	"conversations-messages:read", "conversations-messages:write",
}

// tokens issues and checks tokens. A token is a signed JWT, as the service's are. The
// tokens are not stored, and a new key revokes them all. It is safe for concurrent use.
type tokens struct {
	clientID     string
	clientSecret string
	lifetime     time.Duration

	mu     sync.Mutex
	key    []byte
	issued int
}

// tokenHeader is the header of every token.
var tokenHeader = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))

// claims has the claims of the vendor's sample, and a number that makes each token
// different.
type claims struct {
	GroupID    string `json:"groupId"`
	DomainName string `json:"domainname"`
	NotBefore  int64  `json:"nbf"`
	Expires    int64  `json:"exp"`
	IssuedAt   int64  `json:"iat"`
	Number     int    `json:"jti"`
}

// revoke makes all tokens issued so far invalid.
func (t *tokens) revoke() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.key = []byte(rand.Text())
}

// issue returns a new token.
func (t *tokens) issue(now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.issued++
	payload := encode(claims{
		GroupID:    "1",
		DomainName: "engagetest",
		NotBefore:  now.Unix(),
		Expires:    now.Add(t.lifetime).Unix(),
		IssuedAt:   now.Unix(),
		Number:     t.issued,
	})
	signed := tokenHeader + "." + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + sign(signed, t.key)
}

// valid reports whether token was issued here and is neither revoked nor expired.
func (t *tokens) valid(token string, now time.Time) bool {
	t.mu.Lock()
	key := t.key
	t.mu.Unlock()
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || !hmac.Equal([]byte(token[dot+1:]), []byte(sign(token[:dot], key))) {
		return false
	}
	_, encoded, _ := strings.Cut(token[:dot], ".")
	payload, err := base64.RawURLEncoding.DecodeString(encoded)
	var c claims
	return err == nil && json.Unmarshal(payload, &c) == nil && now.Unix() < c.Expires
}

func sign(text string, key []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// formType is the content type of a request for a token.
const formType = "application/x-www-form-urlencoded"

// grant is the reply to a request for a token.
type grant struct {
	AccessToken string   `json:"access_token"`
	ExpiresIn   int64    `json:"expires_in"`
	TokenType   string   `json:"token_type"`
	Scope       []string `json:"scope"`
}

// denial is the reply to a refused request for a token, in the form of RFC 6749
// (assumed).
type denial struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// grant returns the reply to a request for a token.
func (t *tokens) grant(c *call) reply {
	form, err := url.ParseQuery(string(c.content))
	switch {
	case c.query != "":
		return refusedToken(http.StatusBadRequest, "invalid_request", "a query is not expected")
	case c.mediaType() != formType:
		return refusedToken(http.StatusBadRequest, "invalid_request", "the body is not a form")
	case err != nil:
		return refusedToken(http.StatusBadRequest, "invalid_request", "the form is malformed")
	case form.Get("grant_type") != "client_credentials":
		return refusedToken(http.StatusBadRequest, "unsupported_grant_type", "grant_type is not client_credentials")
	case !equal(form.Get("client_id"), t.clientID) || !equal(form.Get("client_secret"), t.clientSecret):
		return refusedToken(http.StatusUnauthorized, "invalid_client", "client_id or client_secret is wrong")
	}
	return reply{status: http.StatusOK, body: encode(grant{
		AccessToken: t.issue(c.now),
		ExpiresIn:   int64(t.lifetime / time.Second),
		TokenType:   "Bearer",
		Scope:       scopes,
	})}
}

// refusedToken returns the reply to a request for a token that the server does not
// understand, or whose credentials are wrong.
func refusedToken(status int, name, description string) reply {
	refused := denied(status, name, description)
	refused.refusal = description
	return refused
}

// denied returns a reply without a token. Without a name it takes one that fits the
// status (RFC 6749, section 5.2; the name for 5xx is that of section 4.1.2.1).
func denied(status int, name, description string) reply {
	switch {
	case name != "":
	case status == http.StatusUnauthorized:
		name = "invalid_client"
	case status >= http.StatusInternalServerError:
		name = "server_error"
	default:
		name = "invalid_request"
	}
	return reply{status: status, body: encode(denial{name, description})}
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
