package stream

import (
	"cmp"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// MessageEvent tells what a customer wrote, sent or chose. Its Kind tells which.
type MessageEvent struct {
	Header
	// Text is what the customer wrote; on email the plain text. It is empty for
	// a choice, unless the channel repeats the choice as a text.
	Text string
}

// placeholder stands in Apple's texts where a file is (documented).
const placeholder = "\uFFFC"

func messageText(h Header) string {
	if h.Channel == MMS && h.JSON("message") != nil {
		return "" // the member holds the files
	}
	return strings.TrimSpace(strings.ReplaceAll(h.Member("message", "textMessage"), placeholder, ""))
}

// Postback is what an answer that was tapped says.
type Postback struct {
	// Identifier is that of the answer, Title its text.
	Identifier, Title string
	// Payload is what the sender of the question hid in the answer.
	Payload string
	// Reference identifies the question.
	Reference string
}

// Postback returns the answer that the customer tapped, from whichever members
// the channel tells it in. It is zero for an event that tells of none.
func (e MessageEvent) Postback() Postback {
	answer := e.answer()
	p := Postback{
		Identifier: cmp.Or(e.Member("listRowIdentifier", "replyButtonIdentifier"), answer.Text("identifier", "selectedIdentifier")),
		Title:      cmp.Or(e.Member("listRowTitle", "replyButtonTitle", "buttonText", "title"), answer.Text("title")),
		Payload:    cmp.Or(e.Member("buttonPayload", "payload"), answer.Text("payload")),
		Reference:  cmp.Or(e.Member("contextId"), answer.Text("reference")),
	}
	if p.Payload == "" && answer == nil {
		p.Payload = e.Member("postback", "quickReplyPayload") // RCS has it as a text
	}
	return p
}

// answer returns the members of the object of a channel that has one.
func (e MessageEvent) answer() tolerant.Members {
	for _, name := range []string{"interactiveData", "quickreplies", "postback", "quickReplyPayload"} {
		if object := e.JSON(name); object != nil {
			return tolerant.MembersOf(object)
		}
	}
	return nil
}

// Content returns the event as the message that AppendMessage and
// CreateConversation take. It is nil, without an error, where no content type
// can say it: a location or a contact card alone, an answer on RCS, Messenger or
// Instagram, or the answer of an iMessage app. A [*DecodeError] or
// [*message.DecodeError] tells that the payload has something that cannot be
// read in place of the content, or nothing at all in place of an answer.
//
// What is beside a text or a file and is neither is left out. A link is the
// message's text, unless it has one, which is the link itself in the vendor's
// sample; [MessageEvent.Attachments] has the links and locations of Messenger,
// [Header.JSON] the rest.
//
// The message is inbound. Its alias id is the event's TransactionID, else its
// ID, so that the copy of an event makes the same message; its timestamp is the
// event's time. A file that the payload has no URL for counts as dropped; a
// missing name or media type is made up from the URL. The text and the HTML of
// an email are passed on as they came; samples of the vendor's have both escaped
// twice.
//
// That a tapped template button of WhatsApp is a wab-interactive-response is
// assumed.
func (e MessageEvent) Content() (message.Message, error) {
	content, err := e.content()
	if err != nil || content == nil {
		return nil, err
	}
	return message.Stamp(content, cmp.Or(e.TransactionID, e.ID), e.Time), nil
}
