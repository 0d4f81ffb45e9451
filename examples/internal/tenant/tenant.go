// Package tenant gives the examples an Engage to talk to: the tenant named in
// the environment, or one in memory.
package tenant

import (
	"errors"
	"io"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// The variables that name a tenant. A region's name will do for the URL.
const (
	baseURL      = "ENGAGE_BASE_URL"
	clientID     = "ENGAGE_CLIENT_ID"
	clientSecret = "ENGAGE_CLIENT_SECRET"
)

// Tenant is an Engage to talk to.
type Tenant struct {
	// Client calls it.
	Client *engage.Client
	// Where says in a few words which one it is.
	Where string
	// Closer ends a tenant in memory.
	io.Closer
}

// Open returns the tenant that getenv names, or one in memory if it names none.
// Half a name is an error.
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
	return &Tenant{client, "the tenant of " + baseURL, closer(client.CloseIdleConnections)}, nil
}

func inMemory() (*Tenant, error) {
	server := engagetest.NewServer()
	client, err := server.Client()
	if err != nil {
		server.Close()
		return nil, err
	}
	return &Tenant{client, "an Engage in memory", closer(server.Close)}, nil
}

// closer is a function that closes something and cannot fail.
type closer func()

// Close implements [io.Closer]; it never fails.
func (c closer) Close() error {
	c()
	return nil
}
