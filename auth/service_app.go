package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// WebexApplicationsURL is the URL of the applications of Webex (documented).
const WebexApplicationsURL = "https://webexapis.com/v1/applications"

// ServiceApp is a Webex Service App that an administrator of an organization has
// authorized. It has a refresh token of its own, so that nobody needs to sign in. The
// developer portal shows its first tokens, or Grant requests them:
//
//	grant, err := app.Grant(ctx, administrator)
//	source, err := auth.Refreshing{Integration: …, Name: "support", Store: store, Seed: grant}.Open()
//
// The ClientID and ClientSecret of the Integration are those of the Service App.
type ServiceApp struct {
	// ApplicationID, ClientID and ClientSecret are those of the Service App. Required.
	ApplicationID string
	ClientID      string
	ClientSecret  Secret
	// OrganizationID is the id of the organization whose administrator authorized the
	// Service App. Required.
	OrganizationID string
	// ApplicationsURL is the URL of the applications. Empty means
	// [WebexApplicationsURL]. It must be https, or plain http to the loopback. Grant
	// keeps its query.
	ApplicationsURL string
	// Transport sends the request; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if the fields are valid. Otherwise it returns an [*outcome.Error] on
// the edge onInvalidData that names every invalid field.
func (s ServiceApp) Validate() error {
	var faults outcome.Violations
	client{id: s.ClientID, secret: s.ClientSecret}.validate(&faults)
	if s.ApplicationID == "" || strings.Trim(s.ApplicationID, ".") == "" {
		faults.Add("ApplicationID", "is empty or holds only dots")
	}
	if s.OrganizationID == "" {
		faults.Add("OrganizationID", "is empty")
	}
	if _, problem := safeurl.Parse(cmp.Or(s.ApplicationsURL, WebexApplicationsURL)); problem != "" {
		faults.Add("ApplicationsURL", problem)
	}
	return faults.Err("", "")
}

// Grant requests the tokens of the Service App for the organization (documented: POST
// …/applications/{id}/token). The tokens of administrator need the scope
// spark:applications_token. Grant sends the request once and waits up to 10 seconds,
// because a second request could replace the tokens of the first.
//
// If expires_in is not valid, the expiry of the access token is not known. If the access
// token is not usable, Grant returns an error and a grant that holds only the refresh
// token.
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field;
//   - that of administrator, or one for a token that is not usable;
//   - a [*ReauthorizationRequiredError] if the service refuses the id and secret;
//   - a [*TokenEndpointError] for any other failure of the service.
func (s ServiceApp) Grant(ctx context.Context, administrator TokenSource) (Grant, error) {
	if err := s.Validate(); err != nil {
		return Grant{}, err
	}
	token, err := usableToken(ctx, administrator, time.Now)
	if err != nil {
		return Grant{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	request, body, err := s.request(ctx, token)
	if err != nil {
		return Grant{}, err
	}
	x := exchange{sender: sender(s.Transport), secrets: []Secret{s.ClientSecret, NewSecret(token.Reveal())}}
	if err := x.send(request, body); err != nil {
		return grantOf(err), refusedClient(err)
	}
	answer, err := x.reply()
	if err != nil {
		return grantOf(err), err
	}
	return answer.grant(), nil
}

// request returns the request for the tokens, authorized by token, and its body.
func (s ServiceApp) request(ctx context.Context, token Token) (*http.Request, []byte, error) {
	applications, err := url.Parse(cmp.Or(s.ApplicationsURL, WebexApplicationsURL))
	if err != nil {
		return nil, nil, safeerror.Exchange(err)
	}
	target := applications.JoinPath(url.PathEscape(s.ApplicationID), "token").String()
	body, err := json.Marshal(map[string]string{
		"clientId":     s.ClientID,
		"clientSecret": s.ClientSecret.Reveal(),
		"targetOrgId":  s.OrganizationID,
	})
	if err != nil {
		return nil, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, nil)
	if err != nil {
		return nil, nil, safeerror.Exchange(err)
	}
	request.Header.Set("Content-Type", "application/json")
	hosts, err := NewHosts(target)
	if err != nil {
		return nil, nil, err
	}
	return request, body, hosts.Authorize(request, token)
}
