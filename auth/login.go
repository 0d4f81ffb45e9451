package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/safeurl"
)

// Login signs a person in with a browser on the same machine. It listens on the
// integration's RedirectURL, which has to be plain http to the loopback
// (documented to work). Webex wants the exact URL that is registered, with its port.
// For a service that accepts any port, port 0 takes a free one.
type Login struct {
	// Integration is the client to sign in to.
	Integration Integration
	// Show receives the address to open, for people whose browser does not
	// open by itself. Nil prints it on standard error.
	Show func(address string)
	// Open opens the address in a browser, as [OpenBrowser] does. It is called
	// on a goroutine of its own, with a context that ends with the login. Its
	// error does not end the login. Nil opens no browser.
	Open func(ctx context.Context, address string) error
	// Limit is how long to wait for the person; 0 means 5 minutes.
	Limit time.Duration
}

// pageLimit is how long the page that says that the person is signed in stays
// available. A browser may request it twice, to show a preview.
const pageLimit = time.Second

// Run waits until somebody has signed in, and returns the grant. Only a redirect
// with the login's own state counts; Run refuses any other request and goes on
// waiting. If the time is up while a code is being exchanged, Run waits up to 10
// seconds for the grant. After a sign-in it serves its last page for one more second.
//
// The error is one of these:
//   - that of [Integration.NewSignIn], or of listening;
//   - that of [SignIn.Finish], which may come with a grant;
//   - one that wraps [context.DeadlineExceeded] or the error of ctx if nobody signed in.
func (l Login) Run(ctx context.Context) (Grant, error) {
	listeners, redirect, err := l.listen()
	if err != nil {
		return Grant{}, err
	}
	l.Integration.RedirectURL = redirect
	signIn, err := l.Integration.NewSignIn()
	if err != nil {
		closeAll(listeners)
		return Grant{}, err
	}
	limit := l.Limit
	if limit <= 0 {
		limit = 5 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	page := newRedirectPage(signIn, redirect)
	server := &http.Server{
		Handler:           page,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	for _, listener := range listeners {
		go func() { _ = server.Serve(listener) }() // ends with Shutdown
	}
	l.invite(ctx, signIn.URL())
	select {
	case got := <-page.results:
		if got.err == nil {
			_ = sleep(ctx, pageLimit)
		}
		shutdown(server)
		return got.grant, got.err
	case <-ctx.Done():
	}
	shutdown(server)
	// A redirect is too late from now on, unless its code is being exchanged: that
	// grant must not be lost.
	if !signIn.used.CompareAndSwap(false, true) {
		select {
		case got := <-page.results:
			return got.grant, got.err
		case <-time.After(attemptLimit):
		}
	}
	return Grant{}, fmt.Errorf("auth: nobody has signed in: %w", ctx.Err())
}

// invite shows the address and opens the browser.
func (l Login) invite(ctx context.Context, address string) {
	if l.Show != nil {
		l.Show(address)
	} else {
		_, _ = fmt.Fprintln(os.Stderr, "Open this address to sign in:\n\n  "+address)
	}
	if l.Open != nil {
		// On its own, because some openers return when the browser is closed.
		// If it fails, the address has been shown.
		go func() { _ = l.Open(ctx, address) }()
	}
}

// listen listens at the RedirectURL, and returns that, with the port that was taken if
// it was 0.
func (l Login) listen() (listeners []net.Listener, redirect string, err error) {
	faults := l.Integration.faults()
	target := loopback(l.Integration.RedirectURL, &faults)
	if err := faults.Err("", ""); err != nil {
		return nil, "", err
	}
	hosts, port := listenHosts(target.Hostname()), target.Port()
	listeners, err = listenAt(hosts, port)
	for n := 1; err != nil && port == "0" && n < mostAttempts; n++ {
		// A port that is free at one address may be taken at the other.
		listeners, err = listenAt(hosts, port)
	}
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("auth: cannot wait for the sign-in: %w", err)
	case port != "0":
		return listeners, l.Integration.RedirectURL, nil
	}
	target.Host = net.JoinHostPort(target.Hostname(), portAt(listeners[0]))
	return listeners, target.String(), nil
}

// listenAt listens at one port of all hosts.
func listenAt(hosts []string, port string) (listeners []net.Listener, err error) {
	for _, host := range hosts {
		listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			closeAll(listeners)
			return nil, err
		}
		listeners = append(listeners, listener)
		port = portAt(listener)
	}
	return listeners, nil
}

