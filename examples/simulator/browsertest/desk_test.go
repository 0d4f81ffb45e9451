//go:build browser

package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// chat is the address of a customer in live chat.
var chat = channel.LiveChatAddress{AppID: "shop", UserID: "ann", ThreadID: "thread-ann", BrowserFingerprint: "ann"}

// openConversation starts a simulator with a conversation and opens it on the desk.
func openConversation(t *testing.T, address channel.Address, messages ...message.Message) *page {
	t.Helper()
	state := newState(t)
	id := state.Seed(engagetest.NewConversation(address, messages...))
	return open(t, startWith(t, state), "/conversations/"+id)
}

// question is the first message of a customer.
var question = message.Text{Direction: message.Inbound, Text: "Do you have shoes?"}

func TestMessageOfACustomerAppearsInTheList(t *testing.T) {
	address := start(t)
	writer, reader := open(t, address, "/"), open(t, address, "/")
	reader.see("#no-rows", "There are no conversations.")

	writer.choose("#write-channel", "whatsapp")
	writer.fill("#write-customer", "+15550123")
	writer.fill("#write-text", "Where is my order?")
	writer.click("#write-send")

	writer.see("#result", "The customer has written.")
	for _, p := range []*page{writer, reader} {
		p.see("#rows .row .preview", "Where is my order?")
		p.see("#rows .row .who", "+15550123")
		p.see("#rows .row .badge", "WhatsApp")
		p.see("#tab-all .count", "1")
		p.see("#tab-queued .count", "1")
		p.sameDocument()
	}

	writer.click("#result-open")
	writer.live()
	writer.see("#messages .inbound .text", "Where is my order?")
}

func TestMessageOfACustomerAppearsInTheTranscript(t *testing.T) {
	writer := openConversation(t, chat, question)
	reader := open(t, writer.address, evaluate[string](writer, `location.pathname`))

	writer.fill("#customer-text", "In size 42?")
	writer.click("#customer-send")

	for _, p := range []*page{writer, reader} {
		p.see("#messages .inbound .text", "In size 42?")
		p.sameDocument()
		require.Equal(t, 2, p.count(".message"))
	}
	writer.wait(`document.querySelector("#customer-text").value === ""`)
}

func TestAgentReplies(t *testing.T) {
	p := openConversation(t, chat, question)

	p.click("#join")
	p.see("#participants", "agent-7")
	p.see("#head-status", "active")
	p.see("#row-CSR0000000000001 .badge", "active")

	p.fill("#reply-text", "Yes, in all sizes.")
	p.click("#reply-send")
	p.see("#messages .outbound .text", "Yes, in all sizes.")
	p.see("#result", "AppendMessage")
	p.see("#result .edge", "onAppendMessageSuccess")
	p.see("#result .trace", "Trace id")
	p.sameDocument()

	p.click("#leave-0")
	p.see("#participants", "No agent has joined.")
	p.sameDocument()
}

func TestCustomerAnswersAQuickReply(t *testing.T) {
	p := openConversation(t, chat, question)
	p.choose("#reply-type", "text-with-lc-quick-replies")
	p.click("#reply-send")
	p.see(".outbound .text", "Which size?")

	p.click(`.choices button[value="42"]`)

	p.see(".inbound .answer", "Size 42")
	p.sameDocument()
}

func TestAgentAndCustomerSendFiles(t *testing.T) {
	p := openConversation(t, chat, question)
	file := filepath.Join(t.TempDir(), "parcel.png")
	require.NoError(t, os.WriteFile(file, parcel(t), 0o600))
	for _, who := range []struct{ who, direction string }{{"customer", "inbound"}, {"reply", "outbound"}} {
		require.NoError(t, chromedp.Do(p.tab, chromedp.SetUploadFiles(chromedp.CSS("#"+who.who+"-file"), []string{file})))
		p.click("#" + who.who + "-send")
		p.see("."+who.direction+" .file", "parcel.png")
		p.wait(fmt.Sprintf(`document.querySelector(".%s .file img").naturalWidth > 0`, who.direction))
	}
	p.sameDocument()
}

func TestClosedConversationRefusesAReply(t *testing.T) {
	p := openConversation(t, chat, question)
	p.click("#close")
	p.see("#head-status", "closed")

	p.fill("#reply-text", "Are you still there?")
	p.click("#reply-send")

	p.see("#result .failed", "AppendMessage")
	p.see("#result .failed .effect", "refused")
	p.see(".request .operation", "AppendMessage")
	require.Zero(t, p.count(".message.outbound"))
	require.Equal(t, "Are you still there?", evaluate[string](p, `document.querySelector("#reply-text").value`))
	p.refused(409)

	p.click("#reopen")
	p.wait(`document.querySelector("#head").dataset.status !== "closed"`)
	p.click("#reply-send")
	p.see(".outbound .text", "Are you still there?")
	p.sameDocument()
}

func TestLostReplyIsReconciled(t *testing.T) {
	p := openConversation(t, chat, question)
	conversation := evaluate[string](p, `location.pathname`)
	p.click("#view-faults")
	p.live()
	p.choose("#fault", "lost-reply")
	p.choose("#fault-operation", "AppendMessage")
	p.choose("#fault-times", "once")
	p.click("#fault-on")
	p.see("#active-faults", "Apply it and lose the reply: AppendMessage, once")
	p.sameDocument()

	p.visit(conversation)
	p.fill("#reply-text", "Yes, in all sizes.")
	p.click("#reply-send")
	p.see("#result", "reconciled")
	p.see(".outbound .text", "Yes, in all sizes.")
	require.Equal(t, 1, p.count(".message.outbound"), "the message was doubled")
	p.sameDocument()

	// The newest requests come first.
	p.wait(`[...document.querySelectorAll("#requests .request")].map(r => r.querySelector(".operation").innerText + " " + r.querySelector(".status").innerText)
		.join(", ").startsWith("FetchTranscript 200, AppendMessage no reply")`)
	p.click("#requests .request:nth-child(2) summary")
	p.see("#requests .request:nth-child(2) .details", "Yes, in all sizes.")
	p.see("#requests .request:nth-child(2) .details", "Trace id")

	p.visit("/faults")
	p.see("#active-faults", "None.")
}

func TestFaultIsSwitchedOff(t *testing.T) {
	p := open(t, start(t), "/faults")
	p.choose("#fault", "busy")
	p.choose("#fault-times", "always")
	p.click("#fault-on")
	p.see("#active-faults", "all operations, until it is switched off")
	p.click("#fault-off-1")
	p.see("#active-faults", "None.")
	p.sameDocument()
}
