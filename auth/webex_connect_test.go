package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/outcome"
)

func TestServiceKeyGoesIntoItsOwnHeader(t *testing.T) {
	source, err := auth.ConnectServiceKey{Key: auth.NewSecret("abc")}.Open()
	require.NoError(t, err)
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	hosts, err := auth.NewHosts("https://api.example.com")
	require.NoError(t, err)
	r := request(t, "https://api.example.com")
	require.NoError(t, hosts.Authorize(r, token))
	require.Equal(t, "abc", r.Header.Get("key"))
	require.Empty(t, r.Header.Get("Authorization"))

	_, err = auth.ToOAuth2(t.Context(), source).Token()
	require.ErrorContains(t, err, "bearer")
}

func TestRefusedKeyIsReplacedByTheOther(t *testing.T) {
	source, err := auth.ConnectServiceKey{Key: auth.NewSecret("one"), Secondary: auth.NewSecret("two")}.Open()
	require.NoError(t, err)
	one, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "one", one.Reveal())
	source.(auth.Invalidator).Invalidate(one)
	two, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "two", two.Reveal())
	source.(auth.Invalidator).Invalidate(one) // by now news of an old key
	source.(auth.Invalidator).Invalidate(auth.Token{})
	require.Equal(t, "two", get(t, source))
	source.(auth.Invalidator).Invalidate(two)
	require.Equal(t, "one", get(t, source))
}

// claims checks that token is signed with key and returns what it says.
func claims(t *testing.T, token, key string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	require.Equal(t, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), parts[2])
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"alg":"HS256","typ":"JWT"}`, string(header))
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var said map[string]any
	require.NoError(t, json.Unmarshal(body, &said))
	return said
}

func TestJWTIsSignedWithTheDecodedSecretAndRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, err := auth.ConnectJWT{
			ServiceID: "service", Secret: auth.NewSecret(base64.StdEncoding.EncodeToString([]byte("key ?>"))),
		}.Open()
		require.NoError(t, err)
		first, err := source.Token(t.Context())
		require.NoError(t, err)
		issued := time.Now().Add(-30 * time.Second)
		require.Equal(t, map[string]any{
			"iss": "service", "iat": float64(issued.Unix()), "exp": float64(issued.Add(time.Hour).Unix()),
		}, claims(t, first.Reveal(), "key ?>"))
		require.True(t, first.Expiry().Equal(issued.Add(time.Hour)))

		time.Sleep(30 * time.Minute)
		require.Equal(t, first.Reveal(), get(t, source))
		time.Sleep(20 * time.Minute)
		get(t, source)
		synctest.Wait()
		require.NotEqual(t, first.Reveal(), get(t, source))
	})
}

func TestRefusedJWTIsReplacedByOneOfTheOtherSecret(t *testing.T) {
	source, err := auth.ConnectJWT{
		ServiceID: "service",
		Secret:    auth.NewSecret(base64.RawURLEncoding.EncodeToString([]byte("one>>"))),
		Secondary: auth.NewSecret(base64.StdEncoding.EncodeToString([]byte("two??"))),
	}.Open()
	require.NoError(t, err)
	one, err := source.Token(t.Context())
	require.NoError(t, err)
	claims(t, one.Reveal(), "one>>")
	source.(auth.Invalidator).Invalidate(one)
	claims(t, get(t, source), "two??")
}

// A service that refuses good tokens now and then must not look like one that refuses all.
func TestAcceptedJWTsAreReplacedWheneverTheyAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, err := auth.ConnectJWT{ServiceID: "service", Secret: auth.NewSecret(base64.StdEncoding.EncodeToString([]byte("key")))}.Open()
		require.NoError(t, err)
		for range 5 {
			accepted, err := source.Token(t.Context())
			require.NoError(t, err)
			source.(auth.Accepter).Accept(accepted)
			time.Sleep(time.Second) // A later token differs by its second.
			source.(auth.Invalidator).Invalidate(accepted)
			require.NotEqual(t, accepted.Reveal(), get(t, source))
		}
	})
}

// meddling is a context that runs meddle while it is asked for its end.
type meddling struct {
	context.Context
	meddle func()
}

func (m *meddling) Err() error {
	once(&m.meddle)
	return m.Context.Err()
}

// One caller is given a token of the first secret while another has it refused.
func TestDiscardedSecretDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, err := auth.ConnectJWT{
			ServiceID: "service",
			Secret:    auth.NewSecret(base64.StdEncoding.EncodeToString([]byte("one"))),
			Secondary: auth.NewSecret(base64.StdEncoding.EncodeToString([]byte("two"))),
		}.Open()
		require.NoError(t, err)
		ctx := &meddling{t.Context(), func() {
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			source.(auth.Invalidator).Invalidate(token)
		}}
		late, err := source.Token(ctx)
		require.NoError(t, err)
		claims(t, late.Reveal(), "one")
		source.(auth.Invalidator).Invalidate(late)
		claims(t, get(t, source), "two")
	})
}

func TestConnectNamesEveryFaultAtOnce(t *testing.T) {
	_, err := auth.ConnectServiceKey{Secondary: auth.NewSecret("a b")}.Open()
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	require.ErrorContains(t, err, "Key is empty; Secondary contains white space")

	source, err := auth.ConnectJWT{Secondary: auth.NewSecret(hidden + "!")}.Open()
	require.Nil(t, source)
	require.ErrorIs(t, err, outcome.ErrOnInvalidData)
	require.ErrorContains(t, err, "ServiceID is empty; Secret is empty; Secondary is not base64")
	require.NotContains(t, err.Error(), hidden)
}
