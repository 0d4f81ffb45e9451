package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/tenant"
	"github.com/engagesdk/engage-go/outcome"
)

// TestMain makes the test binary the program if a test starts it again.
func TestMain(m *testing.M) {
	if os.Getenv("CONSOLE_TEST_PROCESS") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestTheProcessExitsWithTheStatus(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann))
	for direction, status := range map[string]int{"outbound": 0, "sideways": 4} {
		process := exec.CommandContext(t.Context(), os.Args[0], "append", "-channel", "sms", "-direction", direction, id)
		process.Env = append(os.Environ(), "CONSOLE_TEST_PROCESS=1")
		for name, value := range d.environment {
			process.Env = append(process.Env, name+"="+value)
		}
		process.Stdin = strings.NewReader("It is on its way.")
		err := process.Run()
		if _, failed := errors.AsType[*exec.ExitError](err); !failed {
			require.NoError(t, err)
		}
		require.Equal(t, status, process.ProcessState.ExitCode())
	}
	require.Len(t, d.Messages(id), 1)
}

// desk is a tenant, and the console that calls it.
type desk struct {
	*engagetest.Server
	environment map[string]string
}

func newDesk(t *testing.T, options ...engagetest.Option) desk {
	t.Helper()
	server := engagetest.New(t, options...)
	return desk{server, map[string]string{
		tenant.BaseURL: server.URL(), tenant.ClientID: server.ClientID(), tenant.ClientSecret: server.ClientSecret(),
	}}
}

// console runs the program with the words of line, and with input as its standard input.
func (d desk) console(t *testing.T, input, line string) (status int, out, errOut string) {
	t.Helper()
	return d.runWith(t.Context(), strings.NewReader(input), strings.Fields(line)...)
}

func (d desk) runWith(ctx context.Context, in io.Reader, args ...string) (status int, out, errOut string) {
	var printed, complained strings.Builder
	status = run(ctx, args, func(name string) string { return d.environment[name] }, in, &printed, &complained)
	return status, printed.String(), complained.String()
}

// object decodes the last line of what the program printed.
func object(t *testing.T, out string) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	var decoded map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &decoded), out)
	return decoded
}

var ann = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}

const ofAnn = " -channel sms -business +15550100 -customer +15550199"

func inbound(text string) message.Message {
	return message.Text{Direction: message.Inbound, Text: text, Envelope: message.Envelope{
		AliasID: "alias-1", Timestamp: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
	}}
}

func TestTheExitStatusIsThatOfTheEdge(t *testing.T) {
	const appending = "append -channel sms -direction outbound -text hello -attempts 1 "
	for name, c := range map[string]struct {
		operation outcome.Operation
		fault     engagetest.Fault
		line      string
		status    int
		edge      outcome.Edge
	}{
		"an error":                      {outcome.SearchConversation, engagetest.Fault{Status: 500, Times: 2}, "search -attempts 1" + ofAnn, 3, outcome.OnError},
		"invalid data":                  {outcome.SearchConversation, engagetest.Fault{Status: 400}, "search" + ofAnn, 4, outcome.OnInvalidData},
		"invalid flags":                 {"", engagetest.Fault{}, "search -channel sms", 4, outcome.OnInvalidData},
		"a time-out":                    {outcome.SearchConversation, engagetest.Fault{Status: 504}, "search -attempts 1" + ofAnn, 6, outcome.OnTimeout},
		"a time that is over":           {"", engagetest.Fault{}, "search -timeout 1ns" + ofAnn, 6, outcome.OnTimeout},
		"a refused token":               {outcome.SearchConversation, engagetest.Fault{Status: 401, Times: engagetest.Always}, "search" + ofAnn, 7, outcome.OnAuthorizationFailure},
		"no token":                      {engagetest.Token, engagetest.Fault{Status: 401, Times: engagetest.Always}, "close ID", 7, outcome.OnAuthorizationFailure},
		"a refused append":              {outcome.AppendMessage, engagetest.Fault{Status: 409}, appending + "ID", 8, outcome.OnAppendMessageFailure},
		"a refused close":               {outcome.CloseConversation, engagetest.Fault{Status: 409, Code: "1"}, "close ID", 8, outcome.OnCloseConversationFailure},
		"an append that may be applied": {outcome.AppendMessage, engagetest.Fault{Status: 504}, appending + "ID", 9, outcome.OnTimeout},
		"a close that may be applied":   {outcome.CloseConversation, engagetest.Fault{Status: 500}, "close -attempts 1 ID", 9, outcome.OnError},
		"an append that was applied":    {outcome.AppendMessage, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionCutShort}, appending + "ID", 10, outcome.OnError},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id := d.Seed(engagetest.NewConversation(ann))
			if c.operation != "" {
				d.Fail(c.operation, c.fault)
			}
			line := strings.ReplaceAll(c.line, "ID", id)
			status, out, errOut := d.console(t, "", line)
			require.Equal(t, c.status, status, errOut)
			require.Empty(t, out)
			require.Contains(t, errOut, string(c.edge))
			require.NotContains(t, errOut, "hello")

			d.ClearFaults()
			if c.operation != "" {
				d.Fail(c.operation, c.fault)
			}
			name, flags, _ := strings.Cut(line, " ")
			status, out, _ = d.console(t, "", name+" -json "+flags)
			require.Equal(t, c.status, status)
			require.Equal(t, string(c.edge), object(t, out)["edge"])
			require.Equal(t, string(c.edge), object(t, out)["error"].(map[string]any)["edge"])
		})
	}
}

