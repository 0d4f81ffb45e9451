package engagetest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

func TestRequestsAreRecordedInOrder(t *testing.T) {
	s := start(t)
	search := s.post("/conversations/search", `{`+smsAddress+`}`)
	s.post("/conversations/a%2Fb/close", "")
	s.send(http.MethodGet, "/nothing?x=1", "")

	requests := s.Requests()
	require.Len(t, requests, 3)
	require.Equal(t, outcome.SearchConversation, requests[0].Operation)
	require.Equal(t, "/api/v1/conversations/search", requests[0].Path)
	require.Equal(t, http.MethodPost, requests[0].Method)
	require.JSONEq(t, `{`+smsAddress+`}`, string(requests[0].Body))
	require.Equal(t, http.StatusOK, requests[0].Status)
	require.Equal(t, search.header.Get("trxid"), requests[0].TransactionID)
	require.Equal(t, "/api/v1/conversations/a%2Fb/close", requests[1].Path)
	require.Equal(t, outcome.CloseConversation, requests[1].Operation)
	require.Equal(t, http.StatusNotFound, requests[1].Status)
	require.Empty(t, requests[2].Operation)
	require.Equal(t, "/api/v1/nothing?x=1", requests[2].Path)
	require.Equal(t, []int{1, 2, 3}, []int{requests[0].Number, requests[1].Number, requests[2].Number})
}

func TestRecordedRequestsHaveNoSecret(t *testing.T) {
	s := start(t, engagetest.WithCredentials("me", "a secret"))
	s.requestToken(s.credentials().Encode())
	s.requestToken("client_secret=a%20secret&%zz")
	s.post("/conversations/search", `{`+smsAddress+`}`)
	s.post("/oauth/token", `{"client_secret":"a secret"}`)

	requests := s.Requests()
	form, err := url.ParseQuery(string(requests[0].Body))
	require.NoError(t, err)
	require.Equal(t, engagetest.Token, requests[0].Operation)
	require.Equal(t, "[redacted]", form.Get("client_secret"))
	require.Equal(t, "me", form.Get("client_id"))
	require.Equal(t, "[redacted]", string(requests[1].Body))
	require.Equal(t, "[redacted]", requests[2].Header.Get("Authorization"))
	require.Equal(t, "[redacted]", string(requests[3].Body), "JSON is no form")
}

func TestRecordedRequestsAreCopies(t *testing.T) {
	s := start(t)
	s.post("/conversations/search", `{`+smsAddress+`}`)
	got := s.Requests()
	got[0].Body[0] = 'x'
	got[0].Header.Set("Content-Type", "changed")
	require.Equal(t, byte('{'), s.Requests()[0].Body[0])
	require.Equal(t, "application/json", s.Requests()[0].Header.Get("Content-Type"))
}

func TestRecordedRequestsAreBounded(t *testing.T) {
	s := start(t)
	handler := s.Handler()
	for range 10_050 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, s.URL()+"/nothing", nil))
	}
	requests := s.Requests()
	require.Len(t, requests, 10_000)
	require.Equal(t, 51, requests[0].Number, "older requests have been dropped")
}
