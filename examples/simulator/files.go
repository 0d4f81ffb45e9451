package main

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
)

// filesPath is where the server serves files.
const filesPath = "/files/"

// withFile returns a message with the file of the form, which the server then serves.
// Without a file, or if the message can have none, it returns the message as it is.
func (s *simulator) withFile(m message.Message, r *http.Request) (message.Message, error) {
	switch m.(type) {
	case message.Text, message.Email:
	default:
		return m, nil
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		return m, nil // There is none.
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	attachment, err := s.server.AddFile(header.Filename, header.Header.Get("Content-Type"), content)
	if err != nil {
		return nil, err
	}
	if at, err := url.Parse(attachment.URL); err == nil { // The server knows only its own address.
		attachment.URL = s.url + at.Path
	}
	files := []message.Attachment{attachment}
	switch m := m.(type) {
	case message.Text:
		if m.Text == "" {
			return message.Attachments{Direction: m.Direction, Attachments: files}, nil
		}
		return message.TextWithAttachments{Direction: m.Direction, Text: m.Text, Attachments: files}, nil
	case message.Email:
		m.Attachments = files
		return m, nil
	}
	return m, nil
}

// isImage reports whether a media type is that of an image.
func isImage(mediaType string) bool { return strings.HasPrefix(mediaType, "image") }

// hosted returns the path of a file with a URL that the simulator gives to files, and ""
// for any other URL. The host may be any IP address, because a loaded state has the
// addresses of another run. A page shows only such pictures, because it loads nothing from
// outside.
func hosted(address string) string {
	u, err := url.Parse(address)
	if err != nil || net.ParseIP(u.Hostname()) == nil {
		return ""
	}
	id, ok := strings.CutPrefix(u.Path, filesPath)
	if !ok || strings.ContainsAny(id, `./\`) { // It could lead to a page of the desk.
		return ""
	}
	return u.Path
}
