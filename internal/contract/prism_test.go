//go:build prism

package contract_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/internal/npmtest"
	"github.com/engagesdk/engage-go/outcome"
)

// prism starts Prism, which answers with the examples of the document, and returns its
// address.
func prism(t *testing.T, directory, document string) string {
	t.Helper()
	server := exec.Command("node", "node_modules/@stoplight/prism-cli/dist/index.js", "mock", "--port", "0", document)
	server.Dir = directory
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	listening := regexp.MustCompile(`Prism is listening on (http://\S+)`)
	for lines := bufio.NewReader(stdout); ; {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if found := listening.FindStringSubmatch(line); found != nil {
			go func() { _, _ = io.Copy(io.Discard, lines) }() // It ends with the server.
			return found[1]
		}
	}
}

// This runs programs that nobody here wrote: Spectral checks the document, and Prism
// serves it. It needs Node and npm, and so runs only with the build tag prism, as in
// .ci/run. Then it fails if they are missing.
func TestPrism(t *testing.T) {
	document, err := filepath.Abs(file)
	require.NoError(t, err)
	directory := npmtest.Install(t, "testdata/stoplight")

	t.Run("the linter has no objection", func(t *testing.T) {
		spectral := exec.CommandContext(t.Context(), "node", "node_modules/@stoplight/spectral-cli/dist/index.js",
			"lint", "--fail-severity", "warn", document)
		spectral.Dir = directory
		output, err := spectral.CombinedOutput()
		require.NoError(t, err, string(output))
	})

	address := prism(t, directory, document)

	t.Run("each call ends on the edge of each example", func(t *testing.T) {
		client, err := engage.New(engage.Endpoint(address),
			auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("secret")},
			engage.WithCallOptions(engage.WithRetry(engage.Retry{Policy: engage.RetryNever})))
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		put := func(engagetest.Conversation) string { return "CSR0000000000001" }
		seen := map[outcome.Operation]int{}
		for _, c := range oneOfEach(calls(t, put)) {
			for _, e := range read(t).Examples(c.operation) {
				edge, err := c.do(t.Context(), client, engage.WithHeader("Prefer", fmt.Sprintf("code=%s, example=%s", e.Status, e.Name)))
				require.Equal(t, e.Edge, edge, "%s, status %s, example %s: %v", c.name, e.Status, e.Name, err)
				seen[c.operation]++
			}
		}
		for _, o := range engage.Operations() {
			require.Greater(t, seen[o.Name], 5, o.Name)
		}
	})

	t.Run("each call is accepted", func(t *testing.T) {
		client, err := engage.New(engage.Endpoint(address), auth.ClientCredentials{ClientID: "tenant", ClientSecret: auth.NewSecret("secret")})
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		put := func(engagetest.Conversation) string { return "CSR0000000000001" }
		for _, c := range calls(t, put) {
			_, err := c.do(t.Context(), client)
			require.NoError(t, err, c.name)
		}
	})

	t.Run("a request that the document forbids is refused", func(t *testing.T) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/conversations/search", strings.NewReader(`{"channel":"fax"}`))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer token")
		reply, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, reply.Body.Close())
		require.Equal(t, http.StatusUnprocessableEntity, reply.StatusCode)
	})

	t.Run("the quickstart", func(t *testing.T) {
		status, output := run(t, address, "tenant", "secret", example(t, "quickstart"))
		require.Zero(t, status, output)
		require.Contains(t, output, "SearchConversation   conversationActive")
		require.Contains(t, output, "AppendMessage        onAppendMessageSuccess")
		require.Contains(t, output, "CloseConversation    onConversationClosed")
	})
}
