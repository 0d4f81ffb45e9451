package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// record is a message of a customer, as a line contains it. Business and Customer
// are the two addresses on all channels. Which other fields count depends on the
// channel.
type record struct {
	Channel        channel.Channel `json:"channel"`
	Business       string          `json:"business"`
	Customer       string          `json:"customer"`
	CustomerName   string          `json:"customerName"`
	CapabilityList string          `json:"capabilityList"`
	Thread         string          `json:"thread"`
	Subject        string          `json:"subject"`
	To             []string        `json:"to"`
	CC             []string        `json:"cc"`
	InReplyTo      string          `json:"inReplyTo"`
	Text           string          `json:"text"`
	HTML           string          `json:"html"`
	Attachments    []attachment    `json:"attachments"`
	Timestamp      string          `json:"timestamp"`
	AliasID        string          `json:"aliasId"`
}

type attachment struct {
	MIMEType string `json:"mimeType"`
	FileName string `json:"fileName"`
	URL      string `json:"url"`
}

// parse parses the text of a line. It is strict, because what it ignored would be
// lost: it returns an error for unknown fields, repeated fields and more than one
// object.
func parse(text string) (record, error) {
	var r record
	if len(text) > longestLine {
		return r, fmt.Errorf("the line is longer than %d bytes", longestLine)
	}
	if !utf8.ValidString(text) {
		return r, errors.New("the line is not valid UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&r)
	wrongType, _ := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case wrongType != nil && wrongType.Field != "":
		return r, fmt.Errorf("%s has the wrong type", wrongType.Field)
	case wrongType != nil:
		return r, errors.New("the line is not a JSON object")
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field"):
		return r, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	case err != nil:
		return r, errors.New("the line is not complete JSON")
	}
	if err := decoder.Decode(new(json.RawMessage)); err != io.EOF {
		return r, errors.New("the line continues after its JSON object")
	}
	return r, checkRepeated(json.NewDecoder(strings.NewReader(text)))
}

// checkRepeated reads the next value of decoder. It returns an error if an object
// in it has two members of the same name, in any case: encoding/json would decode
// the last one and ignore the other.
func checkRepeated(decoder *json.Decoder) error {
	start, err := decoder.Token()
	if _, isComposite := start.(json.Delim); !isComposite {
		return err
	}
	var names []string
	for decoder.More() {
		if start == json.Delim('{') {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			name := token.(string)
			if slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(name, other) }) {
				return fmt.Errorf("%s is repeated", name)
			}
			names = append(names, name)
		}
		if err := checkRepeated(decoder); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// content returns the address and the message of a record. The error names every
// field that it cannot read.
func (r record) content() (channel.Address, message.Message, error) {
	var v outcome.Violations
	address := r.address()
	if address == nil {
		v.Add("channel", fmt.Sprint("is not one of the seven channels ", channel.All()))
	}
	envelope := message.Envelope{AliasID: r.AliasID}
	if r.Timestamp != "" {
		sent, err := message.ParseTimestamp(r.Timestamp)
		if err != nil {
			v.Add("timestamp", strings.TrimPrefix(err.Error(), "timestamp "))
		}
		envelope.Timestamp = sent
	}
	return address, r.message(envelope), v.Err("", "")
}

// address returns the address of a record, or nil if its channel is unknown.
func (r record) address() channel.Address {
	switch r.Channel {
	case channel.SMS:
		return channel.SMSAddress{Business: r.Business, Customer: r.Customer}
	case channel.Facebook:
		return channel.FacebookAddress{PageID: r.Business, PageScopedID: r.Customer}
	case channel.LiveChat:
		return channel.LiveChatAddress{AppID: r.Business, UserID: r.Customer, ThreadID: r.Thread}
	case channel.Email:
		return channel.EmailAddress{
			Mailbox: r.Business, From: r.Customer, Subject: r.Subject, To: r.To, CC: r.CC, InReplyTo: r.InReplyTo,
		}
	case channel.WhatsApp:
		return channel.WhatsAppAddress{Business: r.Business, Customer: r.Customer}
	case channel.Apple:
		return channel.AppleAddress{AccountID: r.Business, UserID: r.Customer}
	case channel.API:
		return channel.APIAddress{BusinessID: r.Business, UserID: r.Customer}
	}
	return nil
}

// message returns the message of a record.
func (r record) message(envelope message.Envelope) message.Message {
	var attachments []message.Attachment
	for _, a := range r.Attachments {
		attachments = append(attachments, message.Attachment{MIMEType: a.MIMEType, FileName: a.FileName, URL: a.URL})
	}
	switch {
	case r.Channel == channel.Email:
		return message.Email{
			Direction: message.Inbound, Attachments: attachments, Envelope: envelope,
			Content: message.EmailContent{From: r.Customer, To: r.To, CC: r.CC, PlainBody: r.Text, HTMLBody: r.HTML},
		}
	case attachments == nil:
		return message.Text{Direction: message.Inbound, Text: r.Text, Envelope: envelope}
	case r.Text == "":
		return message.Attachments{Direction: message.Inbound, Attachments: attachments, Envelope: envelope}
	}
	return message.TextWithAttachments{Direction: message.Inbound, Text: r.Text, Attachments: attachments, Envelope: envelope}
}
