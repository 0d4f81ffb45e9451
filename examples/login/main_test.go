package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary play the program in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("LOGIN_TEST_PROCESS") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// unset is an environment without configuration.
func unset(string) string { return "" }

// configured names the client of an identity.
func configured(name string) string {
	return map[string]string{clientID: identityClient, clientSecret: identitySecret}[name]
}

// change changes what the identity whose store is in directory has granted, and
// returns it.
func change(t *testing.T, directory string, edit func(*granted)) granted {
	t.Helper()
	g, err := newIdentity(auth.NewFileStore(directory)).update(t.Context(), edit)
	require.NoError(t, err)
	return g
}

// inMemory runs the program without configuration and returns what it printed
// and what is granted after it.
func inMemory(t *testing.T, directory string) (string, granted) {
	t.Helper()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-store", directory}, unset, strings.NewReader(""), &out))
	g := change(t, directory, func(*granted) {})
	for _, secret := range []string{identitySecret, g.AccessToken, g.RefreshToken} {
		require.NotContains(t, out.String(), secret)
	}
	return out.String(), g
}

const used = "  the service replies: 200 OK\n"

func TestSecondRunNeedsNobody(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "a", "tokens")
	printed, first := inMemory(t, directory)
	require.Contains(t, printed, "a sign-in is needed: no token")
	require.Contains(t, printed, "the tokens are stored")
	require.Contains(t, printed, used)
	require.Equal(t, 1, first.SignIns)

	printed, second := inMemory(t, directory)
	require.NotContains(t, printed, "sign-in")
	require.Contains(t, printed, used)
	require.Equal(t, first, second, "the same token is used again")
}

func TestRefusedTokenIsRefreshedAndOnlyThenIsSomebodyAsked(t *testing.T) {
	directory := t.TempDir()
	_, first := inMemory(t, directory)
	change(t, directory, func(g *granted) { g.AccessToken = "" })
	printed, second := inMemory(t, directory)
	require.Contains(t, printed, "the service refuses the token, so the program refreshes it")
	require.NotContains(t, printed, "sign-in")
	require.Contains(t, printed, used)
	require.Equal(t, 1, second.SignIns)
	require.NotEqual(t, first.RefreshToken, second.RefreshToken, "it is good for one use")

	change(t, directory, func(g *granted) { g.AccessToken, g.RefreshToken = "", "" })
	printed, third := inMemory(t, directory)
	require.Contains(t, printed, "a sign-in is needed: revoked")
	require.Contains(t, printed, used)
	require.Equal(t, 2, third.SignIns)
}

// serve starts an identity that the program takes for a real service. Its
// store is in directory.
func serve(t *testing.T, directory string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(newIdentity(auth.NewFileStore(directory)))
	t.Cleanup(server.Close)
	return server
}

// arguments are those of a run that signs in to server in the given way.
func arguments(server *httptest.Server, directory, how string) []string {
	service := server.URL + "/v1"
	return []string{"-store", directory, "-how", how, "-service", service, "-ask", service + "/userinfo", "-redirect", identityRedirect}
}

// shown reads what the program prints up to the address to open.
func shown(t *testing.T, printed *bufio.Reader) string {
	t.Helper()
	for {
		line, err := printed.ReadString('\n')
		require.NoError(t, err)
		if _, address, ok := strings.Cut(line, "open this address to sign in: "); ok {
			return strings.TrimSpace(address)
		}
	}
}

// visit opens an address as a person does and returns where the browser ends.
func visit(t *testing.T, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusFound, response.StatusCode)
	return response.Header.Get("Location")
}

func TestPersonWithoutABrowserHerePastesTheAddress(t *testing.T) {
	server, directory := serve(t, t.TempDir()), t.TempDir()
	in, person := io.Pipe()
	defer person.Close()
	program, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(t.Context(), arguments(server, directory, "paste"), configured, in, out)
		_ = out.Close()
	}()
	printed := bufio.NewReader(program)
	address := visit(t, shown(t, printed))
	go func() { // one that is cut off, one of another sign-in, the right one
		_, _ = io.WriteString(person, strings.Split(address, "code=")[0]+"\n"+identityRedirect+"?code=x&state=y\n  "+address+" \n")
	}()
	rest, err := io.ReadAll(printed)
	require.NoError(t, err)
	require.NoError(t, <-ended)
	require.Equal(t, 2, strings.Count(string(rest), "paste another one"))
	require.Contains(t, string(rest), used)
	require.NotContains(t, string(rest), "code=")

	var second strings.Builder
	require.NoError(t, run(t.Context(), arguments(server, directory, "paste"), configured, strings.NewReader(""), &second))
	require.NotContains(t, second.String(), "sign-in")
	require.Contains(t, second.String(), used)
}

