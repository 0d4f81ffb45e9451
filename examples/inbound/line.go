package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// longest is the size in bytes of the longest line that is read.
const longest = 1 << 20

// numbered is a line of the input as it stands there.
type numbered struct {
	number int
	text   string
}

// lines yields the lines of in, those without content left out. Of a line that
// is too long it yields more than longest bytes. An error of the input comes
// last, with the line it was met in.
func lines(in io.Reader) iter.Seq2[numbered, error] {
	return func(yield func(numbered, error) bool) {
		reader := bufio.NewReaderSize(in, 64<<10)
		for number := 1; ; number++ {
			text, err := readLine(reader)
			broken := err != nil && err != io.EOF
			if !broken && strings.TrimSpace(text) != "" && !yield(numbered{number, text}, nil) {
				return
			}
			if broken {
				yield(numbered{number, text}, err)
			}
			if err != nil {
				return
			}
		}
	}
}

// readLine reads one line and keeps no more of it than is needed to see that it
// is too long.
func readLine(reader *bufio.Reader) (string, error) {
	var line strings.Builder
	for {
		piece, err := reader.ReadSlice('\n')
		if line.Len() <= longest {
			line.Write(piece)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line.String(), err
		}
	}
}

// line is a customer's message. Which of the fields matter depends on the
// channel; business and customer are the two addresses on all of them.
type line struct {
	Channel     channel.Channel `json:"channel"`
	Business    string          `json:"business"`
	Customer    string          `json:"customer"`
	Thread      string          `json:"thread"`
	Subject     string          `json:"subject"`
	To          []string        `json:"to"`
	CC          []string        `json:"cc"`
	InReplyTo   string          `json:"inReplyTo"`
	Text        string          `json:"text"`
	HTML        string          `json:"html"`
	Attachments []attachment    `json:"attachments"`
	Timestamp   string          `json:"timestamp"`
	AliasID     string          `json:"aliasId"`
}

type attachment struct {
	MIMEType string `json:"mimeType"`
	FileName string `json:"fileName"`
	URL      string `json:"url"`
}

// parse reads a line strictly: what is not understood would be lost.
func parse(text string) (line, error) {
	var l line
	if !utf8.ValidString(text) {
		return l, errors.New("the line is not valid UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&l)
	wrongType, _ := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case wrongType != nil && wrongType.Field != "":
		return l, fmt.Errorf("%s has the wrong type", wrongType.Field)
	case wrongType != nil:
		return l, errors.New("the line is not a JSON object")
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field"):
		return l, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	case err != nil:
		return l, errors.New("the line is not complete JSON")
	}
	if err := decoder.Decode(new(json.RawMessage)); err != io.EOF {
		return l, errors.New("the line goes on after its JSON object")
	}
	return l, unrepeated(json.NewDecoder(strings.NewReader(text)))
}

// unrepeated returns an error if a member stands twice in the next value or in
// one within it: of two that differ, nobody knows which is meant. As everywhere
// in encoding/json, names are the same in any case.
func unrepeated(decoder *json.Decoder) error {
	start, err := decoder.Token()
	if _, composed := start.(json.Delim); !composed {
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
				return fmt.Errorf("%s is there twice", name)
			}
			names = append(names, name)
		}
		if err := unrepeated(decoder); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

// read returns the address and the message of a line.
func (l line) read() (channel.Address, message.Message, error) {
	var v outcome.Violations
	address := l.address()
	if address == nil {
		v.Add("channel", "is not one of the seven channels")
	}
	envelope := message.Envelope{AliasID: l.AliasID}
	if l.Timestamp != "" {
		sent, err := message.ParseTimestamp(l.Timestamp)
		if err != nil {
			v.Add("timestamp", strings.TrimPrefix(err.Error(), "timestamp "))
		}
		envelope.Timestamp = sent
	}
	return address, l.message(envelope), v.Err("", "")
}

// address returns the address of a line; nil for a channel that is not known.
func (l line) address() channel.Address {
	switch l.Channel {
	case channel.SMS:
		return channel.SMSAddress{Business: l.Business, Customer: l.Customer}
	case channel.Facebook:
		return channel.FacebookAddress{PageID: l.Business, PageScopedID: l.Customer}
	case channel.LiveChat:
		return channel.LiveChatAddress{AppID: l.Business, UserID: l.Customer, ThreadID: l.Thread}
	case channel.Email:
		return channel.EmailAddress{
			Mailbox: l.Business, From: l.Customer, Subject: l.Subject, To: l.To, CC: l.CC, InReplyTo: l.InReplyTo,
		}
	case channel.WhatsApp:
		return channel.WhatsAppAddress{Business: l.Business, Customer: l.Customer}
	case channel.Apple:
		return channel.AppleAddress{AccountID: l.Business, UserID: l.Customer}
	case channel.API:
		return channel.APIAddress{BusinessID: l.Business, UserID: l.Customer}
	}
	return nil
}

// message returns the message of a line.
func (l line) message(envelope message.Envelope) message.Message {
	var attachments []message.Attachment
	for _, a := range l.Attachments {
		attachments = append(attachments, message.Attachment{MIMEType: a.MIMEType, FileName: a.FileName, URL: a.URL})
	}
	switch {
	case l.Channel == channel.Email:
		return message.Email{
			Direction: message.Inbound, Attachments: attachments, Envelope: envelope,
			Content: message.EmailContent{From: l.Customer, To: l.To, CC: l.CC, PlainBody: l.Text, HTMLBody: l.HTML},
		}
	case attachments == nil:
		return message.Text{Direction: message.Inbound, Text: l.Text, Envelope: envelope}
	case l.Text == "":
		return message.Attachments{Direction: message.Inbound, Attachments: attachments, Envelope: envelope}
	}
	return message.TextWithAttachments{Direction: message.Inbound, Text: l.Text, Attachments: attachments, Envelope: envelope}
}
