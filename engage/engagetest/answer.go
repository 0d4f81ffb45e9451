package engagetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/engagesdk/engage-go/engage/message"
)

// Answer returns the message with which a customer answers a rich message: a tap on a
// button or a quick reply, or what they chose in a list, a time picker or a form. The
// function message.ChoicesOf returns the choices of the result.
//
// A choice needs only the identifier of a button, row, item, slot or page:
//
//	answer, err := engagetest.Answer(question, message.Choice{Identifier: "yes"})
//
// Apple's list picker and form take several choices. A choice of a form is the identifier
// of an item, or that of a page without items and the Value that the customer enters. If
// several pages have the same item, each further choice of it belongs to the next page.
//
// Answer returns an error if the question has no such choice, or does not take that many.
// No rich message asks for a form in live chat, where the customer writes a
// message.LiveChatFormResponse. Messenger has no rich messages; see [MessengerPostback].
func Answer(question message.Message, choices ...message.Choice) (message.Message, error) {
	answer, err := answer(message.Value(question), choices)
	if err != nil {
		return nil, fmt.Errorf("engagetest: Answer: %w", err)
	}
	return answer, nil
}

func answer(question message.Message, choices []message.Choice) (message.Message, error) {
	if len(choices) == 0 {
		return nil, errors.New("there is no choice")
	}
	switch q := question.(type) {
	case message.WhatsAppButtons:
		buttons := q.Content.Action.Buttons
		i, err := choose(choices, buttons, func(b message.WhatsAppButton) string { return b.Reply.ID })
		if err != nil {
			return nil, err
		}
		return whatsAppAnswer(buttons[i].Reply.ID, buttons[i].Reply.Title), nil
	case message.WhatsAppList:
		var rows []message.WhatsAppRow
		for _, section := range q.Content.Action.Sections {
			rows = append(rows, section.Rows...)
		}
		i, err := choose(choices, rows, func(r message.WhatsAppRow) string { return r.ID })
		if err != nil {
			return nil, err
		}
		return whatsAppAnswer(rows[i].ID, rows[i].Title), nil
	case message.LiveChatQuickReplies:
		return answerQuickReplies(q, choices)
	case message.LiveChatCarousel:
		return answerCarousel(q, choices)
	case message.AppleQuickReplies:
		items := q.Content.Data.QuickReply.Items
		i, err := choose(choices, items, func(item message.AppleQuickReplyItem) string { return item.Identifier })
		if err != nil {
			return nil, err
		}
		return message.AppleQuickRepliesResponse{Content: message.AppleQuickRepliesResponseContent{
			SelectedIdentifier: items[i].Identifier, SelectedIndex: &i, Items: items,
		}}, nil
	case message.AppleTimePicker:
		return answerTimePicker(q, choices)
	case message.AppleListPicker:
		return answerListPicker(q, choices)
	case message.AppleForm:
		return answerForm(q, choices)
	}
	return nil, errors.New("the message has no choices")
}

// choose returns the index of the option that is the only choice.
func choose[Option any](choices []message.Choice, options []Option, identifier func(Option) string) (int, error) {
	if len(choices) > 1 {
		return 0, errors.New("the message takes one choice")
	}
	i := slices.IndexFunc(options, func(o Option) bool { return identifier(o) == choices[0].Identifier })
	if i < 0 {
		return 0, noChoice(choices[0].Identifier)
	}
	return i, nil
}

func noChoice(identifier string) error {
	return fmt.Errorf("the message has no choice %q", identifier)
}

func whatsAppAnswer(identifier, title string) message.Message {
	return message.WhatsAppInteractiveResponse{Content: message.WhatsAppInteractiveResponseContent{
		Identifier: identifier, Title: title,
	}}
}

func answerQuickReplies(q message.LiveChatQuickReplies, choices []message.Choice) (message.Message, error) {
	options := q.Content.Options
	i, err := choose(choices, options, func(o message.LiveChatQuickReply) string { return o.Identifier })
	if err != nil {
		return nil, err
	}
	return message.LiveChatQuickRepliesResponse{Content: message.LiveChatQuickRepliesResponseContent{
		Identifier: options[i].Identifier, Reference: q.Content.Reference,
		Title: options[i].Title, Payload: options[i].Payload,
	}}, nil
}

// answerCarousel returns the answer with a button of a card. A button that opens a URL is
// no choice.
func answerCarousel(q message.LiveChatCarousel, choices []message.Choice) (message.Message, error) {
	var buttons []message.LiveChatButton
	for _, card := range q.Content.Elements {
		for _, button := range card.Buttons {
			if button.Type == "templatePostback" {
				buttons = append(buttons, button)
			}
		}
	}
	i, err := choose(choices, buttons, func(b message.LiveChatButton) string { return b.Identifier })
	if err != nil {
		return nil, err
	}
	return message.LiveChatCarouselResponse{Content: message.LiveChatCarouselResponseContent{
		Identifier: buttons[i].Identifier, Reference: q.Content.Reference, Title: buttons[i].Title,
	}}, nil
}

