package auth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// A transport of the SDK reports why a proxy refused to connect, and net/http does not.
func TestDefaultTransportOfACachedSourceIsOneOfTheSDK(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	require.NoError(t, err)
	standard := http.DefaultTransport
	http.DefaultTransport = &http.Transport{Proxy: http.ProxyURL(address)}
	defer func() { http.DefaultTransport = standard }()
	refreshing, err := refreshingAt("https://login.example.com/token", nil).Open()
	require.NoError(t, err)
	for _, source := range []auth.TokenSource{auth.NewCache(credentials("https://login.example.com/token")), refreshing} {
		_, err = source.Token(t.Context())
		require.ErrorContains(t, err, "the proxy refused to connect: 407")
	}
}