func TestEverythingThatIsWrongIsReportedAtOnce(t *testing.T) {
	d := newDesk(t)
	delete(d.environment, tenant.ClientID)
	for line, problems := range map[string][]string{
		"search": {"-channel is not one of sms, facebook, livechat, email, whatsapp, amb, api"},
		"search -channel sms -thread 1 -subject x -timeout 0s -attempts -1": {
			"-business is empty", "-customer is empty", "-thread is not part of an address on sms", "-subject is not part of", "-timeout must be", "-attempts must be",
		},
		"search -channel livechat -customer 1":        {"-business is empty", "-fingerprint is empty: set it, or -thread"},
		"transcript -offset -1":                       {"the conversation is empty", "-offset is negative"},
		"append -again -to x":                         {"the conversation is empty", "-channel is not one of", "-direction must be", "the text is empty", "-to is for an email", "-again needs it"},
		"append -channel email -direction outbound x": {"-from is empty", "-to is empty", "the text is blank"},
		"close ../admin":                              {"the conversation contains a slash"},
		"conformance -team a/b -channel api":          {"-team contains a slash", "-business is empty", "-customer is empty"},
	} {
		t.Run(line, func(t *testing.T) {
			status, out, errOut := d.console(t, "", line)
			require.Equal(t, 4, status)
			require.Empty(t, out)
			require.Contains(t, errOut, "no tenant: set ENGAGE_CLIENT_ID\n")
			for _, problem := range problems {
				require.Contains(t, errOut, problem)
			}
			status, out, _ = d.console(t, "", strings.Replace(line+" ", " ", " -json ", 1))
			require.Equal(t, 4, status)
			failure := object(t, out)["error"].(map[string]any)
			require.Len(t, failure["violations"], len(problems), out)
			require.Equal(t, "no tenant: set ENGAGE_CLIENT_ID", failure["cause"])
		})
	}
	require.Empty(t, d.Requests())
}

func TestATenantIsRequired(t *testing.T) {
	status, out, errOut := desk{}.console(t, "", "search -json"+ofAnn)
	require.Equal(t, 1, status)
	require.Equal(t, "console: no tenant: set ENGAGE_BASE_URL, ENGAGE_CLIENT_ID, ENGAGE_CLIENT_SECRET\n", errOut)
	require.Contains(t, object(t, out)["error"].(map[string]any)["cause"], "no tenant")
	require.NotContains(t, object(t, out), "edge")

	d := newDesk(t)
	d.environment[tenant.BaseURL] = "http://engage.example"
	status, _, errOut = d.console(t, "", "search"+ofAnn)
	require.Equal(t, 1, status)
	require.NotContains(t, errOut, d.ClientSecret())
}

