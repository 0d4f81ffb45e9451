package auth_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
)

// A person signs in with the browser of this machine.
func ExampleLogin_Run() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/authorize": // the person agrees
			back := r.FormValue("redirect_uri") + "?code=1&state=" + url.QueryEscape(r.FormValue("state"))
			http.Redirect(w, r, back, http.StatusFound)
		case "/token":
			_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600,"refresh_token":"def"}`)
		}
	}))
	defer service.Close()

	grant, err := auth.Login{
		Integration: auth.Integration{
			ClientID:     "C1234",
			ClientSecret: auth.NewSecret("secret"),
			RedirectURL:  "http://localhost:0/callback", // with Webex, the port that is registered
			Scopes:       []string{"cjp:config_read"},
			AuthorizeURL: service.URL + "/authorize", // leave these out for Webex
			TokenURL:     service.URL + "/token",
		},
		Show: func(string) { fmt.Println("opening the browser") },
		Open: func(_ context.Context, address string) error { // in a program: auth.OpenBrowser
			page, err := http.Get(address)
			if err != nil {
				return err
			}
			return page.Body.Close()
		},
	}.Run(context.Background())
	fmt.Println(grant.RefreshToken, err)
	// Output:
	// opening the browser
	// REDACTED <nil>
}

// The person opens the address in any browser, and pastes the address at which the
// browser ends.
func ExampleSignIn() {
	service := answer(`{"access_token":"abc","expires_in":3600,"refresh_token":"def"}`)
	defer service.Close()
	integration := auth.Integration{
		ClientID:     "C1234",
		ClientSecret: auth.NewSecret("secret"),
		RedirectURL:  "https://desk.example.com/signed-in",
		Scopes:       []string{"cjp:config_read"},
		TokenURL:     service.URL, // leave it out for Webex
	}
	signIn, err := integration.NewSignIn()
	if err != nil {
		log.Fatal(err)
	}
	address, err := url.Parse(signIn.URL())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("open", address.Host+address.Path)

	pasted := "https://desk.example.com/signed-in?code=1&state=" + address.Query().Get("state")
	grant, err := signIn.Finish(context.Background(), pasted)
	fmt.Println(grant.RefreshToken, err)
	// Output:
	// open webexapis.com/v1/authorize
	// REDACTED <nil>
}

// The person enters a code on another device, such as a phone.
func ExampleDeviceLogin() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/device":
			_, _ = io.WriteString(w, `{"device_code":"d","user_code":"1234","verification_uri":"https://login.example.com","expires_in":300,"interval":1}`)
		case "/token":
			_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600,"refresh_token":"def"}`)
		}
	}))
	defer service.Close()

	grant, err := auth.DeviceLogin{
		Integration: auth.Integration{
			ClientID:       "C1234",
			ClientSecret:   auth.NewSecret("secret"),
			Scopes:         []string{"cjp:config_read"},
			DeviceURL:      service.URL + "/device", // leave these out for Webex
			DeviceTokenURL: service.URL + "/token",
		},
		Show: func(code auth.DeviceCode) {
			fmt.Println("enter", code.UserCode, "at", code.VerificationURL)
		},
	}.Run(context.Background())
	fmt.Println(grant.RefreshToken, err)
	// Output:
	// enter 1234 at https://login.example.com
	// REDACTED <nil>
}

// An administrator has authorized a Service App, so that nobody needs to sign in. Its
// grant seeds a source.
func ExampleServiceApp() {
	service := answer(`{"access_token":"abc","expires_in":3600,"refresh_token":"def","refresh_token_expires_in":7776000}`)
	defer service.Close()
	ctx := context.Background()
	app := auth.ServiceApp{
		ApplicationID:   "app-1",
		ClientID:        "C1234",
		ClientSecret:    auth.NewSecret("secret"),
		OrganizationID:  "org-1",
		ApplicationsURL: service.URL, // leave it out for Webex
	}
	grant, err := app.Grant(ctx, auth.Static("administrator-token"))
	if err != nil {
		log.Fatal(err)
	}
	source, err := auth.Refreshing{
		Integration: auth.Integration{ClientID: app.ClientID, ClientSecret: app.ClientSecret},
		Name:        "desk",
		Store:       new(auth.MemoryStore),
		Seed:        grant,
	}.Open()
	if err != nil {
		log.Fatal(err)
	}
	token, err := source.Token(ctx)
	fmt.Println(token.Reveal(), err)
	// Output: abc <nil>
}

