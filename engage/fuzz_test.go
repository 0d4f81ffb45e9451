package engage_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// FuzzReplies requires that a call ends on an edge of its operation, whatever the reply,
// and that its error is one line of limited length.
func FuzzReplies(f *testing.F) {
	for _, body := range []string{
		found("active"), acknowledged, `{"status":"failure","code":4547}`, `{"errors":[{"description":"no"}]}`,
		`{"value":{"chatExist":"yes","conversationId":[]}}`, `<html>`, ``, `null`, `[]`, `"`, `{"status":{"a":1}}`, `{"status":"success","tid":"T-`,
	} {
		for _, status := range []int{200, 204, 302, 400, 401, 404, 409, 429, 500} {
			f.Add(status, []byte(body), "2")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, retryAfter string) {
		if status < 200 || status > 999 {
			return
		}
		transport := roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, ContentLength: -1, Body: io.NopCloser(bytes.NewReader(body)),
				Header: http.Header{"Retry-After": {retryAfter}, "Trxid": {string(body)}},
			}, nil
		})
		client := over(t, transport, engage.WithReplyLimit(1<<16), engage.WithCallOptions(oneAttempt))
		for _, c := range calls {
			got, err := c.do(t.Context(), client)
			require.Contains(t, outcome.ForNode(c.operation, c.version), got)
			if err != nil {
				require.NotContains(t, err.Error(), "\n")
				require.Less(t, len(err.Error()), 4096)
			}
		}
	})
}
