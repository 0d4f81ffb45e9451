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
// authorized. It has a refresh token, as a person who signed in has, but needs no
// person. Its first pair of tokens is shown in the developer portal, or obtained
// with Grant:
//
//	grant, err := app.Grant(ctx, administrator)
//	source, err := auth.Refreshing{Integration: …, Name: "support", Store: store, Seed: grant}.Open()
//
// The Integration of the source has the Service App's own id and secret.
type ServiceApp struct {
	// ApplicationID, ClientID and ClientSecret are those of the Service App.
	// Required.
	ApplicationID string
	ClientID      string
	ClientSecret  Secret
	// OrganizationID is the organization whose administrator authorized it.
	// Required.
	OrganizationID string
	// ApplicationsURL is the URL of the service's applications; empty means
	// [WebexApplicationsURL]. It must be https, or plain http to the loopback.
	// A query is kept.
	ApplicationsURL string
	// Transport sends the request; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if the grant can be requested; else an [*outcome.Error]
// on the edge onInvalidData that names every fault.
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

// Grant obtains the tokens of the Service App for its organization (documented:
// POST …/applications/{id}/token). The administrator's source must hold the
// scope spark:applications_token. Grant sends the request once, because another may
// replace the tokens that the first one gave. If the reply's expires_in cannot be
// read, the access token is one of unknown expiry. If the access token itself is not
// usable, Grant returns an error and a grant that holds the refresh token alone.
//
// The error is one of these:
//   - an [*outcome.Error] that names every fault of the fields;
//   - the error of the administrator's source, or one for a token that is not usable;
//   - a [*ReauthorizationRequiredError] if the service refuses the id and secret;
//   - a [*TokenEndpointError].
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
		return unusable(err), refusedClient(err)
	}
	answer, err := x.reply()
	if err != nil {
		return unusable(err), err
	}
	return answer.grant(), nil
}

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
