package message

import "cmp"

// Choice is what a customer chose from a rich message, or filled in on a form.
type Choice struct {
	// Identifier is the id of the button, item or slot, or the name of the form's field.
	Identifier string
	// Title is the text that the customer saw. It is the start in RFC 3339 for a time
	// slot. It may be empty.
	Title string
	// Value is the payload of a quick reply or the value on a form. It is empty for other
	// choices.
	Value string
}

// ChoiceOf returns what the customer chose in the message m, and true. It returns false if
// m contains no choice, or several.
func ChoiceOf(m Message) (Choice, bool) {
	if choices := ChoicesOf(m); len(choices) == 1 {
		return choices[0], true
	}
	return Choice{}, false
}

// ChoicesOf returns everything that the customer chose or filled in, in the order of the
// message. It returns nil if m is nil or is not a response.
func ChoicesOf(m Message) []Choice {
	m, _ = resolve(m)
	var choices []Choice
	switch m := m.(type) {
	case LiveChatCarouselResponse:
		return chosen(m.Content.Identifier, m.Content.Title, "")
	case LiveChatQuickRepliesResponse:
		return chosen(m.Content.Identifier, m.Content.Title, m.Content.Payload)
	case LiveChatFormResponse:
		for _, f := range m.Content.Fields {
			choices = append(choices, Choice{f.Name, f.Label, f.Value})
		}
	case WhatsAppInteractiveResponse:
		return chosen(m.Content.Identifier, m.Content.Title, "")
	case AppleListPickerResponse:
		for _, item := range m.Content.ListPicker.SelectedItems {
			choices = append(choices, Choice{item.Identifier, item.Title, ""})
		}
	case AppleTimePickerResponse:
		for _, slot := range m.Content.DatePicker.Timeslots {
			choices = append(choices, Choice{slot.Identifier, start(slot.StartTime), ""})
		}
	case AppleQuickRepliesResponse:
		item := m.Content.selected()
		return chosen(item.Identifier, item.Title, "")
	case AppleFormResponse:
		for _, page := range m.Content.FormMessage.Selections {
			for _, answer := range page.Items {
				choices = append(choices, Choice{answer.Identifier, answer.Title, answer.Value})
			}
		}
	}
	return choices
}

// chosen returns one choice, or none if it is empty.
func chosen(identifier, title, value string) []Choice {
	if cmp.Or(identifier, title, value) == "" {
		return nil
	}
	return []Choice{{identifier, title, value}}
}

// selected returns the item with SelectedIdentifier. If that is empty, it returns the item
// at SelectedIndex.
func (c AppleQuickRepliesResponseContent) selected() AppleQuickReplyItem {
	for i, item := range c.Items {
		isSelected := item.Identifier == c.SelectedIdentifier
		if c.SelectedIdentifier == "" {
			isSelected = c.SelectedIndex != nil && *c.SelectedIndex == i
		}
		if isSelected {
			return item
		}
	}
	return AppleQuickReplyItem{Identifier: c.SelectedIdentifier}
}