// A source with a store goes on where an earlier process ended. Both share each refresh.
func ExampleRefreshing() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("refresh with", r.FormValue("refresh_token"))
		_, _ = io.WriteString(w, `{"access_token":"abc","expires_in":3600,"refresh_token":"second"}`)
	}))
	defer service.Close()
	directory, err := os.MkdirTemp("", "tokens")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	ctx := context.Background()
	refreshing := auth.Refreshing{
		Integration: auth.Integration{ClientID: "C1234", ClientSecret: auth.NewSecret("secret"), TokenURL: service.URL},
		Name:        "desk",
		// On a volume of Kubernetes with an fsGroup, the group has access.
		Store: auth.NewFileStore(directory, auth.WithGroupAccess()),
		OnDue: func(name string, deadline time.Time) { fmt.Println(name, "needs a new sign-in before", deadline) },
	}
	// The grant is that of a sign-in.
	if err := refreshing.Authorize(ctx, auth.Grant{RefreshToken: auth.NewSecret("first")}); err != nil {
		log.Fatal(err)
	}
	for range 2 { // two processes, one after the other
		source, err := refreshing.Open()
		if err != nil {
			log.Fatal(err)
		}
		token, err := source.Token(ctx)
		fmt.Println(token.Reveal(), err, source.Close(ctx))
	}
	// Output:
	// refresh with first
	// abc <nil> <nil>
	// abc <nil> <nil>
}

// A store of your own keeps records wherever the program can lock them. Package storetest
// tests whether it keeps the contract.
func ExampleStore() {
	var store auth.Store = new(auth.MemoryStore)
	ctx := context.Background()
	err := store.Update(ctx, "desk", func(record auth.Secret) (auth.Secret, error) {
		fmt.Println("empty before:", record.IsZero())
		return auth.NewSecret("a record"), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	record, err := store.Read(ctx, "desk")
	fmt.Println(record.Reveal(), err)
	// Output:
	// empty before: true
	// a record <nil>
}

// Two operations of a client use two authorizations, as two nodes of a flow can. An
// authorization that is in use cannot be removed.
func ExampleRegistry_Use() {
	endpoint := answer(`{"access_token":"abc","expires_in":3600}`)
	defer endpoint.Close()
	ctx := context.Background()
	registry := &auth.Registry{OnTransition: func(s auth.Status) { fmt.Printf("%s: %s\n", s.Name, s.State) }}
	for _, name := range []string{"inbound", "archive"} {
		err := registry.Add(ctx, name, auth.ClientCredentials{
			ClientID: name, ClientSecret: auth.NewSecret("secret"), TokenURL: endpoint.URL,
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := registry.SetDefault("inbound"); err != nil {
		log.Fatal(err)
	}
	archive := registry.Use("archive", "transcripts")
	_, err := engage.New(engage.US, registry.Use("", "worker"), engage.WithAuthorization("FetchTranscript", archive))
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(registry.Remove(ctx, "archive"))
	archive.Release()
	fmt.Println(registry.Remove(ctx, "archive"))
	fmt.Println(registry.Authenticate(ctx, "inbound"))
	// Output:
	// inbound: Authorization Pending
	// archive: Authorization Pending
	// auth: the authorization "archive" is in use by transcripts
	// <nil>
	// inbound: Authorized
	// <nil>
}

// A source from a registry belongs to one user of the authorization. Release ends the use.
func ExampleNamedSource() {
	endpoint := answer(`{"access_token":"abc","expires_in":3600}`)
	defer endpoint.Close()
	ctx := context.Background()
	var registry auth.Registry
	err := registry.Add(ctx, "support", auth.ClientCredentials{
		ClientID: "tenant", ClientSecret: auth.NewSecret("secret"), TokenURL: endpoint.URL,
	})
	if err != nil {
		log.Fatal(err)
	}
	source := registry.Use("support", "inbound worker")
	token, err := source.Token(ctx)
	fmt.Println(token.Reveal(), err)

	for _, status := range registry.List() {
		fmt.Println(status.Name, "-", status.State, "-", status.UsedBy)
	}
	source.Release()
	// Output:
	// abc <nil>
	// support - Authorized - [inbound worker]
}
