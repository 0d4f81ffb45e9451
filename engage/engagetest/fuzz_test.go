package engagetest_test

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

// FuzzHandler checks that the server answers any request.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{
		"POST /api/v1/conversations/search HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{" + smsAddress + "}",
		"POST /api/v1/conversations HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{" + smsAddress + `,"messages":[` + text + "]}",
		"POST /api/v1/conversations/CSR0000000000001/messages HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"channel\":\"sms\",\"messages\":[null,1,{}," + text + "]}",
		"GET /api/v1/conversations/CSR0000000000001/messages?limit=x&offset=%zz HTTP/1.1\r\n\r\n",
		"DELETE /api/v1/conversations/%2F/participants/%2e%2e?callbackUrl=http://%zz HTTP/1.1\r\n\r\n",
		"PATCH /api/v1/conversations/CSR0000000000001 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"customFields\":[[]]}",
		"POST /api/v1/conversations/resolve HTTP/1.1\r\nContent-Type: application/json\r\n\r\n" + messageBody("chat", "web", `{"userId":1}`),
		"POST /api/v1/oauth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=client_credentials",
		"OPTIONS * HTTP/1.1\r\n\r\n",
		"GET /files/../x HTTP/1.1\r\n\r\n",
	} {
		f.Add(seed)
	}
	server := engagetest.NewServer(engagetest.WithCallbackTransport(failing{}))
	defer server.Close()
	handler := server.Handler()
	f.Fuzz(func(t *testing.T, raw string) {
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n\r\n")))
		if err != nil {
			return
		}
		request.Body = http.NoBody
		if body != "" {
			request.Body = readCloser{strings.NewReader(body)}
		}
		request.Header.Set("Authorization", "Bearer "+server.IssueToken())
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		require.Contains(t, []int{200, 202, 400, 401, 404, 405, 409, 413, 415, 422}, recorder.Code)
		if !strings.HasPrefix(request.URL.Path, "/files/") {
			require.NotEmpty(t, recorder.Header().Get("trxid"))
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// FuzzRestore checks that no state file makes the server panic, and that a refused one
// changes nothing.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"engagetest":1,"conversations":[{"ID":"a","Channel":"email","Messages":[{"Type":"email","Raw":{"email":{"headers":{"Message-ID":"<1>"}}}}]}],"ids":1}`))
	f.Add([]byte(`{"engagetest":1,"conversations":[{"ID":"a","Messages":[{"Raw":null}]}]}`))
	f.Add([]byte(`{"engagetest":2,"files":{"a":{"name":"b","content":"aGk="},"":{}}}`))
	f.Add([]byte(`{"engagetest":3}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := engagetest.NewServer(engagetest.WithoutNetwork())
		defer s.Close()
		s.Seed(engagetest.Conversation{ID: "before"})
		if err := s.Restore(data); err != nil {
			require.Len(t, s.Conversations(), 1)
			return
		}
		for _, c := range s.Conversations() {
			s.Messages(c.ID)
		}
		saved, err := s.Snapshot()
		require.NoError(t, err)
		require.NoError(t, s.Restore(saved))
	})
}
