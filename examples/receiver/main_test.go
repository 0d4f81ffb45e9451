package main

import (
	"bufio"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/examples/internal/admin"
	"github.com/engagesdk/engage-go/examples/internal/program"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary play the program in a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("RECEIVER_TEST_PROCESS") != "" {
		main()
	}
	os.Exit(m.Run())
}

// unset is an environment without configuration.
func unset(string) string { return "" }

// configured is an environment that names server as the tenant.
func configured(server *engagetest.Server) func(string) string {
	environment := map[string]string{
		"ENGAGE_HUB_SECRET": "s3cret",
		"ENGAGE_BASE_URL":   server.URL(), "ENGAGE_CLIENT_ID": server.ClientID(), "ENGAGE_CLIENT_SECRET": server.ClientSecret(),
	}
	return func(name string) string { return environment[name] }
}

func TestEveryEventIsHandledOnce(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, unset, &out))
	for _, line := range []string{
		"sms        text           onConversationCreated\n",
		"facebook   text           onConversationCreated\n",
		"whatsapp   text           onConversationCreated\n",
		"whatsapp   wab-interactive-response onAppendMessageSuccess\n",
		"livechat   text           onConversationCreated\n",
		"email      email          onConversationCreated\n",
		"amb        typing-started typing started: true\n",
		"amb        text           onConversationCreated\n",
		"sms        receipt        the message is Delivered\n",
		"sms        unknown        nothing to do\n",
	} {
		require.Equal(t, 1, strings.Count(out.String(), line), line)
	}
	require.Contains(t, out.String(), "11 events accepted, 11 duplicates dropped, 0 requests refused\n11 handled, 0 dead letters\n")
}

func TestTheAgentSeesWhoTheCustomerIs(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	require.NoError(t, run(t.Context(), nil, configured(server), io.Discard))
	names := map[channel.Channel]string{}
	for _, conversation := range server.Conversations() {
		names[conversation.Channel] = conversation.CustomerName
		if conversation.Channel == channel.Apple {
			require.Contains(t, string(conversation.CapabilityList), "AUTH%2CLIST%2CTIME")
		} else {
			require.Empty(t, conversation.CapabilityList)
		}
	}
	require.Equal(t, map[channel.Channel]string{
		channel.SMS: "", channel.Facebook: "Cleo", channel.WhatsApp: "Ben", channel.LiveChat: "", channel.Email: "Ann", channel.Apple: "",
	}, names)
}

func TestACapabilityListReachesAnOpenConversation(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	client, err := server.Client()
	require.NoError(t, err)
	_, err = client.CreateConversation(t.Context(), engage.CreateConversationV13{
		Address: channel.AppleAddress{AccountID: "5f1c", UserID: "urn:mbid:AQAAY"},
	})
	require.NoError(t, err)
	require.Empty(t, server.Conversations()[0].CapabilityList)
	require.NoError(t, run(t.Context(), nil, configured(server), io.Discard))
	require.Contains(t, string(server.Conversations()[0].CapabilityList), "AUTH%2CLIST%2CTIME")
}

func TestTheEventsOfTheProgramAreNotForATenant(t *testing.T) {
	tenant := func(name string) string { return map[string]string{"ENGAGE_BASE_URL": "us"}[name] }
	require.ErrorContains(t, run(t.Context(), nil, tenant, io.Discard), "set -listen")
}

// firstURL passes on the first URL that the program prints.
type firstURL struct {
	io.Writer
	found chan<- string
}

func (f firstURL) Write(text []byte) (int, error) {
	if url := regexp.MustCompile(`http://\S+`).FindString(string(text)); url != "" {
		f.found <- url
	}
	return f.Writer.Write(text)
}

func TestItListensUntilItIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	getenv := func(name string) string { return map[string]string{"ENGAGE_HUB_SECRET": "s3cret"}[name] }
	found, ended := make(chan string, 1), make(chan error, 1)
	var out strings.Builder
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, getenv, firstURL{&out, found})
	}()
	url := <-found

	require.NoError(t, feed(t.Context(), url, stream.NewSecret("s3cret").Named("hub")))
	for range 2 {
		require.Error(t, feed(t.Context(), url, stream.NewSecret("forged").Named("hub")))
	}
	interrupt()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "11 events accepted, 11 duplicates dropped, 2 requests refused\n")
	require.NotContains(t, out.String(), "s3cret")
}

