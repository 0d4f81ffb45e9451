package message

import (
	"cmp"
	"strings"
	"time"
)

// TextOf returns the plain text of m for a log or for a line that an agent reads. The
// items, buttons and files of a rich message follow its text in brackets, as in
// "Which one? [Red shoe [Buy] | Blue shoe [Buy]]". The text of an email is its stripped
// text, or else its plain body.
//
// TextOf returns "" if m is nil or an [Unknown], or has no text. The text is that of the
// message and may contain personal data.
func TextOf(m Message) string {
	m, _ = resolve(m)
	switch m := m.(type) {
	case Text:
		return m.Text
	case Attachments:
		return line("", filesOf(m.Attachments))
	case TextWithAttachments:
		return line(m.Text, filesOf(m.Attachments))
	case Email:
		return line(cmp.Or(m.Content.StrippedText, m.Content.PlainBody), filesOf(m.Attachments))

	case LiveChatCarousel:
		return line(m.Text, listOf(m.Content.Elements, func(e LiveChatCarouselElement) string {
			return line(e.Title, listOf(e.Buttons, func(b LiveChatButton) string { return b.Title }))
		}))
	case LiveChatQuickReplies:
		return line(m.Text, listOf(m.Content.Options, func(o LiveChatQuickReply) string { return o.Title }))
	case LiveChatFormResponse:
		return line(m.Content.Title, listOf(m.Content.Fields, func(f LiveChatFormField) string {
			return cmp.Or(f.Label, f.Name) + ": " + f.Value
		}))

	case WhatsAppButtons:
		return line(m.Content.Body, listOf(m.Content.Action.Buttons, func(b WhatsAppButton) string { return b.Reply.Title }))
	case WhatsAppList:
		return line(m.Content.Body, listOf(m.Content.Action.Sections, func(s WhatsAppSection) string {
			return line(s.Title, listOf(s.Rows, func(r WhatsAppRow) string { return r.Title }))
		}))
	}
	return appleTextOf(m)
}

// appleTextOf is TextOf for the types of Apple, and for the answers that are only choices.
func appleTextOf(m Message) string {
	switch m := m.(type) {
	case AppleListPicker:
		return line(m.Content.ReceivedMessage.Title, listOf(m.Content.Data.ListPicker.Sections, func(s AppleListSection) string {
			return line(s.Title, listOf(s.Items, func(i AppleListItem) string { return i.Title }))
		}))
	case AppleTimePicker:
		event := m.Content.Data.Event
		return line(event.Title, listOf(event.Timeslots, func(s AppleTimeslot) string { return start(s.StartTime) }))
	case AppleQuickReplies:
		reply := m.Content.Data.QuickReply
		return line(reply.SummaryText, listOf(reply.Items, func(i AppleQuickReplyItem) string { return i.Title }))
	case AppleForm:
		return line(m.Content.ReceivedMessage.Title, listOf(m.Content.Data.Dynamic.Data.Pages, func(p AppleFormPage) string {
			return line(p.Title, listOf(p.Items, func(i AppleFormItem) string { return i.Title }))
		}))
	case AppleTimePickerResponse:
		event := m.Content.DatePicker
		return line(event.Title, listOf(event.Timeslots, func(s AppleSelectedTimeslot) string { return start(s.StartTime) }))
	case AppleFormResponse:
		return line("", listOf(m.Content.FormMessage.Selections, func(s AppleFormSelection) string {
			return s.Title + ": " + strings.Join(each(s.Items, func(a AppleFormAnswer) string { return cmp.Or(a.Title, a.Value) }), ", ")
		}))
	}
	return strings.Join(each(ChoicesOf(m), func(c Choice) string { return cmp.Or(c.Title, c.Identifier) }), ", ")
}

// line returns text with list after it. Either may be empty.
func line(text, list string) string {
	if text == "" || list == "" {
		return text + list
	}
	return text + " " + list
}

// listOf returns the names of elements in brackets, or "" if there are none.
func listOf[E any](elements []E, name func(E) string) string {
	if len(elements) == 0 {
		return ""
	}
	return "[" + strings.Join(each(elements, name), " | ") + "]"
}

// each returns the name of each element.
func each[E any](elements []E, name func(E) string) []string {
	names := make([]string, len(elements))
	for i, element := range elements {
		names[i] = name(element)
	}
	return names
}

// filesOf returns the names of the files in brackets, or "" if there are none.
func filesOf(attachments []Attachment) string {
	return listOf(attachments, func(a Attachment) string { return cmp.Or(a.FileName, a.MIMEType, "file") })
}

// start returns the start of a time slot as a text.
func start(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// AttachmentsOf returns the files of m, which share memory with m. It returns nil if m is
// nil or its type has no attachments.
func AttachmentsOf(m Message) []Attachment {
	m, _ = resolve(m)
	switch m := m.(type) {
	case Attachments:
		return m.Attachments
	case TextWithAttachments:
		return m.Attachments
	case Email:
		return m.Attachments
	}
	return nil
}
