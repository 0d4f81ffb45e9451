package main

import (
	"context"
	"crypto/rand"
	"embed"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/stream"
)

// static holds the style, the script and the icon of the desk.
//
//go:embed static
var static embed.FS

// simulator is an Engage in memory with a desk, on which an agent sees and changes its
// conversations.
type simulator struct {
	server   *engagetest.Server
	client   *engage.Client // The agent's.
	sender   *stream.Sender // Nil if customers write without events.
	state    stateFile      // Empty if there is no file.
	speed    float64        // Of scenarios, unless a form has another one.
	hosts    []string       // The names by which pages may call the simulator. One may be "".
	url      string         // Where the simulator is. Files have URLs below it.
	instance atomic.Value   // A random string. A state that is loaded gets a new one.

	conversations *conversations
	requests      requests
	faults        *faults
	play          play
	changed       bell // Rings when a page of the desk may have changed.

	ctx     context.Context // It ends with the simulator.
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// configuration is what a simulator needs to know.
type configuration struct {
	state  stateFile
	sender *stream.Sender
	speed  float64
	url    string // Where the simulator is, without a path.
	host   string // The name of the host on which it listens. It may be empty.
}

// newSimulator returns a running simulator with the state of the state file. The caller
// should call close when done.
func newSimulator(c configuration) (*simulator, error) {
	server := engagetest.NewServer(engagetest.WithoutNetwork())
	s := &simulator{
		server: server, sender: c.sender, state: c.state, speed: c.speed, url: c.url,
		hosts: []string{"localhost", c.host}, conversations: newConversations(),
	}
	s.instance.Store(rand.Text())
	s.faults = &faults{changed: &s.changed}
	server.FailFunc(s.faults.choose)
	client, err := server.Client()
	if err == nil && s.state != "" {
		err = s.state.load(server)
	}
	if err != nil {
		server.Close()
		return nil, err
	}
	s.client = client
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.running.Go(func() { s.conversations.follow(s.ctx, server, &s.changed) })
	s.running.Go(func() { s.requests.follow(s.ctx, server, &s.changed) })
	return s, nil
}

// close ends the simulator. It returns when everything that the simulator started has
// ended. Nobody may start a scenario any more.
func (s *simulator) close() {
	s.cancel()
	s.server.Close()
	s.running.Wait()
}

// handler returns the API, the files and the desk.
func (s *simulator) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", forPrograms(s.hosts, s.server.Handler()))
	mux.Handle(filesPath, s.server.Handler())
	mux.Handle("/", s.desk())
	return mux
}

// desk returns the pages of the desk and its actions.
func (s *simulator) desk() http.Handler {
	mux := http.NewServeMux()
	s.addPages(mux)
	s.addActions(mux)
	mux.Handle("GET /static/", http.FileServerFS(static))
	mux.HandleFunc("/", s.notFound)
	return secure(s.hosts, http.NewCrossOriginProtection().Handler(mux))
}

// policy allows a page what the simulator itself serves, and nothing else: no script or
// style in the page, nothing from outside, no frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that limit what a page may do. It refuses a request under
// another name than the hosts: a page from outside could reach the desk by a name that
// leads to this machine.
func secure(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		if !known(hosts, r.Host) {
			refuseName(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// forPrograms refuses a request of a page under another name than the hosts, for the reason
// that secure has: the secret of the API is no secret. Programs may use any name, because
// only browsers set an origin.
func forPrograms(hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") != "" && !known(hosts, r.Host) {
			refuseName(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseName refuses a request under a name that is not known.
func refuseName(w http.ResponseWriter) {
	http.Error(w, "The simulator has no such name. Use its IP address or localhost.", http.StatusMisdirectedRequest)
}

// known reports whether a request may name this host, with or without a port: an IP
// address or one of the hosts.
func known(hosts []string, host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		return true
	}
	return name != "" && slices.ContainsFunc(hosts, func(host string) bool { return strings.EqualFold(name, host) })
}
