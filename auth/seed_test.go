package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// accepting is an endpoint that accepts these refresh tokens and refuses all others. It
// answers with an access token of the same name, and appends what it got to sent.
func accepting(sent *[]string, accepted ...string) *httpmock.MockTransport {
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		given := r.PostFormValue("refresh_token")
		*sent = append(*sent, given)
		for _, good := range accepted {
			if given == good {
				return httpmock.NewStringResponse(200, fmt.Sprintf(
					`{"access_token":"of-%s","refresh_token":"%s","expires_in":3600}`, given, given)), nil
			}
		}
		return httpmock.NewStringResponse(400, `{"error":"invalid_grant"}`), nil
	})
	return transport
}

// seeded opens a source with a seed at an endpoint.
func seeded(t *testing.T, store auth.Store, seed string, transport http.RoundTripper) *auth.Cache {
	t.Helper()
	refreshing := scripted(store)
	refreshing.Integration.Transport = transport
	refreshing.Seed = auth.Grant{RefreshToken: auth.NewSecret(seed)}
	source, err := refreshing.Open()
	require.NoError(t, err)
	return source
}

// signedIn is a store whose record began with a sign-in, and has no access token.
func signedIn(t *testing.T, refreshToken string) auth.Store {
	t.Helper()
	store := new(auth.MemoryStore)
	require.NoError(t, scripted(store).Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret(refreshToken)}))
	return store
}

func TestSeedThatIsOlderThanTheRecordDoesNotReplaceIt(t *testing.T) {
	var sent []string
	store := signedIn(t, "good")
	require.Equal(t, "of-good", get(t, seeded(t, store, "spent", accepting(&sent, "good"))))
	require.Equal(t, []string{"good"}, sent)
	require.Contains(t, kept(t, store, "a"), `"good"`)
}

func TestSeedDoesNotReplaceASignInAfterTheRecordWasRemoved(t *testing.T) {
	var sent []string
	store := new(auth.MemoryStore)
	require.Equal(t, "of-seed", get(t, seeded(t, store, "seed", accepting(&sent, "seed"))))
	put(t, store, "a", "")
	require.NoError(t, scripted(store).Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret("anew")}))
	require.Equal(t, "of-anew", get(t, seeded(t, store, "seed", accepting(&sent, "anew"))))
	require.Equal(t, []string{"seed", "anew"}, sent)
}

func TestSeedIsUsedWhenTheRefreshOfTheRecordIsRefused(t *testing.T) {
	var sent []string
	store := signedIn(t, "revoked")
	source := seeded(t, store, "fresh", accepting(&sent, "fresh"))
	require.Equal(t, "of-fresh", get(t, source))
	require.Equal(t, []string{"revoked", "fresh"}, sent)
	require.Contains(t, kept(t, store, "a"), "fresh")
}

func TestSeedThatHasBegunTheRecordIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		store := new(auth.MemoryStore)
		refreshing := scripted(store, `{"access_token":"access-1","refresh_token":"rotated","expires_in":600}`)
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "access-1", get(t, source))
		time.Sleep(time.Hour)

		source = seeded(t, store, refreshing.Seed.RefreshToken.Reveal(), accepting(&sent))
		for range 3 {
			_, err = source.Token(t.Context())
			var required *auth.ReauthorizationRequiredError
			require.ErrorAs(t, err, &required)
			require.Equal(t, auth.Revoked, required.Reason)
			time.Sleep(time.Minute)
		}
		require.Equal(t, []string{"rotated", "rotated", "rotated"}, sent)
	})
}

func TestRefusedSeedIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		source := seeded(t, signedIn(t, "revoked"), "spent", accepting(&sent))
		for range 2 {
			_, err := source.Token(t.Context())
			require.ErrorIs(t, err, auth.ErrReauthorizationRequired)
			time.Sleep(time.Minute)
		}
		require.Equal(t, []string{"revoked", "spent", "revoked"}, sent)
	})
}

func TestSeedIsNotUsedWhileTheEndpointIsDownOrRefusesTheClient(t *testing.T) {
	for _, reply := range []string{`503`, `401{"error":"invalid_client"}`} {
		synctest.Test(t, func(t *testing.T) {
			var sent []string
			source := seeded(t, signedIn(t, "good"), "seed", traded(&sent, reply))
			_, err := source.Token(t.Context())
			require.Error(t, err)
			require.NotContains(t, sent, "seed")
		})
	}
}

