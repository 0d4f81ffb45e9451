//go:build browser

package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/examples/internal/samples"
)

// story returns a state for the picture of the README.
func story(t *testing.T) *engagetest.Server {
	t.Helper()
	state := newState(t)
	now := time.Now().UTC()
	seed := func(minutes int, name string, address channel.Address, change func(*engagetest.Conversation), messages ...message.Message) {
		c := engagetest.NewConversation(address, messages...)
		c.CustomerName, c.CreatedAt = name, now.Add(time.Duration(-minutes)*time.Minute)
		for i := range c.Messages {
			c.Messages[i].Timestamp = c.CreatedAt.Add(time.Duration(i*23) * time.Second)
			c.UpdatedAt = c.Messages[i].Timestamp
		}
		if change != nil {
			change(&c)
		}
		state.Seed(c)
	}
	inbound := func(text string) message.Message { return message.Text{Direction: message.Inbound, Text: text} }
	outbound := func(text string) message.Message { return message.Text{Direction: message.Outbound, Text: text} }
	joined := func(agent string) func(*engagetest.Conversation) {
		return func(c *engagetest.Conversation) { c.Participants = []string{agent} }
	}
	closed := func(c *engagetest.Conversation) { c.Status = engagetest.Closed }
	held := func(c *engagetest.Conversation) { c.Status, c.Participants = engagetest.OnHold, []string{"agent-3"} }

	seed(61, "Jon Berg", channel.EmailAddress{Mailbox: "help@shop.example", From: "jon@mail.example", Subject: "My invoice"}, closed,
		message.Email{Direction: message.Inbound, Content: message.EmailContent{From: "jon@mail.example", To: []string{"help@shop.example"}, PlainBody: "Thank you, that was quick."}})
	seed(48, "Ines Paz", channel.AppleAddress{AccountID: "shop", UserID: "urn:mbid:ines"}, held, inbound("Can I try them on in your shop?"))
	seed(37, "Hugo Lind", channel.FacebookAddress{PageID: "shop", PageScopedID: "4711"}, joined("agent-3"), inbound("When do you open?"), outbound("At nine, every day but Sunday."))
	seed(24, "Gita Rao", channel.LiveChatAddress{AppID: "shop", UserID: "gita", ThreadID: "t-1", BrowserFingerprint: "gita"}, joined("agent-5"), inbound("Do you have shoes?"), samples.Carousel())
	seed(15, "Finn Moe", channel.SMSAddress{Business: "+15550100", Customer: "+15550142"}, nil, inbound("I was charged twice."))
	picture, err := state.AddFile("parcel.png", "image/png", parcel(t))
	require.NoError(t, err)
	picture.URL = "http://127.0.0.1" + picture.URL[strings.Index(picture.URL, "/files/"):]
	seed(4, "Ann Kelly", channel.WhatsAppAddress{Business: "+15550100", Customer: "+15550123"}, nil,
		message.TextWithAttachments{Direction: message.Inbound, Text: "The parcel has arrived!", Attachments: []message.Attachment{picture}})
	return state
}

// annID is the id of the conversation that [story] adds last.
const annID = "CSR0000000000006"

// TestPictureOfTheREADME plays the scene that the README shows: the reply to an agent's
// message is lost, and the client finds the message in the transcript.
func TestPictureOfTheREADME(t *testing.T) {
	p := open(t, startWith(t, story(t)), "/faults")
	p.show(screen{"", 1280, 900, "light"})
	p.choose("#fault", "lost-reply")
	p.choose("#fault-operation", "AppendMessage")
	p.click("#fault-on")
	p.see("#active-faults", "Apply it and lose the reply")

	p.visit("/conversations/" + annID)
	p.click("#join")
	p.see("#participants", "agent-7")
	p.choose("#reply-type", "wab-buttons")
	p.click("#reply-send")
	p.see("#result", "reconciled")
	p.click(`.choices button[value="No"]`)
	p.see(".inbound .answer", "No")
	p.click(`.request:has(.bad) summary`)
	p.see(".request .details", "wab-buttons")
	p.click("#result-dismiss")
	p.seeNo("#result-dismiss")
	evaluate[chromedp.Void](p, `document.querySelector("#transcript-box").scrollTop = 0, scrollTo(0, 0), document.activeElement.blur()`)
	p.wait(`[...document.images].every(i => i.complete)`)
	file := filepath.Join(t.TempDir(), "desk.png")
	if *update {
		file = filepath.Join("..", "..", "..", ".github", "desk.png")
	}
	p.screenshot(file)
	size, err := os.Stat(file)
	require.NoError(t, err)
	require.Less(t, size.Size(), int64(200_000), "the picture is large for a README")
}
