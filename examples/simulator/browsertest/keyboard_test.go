//go:build browser

package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// focused returns the id of the element that has the focus, or the name of its kind.
func (p *page) focused() string {
	p.t.Helper()
	return evaluate[string](p, `document.activeElement.id || document.activeElement.tagName.toLowerCase() + " " + document.activeElement.className`)
}

// nowhere is what has the focus when nothing has it, as between the end of the page and
// its start.
const nowhere = "body "

// tabTo presses Tab until the element with an id has the focus. It requires that
// everything that gets the focus on the way shows it.
func (p *page) tabTo(id string, modifiers ...kb.Modifier) {
	p.t.Helper()
	var way []string
	for len(way) < 100 {
		p.press(kb.Tab, modifiers...)
		focused := p.focused()
		way = append(way, focused)
		if focused != nowhere {
			require.True(p.t, evaluate[bool](p, showsFocus), "%s does not show the focus", focused)
		}
		if focused == id {
			return
		}
	}
	require.FailNow(p.t, "Tab does not lead to "+id, "%q", way)
}

// showsFocus is an expression that reports whether a person sees what has the focus: it
// is in the window, and it has an outline.
const showsFocus = `(element => {
	const style = getComputedStyle(element), box = element.getBoundingClientRect();
	return element.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 &&
		box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
})(document.activeElement)`

func TestKeyboardLeadsThroughAPageInItsOrder(t *testing.T) {
	address := startWith(t, everything(t))
	for _, path := range []string{"/", "/conversations/livechat", "/conversations/amb", "/faults", "/scenarios", "/requests"} {
		t.Run(path, func(t *testing.T) {
			p := open(t, address, path)
			// A group of radio buttons is one stop.
			want := evaluate[[]string](p, `[...document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex='0']")]
				.filter(e => e.checkVisibility() && (e.type !== "radio" || e.checked || e === e.form.elements[e.name][0] || e === e.form.elements[e.name]))
				.map(e => e.id || e.tagName.toLowerCase() + " " + e.className)`)
			var way []string
			for range want {
				p.press(kb.Tab)
				way = append(way, p.focused())
				require.True(t, evaluate[bool](p, showsFocus), "%s does not show the focus", p.focused())
			}
			require.Equal(t, want, way)
		})
	}
}

func TestSkipLinkLeadsToTheContent(t *testing.T) {
	p := open(t, start(t), "/")
	p.press(kb.Tab)
	require.Equal(t, "skip", evaluate[string](p, `document.activeElement.className`))
	require.True(t, evaluate[bool](p, showsFocus))
	p.press(kb.Enter)
	require.Equal(t, "main", p.focused())
	p.tabTo("tab-all")
}

// TestKeyboardIsEnough does all that an agent and a customer do without a mouse.
func TestKeyboardIsEnough(t *testing.T) {
	p := open(t, start(t), "/")
	p.tabTo("write-channel")
	p.press("Live")
	p.wait(`document.querySelector("#write-channel").value === "livechat"`)
	p.tabTo("write-text")
	p.press("Hello?")
	p.press(kb.Enter, kb.ModifierCtrl)
	p.see("#rows .preview", "Hello?")
	require.Equal(t, "write-text", p.focused())
	p.tabTo("result-open")
	p.press(kb.Enter)
	p.see("#messages .inbound", "Hello?")
	p.live()

	p.tabTo("join")
	p.press(kb.Enter)
	p.see("#participants", "agent-7")
	require.Equal(t, "join", p.focused())

	p.tabTo("reply-type")
	p.press("Sample: text-with-lc-q")
	p.wait(`document.querySelector("#reply-type").value === "text-with-lc-quick-replies"`)
	p.tabTo("reply-send")
	p.press(kb.Enter)
	p.see(".outbound .choices", "Size 42")
	require.Equal(t, "reply-send", p.focused())

	p.tabTo("choice-1-42", kb.ModifierShift)
	p.press(kb.Enter)
	p.see(".inbound .answer", "Size 42")
	require.Equal(t, "choice-1-42", p.focused())

	p.tabTo("leave-0", kb.ModifierShift)
	p.press(kb.Enter)
	p.see("#participants", "No agent has joined.")
	require.Equal(t, "agent", p.focused(), "the control after the button that is gone")

	p.tabTo("close")
	p.press(kb.Enter)
	p.see("#head-status", "closed")
	require.Equal(t, "reopen", p.focused(), "the control after the button that is hidden")
	p.press(kb.Enter)
	p.wait(`document.querySelector("#head").dataset.status !== "closed"`)
	require.Equal(t, "transcript-box", p.focused(), "the control after the button that is hidden")

	p.tabTo("result-dismiss")
	p.press(kb.Enter)
	p.seeNo("#result-dismiss")
	require.NotEqual(t, nowhere, p.focused(), "the focus is lost")
	p.sameDocument()

	p.tabTo("summary-1")
	p.press(kb.Enter)
	p.see("#request-1 .details", "Trace id")
	require.Equal(t, "summary-1", p.focused())

	p.tabTo("view-faults", kb.ModifierShift)
	p.press(kb.Enter)
	p.wait(`document.querySelector("#fault-form")`)
	p.live()
	p.tabTo("fault-on")
	p.press(kb.Enter)
	p.tabTo("fault-off-1")
	p.press(kb.Enter)
	p.see("#active-faults", "None.")
	require.NotEqual(t, nowhere, p.focused(), "the focus is lost")
}

