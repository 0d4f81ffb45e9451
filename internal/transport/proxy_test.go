package transport_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/sent"
	"github.com/engagesdk/engage-go/internal/transport"
)

// proxied are the hosts that the proxy of the tests was asked for.
var proxied sync.Map

// TestMain has all tests run with a proxy in the environment, which net/http reads
// once. It is used for hosts that are not on the loopback. It connects a client to the
// server of its host in tunnels, or refuses with the status that the host begins with.
func TestMain(m *testing.M) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied.Store(r.Host, r.Method)
		if address, ok := tunnels.Load(r.Host); ok {
			tunnel(w, address.(string))
			return
		}
		status := map[string]int{"407": 407, "403": 403, "502": 502, "299": 299}[r.Host[:3]]
		w.Header().Set("Proxy-Authenticate", "Basic secret")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "secret")
	}))
	os.Setenv("HTTPS_PROXY", proxy.URL)
	os.Exit(m.Run())
}

// tunnels are the addresses that the proxy connects to, by host.
var tunnels sync.Map

// tunnel connects the client of a proxy to address, until either closes its connection.
func tunnel(w http.ResponseWriter, address string) {
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	go func() {
		defer client.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 Connected\r\n\r\n")
		_, _ = io.Copy(client, server)
	}()
	_, _ = io.Copy(server, buffered)
}

func TestTheTLSConfigurationHoldsThroughAProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(server.Close)
	tunnels.Store("tunneled.example:443", server.Listener.Addr().String())
	own := transport.New(roots)
	t.Cleanup(own.CloseIdleConnections)
	_, err := get(t.Context(), &sent.Client{Transport: own}, "https://tunneled.example", new(sent.Watch))
	require.NoError(t, err)
}

func TestTheRefusalOfAProxyIsReported(t *testing.T) {
	for name, own := range map[string]http.RoundTripper{"New": transport.New(nil), "Default": transport.Default()} {
		client := &sent.Client{Transport: own}
		for host, permanent := range map[string]bool{"407.example": true, "403.example": true, "502.example": false, "299.example": false} {
			var watch sent.Watch
			_, err := get(t.Context(), client, "https://"+host, &watch)
			refusal, ok := errors.AsType[*transport.ProxyError](err)
			require.True(t, ok, "%s %s: %v", name, host, err)
			require.Equal(t, permanent, refusal.Permanent(), host)
			require.ErrorContains(t, safeerror.Exchange(err), "the proxy refused to connect: "+host[:3])
			require.NotContains(t, err.Error(), "secret")
			require.True(t, watch.NotSent())
			method, _ := proxied.LoadAndDelete(host + ":443")
			require.Equal(t, http.MethodConnect, method, "%s uses the proxy of the environment", name)
		}
	}
}

func TestTheNameOfAnUnknownStatusOfAProxyIsSaidToBeUnknown(t *testing.T) {
	require.EqualError(t, &transport.ProxyError{Status: 299}, "the proxy refused to connect: 299 unknown status")
	require.EqualError(t, &transport.ProxyError{Status: 407}, "the proxy refused to connect: 407 Proxy Authentication Required")
}
