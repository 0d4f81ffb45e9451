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

// recordVersion is the version of the format of records. A source returns an error for a
// record of a later version, and only Authorize replaces it.
const recordVersion = 1

// record is what a [Store] keeps of an authorization.
type record struct {
	Version       int       `json:"version"`
	AccessToken   string    `json:"accessToken,omitempty"`
	RefreshToken  string    `json:"refreshToken,omitempty"`
	IssuedAt      time.Time `json:"issuedAt,omitzero"`
	Expiry        time.Time `json:"expiry,omitzero"`
	RefreshExpiry time.Time `json:"refreshExpiry,omitzero"`
	// Scopes are the scopes that the service granted. Asked are those that the client
	// requested, which may be more.
	Scopes []string `json:"scopes,omitempty"`
	Asked  []string `json:"asked,omitempty"`
	// ClientID and TokenURL identify the client that the tokens belong to. They are empty
	// in a record of an earlier SDK.
	ClientID string `json:"clientID,omitempty"`
	TokenURL string `json:"tokenURL,omitempty"`
	// Seed is the fingerprint of the seed that the record began with. It is empty if the
	// record began with Authorize.
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

// fingerprint returns a text that identifies a secret and does not reveal it.
func fingerprint(secret Secret) string {
	sum := sha256.Sum256([]byte(secret.Reveal()))
	return hex.EncodeToString(sum[:16])
}

func (r record) encode() (Secret, error) {
	r.Version = recordVersion
	text, err := json.Marshal(r)
	return NewSecret(string(text)), err
}

// decodeRecord decodes the text of a record. Its errors do not quote the text.
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

// lasts reports whether the access token is valid for 2 more minutes, or for a quarter of
// its lifetime if that is less. It returns false if the record was issued in the future:
// the clock has been set back since, so the expiry means nothing.
func (r record) lasts(now time.Time) bool {
	if r.token().usable(now) != nil {
		return false
	}
	now = now.Round(0) // the monotonic clock stops while the machine sleeps
	if r.IssuedAt.Sub(now) > time.Minute {
		return false
	}
	return r.Expiry.IsZero() || r.Expiry.Sub(now) > min(2*time.Minute, r.Expiry.Sub(r.IssuedAt)/4)
}

// mismatch returns why the record cannot be used with i; empty if it can. It does not
// compare secrets, which the service checks.
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

// lasting is the state that outlives a source. All sources that a registry makes for one
// name share it. So a new source loses no unsaved token and repeats no warning. The zero
// value is ready for use.
type lasting struct {
	unsaved unsaved
	noticed noticed
}

// noticed is the last warning that a refresh token expires soon. The zero value is none.
type noticed struct {
	mu       sync.Mutex
	ahead    time.Duration // the element of notices
	deadline time.Time     // the expiry of the refresh token
}

// first reports whether this warning differs from the last one, and remembers it. Deadlines
// that differ by less than an hour count as the same, because services round the
// remaining lifetime, and clocks differ.
func (n *noticed) first(ahead time.Duration, deadline time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ahead == n.ahead && deadline.Sub(n.deadline).Abs() < time.Hour {
		return false
	}
	n.ahead, n.deadline = ahead, deadline
	return true
}

// unsaved is a record that the store did not save. A source sets it while it holds the lock
// of the stored record. The zero value is none.
type unsaved struct {
	mu      sync.Mutex
	record  *record
	instead Secret // the stored record that it should replace
}

// over returns the unsaved record if it should replace stored. It returns false if there is
// none, or if the stored record has changed since: another process has refreshed, a person
// has signed in, or the record was removed.
func (u *unsaved) over(stored Secret) (record, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == nil || !stored.Equal(u.instead) {
		return record{}, false
	}
	return *u.record, true
}

// exists reports whether there is an unsaved record.
func (u *unsaved) exists() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.record != nil
}

// set makes r the unsaved record that should replace stored.
func (u *unsaved) set(r *record, stored Secret) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.record, u.instead = r, stored
}

// saved forgets r after it was saved. It keeps a record that has replaced r.
func (u *unsaved) saved(r *record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.record == r {
		u.record, u.instead = nil, Secret{}
	}
}
