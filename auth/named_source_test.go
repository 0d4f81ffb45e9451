package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"testing/synctest"
	"time"

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

func TestCallReportsWhyThereIsNoToken(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		text string
	}{
		"store":         {&auth.StoreError{Name: "support", Problem: "is locked"}, `the record "support" is locked`},
		"host":          {&auth.HostError{Host: "evil.example"}, "evil.example"},
		"endpoint":      {&auth.TokenEndpointError{Status: 503}, "HTTP 503"},
		"authorization": {&auth.ReauthorizationRequiredError{Reason: auth.Revoked}, "revoked"},
		"anything else": {errors.New("the vault is sealed"), "the vault is sealed"},
	} {
		t.Run(name, func(t *testing.T) {
			source := sourceFunc(func(context.Context) (auth.Token, error) {
				return auth.Token{}, fmt.Errorf("no token today: %w", test.err)
			})
			client, err := engage.New(engage.US, source)
			require.NoError(t, err)
			err = search(t.Context(), client)
			require.ErrorIs(t, err, test.err)
			require.ErrorContains(t, err, "no token today: ")
			require.ErrorContains(t, err, test.text)
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

func TestUserWhoNamesNoneFollowsTheDefault(t *testing.T) {
	registry := new(auth.Registry)
	user := registry.Use("", "worker")
	_, err := user.Token(t.Context())
	require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
	for _, name := range []string{"one", "two"} {
		require.NoError(t, registry.Add(t.Context(), name, standalone(`{"access_token":"of-`+name+`"}`)))
	}
	for _, name := range []string{"one", "two", "one"} {
		require.NoError(t, registry.SetDefault(name))
		require.Equal(t, "of-"+name, get(t, user))
		status, err := registry.Get(name)
		require.NoError(t, err)
		require.Equal(t, []string{"worker"}, status.UsedBy)
	}
	status, err := registry.Get("two")
	require.NoError(t, err)
	require.Empty(t, status.UsedBy)
	require.NoError(t, registry.Remove(t.Context(), "two"))
	user.Release()
	status, err = registry.Get("one")
	require.NoError(t, err)
	require.Empty(t, status.UsedBy)
}

func TestAuthorizationInUseIsRemovedIfThatIsAskedFor(t *testing.T) {
	store := new(failing)
	registry := &auth.Registry{Store: store}
	require.NoError(t, registry.Add(t.Context(), "a", integration(`500`)))
	require.NoError(t, registry.Authorize(t.Context(), "a", granted))
	require.NoError(t, registry.SetDefault("a"))
	named, unnamed := registry.Use("a", "search"), registry.Use("", "append")
	require.Equal(t, "granted", get(t, named))
	require.Equal(t, "granted", get(t, unnamed))

	store.full = true
	require.Error(t, registry.RemoveInUse(t.Context(), "a"))
	require.Equal(t, "granted", get(t, unnamed), "the record could not be removed")
	store.full = false
	require.NoError(t, registry.RemoveInUse(t.Context(), "a"))
	require.Empty(t, kept(t, store, "a"))
	for user, text := range map[*auth.NamedSource]string{named: `"a"`, unnamed: "none is the default"} {
		_, err := user.Token(t.Context())
		require.ErrorIs(t, err, auth.ErrUnknownAuthorization)
		require.ErrorContains(t, err, text)
	}

	require.NoError(t, registry.Add(t.Context(), "a", standalone(`{"access_token":"another"}`)))
	require.Equal(t, "another", get(t, named), "until there is another")
	require.NoError(t, registry.SetDefault("a"))
	require.Equal(t, "another", get(t, unnamed))
	var inUse *auth.InUseError
	require.ErrorAs(t, registry.Remove(t.Context(), "a"), &inUse)
	require.Equal(t, []string{"append", "search"}, inUse.UsedBy)
	require.ErrorIs(t, registry.RemoveInUse(t.Context(), "b"), auth.ErrUnknownAuthorization)
}

func TestServiceThatRefusesEveryTokenNeedsReauthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []auth.Status
		endpoint := newHourly()
		source, _ := endpoint.of()
		registry := &auth.Registry{OnTransition: func(s auth.Status) { states = append(states, s) }}
		require.NoError(t, registry.Add(t.Context(), "a", source))
		user := registry.Use("a", "worker")
		call := func(accepted bool) {
			token, err := user.Token(t.Context())
			require.NoError(t, err)
			if accepted {
				user.Accept(token)
			} else {
				user.Invalidate(token)
			}
		}
		call(true)
		for range 600 {
			call(false)
			time.Sleep(time.Second)
		}
		status, err := registry.Get("a")
		require.NoError(t, err)
		require.Equal(t, auth.ReauthorizationRequired, status.State)
		require.Equal(t, auth.TokenRefused, status.Reason)
		require.EqualValues(t, "token refused", auth.TokenRefused)

		call(true)
		call(true)
		require.Equal(t, auth.Authorized, state(t, registry, "a"))
		require.Len(t, states, 4, "%v", states)
	})
}

func TestOneRefusedTokenNeedsNoReauthorization(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := newHourly()
		source, _ := endpoint.of()
		registry := new(auth.Registry)
		require.NoError(t, registry.Add(t.Context(), "a", source))
		user := registry.Use("a", "worker")
		for range 10 {
			token, err := user.Token(t.Context())
			require.NoError(t, err)
			user.Invalidate(token)
			token, err = user.Token(t.Context())
			require.NoError(t, err)
			user.Accept(token)
			require.Equal(t, auth.Authorized, state(t, registry, "a"))
			time.Sleep(time.Second)
		}
	})
}
