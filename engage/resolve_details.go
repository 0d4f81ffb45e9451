package engage

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/outcome"
)

// Details contain the inbound message of a [ResolveConversationRequest]. They are
// [SMSDetails], [FacebookDetails], [WhatsAppDetails], [AppleDetails], [EmailDetails] or
// [LiveChatDetails].
//
// On the wire they have the member names of the vendor's samples. An empty service key,
// caption, extras or version is left out. All other members of the message are sent even
// if they are empty, because the vendor wants them present (documented).
type Details interface {
	// content returns what the details contain. A message without a timestamp gets now.
	content(now time.Time) detailsContent
}

// CommonDetails are what the details of all channels have in common.
type CommonDetails struct {
	// Text is the text of the message; it may be empty.
	Text string
	// ServiceKey is the key of the service that received the message; empty for none.
	ServiceKey string
	// Timestamp is when the message was sent. If it is zero, the client sends the
	// current time.
	Timestamp time.Time
	// PCI, Malware and Security are the results of the checks of the message. A nil one is
	// left out. The vendor's samples always have PCI.
	PCI      *PCICheck
	Malware  *Scan
	Security *Scan
}

// PCICheck is the result of the search for data of payment cards in a message.
type PCICheck struct {
	// Compliant reports that none was found. Done reports that there was a search.
	Compliant, Done bool
	// Reason says in JSON why the message is not compliant (documented); empty for none.
	Reason string
	// AttachmentsEnabled says whether the message may have attachments; nil leaves it out.
	// It can be sent in live chat, WhatsApp and Apple only (documented).
	AttachmentsEnabled *bool
	// DroppedAttachments counts the attachments that the check has removed.
	DroppedAttachments int
}

// Scan is the result of a scan of the attachments for malware, or for other threats.
type Scan struct {
	// Compliant reports that nothing was found. Done reports that there was a scan.
	Compliant, Done bool
	// Reason says in JSON why the scan failed (documented); empty for none.
	Reason string
	// DroppedAttachments counts the attachments that the scan has removed.
	DroppedAttachments int
}

// SMSDetails contain an SMS.
type SMSDetails struct {
	// Address is required.
	Address channel.SMSAddress
	CommonDetails
}

// FacebookDetails contain a message of Messenger.
type FacebookDetails struct {
	// Address is required.
	Address channel.FacebookAddress
	// AppID is the id of the app, and CustomerName the name that agents see.
	AppID, CustomerName string
	// Attachments are those of the event of the channel, as JSON; empty for none.
	// AttachmentURL is the URL of a single one.
	Attachments, AttachmentURL string
	CommonDetails
}

// WhatsAppDetails contain a message of WhatsApp.
type WhatsAppDetails struct {
	// Address is required.
	Address channel.WhatsAppAddress
	// AppID is the id of the app, and CustomerName the name that agents see.
	AppID, CustomerName string
	// Attachments are those of the event of the channel, as JSON; empty for none. Caption
	// is the text below them.
	Attachments, Caption string
	CommonDetails
}

// AppleDetails contain a message of Apple Messages for Business.
type AppleDetails struct {
	// Address is required.
	Address channel.AppleAddress
	// AppID is the id of the app, and CustomerName the name that agents see.
	AppID, CustomerName string
	// Attachments are those of the event of the channel, as JSON; empty for none.
	// AttachmentURL is the URL of a single one.
	Attachments, AttachmentURL string
	// CapabilityList says what the device can show, as in the event of the channel.
	CapabilityList string
	CommonDetails
}

// EmailDetails contain an email. Text is its plain body.
type EmailDetails struct {
	// Address is required. BCC are recipients that its To and CC do not show.
	Address channel.EmailAddress
	BCC     []string
	// AppID, AssetType and Recipient are those of the event of the channel.
	AppID, AssetType, Recipient string
	// SenderName is the name in the email, and CustomerName the name that agents see.
	SenderName, CustomerName string
	// Headers are the headers of the email. That they are an object is assumed.
	Headers map[string]string
	// HTML is the body in HTML. StrippedText and StrippedHTML are the bodies without what
	// the email quotes.
	HTML, StrippedText, StrippedHTML string
	// Attachments are the files of the email.
	Attachments []EmailFile
	CommonDetails
}

// EmailFile is a file of [EmailDetails].
type EmailFile struct {
	MIMEType string `json:"mimeType"`
	Name     string `json:"name"`
	URL      string `json:"url"`
	// ContentID is the id by which the HTML body refers to the file.
	ContentID string `json:"cid"`
	// Dropped reports that a check has removed the file.
	Dropped bool `json:"dropped"`
}

