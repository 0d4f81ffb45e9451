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

// Attachment is a file of a message, as any channel tells of it. What a channel
// does not tell is empty.
type Attachment struct {
	// URL is where the file can be fetched. It may be signed: do not log it.
	URL string
	// Name is the file's name, MIMEType its media type.
	Name, MIMEType string
	// Type is the channel's word for what it is, such as "image" or "location".
	Type string
	// ID is the channel's id of the file or the sticker.
	ID string
	// Size is in bytes; 0 if it is not told.
	Size int64
	// Caption is the text that belongs to the file.
	Caption string
	// Raw is the attachment as it came, with what has no field.
	Raw json.RawMessage
}

// wireAttachment is the union of the shapes that attachments come in.
type wireAttachment struct {
	URL         tolerant.String `json:"url"`
	File        tolerant.String `json:"file"`
	Name        tolerant.String `json:"name"`
	MIMEType    tolerant.String `json:"mimeType"`
	MIMEType2   tolerant.String `json:"mime_type"`
	ContentType tolerant.String `json:"contentType"`
	Type        tolerant.String `json:"type"`
	ID          tolerant.String `json:"id"`
	StickerID   tolerant.String `json:"sticker_id"`
	Size        tolerant.String `json:"size"`
	Caption     tolerant.String `json:"caption"`
	Payload     tolerant.Object[struct {
		URL tolerant.String `json:"url"`
	}] `json:"payload"`
	Sticker tolerant.Object[struct {
		ID       tolerant.String `json:"id"`
		MIMEType tolerant.String `json:"mime_type"`
	}] `json:"sticker"`
}

// Attachments returns the files of the message; none is no error. It fails with
// a [*DecodeError] where the payload has something else in their place.
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

// attachmentsOf reads a list of attachments, or one.
func attachmentsOf(list json.RawMessage) ([]Attachment, error) {
	if len(list) == 0 {
		return nil, nil
	}
	raw := []json.RawMessage{list}
	if list[0] == '[' {
		raw = nil
		for _, element := range elements(list, message.MaxValues) {
			raw = append(raw, element)
		}
	}
	attachments := make([]Attachment, len(raw))
	for i, element := range raw {
		var w tolerant.Object[wireAttachment]
		if err := json.Unmarshal(element, &w); err != nil {
			return nil, &DecodeError{"has an attachment " + strconv.Itoa(i) + " that cannot be read"}
		}
		attachments[i] = w.Fields.attachment(element)
	}
	return attachments, nil
}

func (w wireAttachment) attachment(raw json.RawMessage) Attachment {
	size, _ := strconv.ParseInt(string(w.Size), 10, 64)
	return Attachment{
		URL:      string(cmp.Or(w.URL, w.File, w.Payload.Fields.URL)),
		Name:     string(w.Name),
		MIMEType: string(cmp.Or(w.MIMEType, w.MIMEType2, w.ContentType, w.Sticker.Fields.MIMEType)),
		Type:     string(w.Type),
		ID:       string(cmp.Or(w.ID, w.StickerID, w.Sticker.Fields.ID)),
		Size:     size,
		Caption:  string(w.Caption),
		Raw:      raw,
	}
}

// message returns the file as a message has it, which needs a name and a media
// type: a missing name is taken from the URL, else from the id; a missing type
// from the name's extension, else it is that of any file.
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
