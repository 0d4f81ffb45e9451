package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// SignIn is one sign-in of a person in a browser, by the OAuth 2 authorization code grant
// with PKCE (S256). If the browser is on the same machine, use [Login] instead. Otherwise
// show the URL to the person, who opens it in any browser. The person then pastes the
// address at which the browser ends, and the program passes that to Finish.
//
// Make a SignIn with [Integration.NewSignIn]. It accepts one redirect. It is safe for
// concurrent use.
type SignIn struct {
	integration Integration
	state       Secret
	verifier    Secret
	used        atomic.Bool
}

// SignInError reports that a redirect does not complete a sign-in.
type SignInError struct {
	// Code is the error code of RFC 6749 in the redirect, such as access_denied;
	// empty if there is none.
	Code string
	// Description is the service's explanation, of up to 512 bytes. The text of the
	// error leaves it out.
	Description string

	problem string
}

// alreadyUsed is the problem of a second redirect.
const alreadyUsed = "the redirect has been used before"

// Error returns the problem and the code.
func (e *SignInError) Error() string {
	if e.Code != "" {
		return "auth: sign-in: " + e.problem + ": " + e.Code
	}
	return "auth: sign-in: " + e.problem
}

// GoString returns the error's text, so that %#v shows no more than %v.
func (e *SignInError) GoString() string { return strconv.Quote(e.Error()) }

// MarshalText returns the error's text and no error.
func (e *SignInError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// NewSignIn returns a new sign-in. It sends no request. The error is an [*outcome.Error]
// that names every invalid field, RedirectURL included.
func (i Integration) NewSignIn() (*SignIn, error) {
	faults := i.faults()
	if redirect, err := url.Parse(i.RedirectURL); err != nil || redirect.Host == "" {
		faults.Add("RedirectURL", "is not a URL")
	}
	if err := faults.Err("", ""); err != nil {
		return nil, err
	}
	return &SignIn{integration: i, state: NewSecret(rand.Text() + rand.Text()), verifier: NewSecret(oauth2.GenerateVerifier())}, nil
}

// URL returns the address for the person to open in a browser.
func (s *SignIn) URL() string {
	i := s.integration
	config := oauth2.Config{
		ClientID:    i.ClientID,
		RedirectURL: i.RedirectURL,
		Scopes:      i.Scopes,
		Endpoint:    oauth2.Endpoint{AuthURL: cmp.Or(i.AuthorizeURL, WebexAuthorizeURL)},
	}
	return config.AuthCodeURL(s.state.Reveal(), oauth2.S256ChallengeOption(s.verifier.Reveal()))
}

// Finish exchanges the code in redirect for a grant. Redirect is the address at which the
// browser ended; Finish ignores white space around it. The service accepts a code only
// once, so Finish sends it at most once, and waits up to 10 seconds for the reply.
//
// The errors are:
//   - a [*SignInError] if redirect belongs to another sign-in or contains no code. The
//     person can then paste another address;
//   - a [*SignInError] if the sign-in has accepted a redirect before;
//   - an error that wraps that of ctx if ctx had ended already. Finish can be called again;
//   - a [*ReauthorizationRequiredError] if the person or the service declined, or the
//     service refuses the client;
//   - a [*TokenEndpointError] for any other failure of the endpoint;
//   - an error that wraps that of FetchSecret. Finish can be called again.
//
// If the reply contains a refresh token but no usable access token, Finish returns an
// error and a grant that holds only the refresh token.
func (s *SignIn) Finish(ctx context.Context, redirect string) (Grant, error) {
	parsed, err := url.Parse(strings.TrimSpace(redirect))
	if err != nil {
		return Grant{}, &SignInError{problem: "the redirect is not a URL"}
	}
	query := parsed.Query()
	// The zero SignIn has no state and accepts no redirect.
	if s.state.IsZero() || !s.state.Equal(NewSecret(query.Get("state"))) {
		return Grant{}, &SignInError{problem: "the redirect belongs to another sign-in"}
	}
	code := query.Get("code")
	if code == "" && !query.Has("error") {
		return Grant{}, &SignInError{problem: "the redirect contains no code"}
	}
	if err := ctx.Err(); err != nil {
		return Grant{}, fmt.Errorf("auth: sign-in: the code was not sent: %w", err)
	}
	if !s.used.CompareAndSwap(false, true) {
		return Grant{}, &SignInError{problem: alreadyUsed}
	}
	if query.Has("error") {
		x := exchange{secrets: []Secret{s.state, s.verifier, s.integration.ClientSecret}}
		denied := &SignInError{
			Code:        x.word(query.Get("error")),
			Description: x.shorten(query.Get("error_description")),
			problem:     "it was declined",
		}
		return Grant{}, &ReauthorizationRequiredError{Reason: ConsentRequired, Err: denied}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	endpoint := s.integration.endpoint()
	endpoint.singleUse = true
	secret, err := endpoint.client.currentSecret(ctx)
	if err != nil {
		s.used.Store(false) // No request was sent.
		return Grant{}, err
	}
	endpoint.client = client{id: endpoint.client.id, secret: secret}
	_, answer, err := endpoint.attempt(ctx, url.Values{
		"grant_type":    {"authorization_code"},
		"code":          {code},
		"redirect_uri":  {s.integration.RedirectURL},
		"code_verifier": {s.verifier.Reveal()},
	})
	if err != nil {
		return grantOf(err), refusedClient(err)
	}
	return answer.grant(), nil
}

// Login signs a person in with a browser on the same machine. It listens at the RedirectURL
// of the integration, which must be plain http to a port of the loopback (documented to
// work). Webex accepts only the exact URL that is registered, with its port. For a service
// that accepts any port, port 0 means a free port.
type Login struct {
	// Integration is the client to sign in to.
	Integration Integration
	// Show shows the address to the person, in case the browser does not open. Nil
	// prints it on standard error.
	Show func(address string)
	// Open opens the address in a browser, as [OpenBrowser] does. Run calls it on a new
	// goroutine, with a context that ends with the login, and ignores its error. Nil
	// opens no browser.
	Open func(ctx context.Context, address string) error
	// Limit is how long to wait for the person; 0 or less means 5 minutes.
	Limit time.Duration
}

// pageLimit is how long Run serves the last page after a sign-in. A browser may request it
// twice, for a preview.
const pageLimit = time.Second

// Run waits until the person has signed in, and returns the grant. It refuses a redirect
// without the state of this login and continues to wait. If ctx ends or Limit passes while
// a code is being exchanged, Run waits up to 10 more seconds for the grant. After a sign-in
// it serves the last page for one more second.
//
// The errors are:
//   - that of [Integration.NewSignIn], or that of listening;
//   - that of [SignIn.Finish], which may come with a grant;
//   - an error that wraps that of ctx, or [context.DeadlineExceeded] after Limit, if nobody
//     signed in.
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
	// No redirect is accepted from now on. If one has been accepted before, its grant must
	// not be lost.
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
		// Some openers return only when the person closes the browser. If Open fails,
		// the person has the address.
		go func() { _ = l.Open(ctx, address) }()
	}
}

