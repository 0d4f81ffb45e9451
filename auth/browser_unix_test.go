//go:build unix

package auth_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
)

// opener puts a program in the place of the one that opens browsers, and returns the
// file that it writes its argument to. It writes a second line to the file when done
// exists beside that.
func opener(t *testing.T) (opened, done string) {
	t.Helper()
	directory := t.TempDir()
	opened, done = filepath.Join(directory, "opened"), filepath.Join(directory, "done")
	program := "#!/bin/sh\necho \"$1\" >> " + opened + "\nwhile [ ! -e " + done + " ]; do sleep 0.05; done\necho ended >> " + opened + "\n"
	for _, name := range []string{"xdg-open", "open"} {
		require.NoError(t, os.WriteFile(filepath.Join(directory, name), []byte(program), 0o700))
	}
	t.Setenv("PATH", directory+string(os.PathListSeparator)+os.Getenv("PATH"))
	return opened, done
}

// lines returns the lines of the file at path.
func lines(path string) []string {
	text, _ := os.ReadFile(path)
	return strings.Fields(string(text))
}

func TestBrowserOpensNothingButPages(t *testing.T) {
	opened, done := opener(t)
	require.NoError(t, os.WriteFile(done, nil, 0o600))
	for _, address := range []string{"", "--help", "file:///etc/passwd", "http://example.com", "javascript:alert(1)"} {
		require.ErrorContains(t, auth.OpenBrowser(t.Context(), address), "auth: the address ")
		require.NoFileExists(t, opened)
	}
	const page = "https://login.example.com/authorize?state=abc"
	require.NoError(t, auth.OpenBrowser(t.Context(), page))
	require.Equal(t, []string{page, "ended"}, lines(opened))
}

// Some openers become the browser.
func TestBrowserGoesOnAfterTheLogin(t *testing.T) {
	opened, done := opener(t)
	ctx, cancel := context.WithCancel(t.Context())
	returned := make(chan error, 1)
	go func() { returned <- auth.OpenBrowser(ctx, "https://login.example.com") }()
	require.Eventually(t, func() bool { return len(lines(opened)) == 1 }, time.Minute, time.Millisecond)
	cancel()
	require.NoError(t, <-returned)
	require.NoError(t, os.WriteFile(done, nil, 0o600))
	require.Eventually(t, func() bool { return len(lines(opened)) == 2 }, time.Minute, time.Millisecond)
}

func TestMissingBrowserIsAnError(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.ErrorIs(t, auth.OpenBrowser(t.Context(), "https://login.example.com"), exec.ErrNotFound)
}