// LiveChatDetails contain a message of a live chat.
type LiveChatDetails struct {
	// Address is required, with its user and its thread. The fingerprint of the browser
	// is not sent.
	Address channel.LiveChatAddress
	// Domain is the website of the chat.
	Domain string
	// ThreadTitle and ThreadStatus describe the thread, as in the event of the channel.
	ThreadTitle, ThreadStatus string
	// CustomerName is the name that agents see, and CustomerEmail an address of the
	// customer.
	CustomerName, CustomerEmail string
	// TID, Extras and Version are those of the event of the channel. The last two may be
	// left out.
	TID, Extras, Version string
	// ProactiveID is the id of the rule that opened the chat by itself.
	ProactiveID string
	// Attachments are the files of the message.
	Attachments []LiveChatFile
	CommonDetails
}

// LiveChatFile is a file of [LiveChatDetails].
type LiveChatFile struct {
	URL      string `json:"file"`
	MIMEType string `json:"contentType"`
}

// detailsContent is what details contain.
type detailsContent struct {
	media   media
	address channel.Address
	common  CommonDetails
	// message is encoded as the JSON of the message.
	message any
	// texts are the texts of the message beside those of address and common.
	texts []textField
	// attachments are JSON of the caller; empty for none.
	attachments string
}

// textField is a field that is a text.
type textField struct{ name, value string }

// validate returns what is wrong with the details.
func (c detailsContent) validate() outcome.Violations {
	var v outcome.Violations
	validateAddress(&v, c.address)
	if c.media == (media{ChatMedia, MediaWeb}) {
		members := c.address.Members()
		validateLiveChatPart(&v, "Address.UserID", members.CustomerAddress)
		validateLiveChatPart(&v, "Address.ThreadID", members.ThreadID)
	}
	for _, text := range append(c.texts, textField{"Text", c.common.Text}, textField{"ServiceKey", c.common.ServiceKey}) {
		validateText(&v, text.name, text.value)
	}
	if c.attachments != "" && !json.Valid([]byte(c.attachments)) {
		v.Add("Attachments", "is not JSON")
	}
	if year := c.common.Timestamp.UTC().Year(); year < 0 || year > 9999 {
		v.Add("Timestamp", "has a year that cannot be written")
	}
	if pci := c.common.PCI; pci != nil {
		validateCheck(&v, "PCI", pci.Reason, pci.DroppedAttachments)
		hasFlag := slices.Contains([]MediaChannel{MediaWeb, MediaWhatsApp, MediaApple}, c.media.MediaChannel)
		if pci.AttachmentsEnabled != nil && !hasFlag {
			v.Add("PCI.AttachmentsEnabled", "can be sent in live chat, WhatsApp and Apple only")
		}
	}
	if scan := c.common.Malware; scan != nil {
		validateCheck(&v, "Malware", scan.Reason, scan.DroppedAttachments)
	}
	if scan := c.common.Security; scan != nil {
		validateCheck(&v, "Security", scan.Reason, scan.DroppedAttachments)
	}
	return v
}

// validateCheck adds what is wrong with the result of a check.
func validateCheck(v *outcome.Violations, field, reason string, dropped int) {
	if reason != "" && !json.Valid([]byte(reason)) {
		v.Add(field+".Reason", "is not JSON")
	}
	validateText(v, field+".Reason", reason)
	if dropped < 0 {
		v.Add(field+".DroppedAttachments", "is negative")
	}
}

func (d SMSDetails) content(now time.Time) detailsContent {
	return detailsContent{
		media: media{SocialMedia, MediaSMS}, address: d.Address, common: d.CommonDetails,
		message: &struct {
			ServiceNumber string `json:"serviceNumber"`
			SenderNumber  string `json:"senderNumber"`
			commonJSON
		}{d.Address.Business, d.Address.Customer, d.json(now)},
	}
}

func (d FacebookDetails) content(now time.Time) detailsContent {
	return detailsContent{
		media: media{SocialMedia, MediaFacebook}, address: d.Address, common: d.CommonDetails, attachments: d.Attachments,
		texts: []textField{{"AppID", d.AppID}, {"CustomerName", d.CustomerName}, {"Attachments", d.Attachments}, {"AttachmentURL", d.AttachmentURL}},
		message: &struct {
			AppID         string `json:"appId"`
			PageID        string `json:"facebookPageId"`
			PageScopedID  string `json:"psId"`
			CustomerName  string `json:"customerName"`
			Attachments   string `json:"attachments"`
			AttachmentURL string `json:"attachmentUrl"`
			commonJSON
		}{d.AppID, d.Address.PageID, d.Address.PageScopedID, d.CustomerName, d.Attachments, d.AttachmentURL, d.json(now)},
	}
}

