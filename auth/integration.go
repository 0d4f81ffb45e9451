package auth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/outcome"
)

// The endpoints of Webex, which serve all its data centres (documented).
const (
	WebexAuthorizeURL   = "https://webexapis.com/v1/authorize"
	WebexTokenURL       = "https://webexapis.com/v1/access_token"
	WebexDeviceURL      = "https://webexapis.com/v1/device/authorize"
	WebexDeviceTokenURL = "https://webexapis.com/v1/device/token"
)

// Integration is an OAuth 2 client that is registered with Webex, or with
// another identity service: an integration, to which people sign in, or a
// Service App, which an administrator authorizes. It obtains a [Grant], with
// which a [Refreshing] source starts.
//
// An Integration is a plain value and safe for concurrent use.
type Integration struct {
	// ClientID and ClientSecret are those of the registration. Both are
	// required; Webex asks for the secret even with PKCE (documented).
	ClientID     string
	ClientSecret Secret
	// FetchSecret returns the client secret when it is needed, which is before each
	// token request. So a new secret takes effect without a restart. It takes the
	// place of ClientSecret, which must then be empty.
	FetchSecret func(context.Context) (Secret, error) `json:"-"`
	// Scopes are those to ask for at sign-in. Webex wants them to match the
	// registered ones (documented).
	Scopes []string
	// RedirectURL is the registered URL that a sign-in in a browser ends at. Only
	// such a sign-in needs it. For a Login it must be plain http to a port of the
	// loopback.
	RedirectURL string
	// AuthorizeURL, TokenURL, DeviceURL and DeviceTokenURL are the service's
	// endpoints; empty means those of Webex. Each must be https, or plain http
	// to the loopback.
	AuthorizeURL, TokenURL, DeviceURL, DeviceTokenURL string
	// BasicAuth sends the id and secret in the Authorization header instead of
	// the form. Webex documents both for its token endpoint. The device grant
	// always uses the header (documented).
	BasicAuth bool
	// Transport sends the requests; nil means [http.DefaultTransport]. A [Refreshing]
	// source then uses a copy, which notices a dead connection.
	Transport http.RoundTripper
}

// Grant is the result of a sign-in or a refresh. The zero value is none.
type Grant struct {
	// Token is the access token. It is zero where only a refresh token is known.
	Token Token
	// RefreshToken is good for further access tokens.
	RefreshToken Secret
	// RefreshExpiry is when the refresh token expires; the zero time if that is not
	// known. It is absolute: with Webex Contact Center a refresh does not move it
	// (observed).
	RefreshExpiry time.Time
}

// Validate returns nil if the fields that every grant needs are valid; else an
// [*outcome.Error] on the edge onInvalidData that names every fault.
func (i Integration) Validate() error {
	faults := i.faults()
	return faults.Err("", "")
}

func (i Integration) faults() outcome.Violations {
	var faults outcome.Violations
	client{i.ClientID, i.ClientSecret, i.FetchSecret}.validate(&faults)
	validateScopes(&faults, i.Scopes)
	for _, endpoint := range []struct{ field, url string }{
		{"AuthorizeURL", i.AuthorizeURL}, {"TokenURL", i.TokenURL},
		{"DeviceURL", i.DeviceURL}, {"DeviceTokenURL", i.DeviceTokenURL},
	} {
		if endpoint.url == "" {
			continue
		}
		if _, problem := safeurl.Parse(endpoint.url); problem != "" {
			faults.Add(endpoint.field, problem)
		}
	}
	return faults
}

// Refresh exchanges a refresh token for a new grant. If the reply contains no new
// refresh token, the grant keeps this one. A service that rotates its refresh tokens
// accepts each only once, so save the grant before you use it, as [Refreshing] does.
//
// Refresh makes up to three attempts while the failure is temporary, all within 30
// seconds. It sends the refresh token only once if it may have arrived: if there was
// a reply of success, a part of the reply is missing, or the connection was lost
// after the request was sent.
//
// A new refresh token is never lost to a fault in the rest of the reply. If
// expires_in cannot be read, the access token is one of unknown expiry. If the access
// token itself is not usable, Refresh returns an error and a grant that holds the new
// refresh token alone.
//
// The error is one of these:
//   - an [*outcome.Error] that names every fault of the fields;
//   - a [*ReauthorizationRequiredError] if there is no refresh token, or the service
//     refuses it or the client;
//   - a [*TokenEndpointError], which matches [ErrUnreachable] if there was no reply; if
//     ctx ends between two attempts, the error wraps that of ctx too;
//   - one that wraps the error of FetchSecret.
func (i Integration) Refresh(ctx context.Context, refreshToken Secret) (Grant, error) {
	return i.refresh(ctx, sender(i.Transport), refreshToken)
}

func (i Integration) refresh(ctx context.Context, sender *sent.Client, refreshToken Secret) (Grant, error) {
	if err := i.Validate(); err != nil {
		return Grant{}, err
	}
	if refreshToken.IsZero() {
		return Grant{}, &ReauthorizationRequiredError{Reason: NoToken}
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeLimit)
	defer cancel()
	endpoint := i.endpoint()
	endpoint.sender, endpoint.singleUse = sender, true
	answer, err := endpoint.request(ctx, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refreshToken.Reveal()},
	})
	if err != nil {
		return unusable(err), refusedRefresh(err)
	}
	if answer.refreshToken.IsZero() {
		answer.refreshToken = refreshToken
	}
	return answer.grant(), nil
}

// unusable returns the grant of a reply without a usable access token: it holds the
// refresh token, if there is one.
func unusable(err error) Grant {
	if failure, ok := errors.AsType[*TokenEndpointError](err); ok {
		return Grant{RefreshToken: failure.refreshToken}
	}
	return Grant{}
}

func (i Integration) endpoint() endpoint {
	return endpoint{
		url:       cmp.Or(i.TokenURL, WebexTokenURL),
		client:    client{i.ClientID, i.ClientSecret, i.FetchSecret},
		basicAuth: i.BasicAuth,
		sender:    sender(i.Transport),
	}
}

// refusedRefresh turns a refusal that a person has to deal with into a
// [*ReauthorizationRequiredError]. Which code Webex gives for a dead refresh token is
// not documented, so any refusal in a known shape counts.
func refusedRefresh(err error) error {
	refusal, ok := errors.AsType[*TokenEndpointError](err)
	if !ok || refusal.Temporary() {
		return err
	}
	switch refusal.Status {
	case http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized:
	default:
		return err
	}
	reason := Revoked
	switch refusal.Code {
	case "invalid_client", "unauthorized_client":
		reason = CredentialsChanged
	case "invalid_scope":
		reason = ScopeChanged
	case "consent_required", "interaction_required", "login_required", "access_denied":
		reason = ConsentRequired
	}
	return &ReauthorizationRequiredError{Reason: reason, Err: refusal}
}

// open implements [Mechanism].
func (i Integration) open(ctx context.Context, r *Registry, name string, lasting *lasting) (TokenSource, standing, error) {
	source := r.refreshing(name, i).open(lasting)
	stored, err := source.Store.Read(ctx, name)
	if err != nil {
		return nil, standing{}, err
	}
	_, err = source.latest(stored)
	if required, ok := errors.AsType[*ReauthorizationRequiredError](err); ok {
		return source, required.standing(), nil
	}
	return source, standing{state: Authorized}, err
}