func answerTimePicker(q message.AppleTimePicker, choices []message.Choice) (message.Message, error) {
	event := q.Content.Data.Event
	i, err := choose(choices, event.Timeslots, func(slot message.AppleTimeslot) string { return slot.Identifier })
	if err != nil {
		return nil, err
	}
	slot := event.Timeslots[i]
	return message.AppleTimePickerResponse{Content: message.AppleTimePickerResponseContent{
		ReplyMessage: q.Content.ReplyMessage,
		DatePicker: message.AppleDatePicker{
			Identifier: event.Identifier, Title: event.Title,
			TimezoneOffset: event.TimezoneOffset, Location: event.Location,
			Timeslots: []message.AppleSelectedTimeslot{{
				Identifier: slot.Identifier, StartTime: slot.StartTime, Duration: slot.Duration,
			}},
		},
	}}, nil
}

// answerListPicker returns the answer with the chosen items in the order of the list.
func answerListPicker(q message.AppleListPicker, choices []message.Choice) (message.Message, error) {
	wanted := make(map[string]bool)
	for _, choice := range choices {
		wanted[choice.Identifier] = true
	}
	var selection message.AppleSelection
	for _, section := range q.Content.Data.ListPicker.Sections {
		selected := 0
		for i, item := range section.Items {
			listed := message.AppleSelectedItem{Identifier: item.Identifier, Style: item.Style, Title: item.Title, Order: i}
			if item.Order != nil {
				listed.Order = *item.Order
			}
			if !wanted[item.Identifier] {
				selection.OtherItems = append(selection.OtherItems, listed)
				continue
			}
			delete(wanted, item.Identifier)
			selection.SelectedItems = append(selection.SelectedItems, listed)
			if selected++; selected > 1 && !section.MultipleSelection {
				return nil, fmt.Errorf("the section %q takes one choice", section.Title)
			}
		}
	}
	for _, choice := range choices {
		if wanted[choice.Identifier] {
			return nil, noChoice(choice.Identifier)
		}
	}
	selection.OtherItemCount, selection.SelectedItemCount = len(selection.OtherItems), len(selection.SelectedItems)
	return message.AppleListPickerResponse{Content: message.AppleListPickerResponseContent{
		ReplyMessage: q.Content.ReplyMessage, ListPicker: selection,
	}}, nil
}

// answerForm returns the answer with one selection for each page that has a choice, in
// the order of the pages.
func answerForm(q message.AppleForm, choices []message.Choice) (message.Message, error) {
	form := q.Content.Data.Dynamic
	pages := form.Data.Pages
	answers := make([][]message.AppleFormAnswer, len(pages))
	for _, choice := range choices {
		page, answer, err := fillIn(pages, answers, choice)
		if err != nil {
			return nil, err
		}
		answers[page] = append(answers[page], answer)
	}
	var selections []message.AppleFormSelection
	for i, page := range pages {
		if len(answers[i]) > 0 {
			selections = append(selections, message.AppleFormSelection{
				PageIdentifier: page.PageIdentifier, Title: page.Title, Subtitle: page.Subtitle, Items: answers[i],
			})
		}
	}
	return message.AppleFormResponse{Content: message.AppleFormResponseContent{
		ReplyMessage: q.Content.ReplyMessage,
		FormMessage: message.AppleFormMessage{
			Template: "messageForms", Private: form.Private, Version: form.Version, Selections: selections,
		},
	}}, nil
}

// fillIn returns the first page that a choice can belong to, and the answer on that page.
func fillIn(pages []message.AppleFormPage, answers [][]message.AppleFormAnswer, choice message.Choice) (int, message.AppleFormAnswer, error) {
	err := noChoice(choice.Identifier)
	for i, page := range pages {
		full := len(answers[i]) > 0 && !page.MultipleSelection
		if len(page.Items) == 0 && page.PageIdentifier == choice.Identifier {
			if full {
				err = fmt.Errorf("the page %q takes one choice", page.PageIdentifier)
				continue
			}
			return i, message.AppleFormAnswer{
				Identifier: page.PageIdentifier, Type: page.Type, Title: page.Title, Value: choice.Value,
			}, nil
		}
		for _, item := range page.Items {
			switch {
			case item.Identifier != choice.Identifier:
			case full:
				err = fmt.Errorf("the page %q takes one choice", page.PageIdentifier)
			case !answered(answers[i], item.Identifier):
				return i, message.AppleFormAnswer{
					Identifier: item.Identifier, Type: page.Type, Title: item.Title, Value: item.Value,
				}, nil
			}
		}
	}
	return 0, message.AppleFormAnswer{}, err
}

// answered reports whether the answers of a page have an item.
func answered(answers []message.AppleFormAnswer, identifier string) bool {
	return slices.ContainsFunc(answers, func(a message.AppleFormAnswer) bool { return a.Identifier == identifier })
}
