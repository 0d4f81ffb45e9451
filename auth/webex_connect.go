package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// ConnectServiceKey authorizes calls to Webex Connect with the key of a service,
// which goes into the header "key" (documented).
type ConnectServiceKey struct {
	// Key is the service key. Required.
	Key Secret
	// Secondary is the other key of the service, if it has two. When the service refuses
	// one key, because it was discarded, the source changes to the other.
	Secondary Secret
}

// Open returns the source. The error is an [*outcome.Error] that names every invalid field.
func (k ConnectServiceKey) Open() (TokenSource, error) {
	var faults outcome.Violations
	var sources []TokenSource
	for _, key := range []struct {
		field    string
		value    Secret
		required bool
	}{{"Key", k.Key, true}, {"Secondary", k.Secondary, false}} {
		switch {
		case key.value.IsZero():
			if key.required {
				faults.Add(key.field, "is empty")
			}
		case !wellFormed(key.value.Reveal()):
			faults.Add(key.field, "contains white space or another invalid character")
		default:
			sources = append(sources, static{newToken(keyHeader, "", key.value.Reveal(), time.Time{}, nil)})
		}
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	return &alternating{sources: sources}, nil
}

// ConnectJWT authorizes calls to Webex Connect with tokens that the source makes itself and
// signs with the secret of a service (documented: HS256). It sends no request for them.
// Connect accepts each token for 60 minutes.
type ConnectJWT struct {
	// ServiceID is the id of the service, and the issuer in its tokens. Required.
	ServiceID string
	// Secret is the service's secret in base64, as Connect shows it. Required.
	Secret Secret
	// Secondary is the other secret of the service, if it has two. When the service
	// refuses a token, because its secret was discarded, the source changes to the other.
	Secondary Secret
}

const (
	// jwtLife is how long Connect accepts a token, even if its exp is later.
	jwtLife = time.Hour
	// jwtBackdate is how far a clock of Connect may be behind.
	jwtBackdate = 30 * time.Second
)

// Open returns the source, which caches its token. The error is an [*outcome.Error] that
// names every invalid field.
func (j ConnectJWT) Open() (TokenSource, error) {
	var faults outcome.Violations
	if j.ServiceID == "" {
		faults.Add("ServiceID", "is empty")
	}
	var sources []TokenSource
	for _, secret := range []struct {
		field    string
		value    Secret
		required bool
	}{{"Secret", j.Secret, true}, {"Secondary", j.Secondary, false}} {
		key, ok := fromBase64(secret.value.Reveal())
		switch {
		case !ok:
			faults.Add(secret.field, "is not base64")
		case len(key) > 0:
			sources = append(sources, NewCache(jwtMint{j.ServiceID, NewSecret(string(key))}))
		case secret.required:
			faults.Add(secret.field, "is empty")
		}
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	return &alternating{sources: sources}, nil
}

// fromBase64 decodes base64 in either alphabet, with or without padding.
func fromBase64(text string) ([]byte, bool) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(text), "="))
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	return decoded, err == nil
}

// jwtMint is a source that makes a new token on every call.
type jwtMint struct {
	issuer string
	key    Secret
}

func (m jwtMint) Token(context.Context) (Token, error) {
	issued := time.Now().Add(-jwtBackdate).Truncate(time.Second)
	expiry := issued.Add(jwtLife)
	claims, err := json.Marshal(map[string]any{"iss": m.issuer, "iat": issued.Unix(), "exp": expiry.Unix()})
	if err != nil {
		return Token{}, fmt.Errorf("auth: cannot make a token: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(m.key.Reveal()))
	_, _ = mac.Write([]byte(signed)) // a hash never fails
	return NewToken(signed+"."+encode(mac.Sum(nil)), expiry), nil
}

// alternating returns the tokens of one source until one of them is refused, and then those
// of the next source.
type alternating struct {
	sources []TokenSource

	mu      sync.Mutex
	current int
	given   Token // the last token of the current source
}

func (a *alternating) Token(ctx context.Context) (Token, error) {
	a.mu.Lock()
	asked := a.current
	a.mu.Unlock()
	token, err := a.sources[asked].Token(ctx)
	if err != nil {
		return Token{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.current == asked { // else the token has been refused meanwhile
		a.given = token
	}
	return token, nil
}

// Accept implements [Accepter].
func (a *alternating) Accept(accepted Token) {
	a.mu.Lock()
	source := a.sources[a.current]
	a.mu.Unlock()
	if source, ok := source.(Accepter); ok {
		source.Accept(accepted)
	}
}

// Invalidate implements [Invalidator].
func (a *alternating) Invalidate(refused Token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.given.Equal(refused) || refused.IsZero() {
		return
	}
	if source, ok := a.sources[a.current].(Invalidator); ok {
		source.Invalidate(refused)
	}
	a.current = (a.current + 1) % len(a.sources)
	a.given = Token{}
}