func TestErrorOfTheSeedIsThatOfTheSourceUnlessTheServiceRefusesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []string
		source := seeded(t, signedIn(t, "revoked"), "seed", traded(&sent, `400{"error":"invalid_grant"}`, `503`))
		_, err := source.Token(t.Context())
		require.ErrorContains(t, err, "HTTP 503")
		require.NotErrorIs(t, err, auth.ErrReauthorizationRequired)
		require.Contains(t, sent, "seed")
	})
}

func TestAccessTokenOfASeedIsUsedAfterARefusal(t *testing.T) {
	var sent []string
	refreshing := scripted(signedIn(t, "revoked"))
	refreshing.Integration.Transport = accepting(&sent)
	refreshing.Seed = granted
	source, err := refreshing.Open()
	require.NoError(t, err)
	require.Equal(t, "granted", get(t, source))
	require.Equal(t, []string{"revoked"}, sent)
}

// Only the service knows whether a new secret is right.
func TestChangedClientSecretIsForTheServiceToJudge(t *testing.T) {
	for reply, reason := range map[string]auth.Reason{
		`{"access_token":"new","expires_in":3600}`: "",
		`401{"error":"invalid_client"}`:            auth.CredentialsChanged,
	} {
		store := signedIn(t, "refresh")
		changed := scripted(store, reply)
		changed.Seed = auth.Grant{}
		changed.Integration.ClientSecret = auth.NewSecret("changed")
		source, err := changed.Open()
		require.NoError(t, err)
		_, err = source.Token(t.Context())
		if reason == "" {
			require.NoError(t, err)
			continue
		}
		var required *auth.ReauthorizationRequiredError
		require.ErrorAs(t, err, &required)
		require.Equal(t, reason, required.Reason)
		require.Equal(t, 1, changed.Integration.Transport.(*httpmock.MockTransport).GetTotalCallCount())
	}
}

func TestClientSecretIsFetchedForEachRequest(t *testing.T) {
	var secrets []string
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		secrets = append(secrets, r.PostFormValue("client_secret"))
		return httpmock.NewStringResponse(200, `{"access_token":"abc"}`), nil
	})
	asked := 0
	fetch := func(ctx context.Context) (auth.Secret, error) {
		asked++
		return auth.NewSecret(fmt.Sprintf("secret-%d", asked)), ctx.Err()
	}
	source := auth.ClientCredentials{ClientID: "id", FetchSecret: fetch, TokenURL: "https://api.example.com", Transport: transport}
	person := auth.Integration{ClientID: "id", FetchSecret: fetch, Transport: transport}
	require.Equal(t, "abc", get(t, source))
	require.Equal(t, "abc", get(t, source))
	_, err := person.Refresh(t.Context(), auth.NewSecret("refresh"))
	require.NoError(t, err)
	require.Equal(t, []string{"secret-1", "secret-2", "secret-3"}, secrets)

	source.ClientSecret = auth.NewSecret("beside")
	require.ErrorContains(t, source.Validate(), "ClientSecret is set beside FetchSecret")
	source.ClientSecret = auth.Secret{}
	source.FetchSecret = func(context.Context) (auth.Secret, error) { return auth.Secret{}, text("the vault is sealed") }
	_, err = source.Token(t.Context())
	require.ErrorContains(t, err, "the vault is sealed")
	source.FetchSecret = func(context.Context) (auth.Secret, error) { return auth.NewSecret(hidden + "\n"), nil }
	_, err = source.Token(t.Context())
	require.ErrorContains(t, err, "the client secret begins or ends with white space")
	require.NotContains(t, err.Error(), hidden)
	require.Len(t, secrets, 3)
}

func TestSecretWithALineBreakIsRefusedByName(t *testing.T) {
	for _, secret := range []string{hidden + "\n", hidden + "\r\n", " " + hidden, "\n"} {
		credentials := credentials("https://api.example.com")
		credentials.ClientSecret = auth.NewSecret(secret)
		integration := person("")
		integration.ClientSecret = auth.NewSecret(secret)
		app := serviceApp(nil)
		app.ClientSecret = auth.NewSecret(secret)
		for _, err := range []error{credentials.Validate(), integration.Validate(), app.Validate()} {
			require.ErrorContains(t, err, "ClientSecret begins or ends with white space")
			require.NotContains(t, err.Error(), hidden)
		}
	}
}

