package auth

import (
	"bytes"
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

// WebexApplicationsURL is where Webex keeps its applications (documented).
const WebexApplicationsURL = "https://webexapis.com/v1/applications"

// ServiceApp is a Webex Service App that an administrator of an organization has
// authorized. It lives from a refresh token like a person who signed in, without
// any person. The pair to start from is shown in the developer portal, or
// obtained with Grant:
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
	// ApplicationsURL is where the application is kept; empty means
	// [WebexApplicationsURL]. It must be https, or plain http to the loopback.
	// A query stays behind the path that is added.
	ApplicationsURL string
	// Transport sends the request; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if the grant can be asked for; else an [*outcome.Error]
// on the edge onInvalidData that names every fault.
func (s ServiceApp) Validate() error {
	var faults outcome.Violations
	checkClient(&faults, s.ClientID, s.ClientSecret)
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
// scope spark:applications_token. The request is sent once, since asking again
// may replace the tokens that were given before. If the expires_in of the
// pair cannot be read, the access token is one of unknown expiry. If the access
// token itself is of no use, the error comes with a grant that holds the refresh
// token alone.
//
// The error is an [*outcome.Error] naming every fault of the fields, that of the
// administrator's source, or one for its token if that is empty, expired or
// malformed, a [*ReauthorizationRequiredError] if the service does not accept the
// id and secret, or a [*TokenEndpointError], which wraps the error of ctx if that
// ends first.
func (s ServiceApp) Grant(ctx context.Context, administrator TokenSource) (Grant, error) {
	if err := s.Validate(); err != nil {
		return Grant{}, err
	}
	token, err := call(ctx, administrator, time.Now)
	if err != nil {
		return Grant{}, err
	}
	request, err := s.request(ctx, token)
	if err != nil {
		return Grant{}, err
	}
	response, object, err := send(orDefault(s.Transport), request)
	if err != nil {
		return Grant{RefreshToken: rotated(err)}, refusedClient(err)
	}
	answer, problem := object.reply()
	if problem != "" {
		failure := unreadable(response, object, problem)
		return Grant{RefreshToken: failure.refresh}, failure
	}
	return answer.grant(time.Now()), nil
}

func (s ServiceApp) request(ctx context.Context, token Token) (*http.Request, error) {
	applications, err := url.Parse(cmp.Or(s.ApplicationsURL, WebexApplicationsURL))
	if err != nil {
		return nil, safeerror.Exchange(err)
	}
	target := applications.JoinPath(url.PathEscape(s.ApplicationID), "token").String()
	body, err := json.Marshal(map[string]string{
		"clientId":     s.ClientID,
		"clientSecret": s.ClientSecret.Reveal(),
		"targetOrgId":  s.OrganizationID,
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, safeerror.Exchange(err)
	}
	request.Header.Set("Content-Type", "application/json")
	hosts, err := NewHosts(target)
	if err != nil {
		return nil, err
	}
	return request, hosts.Authorize(request, token)
}
