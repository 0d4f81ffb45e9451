//go:build browser

package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

// window is how many rows the list shows at first.
const window = 50

func TestThousandConversationsStaySmall(t *testing.T) {
	state := newState(t)
	for n := range 1000 {
		c := engagetest.NewConversation(channel.SMSAddress{Business: "+15550100", Customer: fmt.Sprintf("+1555%07d", n)}, question)
		c.CreatedAt = time.Date(2026, 12, 1, 9, 0, n, 0, time.UTC)
		state.Seed(c)
	}
	p := open(t, startWith(t, state), "/")
	p.see("#tab-all .count", "1000")
	p.see(".row:first-child .who", "+15550000999")
	require.Equal(t, window, p.count(".row"))
	require.Less(t, p.count("*"), 30*window, "elements of the page")

	// An update costs what has changed.
	evaluate[bool](p, `(window.changes = 0, new MutationObserver(all => {
		for (const {addedNodes} of all) for (const node of addedNodes) changes += node.querySelectorAll ? 1 + node.querySelectorAll("*").length : 0;
	}).observe(document.body, {childList: true, subtree: true}), true)`)
	p.fill("#write-customer", "+15550000001")
	p.fill("#write-business", "+15550100")
	p.fill("#write-text", "I wrote first.")
	p.click("#write-send")
	p.see(".row:first-child .preview", "I wrote first.")
	p.see(".row:first-child .who", "+15550000001")
	p.see("#tab-all .count", "1000")
	require.Equal(t, window, p.count(".row"))
	require.Less(t, evaluate[int](p, `changes`), 100, "elements that one message added")
	p.see("#result", "The customer has written.")

	// The rest of the list comes when a person asks for it.
	p.click("#more-rows")
	p.wait(fmt.Sprintf(`document.querySelectorAll(".row").length === %d`, 2*window))
	require.Equal(t, 2*window, evaluate[int](p, `new Set([...document.querySelectorAll(".row")].map(r => r.id)).size`))
	p.see("#more", "More conversations")
	p.sameDocument()
}

func TestBurstStaysSmall(t *testing.T) {
	p := open(t, start(t), "/scenarios")
	p.click("#scenario-burst")
	p.fill("#speed", "1000")
	p.click("#scenario-start")
	list := open(t, p.address, "/")
	p.see("#playing", "It has ended.")
	list.see("#tab-all .count", "1000")
	require.LessOrEqual(t, list.count(".row"), window)
	require.Positive(t, list.count(".row"))
	p.sameDocument()
	list.sameDocument()
}
