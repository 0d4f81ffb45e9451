package stream

import (
	"cmp"
	"encoding/json"
	"mime"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// Attachment is a file of a message. Fields that the channel does not fill are empty.
type Attachment struct {
	// URL is where the file can be downloaded. It may be signed: do not log it.
	URL string
	// Name is the file's name, and MIMEType its media type.
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
	// Raw is the attachment as it came. It includes the members that have no field.
	Raw json.RawMessage
}

// Attachments returns the files of the message, if there are any. It returns a
// [*DecodeError] if they cannot be read, or if there are more than [message.MaxValues].
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
	attachments, err := attachmentsOf(list)
	if e.Channel == channel.WhatsApp && tolerant.Fold(e.Member("type")) == "document" {
		for i, a := range attachments {
			if a.Name == "" && isFileName(a.Caption) {
				attachments[i].Name = a.Caption // as in a sample of the vendor
			}
		}
	}
	return attachments, err
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
	typ, kind := cmp.Or(m.Text("mimeType", "contentType"), sticker.Text("mimeType")), m.Text("type")
	if !strings.Contains(typ, "/") {
		typ, kind = "", cmp.Or(kind, typ) // live chat has a bare word (documented)
	}
	return Attachment{
		URL:      cmp.Or(m.Text("url", "file"), payload.Text("url")),
		Name:     m.Text("name"),
		MIMEType: typ,
		Type:     kind,
		ID:       cmp.Or(m.Text("id", "stickerId"), sticker.Text("id")),
		Size:     size,
		Caption:  m.Text("caption"),
		Raw:      raw,
	}
}

// message returns the file as an attachment of package message.
//
// Without a name, the file has that of the URL, else the id. Without a media type, it has
// that of the name's extension, else the usual one of Type (assumed). A name without an
// extension gets that of the media type, because lists of allowed files go by extension.
func (a Attachment) message() message.Attachment {
	inURL := nameInURL(a.URL)
	name := cmp.Or(a.Name, inURL, a.ID, "attachment")
	typ := cmp.Or(a.MIMEType, mediaTypeOf(name), mediaTypeOf(inURL), usualTypes[tolerant.Fold(a.Type)], "application/octet-stream")
	if path.Ext(name) == "" {
		name += cmp.Or(extensionOf(typ), path.Ext(inURL))
	}
	return message.Attachment{MIMEType: typ, FileName: name, URL: a.URL, Dropped: a.URL == ""}
}

// nameInURL returns the file name at the end of a URL's path, or "" if there is none. If
// the name has no extension, nameInURL prefers the file name in the query parameter path,
// where the vendor's links to media have it.
func nameInURL(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	name := lastElement(u.Path)
	if path.Ext(name) == "" {
		name = cmp.Or(lastElement(u.Query().Get("path")), name)
	}
	return name
}

func lastElement(of string) string {
	if name := path.Base(of); name != "." && name != "/" {
		return name
	}
	return ""
}

// isFileName reports whether text ends in an extension with a letter.
func isFileName(text string) bool {
	extension := strings.TrimPrefix(path.Ext(text), ".")
	alphanumeric := !strings.ContainsFunc(extension, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9')
	})
	return alphanumeric && 0 < len(extension) && len(extension) <= 5 &&
		strings.Trim(extension, "0123456789") != "" && !strings.ContainsAny(text, "\r\n")
}

// fileTypes are the media types of files that customers send, with their extensions. The
// tables of package mime depend on the machine.
var fileTypes = []struct{ mediaType, extension string }{
	{"image/jpeg", ".jpg"}, {"image/jpeg", ".jpeg"}, {"image/png", ".png"}, {"image/gif", ".gif"},
	{"image/webp", ".webp"}, {"image/heic", ".heic"}, {"image/bmp", ".bmp"}, {"image/tiff", ".tiff"},
	{"video/mp4", ".mp4"}, {"video/3gpp", ".3gp"}, {"video/quicktime", ".mov"}, {"video/webm", ".webm"},
	{"audio/mpeg", ".mp3"}, {"audio/ogg", ".ogg"}, {"audio/aac", ".aac"}, {"audio/amr", ".amr"},
	{"audio/mp4", ".m4a"}, {"audio/wav", ".wav"},
	{"application/pdf", ".pdf"}, {"application/zip", ".zip"}, {"application/rtf", ".rtf"},
	{"text/plain", ".txt"}, {"text/csv", ".csv"}, {"text/html", ".html"}, {"text/vcard", ".vcf"}, {"text/calendar", ".ics"},
	{"application/msword", ".doc"}, {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
	{"application/vnd.ms-excel", ".xls"}, {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
	{"application/vnd.ms-powerpoint", ".ppt"}, {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
	{"application/vnd.oasis.opendocument.text", ".odt"}, {"application/vnd.oasis.opendocument.spreadsheet", ".ods"},
}

// usualTypes are the media types of files for which the payload has only the channel's
// word.
var usualTypes = map[string]string{"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}

// mediaTypeOf returns the media type of a file name, or "".
func mediaTypeOf(name string) string {
	extension := strings.ToLower(path.Ext(name))
	for _, row := range fileTypes {
		if row.extension == extension {
			return row.mediaType
		}
	}
	return mime.TypeByExtension(extension)
}

// extensionOf returns the usual extension of a media type, or "".
func extensionOf(mediaType string) string {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	for _, row := range fileTypes {
		if strings.EqualFold(row.mediaType, strings.TrimSpace(mediaType)) {
			return row.extension
		}
	}
	return ""
}
