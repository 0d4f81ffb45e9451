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

// login is a person's authorization, kept in a store, and what to do with it.
type login struct {
	name        string
	integration auth.Integration
	store       auth.Store
	// open opens an address in a browser.
	open func(ctx context.Context, address string) error
	// ask is where to make a request to; empty for nowhere.
	ask string
	in  io.Reader
	out io.Writer
}

// ways are the ways to sign in, by name.
var ways = map[string]way{
	"browser": login.inBrowser,
	"paste":   login.byPaste,
	"device":  login.byDevice,
}

// way has a person sign in.
type way func(login, context.Context) (auth.Grant, error)

// run works with the stored tokens. Only where these will not do it has a
// person sign in, and works with the new ones.
func (l login) run(ctx context.Context, signIn way) error {
	err := l.work(ctx)
	required, ok := errors.AsType[*auth.ReauthorizationRequiredError](err)
	if !ok {
		return err
	}
	l.tell("a sign-in is needed: %s", required.Reason)
	grant, err := signIn(l, ctx)
	if err != nil {
		return err
	}
	l.tell("somebody has signed in")
	if err := l.refreshing().Authorize(ctx, grant); err != nil {
		return err
	}
	l.tell("the tokens are stored")
	return l.work(ctx)
}

// work is what a program does with its authorization: here, one request. A
// token that the service refuses is replaced once.
func (l login) work(ctx context.Context) error {
	source, err := l.refreshing().Open()
	if err != nil {
		return err
	}
	token, err := l.token(ctx, source)
	if err != nil || l.ask == "" {
		return err
	}
	status, err := l.request(ctx, token)
	if err == nil && status == http.StatusUnauthorized {
		l.tell("the token is refused, so it is refreshed")
		source.Invalidate(token)
		if token, err = l.token(ctx, source); err != nil {
			return err
		}
		status, err = l.request(ctx, token)
	}
	if err != nil {
		return err
	}
	l.tell("the request is answered: %d %s", status, http.StatusText(status))
	if status != http.StatusOK {
		return errors.New("the service does not take the token")
	}
	return nil
}

func (l login) refreshing() auth.Refreshing {
	return auth.Refreshing{Integration: l.integration, Name: l.name, Store: l.store}
}

// token returns the source's token and tells of it.
func (l login) token(ctx context.Context, source auth.TokenSource) (auth.Token, error) {
	token, err := source.Token(ctx)
	if err != nil {
		return auth.Token{}, err
	}
	until := "until it is refused"
	if expiry := token.Expiry(); !expiry.IsZero() {
		until = "until " + expiry.UTC().Format(time.RFC3339)
	}
	l.tell("there is a token, good %s", until)
	return token, nil
}

// request makes a request with the token, which goes nowhere else, and returns
// the status of the answer.
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
	response, err := transport.RoundTrip(request) // which follows no redirect
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// inBrowser signs in with a browser on this machine.
func (l login) inBrowser(ctx context.Context) (auth.Grant, error) {
	return auth.Login{
		Integration: l.integration,
		Show:        func(address string) { l.tell("open this address to sign in: %s", address) },
		Open:        l.open,
	}.Run(ctx)
}

// byPaste signs in with a browser anywhere, whose last address is pasted here.
func (l login) byPaste(ctx context.Context) (auth.Grant, error) {
	signIn, err := l.integration.NewSignIn()
	if err != nil {
		return auth.Grant{}, err
	}
	l.tell("open this address to sign in: %s", signIn.URL())
	l.tell("paste the address that the browser ends at, even if it shows no page:")
	pasted := bufio.NewScanner(program.Input(ctx, l.in))
	for pasted.Scan() {
		grant, err := signIn.Finish(ctx, strings.TrimSpace(pasted.Text()))
		if _, again := err.(*auth.SignInError); !again {
			return grant, err
		}
		l.tell("%v; paste another one:", err)
	}
	if err := pasted.Err(); err != nil {
		return auth.Grant{}, err
	}
	return auth.Grant{}, errors.New("the input ended without the address")
}

// byDevice signs in with a code that is entered on another device.
func (l login) byDevice(ctx context.Context) (auth.Grant, error) {
	return auth.DeviceLogin{
		Integration: l.integration,
		Show: func(code auth.DeviceCode) {
			l.tell("enter the code %s at %s by %s", code.UserCode, code.VerificationURL, code.Expiry.UTC().Format(time.RFC3339))
		},
	}.Run(ctx)
}

// tell prints one step.
func (l login) tell(format string, values ...any) { fmt.Fprintf(l.out, "  "+format+"\n", values...) }
