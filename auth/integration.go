package auth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/safeurl"
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
// Service App, which an administrator authorizes. It obtains a [Grant], from
// which a [Refreshing] source then lives.
//
// An Integration is a plain value and safe for concurrent use.
type Integration struct {
	// ClientID and ClientSecret are those of the registration. Both are
	// required; Webex asks for the secret even with PKCE (documented).
	ClientID     string
	ClientSecret Secret
	// Scopes are those to ask for at sign-in; Webex wants them to match the
	// registered ones (documented).
	Scopes []string
	// RedirectURL is the registered URL that a sign-in in a browser ends at, and
	// needed for that alone. For a Login it must be plain http to a port of the
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
	// Transport sends the requests; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if the fields that every grant needs are in order; else
// an [*outcome.Error] on the edge onInvalidData that names every fault.
func (i Integration) Validate() error {
	faults := i.faults()
	return faults.Err("", "")
}

func (i Integration) faults() outcome.Violations {
	var faults outcome.Violations
	checkClient(&faults, i.ClientID, i.ClientSecret)
	checkScopes(&faults, i.Scopes)
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

// Refresh trades a refresh token for a new grant. Where the reply names no new
// refresh token, the grant keeps this one. A service that rotates its refresh
// tokens accepts each but once, so that whoever calls Refresh has to save the
// grant before using it; [Refreshing] does. So a reply with a new refresh token
// is not given up for a small fault: if its expires_in cannot be read, the access
// token is one of unknown expiry, as it is without one; and if the access token
// itself is of no use, the error comes with a grant that holds the new refresh
// token alone.
//
// The error is an [*outcome.Error] naming every fault of the fields, a
// [*ReauthorizationRequiredError] if there is no refresh token, or the service
// refuses it or the client, or a [*TokenEndpointError]. A temporary failure is
// tried up to three times, all within 30 seconds; if ctx ends between two tries,
// the error wraps that of ctx too. The refresh token is not sent again once the
// service has answered with a status of success, nor if it may have arrived and
// the reply is missing: it came too late, it broke off, or the connection was lost.
func (i Integration) Refresh(ctx context.Context, refreshToken Secret) (Grant, error) {
	if ctx == nil {
		return Grant{}, errNoContext
	}
	if err := i.Validate(); err != nil {
		return Grant{}, err
	}
	if refreshToken.IsZero() {
		return Grant{}, &ReauthorizationRequiredError{Reason: NoToken}
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeLimit)
	defer cancel()
	endpoint := i.endpoint()
	endpoint.single = true
	answer, err := endpoint.askAgain(ctx, url.Values{
		"grant_type":    {"refresh_token"},
		"refresh_token": {refreshToken.Reveal()},
	})
	if err != nil {
		return Grant{RefreshToken: rotated(err)}, refusedRefresh(err)
	}
	return grantOf(answer), nil
}

// rotated returns the new refresh token of a reply that is otherwise of no use;
// the zero Secret if there is none.
func rotated(err error) Secret {
	if failure, ok := errors.AsType[*TokenEndpointError](err); ok {
		return failure.refresh
	}
	return Secret{}
}

func (i Integration) endpoint() endpoint {
	style := oauth2.AuthStyleInParams
	if i.BasicAuth {
		style = oauth2.AuthStyleInHeader
	}
	return endpoint{
		url:      cmp.Or(i.TokenURL, WebexTokenURL),
		clientID: i.ClientID, secret: i.ClientSecret, style: style,
		transport: orDefault(i.Transport),
	}
}

// refusedRefresh tells a refusal that a person has to deal with from one that
// may pass. Which code Webex gives for a dead refresh token is not documented,
// so any refusal in a known shape counts.
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