func TestPasteEndsWithTheInputOrTheContext(t *testing.T) {
	server := serve(t, t.TempDir())
	err := run(t.Context(), arguments(server, t.TempDir(), "paste"), configured, strings.NewReader("nothing\n"), io.Discard)
	require.ErrorContains(t, err, "the input ended")

	ctx, cancel := context.WithCancel(t.Context())
	in, person := io.Pipe()
	defer person.Close()
	program, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, arguments(server, t.TempDir(), "paste"), configured, in, out) }()
	printed := bufio.NewReader(program)
	shown(t, printed)
	cancel()
	go func() { _, _ = io.Copy(io.Discard, printed) }()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, out.Close())
}

func TestRunThatIsKilledAfterTheSignInLeavesItsTokens(t *testing.T) {
	granting, directory := t.TempDir(), t.TempDir()
	identity := newIdentity(auth.NewFileStore(granting))
	asked, dead := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/userinfo") {
			close(asked)
			<-dead
		}
		identity.ServeHTTP(w, r)
	}))
	defer server.Close()

	victim := exec.Command(os.Args[0], arguments(server, directory, "paste")...)
	victim.Env = append(os.Environ(), "LOGIN_TEST_PROCESS=1", clientID+"="+identityClient, clientSecret+"="+identitySecret)
	person, err := victim.StdinPipe()
	require.NoError(t, err)
	program, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	printed := bufio.NewReader(program)
	_, err = io.WriteString(person, visit(t, shown(t, printed))+"\n")
	require.NoError(t, err)
	<-asked
	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())
	close(dead)

	survivor := httptest.NewServer(identity)
	defer survivor.Close()
	var out strings.Builder
	again := append(arguments(server, directory, "paste"), "-ask", survivor.URL+"/v1/userinfo")
	require.NoError(t, run(t.Context(), again, configured, strings.NewReader(""), &out))
	require.NotContains(t, out.String(), "sign-in")
	require.Contains(t, out.String(), used)
	require.Equal(t, 1, change(t, granting, func(*granted) {}).SignIns)
}

func TestCodeIsEnteredOnAnotherDevice(t *testing.T) {
	replies := map[string]any{
		"/v1/device/authorize": map[string]any{
			"device_code": "hidden", "user_code": "1234", "verification_uri": "https://login.example.com", "interval": 1, "expires_in": 60,
		},
		"/v1/device/token": map[string]any{"access_token": "secret-1", "refresh_token": "secret-2"},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(replies[r.URL.Path])
	}))
	defer server.Close()
	var out strings.Builder
	arguments := []string{"-store", t.TempDir(), "-how", "device", "-service", server.URL + "/v1"}
	require.NoError(t, run(t.Context(), arguments, configured, strings.NewReader(""), &out))
	require.Contains(t, out.String(), "enter the code 1234 at https://login.example.com")
	require.Contains(t, out.String(), "there is a token, valid until it is refused")
	for _, secret := range []string{"hidden", "secret-1", "secret-2"} {
		require.NotContains(t, out.String(), secret)
	}
}

func TestConfigurationThatWillNotDoIsAnError(t *testing.T) {
	for text, test := range map[string]struct {
		arguments []string
		getenv    func(string) string
	}{
		`unexpected argument "x"`:           {[]string{"x"}, unset},
		"not defined: -x":                   {[]string{"-x"}, unset},
		"set WEBEX_CLIENT_ID":               {[]string{"-how", "device"}, unset},
		"-how is browser, paste or device":  {[]string{"-how", "letter"}, unset},
		"Integration.AuthorizeURL":          {[]string{"-service", "http://example.com"}, configured},
		"Integration.ClientSecret is empty": {nil, func(name string) string { return map[string]string{clientID: "x"}[name] }},
	} {
		t.Run(text, func(t *testing.T) {
			arguments := append([]string{"-store", t.TempDir()}, test.arguments...)
			err := run(t.Context(), arguments, test.getenv, strings.NewReader(""), io.Discard)
			require.ErrorContains(t, err, text)
		})
	}
}

func TestHelpShowsTheFlags(t *testing.T) {
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, unset, strings.NewReader(""), &out), flag.ErrHelp)
	require.Contains(t, out.String(), "usage: login ")
	require.Contains(t, out.String(), "-how string")
}
