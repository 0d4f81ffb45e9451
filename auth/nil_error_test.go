package auth_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
)

// nilErrors are success and failure at once: errors that are there, and nil.
var nilErrors = map[string]error{
	"re-authorization": (*auth.ReauthorizationRequiredError)(nil),
	"token endpoint":   (*auth.TokenEndpointError)(nil),
	"store":            (*auth.StoreError)(nil),
	"host":             (*auth.HostError)(nil),
	"in use":           (*auth.InUseError)(nil),
	"sign-in":          (*auth.SignInError)(nil),
	"outcome":          (*outcome.Error)(nil),
	"x/oauth2":         (*oauth2.RetrieveError)(nil),
	"URL":              (*url.Error)(nil),
	"connection":       (*net.OpError)(nil),
	"certificate":      (*tls.CertificateVerificationError)(nil),
	"wrapped":          fmt.Errorf("%s: %w", hidden, (*auth.TokenEndpointError)(nil)),
	"joined":           errors.Join(errors.New(hidden), (*auth.ReauthorizationRequiredError)(nil)),
	"inside a known":   &auth.ReauthorizationRequiredError{Err: (*url.Error)(nil)},
}

func TestNilErrorIsAFailureAndNoPanicWhereverItComesFrom(t *testing.T) {
	for name, none := range nilErrors {
		failing := sourceFunc(func(context.Context) (auth.Token, error) { return auth.Token{}, none })
		transport := httpmock.NewMockTransport()
		transport.RegisterNoResponder(httpmock.NewErrorResponder(none))
		store := storeFunc(func(func(auth.Secret) (auth.Secret, error)) error { return none })
		integration := person("https://api.example.com/token")
		integration.Transport = transport

		for place, try := range map[string]func(*testing.T) error{
			"source in a cache": func(t *testing.T) error {
				cache := auth.NewCache(failing)
				_, first := cache.Token(t.Context())
				_, second := cache.Token(t.Context())
				require.Equal(t, first, second, "remembered")
				return second
			},
			"source for x/oauth2": func(t *testing.T) error {
				_, err := auth.ToOAuth2(t.Context(), failing).Token()
				return err
			},
			"source of an administrator": func(t *testing.T) error {
				_, err := serviceApp(transport).Grant(t.Context(), failing)
				return err
			},
			"source of x/oauth2": func(t *testing.T) error {
				_, err := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) { return nil, none })).Token(t.Context())
				return err
			},
			"source of a client": func(t *testing.T) error {
				client, err := engage.New(engage.US, failing)
				require.NoError(t, err)
				err = search(t.Context(), client)
				require.ErrorIs(t, err, outcome.ErrOnAuthorizationFailure)
				return errors.Unwrap(err)
			},
			"transport of client credentials": func(t *testing.T) error {
				source := credentials("https://api.example.com")
				source.Transport = transport
				_, err := source.Token(t.Context())
				return err
			},
			"transport of a refresh": func(t *testing.T) error {
				_, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
				return err
			},
			"transport of a Service App": func(t *testing.T) error {
				_, err := serviceApp(transport).Grant(t.Context(), auth.Static("administrator"))
				return err
			},
			"transport of a device login": func(t *testing.T) error {
				_, err := auth.DeviceLogin{Integration: integration, Show: func(auth.DeviceCode) {}}.Run(t.Context())
				return err
			},
			"transport of a sign-in": func(t *testing.T) error {
				signIn, err := integration.NewSignIn()
				require.NoError(t, err)
				_, err = signIn.Finish(t.Context(), redirect(t, signIn.URL(), "code", "good"))
				return err
			},
			"store of a source": func(t *testing.T) error {
				source, err := scripted(store, `{"access_token":"abc"}`).Open()
				require.NoError(t, err)
				_, err = source.Token(t.Context())
				return err
			},
			"store of an authorization": func(t *testing.T) error {
				return scripted(store, `500`).Authorize(t.Context(), granted)
			},
			"store of a registry": func(t *testing.T) error {
				return (&auth.Registry{Store: store}).Add(t.Context(), "a", integration)
			},
		} {
			t.Run(name+" from the "+place, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					err := try(t)
					require.Error(t, err)
					require.NotErrorIs(t, err, auth.ErrReauthorizationRequired)
					require.NotErrorIs(t, err, io.EOF)
					require.NotContains(t, err.Error(), "panic")
					require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), hidden)
				})
			})
		}
	}
}

// storeFunc is a store made of a function.
type storeFunc func(change func(auth.Secret) (auth.Secret, error)) error

func (s storeFunc) Update(_ context.Context, _ string, change func(auth.Secret) (auth.Secret, error)) error {
	return s(change)
}

