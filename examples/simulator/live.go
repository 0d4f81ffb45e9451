package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

// shown says what a page shows, so that the events that follow leave out nothing. It is the
// id of an event, with which a browser that lost its connection goes on.
type shown struct {
	instance string // That of the state.
	change   int    // The last change of a conversation.
	messages int    // The number of messages of the open conversation.
}

// shown returns what a page shows that is drawn after the call. It counts no messages.
func (s *simulator) shown() shown {
	_, last := s.conversations.since(0, 0)
	return shown{instance: s.instance.Load().(string), change: last}
}

// String returns the text that [parseShown] parses.
func (s shown) String() string { return fmt.Sprintf("%s.%d.%d", s.instance, s.change, s.messages) }

// parseShown parses the text of a shown. What it cannot parse is zero.
func parseShown(text string) shown {
	parts := append(strings.Split(text, "."), "", "")
	change, _ := strconv.Atoi(parts[1])
	messages, _ := strconv.Atoi(parts[2])
	return shown{parts[0], max(change, 0), max(messages, 0)}
}

// heartbeat is the longest time without an event. A comment then keeps the connection
// open and finds out whether the browser is still there. It is also the longest time that
// writing an event may take, if a browser has stopped reading.
const heartbeat = 15 * time.Second

// events writes the parts of a page that change, as server-sent events, until the browser
// leaves or the simulator ends. If the page is of another state, it writes that the page
// should load again, and ends. The data of an event is HTML. The script of the desk puts
// each element in its place: see static/desk.js.
func (s *simulator) events(w http.ResponseWriter, r *http.Request) {
	from := r.Header.Get("Last-Event-ID")
	if from == "" {
		from = r.FormValue("since")
	}
	u := updates{
		simulator: s, view: r.FormValue("view"), status: engagetest.Status(r.FormValue("status")), open: r.FormValue("conversation"),
		seen: parseShown(from), parts: make(map[string]string),
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	for {
		changed := s.changed.wait() // Before draw reads what has changed.
		event := ": still here\n\n"
		reload := u.seen.instance != s.instance.Load()
		if reload {
			event = "event: reload\ndata: the simulator has another state\n\n"
		} else if data := u.draw(); data != "" {
			event = "id: " + u.seen.String() + "\n" + lines(data) + "\n"
		}
		_ = out.SetWriteDeadline(time.Now().Add(heartbeat))
		if _, err := w.Write([]byte(event)); err != nil || out.Flush() != nil {
			return
		}
		if reload || !await(r, s, changed) {
			return
		}
	}
}

// lines returns data as the lines of an event.
func lines(data string) string {
	data = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data)
	var event strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(data, "\n"), "\n") {
		event.WriteString("data: " + line + "\n")
	}
	return event.String()
}

// await waits until something has changed or a heartbeat is due, and collects changes for
// a moment. It reports whether the page is still open.
func await(r *http.Request, s *simulator, changed <-chan struct{}) bool {
	timer := time.NewTimer(heartbeat)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-r.Context().Done():
		return false
	case <-s.ctx.Done():
		return false
	}
	return sleep(r.Context(), pause)
}

// updates draws what changes on one page in one browser.
type updates struct {
	simulator *simulator
	view      string
	status    engagetest.Status // Of the list.
	open      string            // The id of the open conversation, or "".
	seen      shown
	openSeen  int               // The last change of the open conversation that was drawn.
	requests  []requestRow      // The requests as they were last drawn.
	parts     map[string]string // What was last drawn of the parts that are sent whole.
	drawn     bytes.Buffer
}

// draw returns the elements that have changed since the last call.
func (u *updates) draw() string {
	u.drawn.Reset()
	s := u.simulator
	switch u.view {
	case "conversations":
		u.drawList()
		u.drawOpen()
		u.drawRequests(window)
	case "requests":
		u.drawRequests(2 * window)
	case "faults":
		u.part("active-faults", s.faults.all())
	case "scenarios":
		u.part("playing", s.play.now())
	}
	return u.drawn.String()
}

// add draws a template.
func (u *updates) add(name string, data any) {
	_ = templates.ExecuteTemplate(&u.drawn, name, data) // The tests draw all templates.
}

// part draws a template if it looks different from the last time.
func (u *updates) part(name string, data any) {
	start := u.drawn.Len()
	u.add(name, data)
	drawn := string(u.drawn.Bytes()[start:])
	if drawn == u.parts[name] {
		u.drawn.Truncate(start)
	}
	u.parts[name] = drawn
}

// drawList draws the rows that have changed, the last one last, because the script puts
// each at the top. It draws the list anew if there are more than a window of them. The rows
// that the script drops can be loaded again with the link below the list.
func (u *updates) drawList() {
	rows, last := u.simulator.conversations.since(u.seen.change, window+1)
	u.seen.change = last
	u.part("tabs", u.simulator.conversations.tabs(u.status))
	u.part("more-link", u.simulator.moreThanWindow(u.status))
	if len(rows) > window {
		u.add("rows", u.simulator.listView(u.status, 0, u.open))
		return
	}
	for _, r := range slices.Backward(rows) {
		if u.status != "" && r.Status != u.status {
			u.add("gone", r.ID)
		} else {
			u.add("row", values(r, u.status, "start", u.open))
		}
	}
}

// drawOpen draws the head and the new messages of the open conversation. It draws the whole
// transcript if more than a window of them are new.
func (u *updates) drawOpen() {
	last := u.simulator.conversations.row(u.open).change
	if last == u.openSeen {
		return
	}
	u.openSeen = last
	conversation, ok := u.simulator.server.ConversationSince(u.open, u.seen.messages)
	if !ok { // The page is about to load again.
		return
	}
	u.part("head", newHead(conversation))
	added := conversation.Messages
	if len(added) > window {
		conversation, _ = u.simulator.server.Conversation(u.open)
		u.add("transcript", newConversationView(conversation))
	} else {
		for i, m := range added {
			u.add("message", newMessageView(conversation, m, u.seen.messages+i))
		}
	}
	u.seen.messages += len(added)
}

// drawRequests draws the newest requests that are new or have got their reply.
func (u *updates) drawRequests(size int) {
	newest := u.simulator.requests.newest(size)
	for _, r := range slices.Backward(newest) {
		if !slices.Contains(u.requests, r) {
			u.add("request", r)
		}
	}
	u.requests = newest
}
