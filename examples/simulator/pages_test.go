package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

func TestEveryReplyLimitsWhatAPageMayDo(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("hello"))
	for _, path := range []string{
		"/", "/?status=queued", "/conversations/" + id, "/conversations?from=50", "/conversations/" + id + "/messages",
		"/requests", "/requests/1", "/faults", "/scenarios", "/state", "/static/desk.js", "/static/desk.css", "/static/icon.svg",
		"/conversations/nobody", "/nowhere",
	} {
		t.Run(path, func(t *testing.T) {
			reply, _ := b.do(b.request(http.MethodGet, path, nil))
			require.Equal(t, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'", reply.Header.Get("Content-Security-Policy"))
			require.Equal(t, "nosniff", reply.Header.Get("X-Content-Type-Options"))
			require.Equal(t, "same-origin", reply.Header.Get("Cross-Origin-Resource-Policy"))
		})
	}
}

func TestThePagesLoadNothingFromOutsideAndRunNothingOfTheirOwn(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("hello"))
	for _, path := range []string{"/", "/conversations/" + id, "/requests", "/faults", "/scenarios", "/nowhere"} {
		t.Run(path, func(t *testing.T) {
			_, page := b.do(b.request(http.MethodGet, path, nil))
			require.Contains(t, page, `<html lang="en">`)
			require.Regexp(t, `<title>[^<]+ · Engage simulator</title>`, page)
			require.Equal(t, 1, strings.Count(page, "<h1"), "one main heading")
			require.NotRegexp(t, `(?i)\s(style|on[a-z]+)=`, page)
			require.NotRegexp(t, `(?i)<style|<iframe|<object|<base`, page)
			for _, loaded := range regexp.MustCompile(`(?:src|<link[^>]*href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
				require.Regexp(t, `^/[^/]`, loaded[1])
			}
			require.Equal(t, strings.Count(page, "<script"), strings.Count(page, `<script src="/static/`))
		})
	}
}

func TestEveryFieldHasALabelAndEveryIDIsThereOnce(t *testing.T) {
	b := open(t, configuration{state: stateFile(t.TempDir() + "/state.json")})
	id := b.seed(channel.Email, message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "ann@mail.example"}})
	for _, path := range []string{"/", "/conversations/" + id, "/requests", "/faults", "/scenarios"} {
		page := b.get(path)
		ids := map[string]bool{}
		for _, found := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.False(t, ids[found[1]], "%s has the id %s twice", path, found[1])
			ids[found[1]] = true
		}
		for _, field := range regexp.MustCompile(`<(?:input|select|textarea) [^>]*>`).FindAllString(page, -1) {
			if strings.Contains(field, `type="hidden"`) {
				continue
			}
			name := regexp.MustCompile(` id="([^"]*)"`).FindStringSubmatch(field)
			require.NotNil(t, name, field)
			require.Contains(t, page, `<label for="`+name[1]+`"`, field)
		}
		for _, reference := range regexp.MustCompile(` (?:for|aria-labelledby|aria-describedby|form)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.True(t, ids[reference[1]], "%s refers to %s", path, reference[1])
		}
	}
}

func TestTheListShowsConversationsByStatusWithCounts(t *testing.T) {
	b := open(t, configuration{})
	queued := b.seed(channel.WhatsApp, customerText("Where is my order?"))
	closed := b.seed(channel.Email, message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "ann@mail.example", PlainBody: "Thank you."}})
	b.server.Update(closed, func(c *engagetest.Conversation) { c.Status = engagetest.Closed })
	b.eventually(func() bool { return b.conversations.row(closed).Status == engagetest.Closed })

	page := b.get("/")
	for _, want := range []string{
		`id="tab-all" href="/" aria-current="true">All <span class="count">2</span>`,
		`>Queued <span class="count">1</span>`, `>Active <span class="count">0</span>`, `>Closed <span class="count">1</span>`,
		`<span class="badge channel-whatsapp">WhatsApp</span>`, `<span class="badge channel-email">Email</span>`,
		"Where is my order?", "Thank you.", "1 message<",
	} {
		require.Contains(t, page, want)
	}
	page = b.get("/?status=queued")
	require.Contains(t, page, "open-"+queued)
	require.NotContains(t, page, "open-"+closed)
	require.NotContains(t, page, "open-CSR9")
}

func TestAThousandConversationsAreShownInPages(t *testing.T) {
	b := open(t, configuration{})
	for i := range 1000 {
		b.server.Seed(engagetest.NewConversation(
			channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprintf("+1555%07d", i)}, customerText("hello")))
	}
	b.eventually(func() bool { return b.conversations.tabs("")[0].Count == 1000 })
	page := b.get("/")
	require.Equal(t, 50, strings.Count(page, `<li id="row-`))
	require.Contains(t, page, `href="/conversations?from=50&amp;status="`)
	seen := map[string]bool{}
	for from := 0; from < 1000; from += 50 {
		part := b.get(fmt.Sprintf("/conversations?from=%d", from))
		for _, row := range regexp.MustCompile(`<li id="row-([^"]*)"`).FindAllStringSubmatch(part, -1) {
			seen[row[1]] = true
		}
		require.Equal(t, from < 950, strings.Contains(part, `id="more-rows"`))
	}
	require.Len(t, seen, 1000)
}

