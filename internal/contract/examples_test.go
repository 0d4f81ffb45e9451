package contract_test

import (
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// example builds a program of the folder examples and returns its path.
func example(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/"+name)
	build.Dir = "../.."
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return program
}

// run runs a program against the service at a base URL. It returns its exit status and
// what it prints.
func run(t *testing.T, baseURL, id, secret, program string, args ...string) (status int, output string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Env = append(os.Environ(), "ENGAGE_BASE_URL="+baseURL, "ENGAGE_CLIENT_ID="+id, "ENGAGE_CLIENT_SECRET="+secret)
	printed, err := command.CombinedOutput()
	if command.ProcessState == nil {
		require.NoError(t, err)
	}
	return command.ProcessState.ExitCode(), string(printed)
}

func TestTheTrafficOfTheExamplesFollowsTheDocument(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
	}{
		"quickstart": {nil, 0},
		"inbound":    {[]string{"../../examples/inbound/messages.ndjson"}, 1}, // Some of the messages are malformed.
	} {
		t.Run(name, func(t *testing.T) {
			server, checker := service(t)
			target, err := url.Parse(server.URL())
			require.NoError(t, err)
			target.Path = ""
			proxy := httptest.NewServer(&httputil.ReverseProxy{
				Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
				Transport: checker,
			})
			defer proxy.Close()
			status, output := run(t, proxy.URL+"/api/v1", server.ClientID(), server.ClientSecret(), example(t, name), test.args...)
			require.Equal(t, test.status, status, output)
			requireClean(t, checker)
		})
	}
}
