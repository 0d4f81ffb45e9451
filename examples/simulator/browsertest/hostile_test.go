//go:build browser

package browsertest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// script is a text that a page must never run. A page that runs it opens a dialog.
const script = `<script>alert(1)</script><img src=x onerror=alert(1)>`

// link is a URL that a page must never follow.
const link = "javascript:alert(1)"

// hostile returns messages that have the script and the link in every place.
func hostile() []message.Message {
	file := message.Attachment{MIMEType: "image/png", FileName: script, URL: link}
	return []message.Message{
		message.Text{Direction: message.Inbound, Text: script},
		message.TextWithAttachments{Direction: message.Inbound, Text: script, Attachments: []message.Attachment{
			file, {MIMEType: script, FileName: script, URL: "https://files.example.com/" + script}, {MIMEType: "image/png", URL: script},
		}},
		message.LiveChatCarousel{Text: script, Content: message.LiveChatCarouselContent{Reference: script, Elements: []message.LiveChatCarouselElement{{
			Title: script, Subtitle: script, ImageURLs: []string{link}, Buttons: []message.LiveChatButton{
				message.LiveChatPostback(script, script, script), message.LiveChatLink("link", script, link),
			},
		}}}},
		message.LiveChatQuickReplies{Text: script, Content: message.LiveChatQuickRepliesContent{
			Options: []message.LiveChatQuickReply{message.NewLiveChatQuickReply(script, script, script)},
		}},
		message.LiveChatFormResponse{Content: message.LiveChatFormResponseContent{Title: script, Fields: []message.LiveChatFormField{
			{Label: script, Name: script, Value: script},
		}}},
		message.NewWhatsAppList(script, script, message.WhatsAppSection{Title: script, Rows: []message.WhatsAppRow{
			{ID: script, Title: script, Description: script},
		}}),
	}
}

func TestTextOfACustomerIsNeverRun(t *testing.T) {
	state := newState(t)
	c := engagetest.NewConversation(chat, hostile()...)
	c.CustomerName, c.Subject, c.TeamID, c.Participants = script, script, script, []string{script}
	id := state.Seed(c)
	email := engagetest.NewConversation(channel.EmailAddress{Mailbox: script, From: script, Subject: script}, message.Email{
		Direction: message.Inbound, Content: message.EmailContent{From: script, To: []string{script}, CC: []string{script}, HTMLBody: script},
		Attachments: []message.Attachment{{FileName: script, URL: link}},
	})
	emailID := state.Seed(email)
	address := startWith(t, state)
	harmless := func(p *page) {
		t.Helper()
		require.Equal(t, []string{address + "/static/desk.js"}, evaluate[[]string](p, `[...document.scripts].map(s => s.src)`))
		require.Zero(t, p.count(`a[href^="javascript" i], [onerror], img[src=x]`))
		require.Empty(t, p.found())
	}

	p := open(t, address, "/")
	p.see(".row .who", script)
	harmless(p)

	p.visit("/conversations/" + emailID)
	p.see(".mail", script)
	p.see(".bubble pre", script)
	p.see(".file", script)
	harmless(p)

	p.visit("/conversations/" + id)
	p.see("#head-title", script)
	p.see("#participants", script)
	for _, part := range []string{".text", ".file", ".card .title", ".card button", ".card .off", ".choices button", ".bubble dt", ".bubble dd", ".picker summary"} {
		p.see(part, script)
	}
	require.Equal(t, []string{"https://files.example.com/" + script},
		evaluate[[]string](p, `[...document.querySelectorAll(".bubble a")].map(a => decodeURIComponent(a.href))`))
	harmless(p)

	// What comes in while the page is open is as harmless.
	file := filepath.Join(t.TempDir(), "<img src=x onerror=alert(1)>.svg")
	require.NoError(t, os.WriteFile(file, []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>`), 0o600))
	p.fill("#customer-text", script)
	require.NoError(t, chromedp.Do(p.tab, chromedp.SetUploadFiles(chromedp.CSS("#customer-file"), []string{file})))
	p.click("#customer-send")
	p.see(".message:last-child .text", script)
	p.see(".message:last-child .file", "<img src=x onerror=alert(1)>.svg")
	harmless(p)
	p.fill("#agent", script)
	p.click("#join")
	p.see("#result .failed", "AddParticipant")
	p.refused(422)
	p.fill("#reply-text", script)
	p.click("#reply-send")
	p.see(".outbound:last-child .text", script)
	p.click(".request:first-child summary")
	p.see(".request:first-child pre", "alert(1)")
	harmless(p)

	// The file itself runs nothing when it is opened.
	url := evaluate[string](p, `document.querySelector(".message.inbound:nth-last-child(2) .file a").href`)
	require.NoError(t, chromedp.Do(p.tab, chromedp.Navigate(url)))
	p.forgive("Blocked script execution")
	require.Empty(t, p.found())
}
