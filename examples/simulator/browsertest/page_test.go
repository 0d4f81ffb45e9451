//go:build browser

package browsertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// patience is how long a condition may take to become true on a busy machine.
const patience = 30 * time.Second

// page is a tab of the browser with the desk.
type page struct {
	t       *testing.T
	tab     context.Context
	address string // Of the simulator.

	mu       sync.Mutex
	problems []string
}

// open opens a page of the desk in a tab of its own. At its end the test fails if the
// page has done what it must not do: write an error to the console, violate its policy,
// open a dialog, or send a request to anything but the simulator.
func open(t *testing.T, address, path string) *page {
	t.Helper()
	p := &page{t: t, address: address}
	tab, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.tab = tab
	t.Cleanup(closeTab)
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(1440, 900)))
	p.visit(path)
	t.Cleanup(func() { require.Empty(t, p.found(), "problems of the page") })
	return p
}

// listen notes what a page must not do.
func (p *page) listen(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, p.address+"/") {
			p.note("a request to %s", e.Request.URL)
		}
	case *network.EventWebSocketCreated:
		p.note("a connection to %s", e.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.note("%s: %s", e.Entry.Level, e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		p.note("console.%s", e.Type)
	case *runtime.EventExceptionThrown:
		p.note("exception: %s", e.ExceptionDetails.Text)
	case *cdppage.EventJavascriptDialogOpening:
		p.note("a dialog: %s", e.Message)
		go func() { // Nothing goes on before.
			_, _ = chromedp.Call(p.tab, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{})
		}()
	}
}

func (p *page) note(format string, arguments ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, fmt.Sprintf(format, arguments...))
}

// found returns what the page did and must not do.
func (p *page) found() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// refused waits for the entry that the browser writes to the console when the simulator
// answers with a status of an error, and forgives it.
func (p *page) refused(status int) {
	p.t.Helper()
	p.forgive(fmt.Sprintf("responded with a status of %d ", status))
}

// forgive waits for problems that contain a text, and forgives them.
func (p *page) forgive(text string) {
	p.t.Helper()
	isMeant := func(problem string) bool { return strings.Contains(problem, text) }
	require.Eventually(p.t, func() bool { return slices.ContainsFunc(p.found(), isMeant) }, patience, 20*time.Millisecond, "no problem with %q", text)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = slices.DeleteFunc(p.problems, isMeant)
}

// visit loads a page and waits until it gets events.
func (p *page) visit(path string) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.tab, chromedp.Navigate(p.address+path)))
	p.live()
}

// live waits until the page gets events, and marks it, so that [page.sameDocument] can
// find the mark.
func (p *page) live() {
	p.t.Helper()
	p.wait(`document.readyState === "complete" && (!document.body.dataset.view || document.querySelector("#connection").innerText === "Live")`)
	evaluate[bool](p, `window.marked = true`)
}

// sameDocument requires that the page has not been loaded again.
func (p *page) sameDocument() {
	p.t.Helper()
	require.True(p.t, evaluate[bool](p, `window.marked === true`), "the page was loaded again")
}

// evaluate returns the value of a JavaScript expression, or of the promise that it is.
func evaluate[T any](p *page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(p.t, err, expression)
	return value
}

// wait waits until a JavaScript expression is true.
func (p *page) wait(condition string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.tab, patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		// An error says that the page is being left. The next one may meet the condition.
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!!(`+condition+`)`))
		if met {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			require.FailNow(p.t, "never true: "+condition, "%v\nThe page:\n%s\n%s", err, p.text(), strings.Join(p.found(), "\n"))
		}
	}
}

// text returns the text of the page.
func (p *page) text() string {
	text, err := chromedp.Run(p.tab, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

// see waits until an element that matches the selector contains the text.
func (p *page) see(selector, text string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))`, selector, text))
}

// seeNo waits until no element matches the selector.
func (p *page) seeNo(selector string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`!document.querySelector(%q)`, selector))
}

// count returns the number of elements that match the selector.
func (p *page) count(selector string) int {
	p.t.Helper()
	return evaluate[int](p, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector))
}

