package main

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/program"
)

func unset(string) string { return "" }

// running is the program while it runs.
type running struct {
	printed   string
	interrupt func() error // It returns the error of run.
}

// start runs the program until it has printed its addresses.
func start(t *testing.T, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	display, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), unset, out)
		_ = out.Close()
	}()
	var printed strings.Builder
	buffer := make([]byte, 1<<10)
	for !strings.Contains(printed.String(), "ENGAGE_CLIENT_SECRET") {
		n, err := display.Read(buffer)
		require.NoError(t, err, printed.String())
		printed.Write(buffer[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, display) }()
	return running{printed.String(), func() error { cancel(); return <-ended }}
}

// variable returns the value of an environment variable that the program prints.
func (r running) variable(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimPrefix(regexpFirst(t, name+"=[^\n]+", r.printed), name+"=")
}

func TestTheProgramPrintsWhatOtherProgramsNeed(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	r := start(t, "-state", state, "-scenario", "lost-reply", "-speed", "1000")
	client, err := engage.New(engage.Endpoint(r.variable(t, "ENGAGE_BASE_URL")), auth.ClientCredentials{
		ClientID: r.variable(t, "ENGAGE_CLIENT_ID"), ClientSecret: auth.NewSecret(r.variable(t, "ENGAGE_CLIENT_SECRET")),
	})
	require.NoError(t, err)
	address := channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}
	_, err = client.CreateConversation(t.Context(), engage.CreateConversationV13{
		Address: address, Messages: []message.Message{customerText("Keep this.")},
	})
	require.NoError(t, err)
	desk := strings.TrimPrefix(regexpFirst(t, `Desk:  http://127\.0\.0\.1:\d+/`, r.printed), "Desk:  ")
	reply, err := http.Get(desk)
	require.NoError(t, err)
	require.NoError(t, reply.Body.Close())
	require.Equal(t, http.StatusOK, reply.StatusCode)

	require.NoError(t, r.interrupt())
	saved, err := os.ReadFile(state)
	require.NoError(t, err)
	require.Contains(t, string(saved), "Keep this.")
	again := start(t, "-state", state)
	require.NoError(t, again.interrupt())
}

func TestADamagedStateFileIsNeverOverwritten(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(state, []byte("damaged"), 0o600))
	err := run(t.Context(), []string{"-listen", "127.0.0.1:0", "-state", state}, unset, io.Discard)
	require.ErrorContains(t, err, state+" is not loaded")
	kept, err := os.ReadFile(state)
	require.NoError(t, err)
	require.Equal(t, "damaged", string(kept))
}

func TestAPortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = run(t.Context(), []string{"-listen", taken.Addr().String()}, unset, io.Discard)
	require.ErrorContains(t, err, taken.Addr().String())
	require.ErrorContains(t, err, "choose another address with -listen")
}

func TestInvalidArgumentsAreRefused(t *testing.T) {
	var usage strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, unset, &usage), flag.ErrHelp)
	require.Contains(t, usage.String(), "usage: simulator [-listen] [-receiver] [-scenario] [-speed] [-state]\n")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, arguments := range [][]string{
		{"-nope"}, {"extra"}, {"-scenario", "war"}, {"-scenario", "day", "-speed", "0"}, {"-speed", "0"}, {"-speed", "NaN"}, {"-speed", "1001"},
	} {
		err := run(ended, append([]string{"-listen", "127.0.0.1:0"}, arguments...), unset, io.Discard)
		require.ErrorIs(t, err, program.ErrMisuse, arguments)
	}
	require.Error(t, run(t.Context(), []string{"-listen", "127.0.0.1:0", "-receiver", "nonsense"}, unset, io.Discard))
}

func TestTheURLOfAnAddress(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:80": "http://127.0.0.1:80", "0.0.0.0:80": "http://127.0.0.1:80", "[::]:80": "http://127.0.0.1:80",
		"[::1]:80": "http://[::1]:80", "192.0.2.1:80": "http://192.0.2.1:80",
	} {
		at, err := net.ResolveTCPAddr("tcp", address)
		require.NoError(t, err)
		require.Equal(t, want, urlOf(at))
	}
}
