//go:build browser

package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// addresses has an address of each channel.
var addresses = []channel.Address{
	channel.SMSAddress{Business: "+15550100", Customer: "+15550101"},
	channel.FacebookAddress{PageID: "shop", PageScopedID: "4711"},
	channel.EmailAddress{Mailbox: "help@shop.example", From: "ann@mail.example", Subject: "A broken shoe"},
	chat,
	channel.WhatsAppAddress{Business: "+15550100", Customer: "+15550102"},
	channel.AppleAddress{AccountID: "shop", UserID: "urn:mbid:ann"},
	channel.APIAddress{BusinessID: "shop", UserID: "ann"},
}

// view is what a page shows.
type view struct {
	name, path string
	prepare    func(*page) // Nil if the page shows it at once.
}

// views are all views of the desk in the state of [everything].
func views() []view {
	all := []view{
		{"list", "/", nil},
		{"list-without-rows", "/?status=onhold", func(p *page) { p.see("#no-rows", "There are no conversations.") }},
		{"written", "/", func(p *page) {
			p.fill("#write-text", "Hello?")
			p.click("#write-send")
			p.see("#result", "The customer has written.")
		}},
		{"refused", "/conversations/closed", func(p *page) {
			p.fill("#reply-text", "Are you still there?")
			p.click("#reply-send")
			p.see("#result", "refused")
			p.refused(409)
		}},
		{"requests", "/requests", func(p *page) {
			p.click("#requests .request:first-child summary")
			p.see("#requests .request:first-child .details", "Trace id")
		}},
		{"faults", "/faults", func(p *page) {
			p.choose("#fault", "slow")
			p.choose("#fault-operation", "FetchTranscript")
			p.choose("#fault-times", "always")
			p.click("#fault-on")
			p.see("#active-faults", "FetchTranscript")
		}},
		{"scenarios", "/scenarios", nil},
		{"nothing", "/nothing", func(p *page) { p.refused(404) }},
		{"long", "/conversations/long", nil},
	}
	for _, address := range addresses {
		name := string(address.Channel())
		all = append(all, view{name, "/conversations/" + name, func(p *page) {
			evaluate[int](p, `[...document.querySelectorAll("details.picker")].map(d => d.open = true).length`)
		}})
	}
	return all
}

// everything returns a state with every channel, every type of message and every status.
func everything(t *testing.T) *engagetest.Server {
	t.Helper()
	state := newState(t)
	at := time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)
	seed := func(id string, address channel.Address, change func(*engagetest.Conversation), messages ...message.Message) {
		c := engagetest.NewConversation(address, messages...)
		c.ID, c.CreatedAt = id, at
		for i := range c.Messages {
			at = at.Add(7 * time.Second)
			c.Messages[i].Timestamp = at
		}
		c.UpdatedAt = at
		if change != nil {
			change(&c)
		}
		state.Seed(c)
	}
	picture, err := state.AddFile("parcel.png", "image/png", parcel(t))
	require.NoError(t, err)
	picture.URL = "http://127.0.0.1" + picture.URL[strings.Index(picture.URL, "/files/"):]

	for _, address := range addresses {
		messages := append([]message.Message{}, samples.Messages(address.Channel())...)
		if address.Channel() == channel.WhatsApp {
			messages = append(messages, message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{picture}})
		}
		seed(string(address.Channel()), address, func(c *engagetest.Conversation) {
			c.Participants, c.TeamID = []string{"agent-7", "agent-8"}, "shoes"
		}, messages...)
	}
	sms := func(n int) channel.Address {
		return channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprintf("+1555020%d", n)}
	}
	seed("closed", sms(1), func(c *engagetest.Conversation) { c.Status, c.CustomerName = engagetest.Closed, "Ben" }, question)
	seed("queued", sms(2), func(c *engagetest.Conversation) { c.CustomerName = "Cleo" }, question)
	seed("long", sms(3), func(c *engagetest.Conversation) {
		c.CustomerName = strings.Repeat("Long", 30)
		c.TeamID = strings.Repeat("team", 30)
		c.Participants = []string{strings.Repeat("agent", 20)}
	}, message.Text{Direction: message.Inbound, Text: strings.Repeat("long", 200)},
		message.Text{Direction: message.Outbound, Text: strings.Repeat("A line of several words.\n", 12)},
		message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{{
			MIMEType: "image/png", FileName: strings.Repeat("name", 40) + ".png", URL: "https://files.example.com/" + strings.Repeat("path/", 40),
		}}})
	return state
}