// listen listens at the RedirectURL and returns that URL. Port 0 in it is replaced by the
// actual port.
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

// loopback parses raw, the URL to listen at. If raw is invalid, it adds that to faults.
func loopback(raw string, faults *outcome.Violations) *url.URL {
	redirect, err := url.Parse(raw)
	if err != nil || redirect.Scheme != "http" || !safeurl.Loopback(redirect.Hostname()) || redirect.Port() == "" || redirect.User != nil {
		faults.Add("RedirectURL", "is not plain http to a port of the loopback, such as http://localhost:8080/callback")
		return nil
	}
	return redirect
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

// listenHosts returns the addresses of host to listen at. For localhost these are both
// loopback addresses, because a browser may use either, or only that of IPv4 if the
// machine has no IPv6.
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

// shutdown stops the server. It waits up to a second for replies in progress.
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

// redirectPage serves the page at which a sign-in ends.
type redirectPage struct {
	signIn  *SignIn
	hosts   []string // the Host headers to accept, in lower case
	path    string
	results chan result
}

func newRedirectPage(signIn *SignIn, redirect string) *redirectPage {
	page := &redirectPage{signIn: signIn, path: "/", results: make(chan result, 1)}
	if target, err := url.Parse(redirect); err == nil {
		page.path = cmp.Or(target.Path, page.path)
		page.hosts = []string{target.Host}
		if target.Port() == "80" { // browsers omit it
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
	// The name of another website could resolve to the loopback.
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
	// The exchange continues if the person closes the window too early.
	ctx := context.WithoutCancel(r.Context())
	grant, err := p.signIn.Finish(ctx, r.URL.String())
	switch problem := err.(type) {
	case nil:
		show(w, http.StatusOK, "You are signed in. You can close this window.")
	case *SignInError: // any website can cause such a redirect
		if problem.problem == alreadyUsed {
			show(w, http.StatusOK, "This sign-in is done, or in progress in another window. You can close this one.")
			return
		}
		show(w, http.StatusBadRequest, "This is not the sign-in that was asked for. Start again.")
		return
	default:
		show(w, http.StatusForbidden, "You are not signed in. The program that asked you to sign in knows why.")
	}
	select {
	case p.results <- result{grant, err}:
	default: // Run returns the first result.
	}
}

func show(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign-in</title></head><body><p>%s</p></body></html>\n", text)
}

// OpenBrowser opens address in the default browser of this machine. It waits for the
// program that opens the browser. If ctx ends first, it returns nil and lets that program
// run, because it may be the browser itself. It returns an error if the program fails, or
// if address is neither https nor plain http to the loopback.
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
