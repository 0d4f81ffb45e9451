package auth_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// TestMain lets the test binary play other processes: run with this variable it
// does what it names instead of testing.
func TestMain(m *testing.M) {
	switch os.Getenv("AUTH_TEST_PROCESS") {
	case "":
		os.Exit(m.Run())
	case "refresh":
		refreshOnce()
	case "write":
		writeForever()
	}
}

// process returns a command that plays one other process.
func process(role, directory, url string) *exec.Cmd {
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "AUTH_TEST_PROCESS="+role, "AUTH_TEST_DIRECTORY="+directory, "AUTH_TEST_URL="+url)
	return command
}

// refreshOnce prints the token of a source, or the error.
func refreshOnce() {
	source, err := refreshingAt(os.Getenv("AUTH_TEST_URL"), auth.NewFileStore(os.Getenv("AUTH_TEST_DIRECTORY"))).Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := source.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Reveal())
}

// longRecord is long enough to be written in more than one piece.
func longRecord(number int) string {
	return strings.Repeat(fmt.Sprintf("%08d", number), 1<<14)
}

// writeForever writes one record after another and prints the number of each.
func writeForever() {
	store := auth.NewFileStore(os.Getenv("AUTH_TEST_DIRECTORY"))
	for number := 1; ; number++ {
		err := store.Update(context.Background(), "a", func(auth.Secret) (auth.Secret, error) {
			return auth.NewSecret(longRecord(number)), nil
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(number)
	}
}

// Without a lock, 16 processes made 13 requests, 12 of them failed, and the
// whole family of tokens was revoked.
func TestManyProcessesMakeOneRefresh(t *testing.T) {
	server := newRotatingServer(t)
	directory := t.TempDir()
	var processes sync.WaitGroup
	for range 16 {
		processes.Go(func() {
			output, err := process("refresh", directory, server.URL).Output()
			require.NoError(t, err)
			require.Equal(t, "access-1\n", string(output))
		})
	}
	processes.Wait()
	requests, refusals := server.counts()
	require.Equal(t, 1, requests)
	require.Zero(t, refusals)
	require.Contains(t, kept(t, auth.NewFileStore(directory), "a"), "refresh-1") // which files others can read would not give
}

func TestProcessKilledBetweenRotationAndSaveLeavesTheOldRecord(t *testing.T) {
	for name, test := range map[string]struct {
		grace bool
		want  string
	}{
		"a service that accepts the previous token again": {true, "access-2\n"},
		"a service that does not": {false,
			"auth: re-authorization required for \"a\": revoked: auth: token endpoint: HTTP 400, invalid_grant\n"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newRotatingServer(t)
			server.grace = test.grace
			directory := t.TempDir()
			store := auth.NewFileStore(directory)
			require.NoError(t, server.refreshing(store).Authorize(t.Context(), auth.Grant{RefreshToken: auth.NewSecret("refresh-0")}))
			before := kept(t, store, "a")

			victim := process("refresh", directory, server.URL)
			running, dead := make(chan struct{}), make(chan struct{})
			server.beforeReply(func() {
				<-running
				_ = victim.Process.Kill()
				<-dead
			})
			require.NoError(t, victim.Start())
			close(running)
			require.Error(t, victim.Wait())
			close(dead)
			require.Equal(t, before, kept(t, store, "a"))

			server.beforeReply(nil)
			output, err := process("refresh", directory, server.URL).Output()
			require.NoError(t, err)
			require.Equal(t, test.want, string(output))
		})
	}
}

func TestProcessKilledWhileWritingLeavesAWholeRecord(t *testing.T) {
	directory := t.TempDir()
	store := auth.NewFileStore(directory)
	for round := range 20 {
		writer := process("write", directory, "")
		output, err := writer.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, writer.Start())
		lines := bufio.NewScanner(output)
		last := 0
		for range 1 + round%5 {
			require.True(t, lines.Scan())
			_, err := fmt.Sscan(lines.Text(), &last)
			require.NoError(t, err)
		}
		require.NoError(t, writer.Process.Kill())
		require.Error(t, writer.Wait())

		record := kept(t, store, "a")
		var number int
		_, err = fmt.Sscanf(record[:8], "%08d", &number)
		require.NoError(t, err)
		require.Equal(t, longRecord(number), record)
		require.GreaterOrEqual(t, number, last)
	}
}