func (d WhatsAppDetails) content(now time.Time) detailsContent {
	return detailsContent{
		media: media{SocialMedia, MediaWhatsApp}, address: d.Address, common: d.CommonDetails, attachments: d.Attachments,
		texts: []textField{{"AppID", d.AppID}, {"CustomerName", d.CustomerName}, {"Attachments", d.Attachments}, {"Caption", d.Caption}},
		message: &struct {
			AppID        string `json:"appId"`
			Business     string `json:"waId"`
			Customer     string `json:"customerWhatsappId"`
			CustomerName string `json:"customerUsername"`
			Attachments  string `json:"attachments"`
			Caption      string `json:"caption,omitempty"`
			commonJSON
		}{d.AppID, d.Address.Business, d.Address.Customer, d.CustomerName, d.Attachments, d.Caption, d.json(now)},
	}
}

func (d AppleDetails) content(now time.Time) detailsContent {
	return detailsContent{
		media: media{SocialMedia, MediaApple}, address: d.Address, common: d.CommonDetails, attachments: d.Attachments,
		texts: []textField{
			{"AppID", d.AppID}, {"CustomerName", d.CustomerName}, {"Attachments", d.Attachments}, {"AttachmentURL", d.AttachmentURL},
			{"CapabilityList", d.CapabilityList},
		},
		message: &struct {
			AppID          string `json:"appId"`
			UserID         string `json:"abcUserId"`
			AccountID      string `json:"accountId"`
			CustomerName   string `json:"customerName"`
			Attachments    string `json:"attachments"`
			AttachmentURL  string `json:"attachmentUrl"`
			CapabilityList string `json:"deviceCapabilityList"`
			commonJSON
		}{d.AppID, d.Address.UserID, d.Address.AccountID, d.CustomerName, d.Attachments, d.AttachmentURL, d.CapabilityList, d.json(now)},
	}
}

func (d EmailDetails) content(now time.Time) detailsContent {
	texts := []textField{
		{"AppID", d.AppID}, {"AssetType", d.AssetType}, {"Recipient", d.Recipient}, {"SenderName", d.SenderName},
		{"CustomerName", d.CustomerName}, {"HTML", d.HTML}, {"StrippedText", d.StrippedText}, {"StrippedHTML", d.StrippedHTML},
	}
	for i, address := range d.BCC {
		texts = append(texts, textField{fmt.Sprintf("BCC[%d]", i), address})
	}
	for name, value := range d.Headers {
		texts = append(texts, textField{"Headers", name}, textField{"Headers", value})
	}
	for i, file := range d.Attachments {
		field := fmt.Sprintf("Attachments[%d].", i)
		texts = append(texts, textField{field + "MIMEType", file.MIMEType}, textField{field + "Name", file.Name},
			textField{field + "URL", file.URL}, textField{field + "ContentID", file.ContentID})
	}
	headers := d.Headers
	if headers == nil {
		headers = map[string]string{}
	}
	return detailsContent{
		media: media{EmailMedia, MediaEmail}, address: d.Address, common: d.CommonDetails, texts: texts,
		message: &struct {
			AppID        string              `json:"appId"`
			AssetType    string              `json:"assetType"`
			SenderName   string              `json:"senderName"`
			Recipient    string              `json:"recipient"`
			Mailbox      string              `json:"businessEmailId"`
			From         string              `json:"customerEmailId"`
			CustomerName string              `json:"customerName"`
			To           quoted[[]string]    `json:"toAddresses"`
			CC           quoted[[]string]    `json:"ccRecipients"`
			BCC          quoted[[]string]    `json:"bccRecipients"`
			Subject      string              `json:"subject"`
			InReplyTo    string              `json:"inReplyTo"`
			Headers      map[string]string   `json:"headers"`
			HTML         string              `json:"htmlMessage"`
			StrippedText string              `json:"strippedText"`
			StrippedHTML string              `json:"strippedHtml"`
			Attachments  quoted[[]EmailFile] `json:"attachments"`
			commonJSON
		}{
			d.AppID, d.AssetType, d.SenderName, d.Recipient, d.Address.Mailbox, d.Address.From, d.CustomerName,
			list(d.Address.To), list(d.Address.CC), list(d.BCC), d.Address.Subject, d.Address.InReplyTo,
			headers, d.HTML, d.StrippedText, d.StrippedHTML, list(d.Attachments), d.json(now),
		},
	}
}

