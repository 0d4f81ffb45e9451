package engagetest_test

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// get reads a URL without a token.
func (s *session) get(method, url string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, url, http.NoBody)
	require.NoError(s.t, err)
	response, err := s.HTTPClient().Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response, string(body)
}

func TestAFileCanBeSentAndRead(t *testing.T) {
	for name, options := range map[string][]engagetest.Option{
		"over a network":    nil,
		"over TLS":          {engagetest.WithTLS()},
		"without a network": {engagetest.WithoutNetwork()},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, options...)
			content := []byte("a picture")
			sent, err := s.AddFile("a b.png", "image/png", content)
			require.NoError(t, err)
			content[0] = 'x'
			id, err := s.Write(addresses["Apple"], message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{sent}})
			require.NoError(t, err)

			got := message.AttachmentsOf(s.Messages(id)[0])
			require.Equal(t, []message.Attachment{sent}, got)
			response, body := s.get(http.MethodGet, got[0].URL)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, "a picture", body)
			require.Equal(t, "image/png", response.Header.Get("Content-Type"))
			response, body = s.get(http.MethodHead, got[0].URL)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Empty(t, body)
			response, _ = s.get(http.MethodPut, got[0].URL)
			require.Equal(t, http.StatusMethodNotAllowed, response.StatusCode)
			response, _ = s.get(http.MethodGet, got[0].URL+"x")
			require.Equal(t, http.StatusNotFound, response.StatusCode)
			require.Empty(t, s.Requests())
		})
	}
}

// A customer may send a page with a script, under any name and media type.
func TestAFileIsSafeInABrowser(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	for mimeType, want := range map[string]string{
		"text/html":                  "text/html",
		"text/plain; charset=utf-8":  "text/plain; charset=utf-8",
		"image":                      "application/octet-stream",
		"":                           "application/octet-stream",
		"text/html\r\nSet-Cookie: a": "application/octet-stream",
	} {
		name := "../\"<script>alert(1)</script>\r\nå.html"
		sent, err := s.AddFile(name, mimeType, []byte("<script>alert(1)</script>"))
		require.NoError(t, err)
		require.Equal(t, mimeType, sent.MIMEType)
		require.Equal(t, name, sent.FileName)
		require.NotContains(t, sent.URL, "script")
		response, _ := s.get(http.MethodGet, sent.URL)
		require.Equal(t, want, response.Header.Get("Content-Type"))
		require.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
		policy := response.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "sandbox")
		require.NotContains(t, policy, "allow-scripts")
		_, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Disposition"))
		require.NoError(t, err)
		require.Equal(t, name, parameters["filename"])
		require.NotContains(t, response.Header, "Set-Cookie")
	}
}

func TestFilesAreBounded(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	large := bytes.Repeat([]byte("x"), 8<<20)
	_, err := s.AddFile("a", "", append(large, 'x'))
	require.EqualError(t, err, "engagetest: AddFile: the file is larger than 8388608 bytes")
	for range 8 {
		_, err = s.AddFile("a", "", large)
		require.NoError(t, err)
	}
	_, err = s.AddFile("a", "", []byte("x"))
	require.EqualError(t, err, "engagetest: AddFile: all files together are larger than 67108864 bytes")
}

func TestASnapshotHasTheFiles(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	sent, err := s.AddFile("a.txt", "text/plain", []byte("hello"))
	require.NoError(t, err)
	saved, err := s.Snapshot()
	require.NoError(t, err)
	other := start(t, engagetest.WithoutNetwork())
	require.NoError(t, other.Restore(saved))
	_, body := other.get(http.MethodGet, sent.URL)
	require.Equal(t, "hello", body)
	old := bytes.Replace(saved, []byte(`"engagetest":2`), []byte(`"engagetest":1`), 1)
	require.NoError(t, other.Restore(old))
}
