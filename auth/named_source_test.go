package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// standaloneAt are the credentials of an Engage in memory, for a registry.
func standaloneAt(server *engagetest.Server) auth.ClientCredentials {
	credentials := server.Credentials()
	credentials.TokenURL = server.URL() + "/oauth/token"
	return credentials
}

// search makes a call of client and returns its error.
func search(ctx context.Context, client *engage.Client) error {
	_, err := client.SearchConversation(ctx, engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	return err
}

func TestClientIsBuiltWithANameAndFollowsIt(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	registry := new(auth.Registry)
	wrong := standaloneAt(server)
	wrong.ClientSecret = auth.NewSecret("outdated")
	require.NoError(t, registry.Add(t.Context(), "support", wrong))
	support := registry.Use("support", "inbound worker")
	client, err := engage.New(engage.Endpoint(server.URL()), support)
	require.NoError(t, err)

	err = search(t.Context(), client)
	require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
	require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
	require.ErrorContains(t, err, `"support"`)
	require.NoError(t, registry.Update(t.Context(), "support", standaloneAt(server)))
	require.NoError(t, search(t.Context(), client))

	var inUse *auth.InUseError
	require.ErrorAs(t, registry.Remove(t.Context(), "support"), &inUse)
	require.Equal(t, []string{"inbound worker"}, inUse.UsedBy)
	support.Release()
	require.NoError(t, registry.Remove(t.Context(), "support"))
	err = search(t.Context(), client)
	require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
	require.ErrorContains(t, err, "unknown authorization")
}

func TestClientIsNotBuiltWithANameThatCannotBeUsed(t *testing.T) {
	registry := new(auth.Registry)
	require.NoError(t, registry.Add(t.Context(), "support", standalone(`{"access_token":"abc"}`)))
	released := registry.Use("support", "worker")
	released.Release()
	for name, test := range map[string]struct {
		source *auth.NamedSource
		text   string
	}{
		"unknown":    {registry.Use("sales", "worker"), `unknown authorization: "sales"`},
		"no default": {registry.Use("", "worker"), "unknown authorization: none is named, and none is the default"},
		"no user":    {registry.Use("support", ""), "User is empty"},
		"released":   {released, `the use of "support" has been released`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engage.New(engage.US, test.source)
			require.ErrorContains(t, err, test.text)
			test.source.Release()
			test.source.Invalidate(auth.Token{})
		})
	}
	require.NoError(t, registry.Remove(t.Context(), "support"), "nobody uses it")
}

func TestCallTellsWhyThereIsNoToken(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		text string
	}{
		"store":         {&auth.StoreError{Name: "support", Problem: "is locked"}, `the record "support" is locked`},
		"host":          {&auth.HostError{Host: "evil.example"}, "evil.example"},
		"endpoint":      {&auth.TokenEndpointError{Status: 503}, "HTTP 503"},
		"authorization": {&auth.ReauthorizationRequiredError{Reason: auth.Revoked}, "revoked"},
		"anything else": {errors.New(hidden), "the token source failed"},
	} {
		t.Run(name, func(t *testing.T) {
			source := sourceFunc(func(context.Context) (auth.Token, error) {
				return auth.Token{}, fmt.Errorf("%s: %w", hidden, test.err)
			})
			client, err := engage.New(engage.US, source)
			require.NoError(t, err)
			err = search(t.Context(), client)
			require.ErrorIs(t, err, test.err)
			require.ErrorContains(t, err, test.text)
			require.NotContains(t, err.Error(), hidden)
		})
	}
}

// A client is built with the name of an authorization, which cannot be removed
// as long as the client needs it.
func ExampleRegistry() {
	ctx := context.Background()
	server := engagetest.NewServer()
	defer server.Close()

	var registry auth.Registry
	err := registry.Add(ctx, "support", auth.ClientCredentials{
		ClientID:     server.ClientID(),
		ClientSecret: auth.NewSecret(server.ClientSecret()),
		TokenURL:     server.URL() + "/oauth/token",
	})
	if err != nil {
		log.Fatal(err)
	}
	support := registry.Use("support", "inbound worker")
	client, err := engage.New(engage.Endpoint(server.URL()), support)
	if err != nil {
		log.Fatal(err)
	}
	found, err := client.SearchConversation(ctx, engage.SearchConversationV13{
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Outcome)
	fmt.Println(registry.Remove(ctx, "support"))
	support.Release()
	fmt.Println(registry.Remove(ctx, "support"))
	// Output:
	// noConversationFound
	// auth: the authorization "support" is in use by inbound worker
	// <nil>
}
