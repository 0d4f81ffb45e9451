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

// The endpoints of Webex. They serve all of its data centres (documented).
const (
	WebexAuthorizeURL   = "https://webexapis.com/v1/authorize"
	WebexTokenURL       = "https://webexapis.com/v1/access_token"
	WebexDeviceURL      = "https://webexapis.com/v1/device/authorize"
	WebexDeviceTokenURL = "https://webexapis.com/v1/device/token"
)

// Integration is an OAuth 2 client that is registered with Webex or with another identity
// service. It can be an integration, to which people sign in, or a Service App, which an
// administrator authorizes. Sign-ins and refreshes with it return a [Grant].
//
// An Integration is a plain value and safe for concurrent use.
type Integration struct {
	// ClientID and ClientSecret are those of the registration. Both are required, unless
	// FetchSecret is set. Webex requires the secret even with PKCE (documented).
	ClientID     string
	ClientSecret Secret
	// FetchSecret, if not nil, is called for the secret before each token request, so
	// that a new secret takes effect without a restart. ClientSecret must then be empty.
	FetchSecret func(context.Context) (Secret, error) `json:"-"`
	// Scopes are the scopes to request at a sign-in. Webex requires that they match the
	// registered ones (documented).
	Scopes []string
	// RedirectURL is the registered URL at which a sign-in in a browser ends. Only
	// [SignIn] and [Login] use it. For a Login it must be plain http to a port of the
	// loopback.
	RedirectURL string
	// AuthorizeURL, TokenURL, DeviceURL and DeviceTokenURL are the endpoints of the
	// service. Empty means that of Webex. Each must be https, or plain http to the
	// loopback.
	AuthorizeURL, TokenURL, DeviceURL, DeviceTokenURL string
	// BasicAuth sends the id and secret in the Authorization header instead of the form.
	// Webex documents both for its token endpoint. [DeviceLogin] always uses the header
	// to request the grant (documented).
	BasicAuth bool
	// Transport sends the requests. Nil means [http.DefaultTransport], or for a
	// [Refreshing] source a transport of the SDK, which detects dead connections.
	Transport http.RoundTripper
}

// Grant is the result of a sign-in or a refresh. The zero value is no grant.
type Grant struct {
	// Token is the access token. It is zero if only the refresh token is known.
	Token Token
	// RefreshToken is the token to get further access tokens with.
	RefreshToken Secret
	// RefreshExpiry is when the refresh token expires; the zero time if that is not
	// known. With Webex Contact Center a refresh does not change it (observed).
	RefreshExpiry time.Time
}

// Validate returns nil if the fields that every sign-in and refresh needs are valid.
// Otherwise it returns an [*outcome.Error] on the edge onInvalidData that names every
// invalid field.
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

// Refresh exchanges a refresh token for a new grant. If the reply contains no new refresh
// token, the grant holds refreshToken. A service that rotates refresh tokens accepts each
// only once, so save the grant before you use it, as [Refreshing] does.
//
// Refresh makes up to three attempts while the failure is temporary, all within 30
// seconds. It makes no further attempt after a 2xx reply, or if the reply is lost or not
// complete. In these cases the service may have accepted the refresh token.
//
// An invalid reply never costs a new refresh token. If expires_in is not valid, the expiry
// of the access token is not known. If the access token is not usable, Refresh returns an
// error and a grant that holds only the new refresh token.
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field;
//   - a [*ReauthorizationRequiredError] if refreshToken is empty, or if the service refuses
//     it or the client;
//   - a [*TokenEndpointError] for any other failure of the endpoint. If ctx ends between
//     two attempts, the error wraps that of ctx too;
//   - an error that wraps that of FetchSecret.
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
		return grantOf(err), refusedRefresh(err)
	}
	if answer.refreshToken.IsZero() {
		answer.refreshToken = refreshToken
	}
	return answer.grant(), nil
}

// grantOf returns a grant with the refresh token of err, the error of a reply without a
// usable access token. It returns the zero Grant if there is none.
func grantOf(err error) Grant {
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

// refusedRefresh returns a [*ReauthorizationRequiredError] if err is a refusal that requires
// a person to act; else err. Which code Webex sends for an invalid refresh token is not
// documented, so any refusal in a known shape counts.
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
