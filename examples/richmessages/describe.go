package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/engage/message"
)

// describe returns in one line what an agent sees of m.
func describe(m message.Message) string {
	switch m := m.(type) {
	case message.Text:
		return m.Text
	case message.Attachments:
		return files(m.Attachments)
	case message.TextWithAttachments:
		return m.Text + files(m.Attachments)
	case message.Email:
		return fmt.Sprintf("from %s to %s: %s%s", m.Content.From, strings.Join(m.Content.To, ", "), m.Content.PlainBody, files(m.Attachments))

	case message.LiveChatCarousel:
		return m.Text + choices(m.Content.Elements, func(e message.LiveChatCarouselElement) string {
			return e.Title + choices(e.Buttons, func(b message.LiveChatButton) string { return b.Title })
		})
	case message.LiveChatCarouselResponse:
		return m.Content.Title + " (" + m.Content.Identifier + ")"
	case message.LiveChatQuickReplies:
		return m.Text + choices(m.Content.Options, func(o message.LiveChatQuickReply) string { return o.Title })
	case message.LiveChatQuickRepliesResponse:
		return m.Content.Title
	case message.LiveChatFormResponse:
		return m.Content.Title + choices(m.Content.Fields, func(f message.LiveChatFormField) string { return f.Label + ": " + f.Value })

	case message.WhatsAppButtons:
		return m.Content.Body + choices(m.Content.Action.Buttons, func(b message.WhatsAppButton) string { return b.Reply.Title })
	case message.WhatsAppList:
		return m.Content.Body + choices(m.Content.Action.Sections, func(s message.WhatsAppSection) string {
			return s.Title + choices(s.Rows, func(r message.WhatsAppRow) string { return r.Title })
		})
	case message.WhatsAppInteractiveResponse:
		return m.Content.Title
	}
	return describeApple(m)
}

// describeApple describes the types of Apple Messages for Business.
func describeApple(m message.Message) string {
	switch m := m.(type) {
	case message.AppleListPicker:
		return choices(m.Content.Data.ListPicker.Sections, func(s message.AppleListSection) string {
			return s.Title + choices(s.Items, func(i message.AppleListItem) string { return i.Title })
		})
	case message.AppleListPickerResponse:
		return choices(m.Content.ListPicker.SelectedItems, func(i message.AppleSelectedItem) string { return i.Title })
	case message.AppleTimePicker:
		return m.Content.Data.Event.Title + choices(m.Content.Data.Event.Timeslots, func(s message.AppleTimeslot) string { return s.StartTime.Format(time.RFC3339) })
	case message.AppleTimePickerResponse:
		return m.Content.DatePicker.Title + choices(m.Content.DatePicker.Timeslots, func(s message.AppleSelectedTimeslot) string { return s.StartTime.Format(time.RFC3339) })
	case message.AppleQuickReplies:
		reply := m.Content.Data.QuickReply
		return reply.SummaryText + choices(reply.Items, func(i message.AppleQuickReplyItem) string { return i.Title })
	case message.AppleQuickRepliesResponse:
		return m.Content.SelectedIdentifier
	case message.AppleForm:
		return choices(m.Content.Data.Dynamic.Data.Pages, func(p message.AppleFormPage) string {
			return p.Title + choices(p.Items, func(i message.AppleFormItem) string { return i.Title })
		})
	case message.AppleFormResponse:
		return choices(m.Content.FormMessage.Selections, func(s message.AppleFormSelection) string {
			return s.Title + choices(s.Items, func(a message.AppleFormAnswer) string { return a.Value })
		})
	}
	return "a message of an unknown type"
}

// choices returns the names of elements in brackets.
func choices[E any](elements []E, name func(E) string) string {
	names := make([]string, len(elements))
	for i, element := range elements {
		names[i] = name(element)
	}
	return " [" + strings.Join(names, " | ") + "]"
}

// files returns the names of attachments in brackets, if there are any.
func files(attachments []message.Attachment) string {
	if len(attachments) == 0 {
		return ""
	}
	return choices(attachments, func(a message.Attachment) string { return a.FileName })
}
