package main

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// page is what every page of the desk has.
type page struct {
	Title string
	View  string // The entry of the navigation. Empty for a page without events.
	Since string // The text of what the page shows, for the events that follow; see [shown].
	Body  any
}

// addPages adds the pages of the desk to mux.
func (s *simulator) addPages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", s.deskPage)
	mux.HandleFunc("GET /conversations/{id}", s.deskPage)
	mux.HandleFunc("GET /conversations", s.morePage)
	mux.HandleFunc("GET /conversations/{id}/messages", s.earlierPage)
	mux.HandleFunc("GET /requests", s.requestsPage)
	mux.HandleFunc("GET /requests/{number}", s.requestPage)
	mux.HandleFunc("GET /faults", s.faultsPage)
	mux.HandleFunc("GET /scenarios", s.scenariosPage)
	mux.HandleFunc("GET /state", s.downloadState)
	mux.HandleFunc("GET /events", s.events)
}

// show writes a page or a part of one: the template with a name.
func (s *simulator) show(w http.ResponseWriter, status int, name string, data any) {
	var drawn bytes.Buffer
	if err := templates.ExecuteTemplate(&drawn, name, data); err != nil {
		http.Error(w, "The page cannot be drawn.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(drawn.Bytes())
}

// fail writes a report whose title says what is wrong.
func (s *simulator) fail(w http.ResponseWriter, status int, problem string) {
	s.show(w, status, "report", report{Title: problem, Failed: true})
}

func (s *simulator) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, http.StatusNotFound, "lost.html", page{Title: "Not found", Body: cut(r.URL.Path, 100)})
}

// deskView is the page with the list and the open conversation.
type deskView struct {
	listView
	Tabs     []tab
	Open     *conversationView // Nil if none is open.
	Channels []channel.Channel
	Requests []requestRow
}

// listView is a window of the list.
type listView struct {
	Status engagetest.Status
	Rows   []row
	More   int    // The number of the next row, or 0 if there are no more.
	OpenID string // The id of the open conversation, or "".
}

// listView returns the window of the list that begins with the row number from.
func (s *simulator) listView(status engagetest.Status, from int, open string) listView {
	v := listView{Status: status, OpenID: open}
	rows, more := s.conversations.page(status, from, window)
	if more {
		v.More = from + len(rows)
	}
	v.Rows = rows
	return v
}

// moreThanWindow returns the view for the link below a list: whether there are rows after
// its first window.
func (s *simulator) moreThanWindow(status engagetest.Status) listView {
	v := listView{Status: status}
	if s.conversations.count(status) > window {
		v.More = window
	}
	return v
}

// window is the number of rows, messages or requests that the desk shows at first. The page
// of the requests shows twice as many.
const window = 50

func (s *simulator) deskPage(w http.ResponseWriter, r *http.Request) {
	shown := s.shown() // Before the rest, so that no change is missed.
	status, id := engagetest.Status(r.FormValue("status")), r.PathValue("id")
	view := deskView{
		listView: s.listView(status, 0, id), Tabs: s.conversations.tabs(status),
		Channels: channel.All(), Requests: s.requests.newest(window),
	}
	p := page{Title: "Conversations", View: "conversations", Body: &view}
	if id != "" {
		conversation, ok := s.server.Conversation(id)
		if !ok {
			s.notFound(w, r)
			return
		}
		view.Open = newConversationView(conversation)
		shown.messages = len(conversation.Messages)
		p.Title = "Conversation " + id
	}
	p.Since = shown.String()
	s.show(w, http.StatusOK, "desk.html", p)
}

// morePage writes the rows that follow in the list.
func (s *simulator) morePage(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.FormValue("from"))
	s.show(w, http.StatusOK, "more", s.listView(engagetest.Status(r.FormValue("status")), max(from, 0), ""))
}

// earlierPage writes the messages before those that a page shows.
func (s *simulator) earlierPage(w http.ResponseWriter, r *http.Request) {
	conversation, ok := s.server.Conversation(r.PathValue("id"))
	if !ok {
		s.fail(w, http.StatusNotFound, "There is no such conversation.")
		return
	}
	before, _ := strconv.Atoi(r.FormValue("before"))
	view := newConversationView(conversation)
	view.show(conversation, max(before, 0))
	slices.Reverse(view.Messages) // The script puts each before all others.
	for i := range view.Messages {
		view.Messages[i].Earlier = true
	}
	s.show(w, http.StatusOK, "earlier", view)
}

func (s *simulator) requestsPage(w http.ResponseWriter, _ *http.Request) {
	shown := s.shown()
	s.show(w, http.StatusOK, "requests.html", page{
		Title: "Requests", View: "requests", Since: shown.String(), Body: s.requests.newest(2 * window),
	})
}

// requestPage writes the details of a request.
func (s *simulator) requestPage(w http.ResponseWriter, r *http.Request) {
	number, _ := strconv.Atoi(r.PathValue("number"))
	request, ok := s.request(number)
	if !ok {
		s.fail(w, http.StatusNotFound, "There is no such request, or it is no longer kept.")
		return
	}
	s.show(w, http.StatusOK, "request-details", request)
}
