package conformance_test

import (
	"os"
	"testing"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest/conformance"
	"github.com/engagesdk/engage-go/outcome"
)

// A user with a tenant finds out how it differs from what is assumed. The report is in the
// log of go test -v. This example has no output, because it needs a tenant.
func ExampleRun() {
	var t *testing.T // the argument of the test
	conformance.Run(t, conformance.Target{
		Endpoint: engage.EU,
		Source: auth.ClientCredentials{
			ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
			ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
		},
		Address: channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		Candidates: map[outcome.Operation][]engage.Route{
			outcome.CloseConversation: {{Method: "PUT", Path: "/conversations/{conversation}/closed"}},
		},
	})
}
