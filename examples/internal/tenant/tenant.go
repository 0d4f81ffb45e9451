// Package tenant connects the examples to the Engage tenant that the environment
// names, or to an Engage in memory.
package tenant

import (
	"errors"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// The environment variables that name a tenant. The base URL may also be the name
// of a region.
const (
	BaseURL      = "ENGAGE_BASE_URL"
	ClientID     = "ENGAGE_CLIENT_ID"
	ClientSecret = "ENGAGE_CLIENT_SECRET"
)

// Tenant is an Engage tenant, real or in memory. Create one with [Open] or [Connect].
type Tenant struct {
	// Client calls the tenant.
	Client *engage.Client
	// Endpoint and Source are those of Client, for programs that make other clients.
	Endpoint engage.Endpoint
	Source   auth.TokenSource
	// Name describes the tenant in a few words. It has no address and no secret.
	Name string
	// Server is the Engage in memory; nil for a real tenant.
	Server *engagetest.Server
	// Close stops a tenant in memory, and closes the idle connections of Client to a real
	// one. It is never nil.
	Close func()
}

// Open returns the tenant that getenv names, or one in memory if none of the variables is
// set. It returns an error if only some of them are set. It makes no call, so a wrong
// secret shows in the first one. The caller should call Close when done.
func Open(getenv func(string) string) (*Tenant, error) {
	switch len(unset(getenv)) {
	case 0:
		return Connect(getenv)
	case len(variables):
		return inMemory()
	}
	return nil, errors.New("set all of " + BaseURL + ", " + ClientID + " and " + ClientSecret + ", or none of them")
}

// Connect returns the tenant that getenv names, for programs that need a real one. It
// returns an error that lists the variables that are not set. It makes no call. The caller
// should call Close when done.
func Connect(getenv func(string) string) (*Tenant, error) {
	if missing := unset(getenv); len(missing) > 0 {
		return nil, errors.New("no tenant: set " + strings.Join(missing, ", "))
	}
	endpoint := engage.Endpoint(getenv(BaseURL))
	source := auth.ClientCredentials{ClientID: getenv(ClientID), ClientSecret: auth.NewSecret(getenv(ClientSecret))}
	client, err := engage.New(endpoint, source)
	if err != nil {
		return nil, err
	}
	return &Tenant{Client: client, Endpoint: endpoint, Source: source, Name: "the tenant of " + BaseURL, Close: client.CloseIdleConnections}, nil
}

// NewClient returns another client of the tenant, with options. The caller should
// close its idle connections when done.
func (t *Tenant) NewClient(options ...engage.Option) (*engage.Client, error) {
	if t.Server != nil {
		return t.Server.Client(options...)
	}
	return engage.New(t.Endpoint, t.Source, options...)
}

// Environment returns an environment that names server as the tenant, for tests of the
// examples. All other variables are empty.
func Environment(server *engagetest.Server) func(string) string {
	values := map[string]string{BaseURL: server.URL(), ClientID: server.ClientID(), ClientSecret: server.ClientSecret()}
	return func(name string) string { return values[name] }
}

// variables has all of the variables that name a tenant.
var variables = []string{BaseURL, ClientID, ClientSecret}

// unset returns the variables that are not set or empty.
func unset(getenv func(string) string) []string {
	var names []string
	for _, name := range variables {
		if getenv(name) == "" {
			names = append(names, name)
		}
	}
	return names
}

func inMemory() (*Tenant, error) {
	server := engagetest.NewServer()
	client, err := server.Client()
	if err != nil {
		server.Close()
		return nil, err
	}
	return &Tenant{
		Client: client, Endpoint: engage.Endpoint(server.URL()), Source: server.Credentials(),
		Name: "an Engage in memory", Server: server, Close: server.Close,
	}, nil
}
