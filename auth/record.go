package auth

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// recordVersion is the version of the text of a record. The SDK refuses a record of a
// later version. Only a sign-in overwrites it.
const recordVersion = 1

// record is what a [Store] keeps of an authorization.
type record struct {
	Version       int       `json:"version"`
	AccessToken   string    `json:"accessToken,omitempty"`
	RefreshToken  string    `json:"refreshToken,omitempty"`
	IssuedAt      time.Time `json:"issuedAt,omitzero"`
	Expiry        time.Time `json:"expiry,omitzero"`
	RefreshExpiry time.Time `json:"refreshExpiry,omitzero"`
	// Scopes are those granted. Asked are those asked for, of which a service may
	// grant fewer.
	Scopes []string `json:"scopes,omitempty"`
	Asked  []string `json:"asked,omitempty"`
	// ClientID and TokenURL are those of the client that the tokens belong to. A
	// record of an earlier SDK has none.
	ClientID string `json:"clientID,omitempty"`
	TokenURL string `json:"tokenURL,omitempty"`
	// Seed is the fingerprint of the seed that the record began with; empty if it
	// began with a sign-in.
	Seed string `json:"seed,omitempty"`
}

// newRecord returns the record that begins with grant.
func newRecord(grant Grant, i Integration) record {
	return record{
		AccessToken:   grant.Token.Reveal(),
		RefreshToken:  grant.RefreshToken.Reveal(),
		IssuedAt:      time.Now(),
		Expiry:        grant.Token.Expiry(),
		RefreshExpiry: grant.RefreshExpiry,
		Scopes:        grant.Token.Scopes(),
		Asked:         i.Scopes,
		ClientID:      i.ClientID,
		TokenURL:      cmp.Or(i.TokenURL, WebexTokenURL),
	}
}

// fromSeed returns the record that begins with seed.
func fromSeed(seed Grant, i Integration) record {
	r := newRecord(seed, i)
	r.Seed = fingerprint(seed.RefreshToken)
	return r
}

// fingerprint identifies a secret without revealing it.
func fingerprint(secret Secret) string {
	sum := sha256.Sum256([]byte(secret.Reveal()))
	return hex.EncodeToString(sum[:16])
}

func (r record) encode() (Secret, error) {
	r.Version = recordVersion
	text, err := json.Marshal(r)
	return NewSecret(string(text)), err
}

// decodeRecord reads the text of a record. Its error does not quote the text.
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

// lasts reports whether the access token is worth using: whether it is valid for 2
// minutes more, or for a quarter of a very short life. If the record is from the
// future, the clock has been set back since, and its expiry means nothing.
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

// mismatch returns why the record cannot be used with i; empty if it can. The service
// itself decides whether a changed secret is right.
func (r record) mismatch(i Integration) Reason {
	asked := func(scope string) bool { return slices.Contains(r.Asked, scope) }
	switch {
	case r.ClientID != "" && (r.ClientID != i.ClientID || r.TokenURL != cmp.Or(i.TokenURL, WebexTokenURL)):
		return CredentialsChanged
	case slices.ContainsFunc(i.Scopes, func(scope string) bool { return !asked(scope) }):
		return ScopeChanged
	}
	return ""
}

// lasting is what outlives a source. All sources that a registry makes for one name
// share it, so that replacing a source loses no token and repeats no notice. The zero
// value is empty.
type lasting struct {
	unsaved unsaved
	noticed noticed
}

// noticed is the last notice that a refresh token expires soon. The zero value is none.
type noticed struct {
	mu       sync.Mutex
	ahead    time.Duration
	deadline time.Time
}

// first reports whether this is the first notice of its kind of that deadline, and
// remembers it. Deadlines that differ by less than an hour are the same, because
// services that count down round, and clocks differ.
func (n *noticed) first(ahead time.Duration, deadline time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ahead == n.ahead && deadline.Sub(n.deadline).Abs() < time.Hour {
		return false
	}
	n.ahead, n.deadline = ahead, deadline
	return true
}

// unsaved is a record that the store did not save. Sources set it while they hold
// the store's lock. The zero value is none.
type unsaved struct {
	mu      sync.Mutex
	record  *record
	instead Secret // the record in the store
}

// over returns the record that was to replace stored. There is none if somebody has
// saved another since, such as a person who signed in or another process, or has
// removed the stored one.
func (u *unsaved) over(stored Secret) (record, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == nil || !stored.Equal(u.instead) {
		return record{}, false
	}
	return *u.record, true
}

// exists reports whether there is a record.
func (u *unsaved) exists() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.record != nil
}

// set makes r the record that is to replace stored.
func (u *unsaved) set(r *record, stored Secret) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.record, u.instead = r, stored
}

// saved forgets r, unless another record has taken its place.
func (u *unsaved) saved(r *record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == r {
		u.record, u.instead = nil, Secret{}
	}
}
