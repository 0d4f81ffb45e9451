package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/examples/internal/program"
)

// login is the authorization of a person, with the store that keeps it.
type login struct {
	name        string
	integration auth.Integration
	store       auth.Store
	// open opens an address in a browser.
	open func(ctx context.Context, address string) error
	// ask is the address to send a request to; empty for none.
	ask string
	in  io.Reader
	out io.Writer
}

// ways are the ways to sign in, by the value of -how.
var ways = map[string]way{
	"browser": login.inBrowser,
	"paste":   login.byPaste,
	"device":  login.byDevice,
}

// way signs a person in and returns the grant.
type way func(login, context.Context) (auth.Grant, error)

// run works with the stored tokens. If these cannot be used, a person signs in first, and
// run works with the new tokens.
func (l login) run(ctx context.Context, signIn way) error {
	err := l.work(ctx)
	required, ok := errors.AsType[*auth.ReauthorizationRequiredError](err)
	if !ok {
		return err
	}
	l.print("a sign-in is needed: %s", required.Reason)
	grant, err := signIn(l, ctx)
	if err != nil {
		return err
	}
	l.print("somebody has signed in")
	if err := l.refreshing().Authorize(ctx, grant); err != nil {
		return err
	}
	l.print("the tokens are stored")
	return l.work(ctx)
}

// work does what a program does with its authorization: here, it sends one request. If the
// service refuses the token, work sends the request once more with a new token. In a
// program with an http.Client, auth.Transport does that.
func (l login) work(ctx context.Context) error {
	source, err := l.refreshing().Open()
	if err != nil {
		return err
	}
	// A refresh in progress has to save the new refresh token.
	defer func() { _ = source.Close(context.WithoutCancel(ctx)) }()
	token, err := l.token(ctx, source)
	if err != nil || l.ask == "" {
		return err
	}
	status, err := l.request(ctx, token)
	if err == nil && status == http.StatusUnauthorized {
		l.print("the service refuses the token, so the program refreshes it")
		source.Invalidate(token)
		if token, err = l.token(ctx, source); err != nil {
			return err
		}
		status, err = l.request(ctx, token)
	}
	if err != nil {
		return err
	}
	l.print("the service replies: %d %s", status, http.StatusText(status))
	if status != http.StatusOK {
		return errors.New("the service does not accept the request")
	}
	return nil
}

func (l login) refreshing() auth.Refreshing {
	return auth.Refreshing{Integration: l.integration, Name: l.name, Store: l.store}
}

// token returns the source's token and prints its expiry.
func (l login) token(ctx context.Context, source auth.TokenSource) (auth.Token, error) {
	token, err := source.Token(ctx)
	if err != nil {
		return auth.Token{}, err
	}
	until := "until it is refused"
	if expiry := token.Expiry(); !expiry.IsZero() {
		until = "until " + expiry.UTC().Format(time.RFC3339)
	}
	l.print("there is a token, valid %s", until)
	return token, nil
}

// request sends a request with the token and returns the status of the reply. It sends the
// token to no other host.
func (l login) request(ctx context.Context, token auth.Token) (int, error) {
	hosts, err := auth.NewHosts(l.ask)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.ask, nil)
	if err != nil {
		return 0, err
	}
	if err := hosts.Authorize(request, token); err != nil {
		return 0, err
	}
	transport := l.integration.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	response, err := transport.RoundTrip(request) // follows no redirect
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// inBrowser signs in with a browser on this machine.
func (l login) inBrowser(ctx context.Context) (auth.Grant, error) {
	return auth.Login{
		Integration: l.integration,
		Show:        func(address string) { l.print("open this address to sign in: %s", address) },
		Open:        l.open,
	}.Run(ctx)
}

// byPaste signs in with any browser. The person pastes its last address here.
func (l login) byPaste(ctx context.Context) (auth.Grant, error) {
	signIn, err := l.integration.NewSignIn()
	if err != nil {
		return auth.Grant{}, err
	}
	l.print("open this address to sign in: %s", signIn.URL())
	l.print("paste the address that the browser ends at, even if it shows no page:")
	pasted := bufio.NewScanner(program.Input(ctx, l.in))
	for pasted.Scan() {
		grant, err := signIn.Finish(ctx, strings.TrimSpace(pasted.Text()))
		// Not errors.As: if the person declined, a SignInError is the cause of the error.
		if _, again := err.(*auth.SignInError); !again {
			return grant, err
		}
		l.print("%v; paste another one:", err)
	}
	if err := pasted.Err(); err != nil {
		return auth.Grant{}, err
	}
	return auth.Grant{}, errors.New("the input ended without the address")
}

// byDevice signs in with a code that the person enters on another device.
func (l login) byDevice(ctx context.Context) (auth.Grant, error) {
	return auth.DeviceLogin{
		Integration: l.integration,
		Show: func(code auth.DeviceCode) {
			l.print("enter the code %s at %s by %s", code.UserCode, code.VerificationURL, code.Expiry.UTC().Format(time.RFC3339))
		},
	}.Run(ctx)
}

// print prints one step.
func (l login) print(format string, values ...any) { fmt.Fprintf(l.out, "  "+format+"\n", values...) }