// click waits until a person could click the first element that matches the selector,
// and clicks it. If the page changes at that moment and something else is hit, that gets
// no click, and click aims again.
func (p *page) click(selector string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`%s(document.querySelector(%q))`, reachable, selector))
	for {
		at := evaluate[[]float64](p, fmt.Sprintf(aim, reachable, selector))
		if at == nil {
			p.wait(fmt.Sprintf(`%s(document.querySelector(%q))`, reachable, selector))
			continue
		}
		require.NoError(p.t, chromedp.Do(p.tab, chromedp.MouseClickXY(at[0], at[1])))
		// It is undefined on the next page.
		missed, err := chromedp.Run(p.tab, chromedp.Evaluate[bool](`window.hit === false`))
		if err != nil || !missed {
			return
		}
	}
}

// aim is an expression for where to click an element that stands still. It is null if the
// element moves. A click on the element sets window.hit to true. A click on anything else
// has no effect.
const aim = `(async (reachable, selector) => {
	const element = document.querySelector(selector);
	const before = reachable(element);
	await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
	const at = reachable(element);
	if (!at || String(before) !== String(at)) return null;
	window.hit = false;
	window.aiming?.abort();
	window.aiming = new AbortController();
	addEventListener("click", event => {
		window.hit = element.contains(event.target);
		if (!window.hit) {
			event.preventDefault();
			event.stopPropagation();
		}
	}, {capture: true, once: true, signal: window.aiming.signal});
	return at;
})(%s, %q)`

// reachable is a function that scrolls an element into view and returns where to click
// it. It returns null if the element is not there, outside of the window, or covered.
const reachable = `(element => {
	if (!element) return null;
	element.scrollIntoView({block: "center", inline: "center", behavior: "instant"});
	const box = element.getClientRects()[0];
	if (!box) return null;
	const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
	const hit = document.elementFromPoint(x, y);
	return element.contains(hit) ? [x, y] : null;
})`

// fill types a text into a field, in place of what is there.
func (p *page) fill(selector, text string) {
	p.t.Helper()
	p.click(selector)
	evaluate[chromedp.Void](p, `document.activeElement.select()`)
	p.press(text)
	p.wait(fmt.Sprintf(`document.querySelector(%q).value === %q`, selector, text))
}

// choose selects an option of a list.
func (p *page) choose(selector, value string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`(list => {
		list.value = %q;
		return list.value === %[1]q;
	})(document.querySelector(%[2]q))`, value, selector))
}

// press presses keys, and types what has no key of its own name.
func (p *page) press(keys string, modifiers ...kb.Modifier) {
	p.t.Helper()
	require.NoError(p.t, chromedp.Do(p.tab, chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...))))
}

// screen is a window of a browser and its colours.
type screen struct {
	name          string
	width, height int64
	scheme        string
}

// screens are those on which every page must be right.
var screens = []screen{
	{"light", 1440, 900, "light"}, {"dark", 1440, 900, "dark"}, {"tablet", 900, 1100, "light"},
	{"phone", 390, 844, "light"}, {"phone-dark", 390, 844, "dark"},
}

// phone is the width of a phone.
const phone = 390

// show shows the page on a screen.
func (p *page) show(s screen) {
	p.t.Helper()
	var options []chromedp.EmulateViewportOption
	if s.width <= phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	require.NoError(p.t, chromedp.Do(p.tab, chromedp.EmulateViewport(s.width, s.height, options...)))
	_, err := chromedp.Call(p.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}},
	})
	require.NoError(p.t, err)
	p.wait(fmt.Sprintf(`innerWidth >= %d && matchMedia("(prefers-color-scheme: %s)").matches`, s.width, s.scheme))
}

// TestProblemsAreNoticed does on purpose what no page may do.
func TestProblemsAreNoticed(t *testing.T) {
	p := open(t, start(t), "/")
	for problem, cause := range map[string]string{
		"a dialog: 1":                        `alert(1)`,
		"console.error":                      `console.error("wrong")`,
		"exception: Uncaught":                `void setTimeout(() => { throw new Error("wrong"); })`,
		"Executing inline script violates":   `document.head.append(Object.assign(document.createElement("script"), {text: "alert(2)"}))`,
		"Connecting to 'http://127.0.0.2/x'": `void fetch("http://127.0.0.2/x").catch(() => {})`,
		"Loading the image":                  `void (new Image().src = "http://127.0.0.2/x.png")`,
	} {
		evaluate[chromedp.Void](p, cause)
		p.forgive(problem)
	}
	p.forgive("Fetch API cannot load http://127.0.0.2/x")
	p.forgive("a request to http://127.0.0.2/x.png")
}