func TestSecretThatTheEndpointEchoesIsCutOut(t *testing.T) {
	const sent = "the+refresh/token"
	for _, body := range []string{
		`400{"error":"` + sent + `","error_description":"no ` + sent + ` here"}`,
		`400{"error":"the%2Brefresh%2Ftoken"}`,
		`400{"error":"x","trackingId":"id-` + sent + `"}`,
		`400{"error":{"key":"` + hidden + `","message":"` + sent + `"},"trackingId":"1"}`,
		`200{"refresh_token":"` + hidden + `-new","trackingId":"` + hidden + `-new"}`,
	} {
		integration := integration(body)
		_, err := integration.Refresh(t.Context(), auth.NewSecret(sent))
		var failure *auth.TokenEndpointError
		require.ErrorAs(t, err, &failure)
		for _, shown := range []string{err.Error(), failure.Code, failure.Description, failure.TrackingID} {
			require.NotContains(t, shown, sent)
			require.NotContains(t, shown, "the%2Brefresh")
			require.NotContains(t, shown, hidden)
		}
		require.Contains(t, failure.Code+failure.TrackingID, "REDACTED")
	}
	header := replying(500, "", "TrackingId", "a-"+hidden)
	source := credentials("https://api.example.com")
	source.Transport = header
	synctest.Test(t, func(t *testing.T) {
		_, err := source.Token(t.Context())
		require.ErrorContains(t, err, "a-REDACTED")
	})
}

func TestReplyMayBeginWithAByteOrderMark(t *testing.T) {
	source := credentials(answering(t, 200, "\xef\xbb\xbf"+`{"access_token":"abc"}`).URL)
	require.Equal(t, "abc", get(t, source))
}

func TestRefreshKeepsWhatTheReplyDoesNotName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(auth.MemoryStore)
		deadline := time.Now().Add(time.Hour)
		refreshing := scripted(store)
		refreshing.Seed = auth.Grant{}
		refreshing.Integration.Transport = script(`{"access_token":"second","expires_in":600}`, `{"access_token":"third","expires_in":600}`)
		require.NoError(t, refreshing.Authorize(t.Context(), auth.Grant{
			Token:        auth.NewToken("first", time.Now().Add(10*time.Minute), "read", "write"),
			RefreshToken: auth.NewSecret("refresh"), RefreshExpiry: deadline,
		}))
		source, err := refreshing.Open()
		require.NoError(t, err)
		require.Equal(t, "first", get(t, source))
		time.Sleep(10 * time.Minute)
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "second", token.Reveal())
		require.Equal(t, []string{"read", "write"}, token.Scopes())

		time.Sleep(time.Hour)
		_, err = source.Token(t.Context())
		required := new(auth.ReauthorizationRequiredError)
		require.ErrorAs(t, err, &required)
		require.Equal(t, auth.RefreshExpired, required.Reason)
		require.True(t, required.Deadline.Equal(deadline))
		require.EqualError(t, err, `auth: re-authorization required for "a": refresh token expired at `+deadline.UTC().Format(time.RFC3339))
	})
}

func TestErrorsOfASourceNameTheAuthorizationAndTheReason(t *testing.T) {
	for name, test := range map[string]struct {
		record string
		reply  string
		text   string
	}{
		"no record":       {"", ``, `auth: re-authorization required for "a": no token`},
		"other client":    {`{"version":1,"clientID":"other","refreshToken":"r"}`, ``, `auth: re-authorization required for "a": credentials changed`},
		"refused":         {`{"version":1,"refreshToken":"r"}`, `400{"error":"invalid_grant"}`, `auth: re-authorization required for "a": revoked: auth: token endpoint: HTTP 400, invalid_grant`},
		"damaged":         {`{`, ``, `auth: re-authorization required for "a": record damaged: auth: the record "a" is damaged: authorize anew, which replaces it`},
		"no usable token": {`{"version":1,"refreshToken":"r"}`, `400{"error":"invalid_grant","refresh_token":"s"}`, `auth: re-authorization required for "a": revoked: auth: token endpoint: HTTP 400, invalid_grant`},
	} {
		t.Run(name, func(t *testing.T) {
			store := new(auth.MemoryStore)
			put(t, store, "a", test.record)
			refreshing := scripted(store, test.reply)
			refreshing.Seed = auth.Grant{}
			source, err := refreshing.Open()
			require.NoError(t, err)
			_, err = source.Token(t.Context())
			require.EqualError(t, err, test.text)
		})
	}
}