// TestUpdateKeepsTheFocus changes what has the focus, and what is around it.
func TestUpdateKeepsTheFocus(t *testing.T) {
	state := newState(t)
	for n := range 3 {
		state.Seed(engagetest.NewConversation(channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprint("+1555010", n)}, question))
	}
	address := startWith(t, state)
	const oldest = "CSR0000000000001"
	p, other := open(t, address, "/conversations/"+oldest), open(t, address, "/conversations/"+oldest)
	write := func(text string) {
		other.fill("#customer-text", text)
		other.click("#customer-send")
		p.see("#messages .inbound .text", text)
		p.see("#row-"+oldest+" .preview", text)
	}

	p.fill("#reply-text", "I am still wri")
	write("One.")
	require.Equal(t, "reply-text", p.focused())
	p.press("ting.")
	require.Equal(t, "I am still writing.", evaluate[string](p, `document.querySelector("#reply-text").value`))

	p.tabTo("open-"+oldest, kb.ModifierShift)
	write("Two.")
	require.Equal(t, "open-"+oldest, p.focused(), "the row has moved to the top")
	require.True(t, evaluate[bool](p, showsFocus))
	require.Equal(t, "row-"+oldest, evaluate[string](p, `document.querySelector("#rows").firstElementChild.id`))

	p.tabTo("tab-all", kb.ModifierShift)
	write("Three.")
	require.Equal(t, "tab-all", p.focused(), "the tabs were drawn again")
	p.sameDocument()
}

// TestTranscriptStaysWhereItWasRead adds messages to a transcript at its end and above it.
func TestTranscriptStaysWhereItWasRead(t *testing.T) {
	state := newState(t)
	c := engagetest.NewConversation(chat, question)
	for range 120 {
		c.Messages = append(c.Messages, c.Messages[0])
	}
	id := state.Seed(c)
	p := open(t, startWith(t, state), "/conversations/"+id)
	const atEnd = `(box => box.scrollHeight - box.scrollTop - box.clientHeight < 2)(document.querySelector("#transcript-box"))`
	require.Equal(t, 50, p.count(".message"))
	p.wait(atEnd)

	p.fill("#customer-text", "One.")
	p.click("#customer-send")
	p.see(".inbound .text", "One.")
	p.wait(atEnd)

	evaluate[chromedp.Void](p, `document.querySelector("#transcript-box").scrollTop = 0`)
	p.fill("#customer-text", "Two.")
	p.click("#customer-send")
	p.see(".inbound .text", "Two.")
	require.Zero(t, evaluate[float64](p, `document.querySelector("#transcript-box").scrollTop`), "who reads what is above must not be moved")

	first := evaluate[string](p, `document.querySelector(".message").id`)
	p.click("#earlier-messages")
	p.wait(`document.querySelectorAll(".message").length > 100`)
	require.InDelta(t, 0, evaluate[float64](p, fmt.Sprintf(`(box => document.querySelector("#%s").getBoundingClientRect().top - box.getBoundingClientRect().top)(document.querySelector("#transcript-box"))`, first)), 200, "the message that was first has left the window")
	p.click("#earlier-messages")
	p.seeNo("#earlier-messages")
	require.Equal(t, 123, p.count(".message"))
}