func TestALongTranscriptIsShownInPages(t *testing.T) {
	b := open(t, configuration{})
	var messages []message.Message
	for i := range 120 {
		messages = append(messages, customerText(fmt.Sprintf("message %d.", i)))
	}
	id := b.seed(channel.SMS, messages...)
	page := b.get("/conversations/" + id)
	require.Equal(t, 50, strings.Count(page, `<li id="message-`))
	require.Contains(t, page, "message 119.")
	require.NotContains(t, page, "message 69.")
	require.Contains(t, page, `/messages?before=70" data-get>70 earlier messages</a>`)

	earlier := b.get("/conversations/" + id + "/messages?before=70")
	require.Contains(t, earlier, `/messages?before=20"`)
	require.Less(t, strings.Index(earlier, "message 69."), strings.Index(earlier, "message 20."), "the script puts each at the start")
	require.NotContains(t, b.get("/conversations/"+id+"/messages?before=20"), "data-get")
	require.NotContains(t, b.get("/conversations/"+id+"/messages?before=-3"), "<li")
}

func TestARequestOpensToAllThatIsKnownOfIt(t *testing.T) {
	b := open(t, configuration{})
	id := b.seed(channel.SMS, customerText("hello"))
	_, err := b.client.AppendMessage(t.Context(), engage.AppendMessageV13{
		ConversationID: id, Channel: channel.SMS, Message: message.Text{Direction: message.Outbound, Text: "<b>Good day</b>"},
	})
	require.NoError(t, err)
	b.eventually(func() bool { return len(b.requests.newest(10)) == 2 && b.requests.newest(1)[0].Status != 0 })
	page := b.get("/requests")
	require.Contains(t, page, `data-get="/requests/2"`)
	require.Contains(t, page, `id="requests" reversed data-window="100"`)
	require.Contains(t, b.get("/"), `id="requests" reversed data-window="50"`)
	require.Contains(t, page, "onAppendMessageSuccess")

	details := b.get("/requests/2")
	for _, want := range []string{
		"POST /api/v1/conversations/" + id + "/messages", "onAppendMessageSuccess", "applied",
		b.server.Requests()[1].TransactionID, "Reply, status 202", `\u003cb\u003eGood day`,
	} {
		require.Contains(t, details, want)
	}
	require.Contains(t, b.get("/requests/1"), "[redacted]")
	require.NotContains(t, b.get("/requests/1"), b.server.ClientSecret())
	for _, number := range []string{"3", "0", "x"} {
		reply, _ := b.do(b.request(http.MethodGet, "/requests/"+number, nil))
		require.Equal(t, http.StatusNotFound, reply.StatusCode)
	}
}

func TestWhatDoesNotExistIsNotFound(t *testing.T) {
	b := open(t, configuration{})
	for _, path := range []string{"/nowhere", "/conversations/nobody", "/conversations/nobody/messages", "/static/nothing"} {
		reply, _ := b.do(b.request(http.MethodGet, path, nil))
		require.Equal(t, http.StatusNotFound, reply.StatusCode, path)
	}
	for _, action := range []string{"join", "leave", "reply", "hold", "close", "reopen", "write", "answer"} {
		status, report := b.send("/conversations/nobody/"+action, nil)
		require.Equal(t, http.StatusNotFound, status, action)
		require.Contains(t, report, "There is no such conversation.")
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	b := open(t, configuration{host: "desk.test"})
	id := b.seed(channel.SMS, customerText("hello"))
	closing := func(header ...string) int {
		r := b.request(http.MethodPost, "/conversations/"+id+"/close", strings.NewReader(""))
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		reply, _ := b.do(r)
		return reply.StatusCode
	}
	require.Equal(t, http.StatusForbidden, closing("Simulator-Desk", "1", "Sec-Fetch-Site", "cross-site"))
	require.Equal(t, http.StatusForbidden, closing("Simulator-Desk", "1", "Sec-Fetch-Site", "same-site"))
	require.Equal(t, http.StatusForbidden, closing("Simulator-Desk", "1", "Origin", "https://elsewhere.example"))
	require.Equal(t, http.StatusForbidden, closing("Sec-Fetch-Site", "same-origin"), "without the header of the desk")
	require.Equal(t, http.StatusForbidden, closing())
	conversation, _ := b.server.Conversation(id)
	require.Equal(t, engagetest.Queued, conversation.Status)
	require.Equal(t, http.StatusOK, closing("Simulator-Desk", "1", "Sec-Fetch-Site", "same-origin", "Origin", b.url))

	for host, want := range map[string]int{
		"elsewhere.example": 421, "elsewhere.example:8190": 421, "localhost.elsewhere.example": 421,
		"127.0.0.1:8190": 200, "[::1]:8190": 200, "[::1]": 200, "localhost:8190": 200, "LOCALHOST": 200, "desk.test:8190": 200,
	} {
		r := b.request(http.MethodGet, "/", nil)
		r.Host = host
		reply, _ := b.do(r)
		require.Equal(t, want, reply.StatusCode, host)
	}
}

func TestTheAPIIsForProgramsUnderAnyName(t *testing.T) {
	b := open(t, configuration{})
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {b.server.ClientID()}, "client_secret": {b.server.ClientSecret()}}
	r := b.request(http.MethodPost, "/api/v1/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "simulator:8190"
	reply, body := b.do(r)
	require.Equal(t, http.StatusOK, reply.StatusCode)
	require.Contains(t, body, "access_token")
}

// A page from elsewhere could otherwise call the API by a name that leads to this machine.
func TestTheAPIIsNotForPagesUnderAnotherName(t *testing.T) {
	b := open(t, configuration{})
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {b.server.ClientID()}, "client_secret": {b.server.ClientSecret()}}
	for host, want := range map[string]int{"elsewhere.example:8190": 421, "localhost:8190": 200} {
		r := b.request(http.MethodPost, "/api/v1/oauth/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://"+host)
		r.Host = host
		reply, body := b.do(r)
		require.Equal(t, want, reply.StatusCode, host)
		require.Equal(t, want == http.StatusOK, strings.Contains(body, "access_token"), host)
	}
}
