package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// recordVersion is the version of the text of a record. A record of a later one
// is refused, and overwritten by nothing but a sign-in.
const recordVersion = 1

// record is what a [Store] keeps of an authorization.
type record struct {
	Version       int       `json:"version"`
	AccessToken   string    `json:"accessToken,omitempty"`
	RefreshToken  string    `json:"refreshToken,omitempty"`
	IssuedAt      time.Time `json:"issuedAt,omitzero"`
	Expiry        time.Time `json:"expiry,omitzero"`
	RefreshExpiry time.Time `json:"refreshExpiry,omitzero"`
	Scopes        []string  `json:"scopes,omitempty"` // those granted
	Asked         []string  `json:"asked,omitempty"`  // those asked for, of which a service may grant fewer
	// Client is the fingerprint of the client the tokens belong to, and Seeds are
	// those of all seeds that have had their turn, the last one last.
	Client string   `json:"client"`
	Seeds  []string `json:"seeds,omitempty"`
}

// fingerprint tells configurations apart without giving their secrets away.
func fingerprint(key Secret, parts ...string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, part := range parts {
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

func (r record) encode() (Secret, error) {
	r.Version = recordVersion
	text, err := json.Marshal(r)
	return NewSecret(string(text)), err
}

// decodeRecord reads the text of a record. It does not say what is wrong with
// the text: that might quote it.
func decodeRecord(name string, text Secret) (record, error) {
	var r record
	switch err := json.Unmarshal([]byte(text.Reveal()), &r); {
	case err != nil, r.Version < 1:
		return record{}, &ReauthorizationRequiredError{
			Reason: RecordDamaged,
			Err:    &StoreError{Name: name, Problem: "is damaged: authorize anew, which replaces it"},
		}
	case r.Version > recordVersion:
		return record{}, &StoreError{Name: name, Problem: "was written by a later version of the SDK: upgrade this program"}
	}
	return r, nil
}

// token returns the access token of the record.
func (r record) token() Token { return NewToken(r.AccessToken, r.Expiry, r.Scopes...) }

// lasts reports whether the access token is worth using: valid for 2 minutes
// more, or for a quarter of a very short life. A record of the future tells that
// the clock has been set back since, so that its expiry means nothing.
func (r record) lasts(now time.Time) bool {
	if r.token().usable(now) != nil {
		return false
	}
	now = now.Round(0) // the monotonic clock stands still while the machine sleeps
	if r.IssuedAt.Sub(now) > time.Minute {
		return false
	}
	return r.Expiry.IsZero() || r.Expiry.Sub(now) > min(2*time.Minute, r.Expiry.Sub(r.IssuedAt)/4)
}

// covers reports whether the record was made by asking for all of scopes.
func (r record) covers(scopes []string) bool {
	return !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(r.Asked, scope) })
}
