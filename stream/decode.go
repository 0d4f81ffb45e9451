package stream

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/internal/tolerant"
)

// MaxBatch is how many events one array may hold. The vendor sends one event at a
// time. The limit is this package's own.
const MaxBatch = 1000

// DecodeError says why data is not an event. It never quotes the data.
type DecodeError struct {
	// Problem is what is wrong, such as "is not valid JSON".
	Problem string
}

// Error returns the problem in a phrase.
func (e *DecodeError) Error() string {
	return "stream: the payload " + e.Problem
}

// Decode decodes one event. An event that the package does not know is an
// [UnknownEvent]. Members that are missing or have an unexpected shape leave their
// fields zero. Data that is not one JSON object is a [*DecodeError].
//
// The event keeps data: the caller must not change it afterwards. Lists, and JSON
// within strings, are decoded only when a method returns them.
func Decode(data []byte) (Event, error) {
	header, err := decodeHeader(data)
	if err != nil {
		return nil, err
	}
	return header.event(), nil
}

// DecodeBatch decodes one event, or an array of 1 to [MaxBatch] events. If one of
// them cannot be decoded, it returns a [*DecodeError] and no events.
func DecodeBatch(data []byte) ([]Event, error) {
	headers, err := decodeHeaders(data)
	if err != nil {
		return nil, err
	}
	events := make([]Event, len(headers))
	for i, header := range headers {
		events[i] = header.event()
	}
	return events, nil
}

// usualMembers is how many members a payload usually has at most.
const usualMembers = 24

// jsonText returns data without the space around it and without a byte order mark,
// which a reader of JSON may ignore (RFC 8259, section 8.1).
func jsonText(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
}

// decodeHeader checks the JSON of an event and reads its header. Each family of
// payloads has a member that the others do not have.
func decodeHeader(data []byte) (*Header, error) {
	data = jsonText(data)
	members, ok := make(tolerant.Members, 0, usualMembers).Split(data)
	if !ok {
		return nil, &DecodeError{"is not valid JSON"}
	}
	h := &Header{Raw: data, members: members}
	if h.Raw[0] != '{' {
		return nil, &DecodeError{"is not a JSON object"}
	}
	h.TraceID = cutTraceID(h.members.Text("xWxGtrid"))
	switch {
	case h.members.Nested("deliveryInfoNotification") != nil:
		h.readReceipt()
	case h.members.Find("eventType") != nil:
		h.readChat()
	case h.members.Find("userAction") != nil:
		h.readAudit()
	default:
		h.readInbound()
	}
	h.readTime()
	return h, nil
}

// decodeHeaders decodes the header of one event, or those of an array.
func decodeHeaders(data []byte) ([]*Header, error) {
	data = jsonText(data)
	if len(data) == 0 || data[0] != '[' {
		header, err := decodeHeader(data)
		return []*Header{header}, err
	}
	if !tolerant.Valid(data) {
		return nil, &DecodeError{"is not valid JSON"}
	}
	list, ok := tolerant.AllElements(data, MaxBatch)
	switch {
	case !ok:
		return nil, &DecodeError{fmt.Sprintf("has more than %d events", MaxBatch)}
	case len(list) == 0:
		return nil, &DecodeError{"is an empty array"}
	}
	headers := make([]*Header, len(list))
	for i, element := range list {
		// Cloned, so that an event does not keep the others in memory.
		header, err := decodeHeader(bytes.Clone(element))
		if err != nil {
			return nil, &DecodeError{fmt.Sprintf("has an element %d that is not an object", i)}
		}
		headers[i] = header
	}
	return headers, nil
}

// readTime sets Time to the first time that can be read.
func (h *Header) readTime() {
	for _, name := range []string{"ts", "timestamp", "datetime", "postedOn", "createdOn"} {
		if t, ok := ParseTime(h.members.Text(name)); ok {
			h.Time = t
			return
		}
	}
}

// readInbound reads an event that a customer caused on a channel.
func (h *Header) readInbound() {
	h.Name = h.members.Text("event")
	h.Channel = channelOf(h.members.Text("channel"))
	name := tolerant.Fold(h.Name)
	h.Kind = kindOf(h.members, h.Channel, name)
	h.Customer, h.Business = partiesOf(h.members, h.Channel)
	h.TransactionID = h.members.Text("tid", "transid", "messageId")

	what := string(h.Kind)
	if h.Kind == KindUnknown {
		what = name + " " + tolerant.Fold(h.members.Text("type"))
	}
	parts := []string{"inbound", string(h.Channel), h.Business, what, h.TransactionID}
	if h.Channel == channel.Email {
		// All mailboxes of an email have the same recipients. Without a tid they also
		// have the same id, the sender's.
		parts = append(parts, h.members.Text("appId"))
	}
	h.identify(h.TransactionID, parts...)
	h.order(string(h.Channel), withoutPlus(h.Channel, h.Business), withoutPlus(h.Channel, h.Customer))
}