func TestTheSecretCanBeInAFile(t *testing.T) {
	d := newDesk(t)
	delete(d.environment, tenant.ClientSecret)
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte(d.ClientSecret()+"\n"), 0o600))
	status, _, errOut := d.console(t, "", "search -secret-file "+path+ofAnn)
	require.Zero(t, status, errOut)

	require.NoError(t, os.WriteFile(path, make([]byte, maxSecret+1), 0o600))
	for file, want := range map[string]string{path: "is longer than", path + "-none": "no such file", os.DevNull: "set ENGAGE_CLIENT_SECRET"} {
		status, _, errOut = d.console(t, "", "search -secret-file "+file+ofAnn)
		require.Equal(t, 1, status)
		require.Contains(t, errOut, want)
	}
}

func TestATextThatCannotBeReadIsNotAppended(t *testing.T) {
	d := newDesk(t)
	id := d.Seed(engagetest.NewConversation(ann))
	line := []string{"append", "-channel", "sms", "-direction", "outbound", id}
	status, _, errOut := d.runWith(t.Context(), io.MultiReader(strings.NewReader("half a"), iotest.ErrReader(errors.New("the disk is gone"))), line...)
	require.Equal(t, 1, status)
	require.Contains(t, errOut, "reading the text: the disk is gone")
	status, _, errOut = d.runWith(t.Context(), strings.NewReader("a\xff"), line...)
	require.Equal(t, 4, status)
	require.Contains(t, errOut, "the text is not valid UTF-8")
	status, _, errOut = d.runWith(t.Context(), strings.NewReader(strings.Repeat("x", message.MaxSize+1)), line...)
	require.Equal(t, 4, status)
	require.Contains(t, errOut, "the text ")
	require.Empty(t, d.Messages(id))

	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	keyboard, _ := io.Pipe()
	status, _, errOut = d.runWith(ctx, keyboard, line...)
	require.Equal(t, 1, status)
	require.Contains(t, errOut, "context canceled")
}

// full is an output that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAnOutputThatTakesNothingIsAFailure(t *testing.T) {
	const appending = "append -channel sms -direction outbound -text hello"
	for line, want := range map[string]int{
		"search" + ofAnn: 1, "search -json" + ofAnn: 1, "transcript ID": 1, "transcript -json ID": 1, "conformance" + ofAnn: 1,
		appending + " ID": 10, appending + " -json ID": 10, "close ID": 10, // The write has succeeded.
	} {
		t.Run(line, func(t *testing.T) {
			d := newDesk(t)
			id := d.Seed(engagetest.NewConversation(ann, inbound("hello")))
			var errOut strings.Builder
			getenv := func(name string) string { return d.environment[name] }
			status := run(t.Context(), strings.Fields(strings.ReplaceAll(line, "ID", id)), getenv, nil, full{}, &errOut)
			require.Equal(t, want, status)
			require.Contains(t, errOut.String(), "the disk is full")
		})
	}
}

func TestHelpAndWrongUsage(t *testing.T) {
	for _, flag := range []string{"-h", "-help", "--help"} {
		status, out, errOut := desk{}.console(t, "", flag)
		require.Zero(t, status)
		require.Equal(t, help, out)
		require.Empty(t, errOut)
	}
	for edge, status := range standardStatuses {
		require.Contains(t, help, fmt.Sprintf("%4d  %s\n", status, edge))
	}
	for _, name := range []string{"search", "transcript", "append", "close", "conformance"} {
		require.Contains(t, help, "\n  "+name+" ")
		status, out, _ := desk{}.console(t, "", name+" -h")
		require.Zero(t, status)
		require.Contains(t, out, "usage: console "+name+" ")
		require.Contains(t, out, "-secret-file file")
	}
	for _, line := range []string{"", "nope", "search extra", "search -nope", "close a b", "transcript -offset x", "search -secret s"} {
		status, out, errOut := desk{}.console(t, "", line)
		require.Equal(t, 2, status, line)
		require.Empty(t, out)
		require.Contains(t, errOut, "wrong usage")
		require.Contains(t, errOut, "console -h shows its usage")
	}
}
