package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// pages holds the templates of the pages and of their parts.
//
//go:embed templates
var pages embed.FS

// templates draws the pages. html/template escapes everything that they show.
var templates = template.Must(template.New("desk").Funcs(template.FuncMap{
	"link": link, "clock": clock, "label": label, "channel": channelName, "text": text, "values": values, "slot": slot, "hosted": hosted, "isImage": isImage,
}).ParseFS(pages, "templates/*.html"))

// link returns a URL if a page may link to it, and "" otherwise. Only links to the web are
// allowed.
func link(address string) string {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return address
}

// hosted returns the path of a file that the simulator itself serves, and "" for any other
// URL. A page shows only such pictures, because it loads nothing from outside.
func hosted(address string) string {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, filesPath) || net.ParseIP(u.Hostname()) == nil {
		return ""
	}
	return u.Path
}

// isImage reports whether a media type is that of an image.
func isImage(mediaType string) bool { return strings.HasPrefix(mediaType, "image") }

// clock returns a time of day for people.
func clock(t time.Time) string { return t.Local().Format("15:04:05") }

// label returns a status for people.
func label(status engagetest.Status) string {
	if status == engagetest.OnHold {
		return "on hold"
	}
	return string(status)
}

// channelName returns a channel for people.
func channelName(ch channel.Channel) string {
	name, ok := map[channel.Channel]string{
		channel.SMS: "SMS", channel.Facebook: "Messenger", channel.LiveChat: "Live chat", channel.Email: "Email",
		channel.WhatsApp: "WhatsApp", channel.Apple: "Apple Messages", channel.API: "API",
	}[ch]
	if !ok {
		return string(ch)
	}
	return name
}

// text returns a body for people. It may be any bytes.
func text(body []byte) string { return strings.ToValidUTF8(string(body), "\uFFFD") }

// slot returns a time slot for people.
func slot(start time.Time, length time.Duration) string {
	return fmt.Sprintf("%s, %v min", start.Format("Mon 2 Jan 15:04"), length.Minutes())
}

// values returns its arguments, for templates that pass several values on.
func values(all ...any) []any { return all }

// page is what every page of the desk has.
type page struct {
	Title string
	View  string // The entry of the navigation.
	Since string // The changes that the page shows, for the events that follow.
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

// show writes a page.
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

// fail writes a page or a part that says what is wrong.
func (s *simulator) fail(w http.ResponseWriter, status int, problem string) {
	s.show(w, status, "failure", report{Title: problem, Failed: true})
}

func (s *simulator) notFound(w http.ResponseWriter, r *http.Request) {
	s.show(w, http.StatusNotFound, "lost.html", page{Title: "Not found", Body: cut(r.URL.Path, 100)})
}

// deskView is the page with the list and the open conversation.
type deskView struct {
	Tabs     []tab
	Status   engagetest.Status
	Rows     []row
	More     int // The number of the next row, or 0 if there are no more.
	Open     *conversationView
	OpenID   string
	Channels []channel.Channel
	Requests []requestRow
}

// window is the number of rows, messages or requests that a page shows at first.
const window = 50

func (s *simulator) deskPage(w http.ResponseWriter, r *http.Request) {
	since := s.now() // Before the rest, so that no change is missed.
	status := engagetest.Status(r.FormValue("status"))
	view := deskView{
		Tabs: s.conversations.tabs(status), Status: status, Channels: channel.All(), Requests: s.requests.newest(window),
	}
	view.Rows, view.More = s.rows(status, 0)
	p := page{Title: "Conversations", View: "conversations", Body: &view}
	if id := r.PathValue("id"); id != "" {
		conversation, ok := s.server.Conversation(id)
		if !ok {
			s.notFound(w, r)
			return
		}
		view.Open, view.OpenID = newConversationView(conversation), id
		since.messages = len(conversation.Messages)
		p.Title = "Conversation " + id
	}
	p.Since = since.String()
	s.show(w, http.StatusOK, "desk.html", p)
}

// rows returns a window of the list, and the number of the row after it.
func (s *simulator) rows(status engagetest.Status, from int) (rows []row, next int) {
	rows, more := s.conversations.page(status, from, window)
	if !more {
		return rows, 0
	}
	return rows, from + len(rows)
}

// morePage writes the rows that follow in the list.
func (s *simulator) morePage(w http.ResponseWriter, r *http.Request) {
	from, _ := strconv.Atoi(r.FormValue("from"))
	status := engagetest.Status(r.FormValue("status"))
	view := deskView{Status: status}
	view.Rows, view.More = s.rows(status, max(from, 0))
	s.show(w, http.StatusOK, "more", view)
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
	since := s.now()
	s.show(w, http.StatusOK, "requests.html", page{
		Title: "Requests", View: "requests", Since: since.String(), Body: s.requests.newest(2 * window),
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

// faultsView is the page of the faults.
type faultsView struct {
	Faults     []namedFault
	Operations []string
	Active     []activeFault
}

func (s *simulator) faultsPage(w http.ResponseWriter, _ *http.Request) {
	since := s.now()
	view := faultsView{Faults: namedFaults, Active: s.faults.all()}
	for _, operation := range operations() {
		view.Operations = append(view.Operations, string(operation))
	}
	s.show(w, http.StatusOK, "faults.html", page{Title: "Faults", View: "faults", Since: since.String(), Body: view})
}

// scenariosView is the page of the scenarios and the state.
type scenariosView struct {
	Scenarios []scenario
	Speed     float64
	Playing   playing
	File      stateFile
}

func (s *simulator) scenariosPage(w http.ResponseWriter, _ *http.Request) {
	since := s.now()
	s.show(w, http.StatusOK, "scenarios.html", page{
		Title: "Scenarios", View: "scenarios", Since: since.String(),
		Body: scenariosView{scenarios, s.speed, s.play.now(), s.state},
	})
}

// downloadState writes the state as a file for the browser to save.
func (s *simulator) downloadState(w http.ResponseWriter, _ *http.Request) {
	snapshot, err := s.server.Snapshot()
	if err != nil {
		s.fail(w, http.StatusInternalServerError, fmt.Sprint("The state cannot be saved: ", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="simulator.json"`)
	_, _ = w.Write(snapshot)
}
