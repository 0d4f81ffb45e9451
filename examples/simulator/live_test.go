package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

func TestAConversationAppearsAndMovesWithoutReload(t *testing.T) {
	b := open(t, configuration{})
	first := b.seed(channel.SMS, customerText("first"))
	events := b.follow("/", url.Values{"view": {"conversations"}})
	second := b.seed(channel.LiveChat, customerText("second"))
	data := events.await(`<li id="row-`+second, `All <span class="count">2</span>`)
	require.Contains(t, data, `data-into="rows" data-at="start" data-move`)
	require.NotContains(t, data, "row-"+first, "only what has changed is sent")

	b.act("/conversations/"+first+"/close", nil)
	data = events.await(`<li id="row-`+first, `Closed <span class="count">1</span>`)
	require.NotContains(t, data, "row-"+second)
}

func TestAConversationLeavesTheListOfItsStatus(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("hello"))
	events := b.follow("/?status=queued", url.Values{"view": {"conversations"}, "status": {"queued"}})
	b.act("/conversations/"+id+"/join", url.Values{"agent": {"agent-7"}})
	events.await(`<li id="row-` + id + `" data-gone></li>`)
}

func TestTheOpenConversationShowsItsChanges(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("one"))
	other := b.seed(channel.SMS, customerText("another"))
	events := b.follow("/conversations/"+id, url.Values{"view": {"conversations"}, "conversation": {id}})

	b.act("/conversations/"+id+"/write", url.Values{"text": {"two\r\nthree\rfour"}})
	data := events.await(`<li id="message-1"`, "two\n", "\nthree\nfour")
	require.NotContains(t, data, `<li id="message-0"`)
	b.act("/conversations/"+other+"/write", url.Values{"text": {"elsewhere"}})
	data = events.await(`<li id="row-` + other)
	require.NotContains(t, data, "<li id=\"message-")
	b.act("/conversations/"+id+"/join", url.Values{"agent": {"agent-7"}})
	data = events.await(`<header id="head" data-status="active">`, "agent-7")
	require.NotContains(t, data, "<li id=\"message-")
}

func TestManyNewMessagesReplaceTheTranscript(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("message 0."))
	events := b.follow("/conversations/"+id, url.Values{"view": {"conversations"}, "conversation": {id}})
	events.await("head")
	b.server.Update(id, func(c *engagetest.Conversation) {
		for i := range 200 {
			c.Messages = append(c.Messages, engagetest.Message{Direction: message.Inbound, Type: "text", Text: fmt.Sprintf("message %d.", i+1)})
		}
	})
	data := events.await(`<div id="transcript">`, "message 200.")
	require.NotContains(t, data, "message 150.")
	require.Contains(t, data, "151 earlier messages")
}

func TestManyChangesDrawTheListAnew(t *testing.T) {
	b := open(t, configuration{})
	first := b.seed(channel.SMS, customerText("first"))
	events := b.follow("/?status=queued", url.Values{"view": {"conversations"}, "status": {"queued"}})
	events.await("tabs")
	snapshot := b.server.Conversations()[0]
	for i := range 100 { // Within one update or a few.
		c := snapshot
		c.ID, c.CustomerAddress = fmt.Sprintf("many-%d", i), fmt.Sprintf("+1555%07d", i)
		c.Status = engagetest.Active
		b.server.Seed(c)
	}
	b.server.Update(first, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
	data := events.await(`Active <span class="count">100</span>`, `Queued <span class="count">0</span>`)
	require.True(t, strings.Contains(data, `<ul id="rows" data-window="50"></ul>`) || strings.Contains(data, `<li id="row-`+first+`" data-gone>`), data)
}

func TestAConversationThatIsGoneIsNotDrawn(t *testing.T) {
	b := open(t, configuration{})
	empty, err := b.server.Snapshot()
	require.NoError(t, err)
	id := b.seed(channel.SMS, customerText("hello"))
	events := b.follow("/conversations/"+id, url.Values{"view": {"conversations"}, "conversation": {id}})
	events.await(`<header id="head"`)
	require.NoError(t, b.server.Restore(empty))
	data := events.await(`All <span class="count">0</span>`)
	require.NotContains(t, data, `<header id="head"`)
}

// A region announces what changes in it only if it stays in the page itself.
func TestAnEventNeverReplacesALiveRegion(t *testing.T) {
	b := open(t, configuration{})
	for path, part := range map[string]string{"/faults": `<ul id="active-faults"`, "/scenarios": `<p id="playing"`} {
		require.Regexp(t, `<div aria-live="polite">\s*`+part, b.get(path))
		data := b.follow(path, url.Values{"view": {strings.TrimPrefix(path, "/")}}).await(part)
		require.NotContains(t, data, "aria-live")
	}
}

// The script drops the last row when a new one does not fit.
func TestALinkToTheOtherRowsAppearsWhenTheListIsFull(t *testing.T) {
	b := open(t, configuration{})
	for range window {
		b.add(channel.SMS, customerText("hello"))
	}
	b.eventually(func() bool { return b.conversations.count("") == window })
	require.NotContains(t, b.get("/"), `id="more-rows"`)
	all := b.follow("/", url.Values{"view": {"conversations"}})
	queued := b.follow("/?status=queued", url.Values{"view": {"conversations"}, "status": {"queued"}})
	all.await("tabs")
	queued.await("tabs")

	id := b.add(channel.SMS, customerText("one more"))
	all.await(`href="/conversations?from=50&amp;status="`)
	queued.await(`href="/conversations?from=50&amp;status=queued"`)
	b.act("/conversations/"+id+"/close", nil)
	queued.await(`<p id="more"></p>`)
}

func TestRequestsFaultsAndScenariosShowTheirChanges(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("hello"))
	requests := b.follow("/requests", url.Values{"view": {"requests"}})
	faults := b.follow("/faults", url.Values{"view": {"faults"}})
	scenarios := b.follow("/scenarios", url.Values{"view": {"scenarios"}})

	b.act("/faults", url.Values{"fault": {"slow"}, "times": {"always"}})
	faults.await("Apply it and reply after 3 seconds: all operations, until it is switched off")
	b.act("/faults/off", url.Values{"number": {"1"}})
	faults.await("None. The service works as it should.")
	b.act("/faults", url.Values{"fault": {"error"}, "operation": {"CloseConversation"}, "times": {"once"}})
	faults.await("CloseConversation, once")
	status, _ := b.send("/conversations/"+id+"/hold", nil)
	require.Equal(t, http.StatusOK, status)
	requests.await(`<li id="request-2"`, "HoldConversation", "applied")
	b.act("/scenarios", url.Values{"scenario": {"lost-reply"}, "speed": {"1000"}})
	scenarios.await("A lost reply:", "It has ended.")
}

