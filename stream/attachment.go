package stream

import (
	"cmp"
	"encoding/json"
	"mime"
	"path"
	"strconv"
	"strings"

	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Attachment is a file of a message. Fields that the channel does not fill are empty.
type Attachment struct {
	// URL is where the file can be downloaded. It may be signed: do not log it.
	URL string
	// Name is the file's name, MIMEType its media type.
	Name, MIMEType string
	// Type is the channel's word for the kind of file, such as "image" or
	// "location".
	Type string
	// ID is the channel's id of the file or sticker.
	ID string
	// Size is in bytes. It is 0 if it is unknown.
	Size int64
	// Caption is the text that belongs to the file.
	Caption string
	// Raw is the attachment as it came, with the members that have no field.
	Raw json.RawMessage
}

// Attachments returns the files of the message. A message without files is no error.
// Files that cannot be read, or more than [message.MaxValues], are a [*DecodeError].
func (e MessageEvent) Attachments() ([]Attachment, error) {
	if e.Channel == MMS {
		return attachmentsOf(e.JSON("message"))
	}
	if link := e.Member("attachmentUrl"); link != "" { // Instagram
		return []Attachment{{URL: link, Type: e.Member("attachmentType"), Raw: e.JSON("attachment")}}, nil
	}
	list := e.JSON("attachments")
	if list == nil && e.Member("attachments") != "" {
		return nil, &DecodeError{"has attachments that are not a list"}
	}
	return attachmentsOf(list)
}

// attachmentsOf reads a list of attachments, or one attachment.
func attachmentsOf(list json.RawMessage) ([]Attachment, error) {
	if len(list) == 0 {
		return nil, nil
	}
	raw, ok := [][]byte{list}, true
	if list[0] == '[' {
		raw, ok = tolerant.AllElements(list, message.MaxValues)
	}
	if !ok {
		return nil, &DecodeError{"has too many attachments"}
	}
	attachments := make([]Attachment, len(raw))
	for i, element := range raw {
		attachments[i] = attachmentOf(element)
	}
	return attachments, nil
}

// attachmentOf reads an attachment in any of its shapes.
func attachmentOf(raw []byte) Attachment {
	m := tolerant.MembersOf(raw)
	payload, sticker := tolerant.MembersOf(m.Find("payload")), tolerant.MembersOf(m.Find("sticker"))
	size, _ := strconv.ParseInt(m.Text("size"), 10, 64)
	return Attachment{
		URL:      cmp.Or(m.Text("url", "file"), payload.Text("url")),
		Name:     m.Text("name"),
		MIMEType: cmp.Or(m.Text("mimeType", "contentType"), sticker.Text("mimeType")),
		Type:     m.Text("type"),
		ID:       cmp.Or(m.Text("id", "stickerId"), sticker.Text("id")),
		Size:     size,
		Caption:  m.Text("caption"),
		Raw:      raw,
	}
}

// message returns the file as an attachment of package message, which needs a name
// and a media type. A missing name is taken from the URL, else from the id. A missing
// type is that of the extension, else application/octet-stream.
func (a Attachment) message() message.Attachment {
	location, _, _ := strings.Cut(a.URL, "#")
	location, _, _ = strings.Cut(location, "?")
	name := a.Name
	if name == "" {
		if name = path.Base(location); name == "." || name == "/" {
			name = cmp.Or(a.ID, "attachment")
		}
	}
	typ := cmp.Or(a.MIMEType, mime.TypeByExtension(path.Ext(name)), mime.TypeByExtension(path.Ext(location)), "application/octet-stream")
	return message.Attachment{MIMEType: typ, FileName: name, URL: a.URL, Dropped: a.URL == ""}
}
