package auth

import (
	"context"
	"errors"
	"os/exec"
	"runtime"

	"github.com/engagesdk/engage-go/internal/safeurl"
)

// OpenBrowser opens address in the browser of the person at this machine. It
// returns once the browser was asked to, or an error where there is none.
func OpenBrowser(ctx context.Context, address string) error {
	if ctx == nil {
		return errNoContext
	}
	if _, problem := safeurl.Parse(address); problem != "" {
		return errors.New("auth: the address " + problem)
	}
	command := []string{"xdg-open"}
	switch runtime.GOOS {
	case "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler"}
	case "darwin":
		command = []string{"open"}
	}
	return exec.CommandContext(ctx, command[0], append(command[1:], address)...).Run()
}
