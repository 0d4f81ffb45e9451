package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// browser is a browser with a simulator of its own.
type browser struct {
	*simulator
	t testing.TB
}

// open starts a simulator and returns a browser for it.
func open(t testing.TB, c configuration) browser {
	t.Helper()
	listening := httptest.NewUnstartedServer(nil)
	c.url = urlOf(listening.Listener.Addr())
	s, err := newSimulator(c)
	require.NoError(t, err)
	listening.Config.Handler = s.handler()
	listening.Start()
	t.Cleanup(func() {
		s.cancel()
		listening.Close()
		s.close()
	})
	return browser{s, t}
}

// do sends a request and returns the reply and its body.
func (b browser) do(r *http.Request) (*http.Response, string) {
	b.t.Helper()
	reply, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	require.NoError(b.t, err)
	return reply, string(body)
}

// request returns a request for a path of the desk.
func (b browser) request(method, path string, body io.Reader) *http.Request {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, body)
	require.NoError(b.t, err)
	return r
}

// get returns a page or a part of one, which must exist.
func (b browser) get(path string) string {
	b.t.Helper()
	reply, body := b.do(b.request(http.MethodGet, path, nil))
	require.Equal(b.t, http.StatusOK, reply.StatusCode, body)
	return body
}

// send sends a form as the script of the desk does, and returns the status and the report.
func (b browser) send(path string, fields url.Values) (int, string) {
	b.t.Helper()
	r := b.request(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Simulator-Desk", "1")
	reply, body := b.do(r)
	return reply.StatusCode, body
}

// act sends a form, which must succeed, and returns the report.
func (b browser) act(path string, fields url.Values) string {
	b.t.Helper()
	status, report := b.send(path, fields)
	require.Equal(b.t, http.StatusOK, status, report)
	return report
}

// upload sends a form with a file.
func (b browser) upload(path string, fields url.Values, name string, content []byte) (int, string) {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field := range fields {
		require.NoError(b.t, form.WriteField(field, fields.Get(field)))
	}
	file, err := form.CreateFormFile("file", name)
	require.NoError(b.t, err)
	_, err = file.Write(content)
	require.NoError(b.t, err)
	require.NoError(b.t, form.Close())
	r := b.request(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Simulator-Desk", "1")
	reply, report := b.do(r)
	return reply.StatusCode, report
}

// add adds a conversation.
func (b browser) add(ch channel.Channel, messages ...message.Message) string {
	b.t.Helper()
	address, err := newCustomer(ch, "", "", "")
	require.NoError(b.t, err)
	return b.server.Seed(engagetest.NewConversation(address, messages...))
}

// seed adds a conversation and waits until the desk lists it.
func (b browser) seed(ch channel.Channel, messages ...message.Message) string {
	b.t.Helper()
	id := b.add(ch, messages...)
	b.eventually(func() bool { return b.conversations.row(id).ID != "" })
	return id
}

// eventually waits until a condition holds.
func (b browser) eventually(holds func() bool) {
	b.t.Helper()
	require.Eventually(b.t, holds, time.Minute, time.Millisecond)
}

// eventStream reads the events of a page.
type eventStream struct {
	t     testing.TB
	lines *bufio.Scanner
	id    string // Of the last event.
}

// listen opens the events of a page.
func (b browser) listen(query url.Values, lastID string) *eventStream {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	b.t.Cleanup(cancel)
	r := b.request(http.MethodGet, "/events?"+query.Encode(), nil).WithContext(ctx)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	reply, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = reply.Body.Close() })
	require.Equal(b.t, "text/event-stream", reply.Header.Get("Content-Type"))
	lines := bufio.NewScanner(reply.Body)
	lines.Buffer(nil, 8<<20)
	return &eventStream{t: b.t, lines: lines}
}

// follow opens the events of a page that has just been drawn.
func (b browser) follow(path string, query url.Values) *eventStream {
	b.t.Helper()
	_, rest, _ := strings.Cut(b.get(path), `data-since="`)
	since, _, _ := strings.Cut(rest, `"`)
	query.Set("since", since)
	return b.listen(query, "")
}

// await reads events until their data contains all the texts, and returns the data.
func (e *eventStream) await(texts ...string) string {
	e.t.Helper()
	var data strings.Builder
	for e.lines.Scan() {
		line := e.lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			e.id = id
		}
		data.WriteString(strings.TrimPrefix(line, "data: ") + "\n")
		complete := line == ""
		missing := slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(data.String(), text) })
		if complete && !missing {
			return data.String()
		}
	}
	require.Fail(e.t, "the events end", "without one of %q, after %s", texts, data.String())
	return ""
}

// regexpFirst returns the first match of an expression in a text, which must have one.
func regexpFirst(t testing.TB, expression, text string) string {
	t.Helper()
	found := regexp.MustCompile(expression).FindString(text)
	require.NotEmpty(t, found, "%s in %s", expression, text)
	return found
}

// customerText returns a text of a customer.
func customerText(words string) message.Message {
	return message.Text{Direction: message.Inbound, Text: words}
}