func TestAPageThatLostItsConnectionMissesNothing(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("one"))
	query := url.Values{"view": {"conversations"}, "conversation": {id}, "since": {b.instance.Load().(string) + ".0.0"}}
	events := b.listen(query, "")
	events.await(`<li id="message-0"`)
	b.act("/conversations/"+id+"/write", url.Values{"text": {"two"}})
	data := b.listen(query, events.id).await(`<li id="message-1"`, `<li id="row-`+id)
	require.NotContains(t, data, `<li id="message-0"`)
}

func TestAPageOfAnotherStateLoadsAgain(t *testing.T) {
	b := open(t, configuration{})
	b.listen(url.Values{"view": {"conversations"}, "since": {"another.7.7"}}, "").await("event: reload")
	for _, since := range []string{"", "x", "..", "a.b.c.d", strings.Repeat(".", 1000)} {
		b.listen(url.Values{"view": {"conversations"}, "since": {since}}, "").await("event: reload")
	}

	b.seed(channel.SMS, customerText("hello"))
	events := b.follow("/", url.Values{"view": {"conversations"}})
	events.await("tabs")
	status, report := b.upload("/state", nil, "state.json", []byte(b.get("/state")))
	require.Equal(t, http.StatusOK, status, report)
	events.await("event: reload")
}

func TestAnUpdateCostsWhatChanged(t *testing.T) {
	b := open(t, configuration{})
	for i := range 1000 {
		b.server.Seed(engagetest.NewConversation(
			channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprintf("+1555%07d", i)}, customerText("hello")))
	}
	b.eventually(func() bool { return b.conversations.tabs("")[0].Count == 1000 })
	id := b.conversations.places["CSR0000000000500"].Value.(row).ID
	events := b.follow("/", url.Values{"view": {"conversations"}})
	b.act("/conversations/"+id+"/write", url.Values{"text": {"changed"}})
	data := events.await("row-"+id, "changed")
	require.Equal(t, 1, strings.Count(data, `<li id="row-`))
	require.Less(t, len(data), 4<<10)
}

func TestTheEventsEndWithTheSimulator(t *testing.T) {
	b := open(t, configuration{})
	events := b.follow("/", url.Values{"view": {"conversations"}})
	events.await("tabs")
	b.cancel()
	for events.lines.Scan() {
	}
	require.NoError(t, events.lines.Err())
}

func TestEveryEventIsAListOfElementsWithIDs(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.Apple, append(slices.Clone(samples.Messages(channel.Apple)), customerText("the last"))...)
	events := b.listen(url.Values{"view": {"conversations"}, "conversation": {id}, "since": {b.instance.Load().(string) + ".0.0"}}, "")
	data := events.await("the last")
	for line := range strings.Lines(data) {
		if strings.HasPrefix(line, "<li ") && strings.Contains(line, "data-into") {
			require.Regexp(t, `^<li id="(row|message|request)-`, line)
		}
	}
}
