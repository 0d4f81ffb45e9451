// Package npmtest installs packages of npm for tests against programs that nobody here
// wrote. It needs Node and npm.
package npmtest

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Install copies the folder source, which has a package.json, to a temporary folder and
// installs its packages there. It returns that folder. Scripts of the packages do not run.
// The test fails if the packages cannot be installed within five minutes.
func Install(t *testing.T, source string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "install", "--prefer-offline", "--engine-strict", "--ignore-scripts",
		"--no-package-lock", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
	npm.Dir = folder
	if output, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm: %v\n%s", err, output)
	}
	return folder
}