// TestViews checks every view in light and dark, on a wide screen and on a phone.
func TestViews(t *testing.T) {
	folder := "screenshots"
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.Mkdir(folder, 0o755))
	axe := installAxe(t)
	address := startWith(t, everything(t))
	for _, v := range views() {
		t.Run(v.name, func(t *testing.T) {
			p := open(t, address, v.path)
			if v.prepare != nil {
				v.prepare(p)
			}
			evaluate[chromedp.Void](p, axe)
			for _, s := range screens {
				t.Run(s.name, func(t *testing.T) {
					p.t = t
					p.show(s)
					p.screenshot(filepath.Join(folder, v.name+"-"+s.name+".png"))
					p.requireAccessible()
					p.requireReachable(s)
					p.requireScheme(s.scheme)
				})
			}
			p.t = t
		})
	}
}

// screenshot writes a picture of the whole page as PNG.
func (p *page) screenshot(file string) {
	p.t.Helper()
	picture, err := chromedp.Run(p.tab, func(ctx context.Context, _ *chromedp.Target) ([]byte, error) {
		shot, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
		return shot.Data, err
	})
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(file, picture, 0o644))
}

// installAxe returns the script of axe-core, which finds barriers for people with
// disabilities.
func installAxe(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", "axe", name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), text, 0o600))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
	npm.Dir = folder
	output, err := npm.CombinedOutput()
	require.NoError(t, err, string(output))
	script, err := os.ReadFile(filepath.Join(folder, "node_modules", "axe-core", "axe.min.js"))
	require.NoError(t, err)
	return string(script)
}

// requireAccessible requires that axe finds no barrier. The script of axe must have been
// evaluated on the page.
func (p *page) requireAccessible() {
	p.t.Helper()
	violations := evaluate[[]string](p, `axe.run({
		preload: false,
		resultTypes: ["violations"],
		rules: {"target-size": {enabled: true}},
	}).then(({violations}) => violations.flatMap(v => v.nodes.map(n => v.id + ": " + n.html + ": " + n.failureSummary)))`)
	require.Empty(p.t, violations)
}

// requireReachable requires that nothing sticks out of the window or of a box, and that
// each control can be clicked.
func (p *page) requireReachable(s screen) {
	p.t.Helper()
	require.LessOrEqual(p.t, evaluate[int64](p, `Math.max(document.documentElement.scrollWidth, innerWidth)`), s.width, "the page scrolls sideways")
	require.Empty(p.t, evaluate[[]string](p, `[...document.body.querySelectorAll("*")].filter(e =>
		e.clientWidth && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "visible").map(e => e.outerHTML.slice(0, 200))`), "contents stick out")
	require.Empty(p.t, evaluate[[]string](p, `(() => {
		const controls = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")];
		const lost = controls.filter(e => e.checkVisibility() && !e.matches(".skip") && !`+reachable+`(e));
		scrollTo(0, 0);
		return lost.map(e => e.outerHTML.slice(0, 200));
	})()`), "cannot be clicked")
}

// requireScheme requires that the page is dark or light.
func (p *page) requireScheme(scheme string) {
	p.t.Helper()
	page, text := evaluate[int](p, brightness(`backgroundColor`)), evaluate[int](p, brightness(`color`))
	if scheme == "dark" {
		page, text = text, page
	}
	require.Greater(p.t, page, text+300, "the page is not %s", scheme)
}

// brightness returns an expression for the brightness of a colour of the page, from 0 to
// 765.
func brightness(property string) string {
	return fmt.Sprintf(`getComputedStyle(document.body).%s.match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)`, property)
}
