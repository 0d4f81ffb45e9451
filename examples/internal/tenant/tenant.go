// Package tenant connects the examples to the Engage tenant that the environment
// names, or to an Engage in memory.
package tenant

import (
	"errors"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// The environment variables that name a tenant. The base URL may also be the name
// of a region.
const (
	baseURL      = "ENGAGE_BASE_URL"
	clientID     = "ENGAGE_CLIENT_ID"
	clientSecret = "ENGAGE_CLIENT_SECRET"
)

// Tenant is an Engage tenant, real or in memory.
type Tenant struct {
	// Client calls the tenant.
	Client *engage.Client
	// Name describes the tenant in a few words.
	Name string
	// Close stops a tenant in memory, and closes the idle connections to a real one.
	Close func()
}

// Open returns the tenant that getenv names, or one in memory if getenv names none.
// It returns an error if only some of the variables are set.
func Open(getenv func(string) string) (*Tenant, error) {
	endpoint, id, secret := getenv(baseURL), getenv(clientID), getenv(clientSecret)
	switch {
	case endpoint == "" && id == "" && secret == "":
		return inMemory()
	case endpoint == "" || id == "" || secret == "":
		return nil, errors.New("set all of " + baseURL + ", " + clientID + " and " + clientSecret + ", or none of them")
	}
	client, err := engage.New(engage.Endpoint(endpoint), auth.ClientCredentials{ClientID: id, ClientSecret: auth.NewSecret(secret)})
	if err != nil {
		return nil, err
	}
	return &Tenant{client, "the tenant of " + baseURL, client.CloseIdleConnections}, nil
}

func inMemory() (*Tenant, error) {
	server := engagetest.NewServer()
	client, err := server.Client()
	if err != nil {
		server.Close()
		return nil, err
	}
	return &Tenant{client, "an Engage in memory", server.Close}, nil
}
