package engage

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/internal/safeurl"
)

// Endpoint is the name of a region, or the base URL of the API, such as
// "https://engage.example.com/api/v1". A base URL has a scheme, a host and perhaps a
// path, and nothing else. It must be https, unless its host is the loopback:
// localhost, 127.0.0.0/8 or ::1, in no other spelling.
type Endpoint string

// The regions (documented). [Regions] lists their base URLs.
const (
	US        Endpoint = "us"         // Oregon
	USAzure   Endpoint = "us-azure"   // United States, on Azure
	UK        Endpoint = "uk"         // London
	EU        Endpoint = "eu"         // Ireland
	CA        Endpoint = "ca"         // Canada
	ANZ       Endpoint = "anz"        // Sydney
	IN        Endpoint = "in"         // Mumbai
	UKPrivate Endpoint = "uk-private" // a private data centre in the United Kingdom
)

// Region is a region and the base URL of its API.
type Region struct {
	Name    Endpoint
	BaseURL string
}

var regions = []Region{
	{US, "https://api-us-site-1.imiengage.io/api/v1"},
	{USAzure, "https://api-us-site-2.imichat.us/api/v1"},
	{UK, "https://api-uk-site-1.imiengage.io/api/v1"},
	{EU, "https://api-eu-site-1.imiengage.io/api/v1"},
	{CA, "https://api-ca-site-1.imiengage.io/api/v1"},
	{ANZ, "https://api-syd-site-1.imiengage.com.au/api/v1"},
	{IN, "https://api-ind-site-1.imiengage.io/api/v1"},
	{UKPrivate, "https://api-tc.imi.chat/api/v1"},
}

// Regions returns the regions with their base URLs (documented).
func Regions() []Region { return slices.Clone(regions) }

// BaseURL returns the base URL of the endpoint, without a slash at its end. It returns
// an error for a name that is not a region, and for a URL to which no token may be
// sent. The error does not contain the URL, which may contain a password.
func (e Endpoint) BaseURL() (*url.URL, error) {
	for _, region := range regions {
		if e == region.Name {
			return url.Parse(region.BaseURL)
		}
	}
	if !strings.Contains(string(e), "://") {
		return nil, fmt.Errorf("engage: the endpoint is neither a region (%s) nor a URL", regionNames())
	}
	base, problem := safeurl.ParseBase(string(e))
	if problem != "" {
		return nil, errors.New("engage: the endpoint " + problem)
	}
	return base, nil
}

// TokenURL returns the URL of the token endpoint, for the TokenURL of
// [auth.ClientCredentials]: /oauth/token below the base URL. The path is documented; that
// it is below the base URL is assumed. The errors are those of BaseURL.
func (e Endpoint) TokenURL() (string, error) {
	base, err := e.BaseURL()
	if err != nil {
		return "", err
	}
	return base.JoinPath("oauth", "token").String(), nil
}

func regionNames() string {
	names := make([]string, len(regions))
	for i, region := range regions {
		names[i] = string(region.Name)
	}
	return strings.Join(names, ", ")
}
