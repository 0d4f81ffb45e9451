package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/engagesdk/engage-go/auth"
)

// The only client of an [identity]. Its secret protects nothing.
const (
	identityClient   = "example"
	identitySecret   = "secret-of-the-example"
	identityRedirect = "http://localhost/callback"
	// identityURL is the same in every run, like the address of a real service. The
	// connection goes to any free port.
	identityURL = "https://identity.example.com/v1"
	// tokenLife is the lifetime of access tokens.
	tokenLife = time.Hour
)

// identity is an OAuth 2 authorization server with one client and one person, who always
// consents. It supports the authorization code grant with PKCE. It accepts each refresh
// token once. It keeps its grants in a store for the next run.
type identity struct {
	http.ServeMux
	store auth.Store

	mu    sync.Mutex
	codes map[string]question // codes that have not been exchanged yet
}

// question is the sign-in that a code was issued for.
type question struct{ challenge, redirect string }

// granted is what the person has granted.
type granted struct {
	AccessToken  string
	Expiry       time.Time
	RefreshToken string
	// SignIns counts how often the person was asked.
	SignIns int
}

func newIdentity(store auth.Store) *identity {
	i := &identity{store: store, codes: make(map[string]question)}
	i.HandleFunc("GET /v1/authorize", i.authorize)
	i.HandleFunc("POST /v1/access_token", i.token)
	i.HandleFunc("GET /v1/userinfo", i.userinfo)
	return i
}

// authorize redirects to the client with a code. It redirects to no other address.
func (i *identity) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	redirect, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || query.Get("client_id") != identityClient || !registered(redirect) {
		http.Error(w, "There is no such client, or it is not registered with this redirect URI.", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {query.Get("state")}}
	if query.Get("response_type") != "code" || query.Get("code_challenge_method") != "S256" || query.Get("code_challenge") == "" {
		answer.Set("error", "invalid_request")
	} else {
		answer.Set("code", i.code(question{query.Get("code_challenge"), query.Get("redirect_uri")}))
	}
	redirect.RawQuery = answer.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusFound)
}

// registered reports whether redirect is the address of the client, with any port (RFC
// 8252).
func registered(redirect *url.URL) bool {
	portless := *redirect
	portless.Host = redirect.Hostname()
	return portless.String() == identityRedirect
}

// code issues a new code.
func (i *identity) code(asked question) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	code := rand.Text()
	i.codes[code] = asked
	return code
}

// token exchanges a code or a refresh token for new tokens.
func (i *identity) token(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("client_id") != identityClient || r.PostFormValue("client_secret") != identitySecret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	grant, ok := map[string]func(*granted, url.Values) bool{
		"authorization_code": i.exchange,
		"refresh_token":      refresh,
	}[r.PostFormValue("grant_type")]
	if !ok {
		answer(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	var agreed bool
	tokens, err := i.update(r.Context(), func(g *granted) {
		if agreed = grant(g, r.PostForm); agreed {
			g.AccessToken, g.RefreshToken, g.Expiry = rand.Text(), rand.Text(), time.Now().Add(tokenLife)
		}
	})
	switch {
	case err != nil:
		answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
	case !agreed:
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
	default:
		answer(w, http.StatusOK, map[string]any{
			"access_token": tokens.AccessToken, "token_type": "Bearer", "expires_in": int(tokenLife / time.Second),
			"refresh_token": tokens.RefreshToken,
		})
	}
}

// exchange accepts a code once, from the client that it was issued to.
func (i *identity) exchange(g *granted, form url.Values) bool {
	i.mu.Lock()
	asked, ok := i.codes[form.Get("code")]
	delete(i.codes, form.Get("code"))
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if !ok || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.challenge || form.Get("redirect_uri") != asked.redirect {
		return false
	}
	g.SignIns++
	return true
}

// refresh accepts only the latest refresh token. Any other may have been stolen, so the
// person then has to sign in again, as RFC 9700 advises.
func refresh(g *granted, form url.Values) bool {
	if g.RefreshToken != "" && form.Get("refresh_token") == g.RefreshToken {
		return true
	}
	g.AccessToken, g.RefreshToken = "", ""
	return false
}

// userinfo replies with the id of the person if the request has a valid access token.
func (i *identity) userinfo(w http.ResponseWriter, r *http.Request) {
	g, err := i.update(r.Context(), func(*granted) {})
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if err != nil || !bearer || token == "" || token != g.AccessToken || !time.Now().Before(g.Expiry) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"sub": "person"})
}

// update changes what the person has granted and returns it.
func (i *identity) update(ctx context.Context, change func(*granted)) (granted, error) {
	var g granted
	err := i.store.Update(ctx, "identity service", func(record auth.Secret) (auth.Secret, error) {
		if !record.IsZero() {
			if err := json.Unmarshal([]byte(record.Reveal()), &g); err != nil {
				return auth.Secret{}, err
			}
		}
		change(&g)
		text, err := json.Marshal(g)
		return auth.NewSecret(string(text)), err
	})
	return g, err
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// runningIdentity is a server for an identity. The transport of its client connects
// [identityURL] to it.
type runningIdentity struct{ *httptest.Server }

func startIdentity(store auth.Store) runningIdentity {
	return runningIdentity{httptest.NewTLSServer(newIdentity(store))}
}

// integration returns the client of the identity. Its redirect goes to a free port.
func (r runningIdentity) integration() auth.Integration {
	return auth.Integration{
		ClientID:     identityClient,
		ClientSecret: auth.NewSecret(identitySecret),
		RedirectURL:  strings.Replace(identityRedirect, "localhost", "localhost:0", 1),
		AuthorizeURL: identityURL + "/authorize",
		TokenURL:     identityURL + "/access_token",
		Transport:    r.Client().Transport,
	}
}

// open opens an address and follows its redirect, as a browser does.
func (r runningIdentity) open(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := r.Client().Do(request)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, response.Body)
	if err := response.Body.Close(); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the sign-in ended with status %d", response.StatusCode)
	}
	return nil
}