func (d LiveChatDetails) content(now time.Time) detailsContent {
	texts := []textField{
		{"Domain", d.Domain}, {"ThreadTitle", d.ThreadTitle}, {"ThreadStatus", d.ThreadStatus}, {"CustomerName", d.CustomerName},
		{"CustomerEmail", d.CustomerEmail}, {"TID", d.TID}, {"Extras", d.Extras}, {"Version", d.Version}, {"ProactiveID", d.ProactiveID},
	}
	for i, file := range d.Attachments {
		field := fmt.Sprintf("Attachments[%d].", i)
		texts = append(texts, textField{field + "URL", file.URL}, textField{field + "MIMEType", file.MIMEType})
	}
	return detailsContent{
		media: media{ChatMedia, MediaWeb}, address: d.Address, common: d.CommonDetails, texts: texts,
		message: &struct {
			AppID         string                 `json:"appId"`
			Domain        string                 `json:"domain"`
			ThreadID      string                 `json:"threadId"`
			ThreadTitle   string                 `json:"threadTitle"`
			ThreadStatus  string                 `json:"threadStatus"`
			UserID        string                 `json:"userId"`
			Count         int                    `json:"attachmentCount"`
			Attachments   quoted[[]LiveChatFile] `json:"attachment"`
			Extras        string                 `json:"extras,omitempty"`
			Version       string                 `json:"version,omitempty"`
			TID           string                 `json:"tid"`
			CustomerName  string                 `json:"customerName"`
			CustomerEmail string                 `json:"customerEmail"`
			ProactiveID   string                 `json:"proactiveRuleId"`
			commonJSON
		}{
			d.Address.AppID, d.Domain, d.Address.ThreadID, d.ThreadTitle, d.ThreadStatus, d.Address.UserID,
			len(d.Attachments), list(d.Attachments), d.Extras, d.Version, d.TID, d.CustomerName, d.CustomerEmail, d.ProactiveID, d.json(now),
		},
	}
}

// commonJSON are the members of the message that all channels have.
type commonJSON struct {
	Message    string    `json:"message"`
	ServiceKey string    `json:"serviceKey,omitempty"`
	Timestamp  time.Time `json:"timestamp"`
}

func (d CommonDetails) json(now time.Time) commonJSON {
	if d.Timestamp.IsZero() {
		d.Timestamp = now
	}
	return commonJSON{d.Text, d.ServiceKey, d.Timestamp.UTC()}
}

// quoted is a list that is written as JSON in a string.
type quoted[T any] struct{ value T }

// list returns a list that is written as JSON in a string. Without elements it is [].
func list[E any](elements []E) quoted[[]E] {
	return quoted[[]E]{append([]E{}, elements...)}
}

// MarshalJSON returns the JSON of the value as a JSON string.
func (q quoted[T]) MarshalJSON() ([]byte, error) {
	inner, err := json.Marshal(q.value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(inner))
}

// blocksJSON is the object that a request contains as a string.
type blocksJSON struct {
	Message  any           `json:"messageDetails"`
	PCI      *pciJSON      `json:"pciDetails,omitempty"`
	Malware  *malwareJSON  `json:"malwareScanDetails,omitempty"`
	Security *securityJSON `json:"securityScanDetails,omitempty"`
}

// pciJSON is a [PCICheck]. That its flag of compliance is a boolean is documented.
type pciJSON struct {
	Compliant          bool   `json:"isPCICompliant"`
	Done               string `json:"isPCIValidationDone"`
	Reason             string `json:"nonPCIComplianceReason"`
	AttachmentsEnabled *bool  `json:"isAttachmentEnabled,omitempty"`
	DroppedAttachments int    `json:"droppedAttachmentCount"`
}

// malwareJSON is a [Scan] for malware. That its flag of compliance is a boolean, as that
// of pciJSON, is assumed.
type malwareJSON struct {
	Compliant          bool   `json:"isMalwareCompliant"`
	Done               string `json:"isMalwareValidationDone"`
	Reason             string `json:"malwareFailedReason"`
	DroppedAttachments int    `json:"droppedAttachmentCount"`
}

// securityJSON is a [Scan] for other threats, like malwareJSON.
type securityJSON struct {
	Compliant          bool   `json:"isSecurityCompliant"`
	Done               string `json:"isSecurityValidationDone"`
	Reason             string `json:"securityFailedReason"`
	DroppedAttachments int    `json:"droppedAttachmentCount"`
}

// blocks returns the object that a request contains as a string.
func (c detailsContent) blocks() *blocksJSON {
	blocks := &blocksJSON{Message: c.message}
	if p := c.common.PCI; p != nil {
		blocks.PCI = &pciJSON{p.Compliant, checked(p.Done), p.Reason, p.AttachmentsEnabled, p.DroppedAttachments}
	}
	if s := c.common.Malware; s != nil {
		blocks.Malware = &malwareJSON{s.Compliant, checked(s.Done), s.Reason, s.DroppedAttachments}
	}
	if s := c.common.Security; s != nil {
		blocks.Security = &securityJSON{s.Compliant, checked(s.Done), s.Reason, s.DroppedAttachments}
	}
	return blocks
}

// checked is how the service writes whether a check was done (documented).
func checked(done bool) string {
	if done {
		return "true"
	}
	return "NA"
}