func TestNilErrorTellsNothing(t *testing.T) {
	for _, none := range []error{
		(*auth.ReauthorizationRequiredError)(nil), (*auth.TokenEndpointError)(nil), (*auth.StoreError)(nil),
		(*auth.HostError)(nil), (*auth.InUseError)(nil), (*auth.SignInError)(nil),
	} {
		t.Run(fmt.Sprintf("%T", none), func(t *testing.T) {
			require.Equal(t, "<nil>", none.Error())
			require.NoError(t, errors.Unwrap(none))
			require.NotErrorIs(t, none, auth.ErrReauthorizationRequired)
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", none, none, none), "PANIC")
			_, err := json.Marshal(none)
			require.NoError(t, err)
			var log bytes.Buffer
			slog.New(slog.NewTextHandler(&log, nil)).Info("m", "error", none)
			require.NotContains(t, log.String(), "PANIC")
		})
	}
	var none *auth.TokenEndpointError
	require.False(t, none.Temporary())
}

func TestNilTransportInAnInterfaceIsTheDefaultOne(t *testing.T) {
	server := answering(t, http.StatusOK, `{"access_token":"abc"}`)
	var none *http.Transport
	source := credentials(server.URL)
	source.Transport = none
	require.Equal(t, "abc", get(t, source))
}

// pointerTransport and pointerStore cannot be nil.
type pointerTransport struct{ http.RoundTripper }

type pointerStore struct{ auth.RecordReader }

func (p *pointerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return p.RoundTripper.RoundTrip(r)
}

func (p *pointerStore) Update(ctx context.Context, name string, change func(auth.Secret) (auth.Secret, error)) error {
	return p.RecordReader.Update(ctx, name, change)
}

func (p *pointerStore) Read(ctx context.Context, name string) (auth.Secret, error) {
	return p.RecordReader.Read(ctx, name)
}

func TestNilInAnInterfaceIsNoTransport(t *testing.T) {
	server := answering(t, http.StatusOK, `{"access_token":"abc","refresh_token":"refresh"}`)
	for name, none := range map[string]http.RoundTripper{
		"pointer":  (*pointerTransport)(nil),
		"function": transportFunc(nil),
	} {
		t.Run(name, func(t *testing.T) {
			source := credentials(server.URL)
			source.Transport = none
			require.Equal(t, "abc", get(t, source))
			source.TokenURL = "https://api.example.com/token"
			bound, err := source.Bind(nil, replying(200, `{"access_token":"clients"}`))
			require.NoError(t, err)
			require.Equal(t, "clients", get(t, bound))
			source.TokenURL = server.URL
			bound, err = source.Bind(nil, none)
			require.NoError(t, err)
			require.Equal(t, "abc", get(t, bound))

			integration := person(server.URL)
			integration.Transport = none
			grant, err := integration.Refresh(t.Context(), auth.NewSecret("refresh"))
			require.NoError(t, err)
			require.Equal(t, "abc", grant.Token.Reveal())
			app := serviceApp(none)
			app.ApplicationsURL = server.URL
			_, err = app.Grant(t.Context(), auth.Static("administrator"))
			require.NoError(t, err)
		})
	}
}

func TestNilInAnInterfaceIsNoStore(t *testing.T) {
	for name, none := range map[string]auth.Store{
		"anybody's": (*pointerStore)(nil),
		"memory":    (*auth.MemoryStore)(nil),
		"files":     (*auth.FileStore)(nil),
		"function":  storeFunc(nil),
	} {
		registry := &auth.Registry{Store: none}
		require.NoError(t, registry.Add(t.Context(), "credentials", standalone(`{"access_token":"abc"}`)))
		for call, try := range map[string]func() error{
			"authorize": func() error { return scripted(none, `500`).Authorize(t.Context(), granted) },
			"token": func() error {
				source, err := scripted(none, `{"access_token":"abc"}`).Open()
				require.NoError(t, err)
				_, err = source.Token(t.Context())
				return err
			},
			"registry, add":    func() error { return registry.Add(t.Context(), "a", integration(`500`)) },
			"registry, remove": func() error { return registry.Remove(t.Context(), "credentials") },
		} {
			t.Run(name+", "+call, func(t *testing.T) {
				var failure *auth.StoreError
				require.ErrorAs(t, try(), &failure)
				require.ErrorContains(t, failure, "the store is nil")
			})
		}
	}
}

// text is an error that fmt prints the content of, wherever it finds it.
type text string

func (t text) Error() string { return string(t) }

func TestErrorOfUnknownTextIsReachedButNotShown(t *testing.T) {
	_, err := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) { return nil, text(hidden) })).Token(t.Context())
	require.ErrorIs(t, err, text(hidden))
	for cause := err; cause != text(hidden); cause = errors.Unwrap(cause) {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", cause, cause, cause), hidden)
	}

	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(httpmock.NewErrorResponder(text(hidden)))
	legacy := auth.Legacy{AuthorizeURL: "https://api.example.com", APIKey: auth.NewSecret("key"), DomainName: "d", Transport: transport}
	_, err = legacy.Token(t.Context())
	require.ErrorIs(t, err, text(hidden))
	require.NotContains(t, fmt.Sprintf("%#v", errors.Unwrap(err)), hidden)
}
