package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/engagesdk/engage-go/auth"
)

// oauth2Func is a source of x/oauth2 made of a function.
type oauth2Func func() (*oauth2.Token, error)

func (f oauth2Func) Token() (*oauth2.Token, error) { return f() }

func TestSourceOfOAuth2IsATokenSource(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	source := auth.FromOAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "abc", Expiry: expiry}))
	token, err := source.Token(t.Context())
	require.NoError(t, err)
	require.Equal(t, "abc", token.Reveal())
	require.True(t, token.Expiry().Equal(expiry))
}

// The retrieve error of x/oauth2 shows the whole body of the reply.
func TestErrorOfOAuth2LosesItsBodyAndURL(t *testing.T) {
	server := answering(t, 400, `{"message":"`+hidden+`","trackingId":"W_1"}`)
	config := clientcredentials.Config{ClientID: "id", ClientSecret: hidden, TokenURL: server.URL}
	_, err := config.Token(t.Context())
	require.ErrorContains(t, err, hidden, "the defect this beats")

	_, err = auth.FromOAuth2(config.TokenSource(context.Background())).Token(t.Context())
	var failure *auth.TokenEndpointError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, 400, failure.Status)
	require.Equal(t, "W_1", failure.TrackingID)
	require.NotContains(t, err.Error(), hidden)

	_, err = auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) {
		return nil, &url.Error{Op: "Post", URL: "https://host/" + hidden, Err: errors.New("refused")}
	})).Token(t.Context())
	require.NotContains(t, err.Error(), hidden)
	require.ErrorContains(t, err, "the token source failed")

	cause := errors.New("body: " + hidden)
	_, err = auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) { return nil, cause })).Token(t.Context())
	require.ErrorIs(t, err, cause)
	require.NotContains(t, err.Error(), hidden)
}

// ReuseTokenSourceWithExpiry of x/oauth2 changed its caller's token, from valid
// to invalid.
func TestTokensAreNotChangedByTheirUse(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	given := &oauth2.Token{AccessToken: "abc", Expiry: expiry}
	cache := auth.NewCache(auth.FromOAuth2(oauth2.StaticTokenSource(given)))
	token, err := cache.Token(t.Context())
	require.NoError(t, err)
	cache.Invalidate(token)
	get(t, cache)
	require.Equal(t, &oauth2.Token{AccessToken: "abc", Expiry: expiry}, given)
	require.Equal(t, "abc", token.Reveal())
	require.True(t, token.Expiry().Equal(expiry))
}

func TestMisbehavingSourceOfOAuth2IsAnError(t *testing.T) {
	gives := func(token *oauth2.Token) oauth2.TokenSource {
		return oauth2Func(func() (*oauth2.Token, error) { return token, nil })
	}
	fails := func(err error) oauth2.TokenSource {
		return oauth2Func(func() (*oauth2.Token, error) { return nil, err })
	}
	for name, test := range map[string]struct {
		source oauth2.TokenSource
		text   string
	}{
		"nil":          {nil, "auth: there is no token source"},
		"nil token":    {gives(nil), "auth: there is no token"},
		"empty":        {gives(&oauth2.Token{}), "auth: there is no token"},
		"expired":      {gives(&oauth2.Token{AccessToken: "a", Expiry: time.Unix(1, 0)}), "auth: the token has expired"},
		"other type":   {gives(&oauth2.Token{AccessToken: "a", TokenType: "mac"}), "auth: the token is not a bearer token"},
		"line break":   {gives(&oauth2.Token{AccessToken: "a\r\nb: c"}), "auth: the token contains white space or another invalid character"},
		"panic":        {oauth2Func(func() (*oauth2.Token, error) { panic(hidden) }), "auth: the token source panicked (string)"},
		"bare refusal": {fails(&oauth2.RetrieveError{Body: []byte(hidden)}), "auth: token endpoint"},
		"unexplained": {fails(&oauth2.RetrieveError{
			Body: []byte(`{"access_token":"` + hidden + `"}`), Response: &http.Response{StatusCode: http.StatusOK},
		}), "auth: token endpoint: HTTP 200"},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := auth.FromOAuth2(test.source).Token(t.Context())
			require.EqualError(t, err, test.text)
			require.True(t, token.IsZero())
		})
	}
}

func TestRefusalOfOAuth2KeepsItsCode(t *testing.T) {
	response := func(status int) *http.Response { return &http.Response{StatusCode: status} }
	for name, test := range map[string]struct {
		refusal   oauth2.RetrieveError
		code      string
		temporary bool
	}{
		"form":              {oauth2.RetrieveError{Response: response(400), Body: []byte("error=invalid_grant"), ErrorCode: "invalid_grant"}, "invalid_grant", false},
		"JSON":              {oauth2.RetrieveError{Response: response(400), Body: []byte(`{"error":"invalid_grant"}`), ErrorCode: "invalid_grant"}, "invalid_grant", false},
		"no response":       {oauth2.RetrieveError{ErrorCode: "invalid_grant"}, "invalid_grant", false},
		"no response, busy": {oauth2.RetrieveError{ErrorCode: "temporarily_unavailable"}, "temporarily_unavailable", true},
		"a sentence":        {oauth2.RetrieveError{Response: response(400), ErrorCode: hidden + " is wrong"}, "", false},
		"form, broken":      {oauth2.RetrieveError{Response: response(500), ErrorCode: "invalid_grant"}, "invalid_grant", true},
		"no code":           {oauth2.RetrieveError{Response: response(403), Body: []byte("<html>")}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) { return nil, &test.refusal })).Token(t.Context())
			var failure *auth.TokenEndpointError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, test.code, failure.Code)
			require.Equal(t, test.temporary, failure.Temporary())
			require.NotContains(t, err.Error(), hidden)
		})
	}
}

func TestSlowSourceOfOAuth2DoesNotHoldItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := auth.FromOAuth2(oauth2Func(func() (*oauth2.Token, error) {
			time.Sleep(time.Hour)
			return &oauth2.Token{AccessToken: "abc"}, nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := source.Token(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		time.Sleep(time.Hour)
	})
}

func TestTokenSourceIsASourceOfOAuth2(t *testing.T) {
	expiry := time.Now().Add(time.Hour)
	token, err := auth.ToOAuth2(t.Context(), auth.StaticToken(auth.NewToken("abc", expiry))).Token()
	require.NoError(t, err)
	require.Equal(t, "abc", token.AccessToken)
	require.Equal(t, "Bearer", token.Type())
	require.Equal(t, expiry, token.Expiry)

	key, err := auth.ConnectServiceKey{Key: auth.NewSecret("abc")}.Open()
	require.NoError(t, err)
	for source, text := range map[auth.TokenSource]string{auth.Static(""): "auth: there is no token", key: "auth: the token is not a bearer token"} {
		_, err := auth.ToOAuth2(t.Context(), source).Token()
		require.EqualError(t, err, text)
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
}

func TestErrorOfTheUsersTransportIsShownWithoutWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := credentials("https://api.example.com")
		source.Transport = transportFunc(func(r *http.Request) (*http.Response, error) {
			return nil, text("the limiter refuses " + r.PostFormValue("client_secret") + " of " + r.URL.String() + "/path")
		})
		_, err := source.Token(t.Context())
		require.ErrorContains(t, err, "the limiter refuses [cut] of https://api.example.com")
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), hidden)
		require.ErrorIs(t, err, auth.ErrUnreachable)
	})
}
