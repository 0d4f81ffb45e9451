package safeurl_test

import (
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/internal/safeurl"
)

var loopback = []string{"localhost", "127.0.0.1", "127.0.0.0", "127.1.2.3", "127.255.255.255", "::1"}

func TestLoopbackIsThisMachine(t *testing.T) {
	for _, host := range loopback {
		require.True(t, safeurl.Loopback(host), host)
	}
}

func TestWhatOnlyLooksLikeTheLoopbackIsNot(t *testing.T) {
	for _, host := range []string{
		"", " ", ".",
		"LOCALHOST", "Localhost", "localhosT", "loca\u017fhost", "localhost ", " localhost", "localhost\x00", "localhost\n",
		"localhost.", "localhost..", ".localhost", "a.localhost", "localhost.localdomain", "localhost.evil.example", "evil.example#localhost",
		"localhost4", "localhost6", "ip6-localhost", "localhost:80", "localhost@evil.example", "local host", "loc%61lhost",
		"127.0.0.1.", "127.0.0.1.evil.example", "127.0.0.1:80", "127.0.0.1 ", "127.0.0.1\x00", "127.0.0.1/8", "127.0.0.1%lo",
		"127.1", "127.0.1", "127", "127.0.0.01", "0127.0.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "127.0.0.256", "127.0.0.-1", "127..0.1",
		"\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u24dbocalhost",
		"0", "0.0.0.0", "126.255.255.255", "128.0.0.1", "10.0.0.1", "169.254.169.254", "1.0.0.127",
		"::", "::2", "::1.", "[::1]", "::1%lo", "::1%25lo", "::1%", "0:0:0:0:0:0:0:1", "::0001", "0::1", "1::", "::1:1", "fe80::1", "fe80::1%lo",
		"::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:7f00:0001", "0:0:0:0:0:ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1", "::ffff:0:127.0.0.1",
	} {
		require.False(t, safeurl.Loopback(host), "%q", host)
	}
}

// A secret in plain text must not leave the machine by way of a proxy.
func TestLoopbackIsReachedWithoutAProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://proxy.example.com")
	t.Setenv("NO_PROXY", "")
	t.Setenv("no_proxy", "")
	through := func(host string) bool {
		t.Helper()
		proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "http", Host: net.JoinHostPort(host, "80")}})
		require.NoError(t, err)
		return proxy != nil
	}
	for _, host := range loopback {
		require.False(t, through(host), host)
	}
	for _, host := range []string{"LOCALHOST", "localhost.", "example.com"} {
		require.True(t, through(host), host)
	}
}

func TestParseSaysWhatIsWrongWithoutQuotingIt(t *testing.T) {
	for raw, want := range map[string]string{
		"":                               "is empty",
		"://hunter2":                     "is not a URL",
		"https://hunt er2":               "is not a URL",
		"https://%zz":                    "is not a URL",
		"http://[::1":                    "is not a URL",
		"https://":                       "has no host",
		"https:///hunter2":               "has no host",
		"https://:8443":                  "has no host",
		"https:hunter2":                  "has no host",
		"hunter2":                        "has no host and is neither https nor plain http to the loopback",
		"/hunter2":                       "has no host and is neither https nor plain http to the loopback",
		"//hunter2":                      "is neither https nor plain http to the loopback",
		"https://user@example.com":       "holds user information",
		"https://user:hunter2@localhost": "holds user information",
		"http://@localhost":              "holds user information",
		"http://localhost@evil.example":  "holds user information and is neither https nor plain http to the loopback",
		"http://example.com":             "is neither https nor plain http to the loopback",
		"ftp://localhost":                "is neither https nor plain http to the loopback",
		"ws://127.0.0.1":                 "is neither https nor plain http to the loopback",
		"http://LOCALHOST:8080":          "is neither https nor plain http to the loopback",
		"http://localhost.":              "is neither https nor plain http to the loopback",
		"http://localhost.evil.example":  "is neither https nor plain http to the loopback",
		"http://evil.example?localhost":  "is neither https nor plain http to the loopback",
		"http://[::ffff:127.0.0.1]":      "is neither https nor plain http to the loopback",
		"http://[::1%25lo]":              "is neither https nor plain http to the loopback",
		"http://127.0.0.1.evil.example":  "is neither https nor plain http to the loopback",
		"http://2130706433":              "is neither https nor plain http to the loopback",
		"https://example.com":            "",
		"HTTPS://Example.COM:8443/a?b#c": "",
		"https://LOCALHOST":              "",
		"https://[2001:db8::1]/":         "",
		"http://localhost":               "",
		"HTTP://localhost:8080/callback": "",
		"http://127.0.0.1:1/":            "",
		"http://127.8.8.8?a=b":           "",
		"http://[::1]:8080/oauth/token":  "",
	} {
		parsed, problem := safeurl.Parse(raw)
		require.Equal(t, want, problem, raw)
		require.Equal(t, want == "", parsed != nil, raw)
	}
}

func TestABaseHasNoQueryAndNoFragment(t *testing.T) {
	for raw, want := range map[string]string{
		"":                              "is empty",
		"https://example.com/?":         "has a query or a fragment",
		"https://example.com/#hunter":   "has a query or a fragment",
		"http://a:hunter2@example.com?": "holds user information and is neither https nor plain http to the loopback and has a query or a fragment",
	} {
		base, problem := safeurl.ParseBase(raw)
		require.Equal(t, want, problem, raw)
		require.Nil(t, base)
	}
	base, problem := safeurl.ParseBase("https://example.com/api/v1//")
	require.Empty(t, problem)
	require.Equal(t, "https://example.com/api/v1", base.String())
}
