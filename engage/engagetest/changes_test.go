package engagetest_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
)

// watching collects the lists of changes until ctx ends.
func watching(ctx context.Context, s *session) (lists *[][]string, ended chan struct{}) {
	lists, ended = new([][]string), make(chan struct{})
	go func() {
		defer close(ended)
		for ids := range s.Changes(ctx) {
			*lists = append(*lists, ids)
		}
	}()
	synctest.Wait()
	return lists, ended
}

func TestChangesOfConversationsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork())
		s.Seed(engagetest.Conversation{ID: "a"})
		s.Seed(engagetest.Conversation{ID: "b"})
		ctx, cancel := context.WithCancel(t.Context())
		lists, ended := watching(ctx, s)
		for _, change := range []func(){
			func() { s.post("/conversations/b/hold", "") },
			func() { s.Update("a", func(c *engagetest.Conversation) { c.AliasID = "x" }) },
			func() { s.Seed(engagetest.Conversation{ID: "c"}) },
			func() { s.post("/conversations", `{`+smsAddress+`}`) },
			func() {
				s.post("/conversations/resolve", messageBody("social", "sms", `{"senderNumber":"+199","serviceNumber":"+100","message":"x"}`))
			},
			// These change nothing.
			func() { s.post("/conversations/none/hold", "") },
			func() { s.post("/conversations/search", `{`+smsAddress+`}`) },
			func() { s.send(http.MethodGet, "/conversations/a/messages", "") },
		} {
			change()
			synctest.Wait()
		}
		id := s.Conversations()[3].ID
		require.Equal(t, [][]string{{"a", "b"}, {"b"}, {"a"}, {"c"}, {id}, {id}}, *lists)
		cancel()
		<-ended
	})
}

func TestChangesWaitForASlowReader(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	s.Seed(engagetest.Conversation{ID: "a"})
	var lists [][]string
	for ids := range s.Changes(t.Context()) {
		if lists = append(lists, ids); len(lists) == 3 {
			break
		}
		for range 3 {
			s.post("/conversations/a/hold", "")
			s.Seed(engagetest.Conversation{ID: "b"})
		}
	}
	require.Equal(t, [][]string{{"a"}, {"a", "b"}, {"a", "b"}}, lists)
}

func TestChangesEndWhenTheServerIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork())
		lists, ended := watching(t.Context(), s)
		s.Close()
		<-ended
		require.Equal(t, [][]string{nil}, *lists, "the first list comes even if it is empty")
	})
}

// Requests that the server keeps are reported, however late they are read.
func TestRequestsThatAreReadLateAreReported(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	next, stop := iter.Pull(s.RequestChanges(t.Context()))
	defer stop()
	next()
	for _, arrive := range []int{10_000, 25_000} {
		for range arrive {
			s.send(http.MethodGet, "/", "")
		}
		requests, _ := next()
		require.Len(t, requests, len(s.Requests()))
		require.Equal(t, s.Requests()[0].Number, requests[0].Number)
	}
}

func TestRequestsAreReportedAsTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork())
		s.post("/conversations/search", "{"+smsAddress+"}")
		ctx, cancel := context.WithCancel(t.Context())
		var newest atomic.Pointer[[]engagetest.Request]
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for requests := range s.RequestChanges(ctx) {
				newest.Store(&requests)
			}
		}()
		synctest.Wait()
		require.Equal(t, s.Requests(), *newest.Load())

		s.Fail(outcome.CreateConversation, engagetest.Fault{ApplyDelay: time.Minute, Delay: time.Second})
		go s.post("/conversations", "{"+smsAddress+"}")
		for i, want := range []string{"#2 0 maybe applied", "#2 202 maybe applied", "#2 202 applied"} {
			time.Sleep([]time.Duration{0, time.Second, time.Minute}[i])
			synctest.Wait()
			list := *newest.Load()
			require.Len(t, list, 1)
			require.Equal(t, want, fmt.Sprintf("#%d %d %s", list[0].Number, list[0].Status, list[0].Effect))
		}
		cancel()
		<-ended
	})
}
