// Login signs a person in, keeps the tokens in a folder, and sends one request with
// them. The next run uses the stored tokens, so that nobody needs to sign in.
//
// Without configuration it signs in to an identity service of its own, and follows
// the redirect itself. With WEBEX_CLIENT_ID and WEBEX_CLIENT_SECRET it signs in to
// that integration: in the browser of this machine, by a pasted address, or by a code
// to enter on another device.
//
//	login
//	login -redirect http://localhost:8080/callback -scopes "cjp:config_read"
//	login -how paste
//	login -how device
//
// It prints no token and no secret.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/examples/internal/program"
)

// The variables that name an integration. There is no flag for the secret:
// other users of a machine can see the flags of a program.
const (
	clientID     = "WEBEX_CLIENT_ID"
	clientSecret = "WEBEX_CLIENT_SECRET"
)

func main() {
	program.Main("login", func(ctx context.Context, args []string) error {
		return run(ctx, args, os.Getenv, os.Stdin, os.Stdout)
	})
}

func run(ctx context.Context, args []string, getenv func(string) string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("login", flag.ContinueOnError)
	how := flags.String("how", "browser", "how to sign in: browser, paste or device")
	redirect := flags.String("redirect", "http://localhost:8080/callback", "the integration's redirect URI")
	scopes := flags.String("scopes", "cjp:config_read", "the integration's scopes")
	service := flags.String("service", "https://webexapis.com/v1", "the identity service, above authorize and access_token")
	ask := flags.String("ask", "", "the address to send a request with the token to")
	folder := flags.String("store", "", "the folder to keep tokens in (default engage-go/login in the user's configuration)")
	if err := program.Parse(flags, args, out); err != nil {
		return err
	}
	signIn, ok := ways[*how]
	if !ok {
		return fmt.Errorf("%w: -how is browser, paste or device, not %q", program.ErrMisuse, *how)
	}
	directory, err := storeIn(*folder)
	if err != nil {
		return err
	}
	store := auth.NewFileStore(directory)
	l := login{
		name: "webex",
		integration: auth.Integration{
			ClientID:       getenv(clientID),
			ClientSecret:   auth.NewSecret(getenv(clientSecret)),
			RedirectURL:    *redirect,
			Scopes:         strings.Fields(*scopes),
			AuthorizeURL:   *service + "/authorize",
			TokenURL:       *service + "/access_token",
			DeviceURL:      *service + "/device/authorize",
			DeviceTokenURL: *service + "/device/token",
		},
		open: auth.OpenBrowser, ask: *ask, store: store, in: in, out: out,
	}
	where := *service
	if l.integration.ClientID == "" && l.integration.ClientSecret.IsZero() {
		if *how != "browser" {
			return errors.New("set " + clientID + " and " + clientSecret + ": without them, only -how browser works")
		}
		identity := startIdentity(store)
		defer identity.Close()
		where = "an identity service in memory"
		l.name, l.integration, l.open, l.ask = "in memory", identity.integration(), identity.open, identityURL+"/userinfo"
	}
	fmt.Fprintf(out, "Talking to %s, with the tokens in %s\n", where, directory)
	return l.run(ctx, signIn)
}

// storeIn returns the folder to keep tokens in.
func storeIn(folder string) (string, error) {
	if folder != "" {
		return folder, nil
	}
	configuration, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("name a folder with -store: %w", err)
	}
	return filepath.Join(configuration, "engage-go", "login"), nil
}
