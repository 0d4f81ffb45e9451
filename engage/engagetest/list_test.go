package engagetest_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// ids returns the ids of conversations.
func ids(conversations []engagetest.Conversation) []string {
	var ids []string
	for _, c := range conversations {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestConversationsAreListed(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	s := start(t, engagetest.WithoutNetwork(), engagetest.WithClock(func() time.Time { return at }))
	for i, status := range []engagetest.Status{engagetest.Queued, engagetest.Active, engagetest.Queued, engagetest.Closed, engagetest.Queued} {
		at = at.Add(time.Minute)
		c := engagetest.NewConversation(channel.SMSAddress{Business: "+100", Customer: fmt.Sprint("+", i)},
			message.Stamp(message.Text{Direction: message.Inbound, Text: "first"}, "a", at),
			message.Stamp(message.Text{Direction: message.Inbound, Text: "last"}, "b", at))
		c.ID, c.Status = fmt.Sprint("c", i), status
		s.Seed(c)
	}
	s.Seed(engagetest.Conversation{ID: "same time", Channel: "email", Status: engagetest.Closed})
	at = at.Add(time.Minute)
	s.post("/conversations/c0/participants", `{"participant":"anna"}`)

	list := s.List(engagetest.Query{})
	require.Equal(t, []string{"c0", "same time", "c4", "c3", "c2", "c1"}, ids(list.Conversations))
	require.Equal(t, 6, list.Total)
	require.Len(t, list.Conversations[0].Messages, 1)
	require.Equal(t, "last", list.Conversations[0].Messages[0].Text)
	counts := engagetest.Counts{
		ByStatus:  map[engagetest.Status]int{engagetest.Active: 2, engagetest.Queued: 2, engagetest.Closed: 2},
		ByChannel: map[channel.Channel]int{"sms": 5, "email": 1},
	}
	require.Equal(t, counts, list.Counts)

	for _, c := range []struct {
		query engagetest.Query
		want  []string
		total int
	}{
		{engagetest.Query{Status: engagetest.Queued}, []string{"c4", "c2"}, 2},
		{engagetest.Query{Channel: "email"}, []string{"same time"}, 1},
		{engagetest.Query{Channel: "email", Status: engagetest.Queued}, nil, 0},
		{engagetest.Query{Limit: 2}, []string{"c0", "same time"}, 6},
		{engagetest.Query{Offset: 2, Limit: 2}, []string{"c4", "c3"}, 6},
		{engagetest.Query{Offset: 5, Limit: 2}, []string{"c1"}, 6},
		{engagetest.Query{Offset: 6}, nil, 6},
		{engagetest.Query{Offset: math.MaxInt, Limit: math.MaxInt}, nil, 6},
		{engagetest.Query{Offset: 4, Limit: math.MaxInt}, []string{"c2", "c1"}, 6},
		{engagetest.Query{Offset: -1, Limit: 1}, []string{"c0"}, 6},
	} {
		list := s.List(c.query)
		require.Equal(t, c.want, ids(list.Conversations), "%+v", c.query)
		require.Equal(t, c.total, list.Total, "%+v", c.query)
		require.Equal(t, counts, list.Counts)
	}
	list.Conversations[0].Messages[0].Raw[0] = 'x'
	list.Counts.ByStatus[engagetest.Queued] = 7
	require.Equal(t, byte('{'), s.conversation("c0").Messages[1].Raw[0], "the list is a copy")
	require.Equal(t, counts, s.List(engagetest.Query{}).Counts)
}

func TestCountsFollowEachChange(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	want := func(byStatus map[engagetest.Status]int, byChannel map[channel.Channel]int) {
		t.Helper()
		require.Equal(t, engagetest.Counts{ByStatus: byStatus, ByChannel: byChannel}, s.List(engagetest.Query{}).Counts)
	}
	want(map[engagetest.Status]int{}, map[channel.Channel]int{})
	id, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
	require.NoError(t, err)
	want(map[engagetest.Status]int{"queued": 1}, map[channel.Channel]int{"sms": 1})
	saved, err := s.Snapshot()
	require.NoError(t, err)
	s.post("/conversations/"+id+"/close", "")
	want(map[engagetest.Status]int{"closed": 1}, map[channel.Channel]int{"sms": 1})
	s.post("/conversations/"+id+"/close", "")
	want(map[engagetest.Status]int{"closed": 1}, map[channel.Channel]int{"sms": 1})
	s.Update(id, func(c *engagetest.Conversation) { c.Channel, c.Status = "email", "parked" })
	want(map[engagetest.Status]int{"parked": 1}, map[channel.Channel]int{"email": 1})
	s.post("/conversations/resolve", messageBody("social", "sms", `{"senderNumber":"+199","serviceNumber":"+100","message":"x"}`))
	want(map[engagetest.Status]int{"parked": 1, "queued": 1}, map[channel.Channel]int{"email": 1, "sms": 1})
	require.NoError(t, s.Restore(saved))
	want(map[engagetest.Status]int{"queued": 1}, map[channel.Channel]int{"sms": 1})
}

func TestAPartOfAConversationIsRead(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	for range 3 {
		_, err := s.Write(addresses["SMS"], says(addresses["SMS"], "hello"))
		require.NoError(t, err)
	}
	whole := s.Conversations()[0]
	for n, want := range map[int]int{-1: 3, 0: 3, 2: 1, 3: 0, 4: 0} {
		part, ok := s.ConversationSince(whole.ID, n)
		require.True(t, ok)
		require.Len(t, part.Messages, want)
		part.Messages = whole.Messages
		require.Equal(t, whole, part)
	}
	_, ok := s.ConversationSince("none", 0)
	require.False(t, ok)
}
