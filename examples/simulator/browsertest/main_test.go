//go:build browser

package browsertest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// update makes the tests write the picture of the README.
var update = flag.Bool("update", false, "write the picture that the README shows")

var (
	program string          // The simulator.
	browser context.Context // The browser in which the tests open tabs.
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run builds the simulator, starts the browser and runs the tests.
func run(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "simulator")
	build := exec.Command("go", "build", "-o", program, "github.com/engagesdk/engage-go/examples/simulator")
	if output, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w: %s", err, output)
	}

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.UserDataDir(filepath.Join(folder, "profile")),
		chromedp.DisableGPU,
		chromedp.Flag("lang", "en"),
		// Nothing but this machine has an address for this browser.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root.
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var quit context.CancelFunc
	browser, quit = chromedp.NewContext(allocator)
	defer quit()
	if err := chromedp.Do(browser); err != nil {
		return 0, fmt.Errorf("the browser does not start: %w", err)
	}
	return m.Run(), nil
}