func TestADeadLetterIsRequeuedWhileTheProgramRuns(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusBadRequest})
	folder, err := os.MkdirTemp("", "receiver") // a short path, as sockets need
	require.NoError(t, err)
	defer os.RemoveAll(folder)
	socket := filepath.Join(folder, "admin")
	ctx, interrupt := context.WithCancel(t.Context())
	found, ended := make(chan string, 1), make(chan error, 1)
	var out strings.Builder
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-admin", socket}, configured(server), firstURL{&out, found})
	}()
	require.NoError(t, feed(t.Context(), <-found, stream.NewSecret("s3cret").Named("hub")))

	client := admin.Dial(socket)
	defer client.Close()
	var letters []stream.DeadLetter
	require.Eventually(t, func() bool {
		for letter, err := range client.DeadLetters(t.Context()) {
			require.NoError(t, err)
			letters = append(letters, letter)
		}
		return len(letters) > 0
	}, time.Minute, time.Millisecond)
	require.ErrorContains(t, client.Requeue(t.Context(), "another"), "there is no such dead letter")
	require.NoError(t, client.Requeue(t.Context(), letters[0].ID))
	interrupt()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "11 handled, 1 dead letters\n")
	require.NoFileExists(t, socket)
	for _, err := range client.DeadLetters(t.Context()) {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestListeningNeedsASecret(t *testing.T) {
	err := run(t.Context(), []string{"-listen", ":0"}, unset, io.Discard)
	require.ErrorContains(t, err, "ENGAGE_HUB_SECRET")
}

func TestAcceptedEventsAreHandledAfterTheInterrupt(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	busy, free := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(free) })
	defer release()
	first := sync.OnceFunc(func() { close(busy); <-free })
	server.FailFunc(func(engagetest.Request) engagetest.Fault {
		first()
		return engagetest.Fault{}
	})
	ctx, interrupt := context.WithCancel(t.Context())
	found, ended := make(chan string, 1), make(chan error, 1)
	var out strings.Builder
	go func() {
		ended <- run(ctx, []string{"-listen", "127.0.0.1:0"}, configured(server), firstURL{&out, found})
	}()
	url := <-found
	require.NoError(t, feed(t.Context(), url, stream.NewSecret("s3cret").Named("hub")))
	<-busy // with the first event; the others wait
	interrupt()
	require.Eventually(t, func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		return err != nil || connection.Close() != nil
	}, time.Minute, time.Millisecond, "it accepts nothing any more")
	release()
	require.NoError(t, <-ended)
	require.Contains(t, out.String(), "11 handled, 0 dead letters\n")
	require.Len(t, server.Conversations(), 6)
}

func TestAMessageThatMayHaveBeenAppendedIsNotSentAgain(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	lost := engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed}
	server.Fail(outcome.AppendMessage, lost)
	server.Fail(outcome.FetchTranscript, engagetest.Fault{Status: http.StatusNotFound, Times: engagetest.Always})
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, configured(server), &out))
	require.Contains(t, out.String(), "10 handled, 1 dead letters\n  dead letter: ")
	require.Contains(t, out.String(), "maybe applied")
	for _, conversation := range server.Conversations() {
		if conversation.Channel == channel.WhatsApp {
			require.Len(t, conversation.Messages, 2)
		}
	}
}

func TestItReportsWhenItIsTerminated(t *testing.T) {
	process := exec.CommandContext(t.Context(), os.Args[0], "-listen", "127.0.0.1:0")
	process.Env = append(os.Environ(), "RECEIVER_TEST_PROCESS=1", "ENGAGE_HUB_SECRET=s3cret")
	display, err := process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, process.Start())
	printed := bufio.NewReader(display)
	line, err := printed.ReadString('\n')
	require.NoError(t, err)
	_, url, _ := strings.Cut(strings.TrimSpace(line), "Waiting for events at ")
	require.NoError(t, feed(t.Context(), url, stream.NewSecret("s3cret").Named("hub")))
	require.NoError(t, process.Process.Signal(syscall.SIGTERM))
	rest, err := io.ReadAll(printed)
	require.NoError(t, err)
	require.NoError(t, process.Wait(), "it exits with 0")
	require.Contains(t, string(rest), "11 events accepted, 11 duplicates dropped, 0 requests refused\n11 handled, 0 dead letters\n")
}

func TestArguments(t *testing.T) {
	var usage strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, unset, &usage), flag.ErrHelp)
	require.Contains(t, usage.String(), "usage: receiver [-admin] [-businesses] [-listen]\n")
	for arguments, want := range map[string]string{
		"foo":                     `unexpected argument "foo"`,
		"-nope":                   "not defined: -nope",
		"-businesses garbage":     `-businesses: "garbage" is not app=business`,
		"-businesses a=1,b=,=2,":  `"b=" is not app=business; "=2" is not app=business; "" is not app=business`,
		"-businesses a=1,b=2,a=3": `the app "a" is listed twice`,
	} {
		err := run(t.Context(), strings.Fields(arguments), unset, io.Discard)
		require.ErrorIs(t, err, program.ErrMisuse)
		require.ErrorContains(t, err, want)
	}
}

func TestMessagesOfAppsWithoutABusinessBecomeDeadLetters(t *testing.T) {
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-businesses", ""}, unset, &out))
	require.Contains(t, out.String(), "8 handled, 3 dead letters\n")
	require.Equal(t, 3, strings.Count(out.String(), "the event has no whole address"))
}

// torn is a writer that fails.
type torn struct{}

func (torn) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAMessageThatCannotBePrintedIsNotSentAgain(t *testing.T) {
	server := engagetest.NewServer()
	defer server.Close()
	require.NoError(t, run(t.Context(), nil, configured(server), torn{}))
	require.Len(t, server.Conversations(), 6)
	for _, conversation := range server.Conversations() {
		want := 1
		if conversation.Channel == channel.WhatsApp {
			want = 2
		}
		require.Len(t, conversation.Messages, want, conversation.Channel)
	}
}