func portAt(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}

// listenHosts returns the addresses of host. A browser may use either of those of
// localhost, so Login takes both; only one where the machine has no IPv6.
func listenHosts(host string) []string {
	if host != "localhost" {
		return []string{host}
	}
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return []string{"127.0.0.1"}
	}
	_ = probe.Close()
	return []string{"127.0.0.1", "::1"}
}

func closeAll(listeners []net.Listener) {
	for _, listener := range listeners {
		_ = listener.Close()
	}
}

// shutdown lets the last page reach the browser.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}

type result struct {
	grant Grant
	err   error
}

// redirectPage is the page that a sign-in ends at.
type redirectPage struct {
	signIn  *SignIn
	hosts   []string // what the Host header may be, in lower case
	path    string
	results chan result
}

func newRedirectPage(signIn *SignIn, redirect string) *redirectPage {
	page := &redirectPage{signIn: signIn, path: "/", results: make(chan result, 1)}
	if target, err := url.Parse(redirect); err == nil {
		page.path = cmp.Or(target.Path, page.path)
		page.hosts = []string{target.Host}
		if target.Port() == "80" { // browsers leave it out
			page.hosts = append(page.hosts, strings.TrimSuffix(target.Host, ":80"))
		}
	}
	return page
}

func (p *redirectPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Connection", "close")
	switch {
	// A page elsewhere could have its own name resolve to the loopback.
	case !slices.Contains(p.hosts, strings.ToLower(r.Host)):
		show(w, http.StatusMisdirectedRequest, "This address is not for you.")
	case r.URL.Path != p.path:
		show(w, http.StatusNotFound, "There is nothing here.")
	case r.Method != http.MethodGet:
		header.Set("Allow", http.MethodGet)
		show(w, http.StatusMethodNotAllowed, "This address is opened by a sign-in.")
	default:
		p.finish(w, r)
	}
}

func (p *redirectPage) finish(w http.ResponseWriter, r *http.Request) {
	// The exchange goes on if the person closes the window too early.
	ctx := context.WithoutCancel(r.Context())
	grant, err := p.signIn.Finish(ctx, r.URL.String())
	switch problem := err.(type) {
	case nil:
		show(w, http.StatusOK, "You are signed in. You can close this window.")
	case *SignInError: // anybody can send such a redirect
		if problem.problem == alreadyUsed {
			show(w, http.StatusOK, "This sign-in is done, or in progress in another window. You can close this one.")
			return
		}
		show(w, http.StatusBadRequest, "This is not the sign-in that was asked for. Start again.")
		return
	default:
		show(w, http.StatusForbidden, "You are not signed in. The program that asked you to sign in knows why.")
	}
	p.results <- result{grant, err}
}

func show(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign-in</title></head><body><p>%s</p></body></html>\n", text)
}

// OpenBrowser opens address in the browser of the person at this machine. It
// returns when the program that opens it has ended, or when ctx ends; that program
// goes on, because it may be the browser itself. The error reports that there is no
// browser, or that address is neither https nor plain http to the loopback.
func OpenBrowser(ctx context.Context, address string) error {
	if _, problem := safeurl.Parse(address); problem != "" {
		return errors.New("auth: the address " + problem)
	}
	command := []string{"xdg-open"}
	switch runtime.GOOS {
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler"}
	case "darwin":
		command = []string{"open"}
	}
	opener := exec.Command(command[0], append(command[1:], address)...)
	if err := opener.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- opener.Wait() }() // ends with the opener
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return nil
	}
}
