package engage

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// Endpoint says where Engage is: the name of a region, or the base URL of the
// API, such as "https://engage.example.com/api/v1". A base URL has a scheme, a
// host and perhaps a path, and nothing else. It must be https, unless its host
// is loopback.
type Endpoint string

// The regions, each with a base URL of its own (documented). [Regions] tells
// the URLs.
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

// Regions lists the regions with their base URLs, as the vendor documents them.
func Regions() []Region { return slices.Clone(regions) }

// BaseURL returns the base URL that the endpoint stands for, without a slash at
// its end. It returns an error for a name that is no region and for a URL that
// no token may be sent to. The error does not repeat the URL, which might hold
// a password.
func (e Endpoint) BaseURL() (*url.URL, error) {
	for _, region := range regions {
		if e == region.Name {
			return url.Parse(region.BaseURL)
		}
	}
	base, err := url.Parse(strings.TrimRight(string(e), "/"))
	if err != nil || !strings.Contains(string(e), "://") {
		return nil, fmt.Errorf("engage: the endpoint is neither a region (%s) nor an http(s) URL", regionNames())
	}
	switch {
	case base.Scheme != "https" && base.Scheme != "http":
		return nil, fmt.Errorf("engage: the endpoint's scheme is not https")
	case base.Hostname() == "":
		return nil, fmt.Errorf("engage: the endpoint has no host")
	case base.Scheme == "http" && !isLoopback(base.Hostname()):
		return nil, fmt.Errorf("engage: the endpoint is plain http and its host is not loopback: tokens go over https only")
	case base.User != nil:
		return nil, fmt.Errorf("engage: the endpoint holds user information")
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, fmt.Errorf("engage: the endpoint has a query or a fragment")
	}
	return base, nil
}

func regionNames() string {
	names := make([]string, len(regions))
	for i, region := range regions {
		names[i] = string(region.Name)
	}
	return strings.Join(names, ", ")
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address := net.ParseIP(host)
	return address != nil && address.IsLoopback()
}