// readReceipt reads a delivery receipt. Its ids are in the notification or, on one
// channel, in its deliveryInfo (documented).
func (h *Header) readReceipt() {
	notification := h.members.Nested("deliveryInfoNotification")
	h.members = h.members.Append(notification)
	h.members = h.members.Append(tolerant.MembersOf(notification).Nested("deliveryInfo"))
	h.Kind = KindReceipt
	h.Name = h.members.Text("deliveryStatus")
	h.Channel = channelOf(h.members.Text("deliveryChannel", "channel"))
	h.Customer = h.members.Text("destination")
	h.TransactionID = h.members.Text("transid")

	status := receiptStatus(h.Name)
	repeat := ""
	if status == ReceiptRead || status == ReceiptClicked {
		repeat = h.members.Text("timestamp") // each reading is an event of its own
	}
	h.identify(h.TransactionID, "receipt", h.TransactionID, h.members.Text("subtid"), string(status),
		h.members.Text("code"), h.Customer, repeat)
	h.order("receipt", string(h.Channel), withoutPlus(h.Channel, h.Customer))
}

// readChat reads an event that Engage sends to a virtual agent.
func (h *Header) readChat() {
	h.members = h.members.Append(h.members.Nested("payload"))
	h.Name = h.members.Text("eventType")
	h.Kind = KindUnknown
	if kind, ok := chatKinds[strings.ToLower(h.Name)]; ok {
		h.Kind = kind
	}
	h.Channel = channelOf(h.members.Text("channel"))
	h.Customer = h.members.Text("destinationId")
	h.Business = h.members.Text("asset")
	h.TransactionID = h.members.Text("transactionId")

	chat, id := h.members.Text("chatId"), h.TransactionID
	if id == "" && chat != "" {
		id = chat + " " + h.members.Text("postedOn")
	}
	h.identify(id, "chat", strings.ToLower(h.Name), id)
	h.order("chat", chat)
}

// readAudit reads an action of a user of the vendor's console.
func (h *Header) readAudit() {
	h.Kind = KindAudit
	h.Name = h.members.Text("userAction")
	h.TransactionID = h.members.Text("transid", "tid")
	h.identify(h.TransactionID, "audit", h.TransactionID, h.Name, h.members.Text("createdOn"))
	h.order("audit", h.members.Text("userId"))
}

// identify sets ID to the digest of parts, unless the needed part is missing.
func (h *Header) identify(needed string, parts ...string) {
	if needed != "" {
		h.ID = digest(parts...)
	}
}

// order sets Conversation to the digest of parts. If the last part is missing, the
// event shares its conversation with its own duplicates only.
func (h *Header) order(parts ...string) {
	if parts[len(parts)-1] != "" {
		h.Conversation = digest(parts...)
	} else if h.ID != "" {
		h.Conversation = digest(append(parts, h.ID)...)
	}
}

// withoutPlus returns a phone number without a leading plus, and any other party as it
// is. Payloads have both spellings of a number (documented in samples).
func withoutPlus(ch channel.Channel, party string) string {
	switch ch {
	case channel.SMS, channel.WhatsApp, RCS, MMS:
		return strings.TrimPrefix(party, "+")
	}
	return party
}

// digest returns 32 hexadecimal digits that are the same for the same parts. Unlike
// the parts, it is short, fits in every store, and shows no address in a log.
func digest(parts ...string) string {
	var buffer [256]byte
	text := buffer[:0]
	for _, part := range parts {
		text = append(append(text, part...), 0)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// parties names the members that hold the two parties on a channel. The first one
// that is present counts.
type parties struct{ customer, business []string }

// partyNames is the table of parties. An SMS has the customer in oa and the business
// in da (documented in the vendor's template; one of its tables says the reverse).
// That Engage knows a WhatsApp customer without a number by the bsuid is assumed.
var partyNames = map[channel.Channel]parties{
	channel.Apple:    {[]string{"abcUserId"}, []string{"abcAccountId", "appId"}},
	channel.SMS:      {[]string{"oa"}, []string{"da"}},
	channel.WhatsApp: {[]string{"waid", "bsuid", "userId"}, []string{"appId"}},
	channel.Facebook: {[]string{"psid", "userId"}, []string{"appId"}},
	RCS:              {[]string{"msisdn"}, []string{"appId"}},
	MMS:              {[]string{"oa"}, []string{"da"}},
	Instagram:        {[]string{"igsid", "userId"}, []string{"appId"}},
}

// otherParties is the row of all other channels.
var otherParties = parties{[]string{"userId"}, []string{"appId"}}

func partiesOf(m tolerant.Members, ch channel.Channel) (customer, business string) {
	if ch == channel.Email {
		return mailParties(m)
	}
	names, ok := partyNames[ch]
	if !ok {
		names = otherParties
	}
	return m.Text(names.customer...), m.Text(names.business...)
}

// mailParties returns the addresses of the sender and the first recipient. A
// subscription has no recipient but names its mailbox (documented).
func mailParties(m tolerant.Members) (customer, business string) {
	business = cmp.Or(mailbox(m.Text("senderId")), m.Text("appId"))
	if to := slices.Collect(recipients(m)); len(to) > 0 {
		business = to[0]
	}
	return mailbox(m.Text("from")), business
}
