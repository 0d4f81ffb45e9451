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

// MaxBatch is the most events that [DecodeBatch] takes from one array. The
// vendor sends one event at a time; the limit is this package's own.
const MaxBatch = 1000

// DecodeError says why data is not an event. It never holds what the data says.
type DecodeError struct {
	// Problem is what is wrong, such as "is not valid JSON".
	Problem string
}

// Error returns the problem as one phrase.
func (e *DecodeError) Error() string {
	if e == nil {
		return "stream: the payload cannot be read"
	}
	return "stream: the payload " + e.Problem
}

// Decode reads one event. What the package does not know is an [UnknownEvent];
// members that are missing or have an unexpected shape leave their fields zero.
// Only data that is not one JSON object is an error, of type [*DecodeError].
//
// The event keeps data: the caller must not change it afterwards. JSON within
// strings, and lists, are decoded when a method asks for them.
func Decode(data []byte) (Event, error) {
	header, err := decodeHeader(data)
	if err != nil {
		return nil, err
	}
	return header.event(), nil
}

// DecodeBatch reads one event, or an array of 1 to [MaxBatch] events, in the
// order of the array. It fails as [Decode] does, and as a whole.
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

// usualMembers is about how many members a payload has.
const usualMembers = 32

// decodeHeader reads the header of an event and checks all of its JSON. The member
// that only one family of payloads has tells which one it is.
func decodeHeader(data []byte) (Header, error) {
	members, ok := make(tolerant.Members, 0, usualMembers).Split(data)
	if !ok {
		return Header{}, &DecodeError{"is not valid JSON"}
	}
	h := Header{Raw: bytes.TrimSpace(data), members: members}
	if h.Raw[0] != '{' {
		return Header{}, &DecodeError{"is not a JSON object"}
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

// decodeHeaders reads one header, or those of an array.
func decodeHeaders(data []byte) ([]Header, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '[' {
		header, err := decodeHeader(data)
		return []Header{header}, err
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
	headers := make([]Header, len(list))
	for i, element := range list {
		// A copy, so that an event does not keep the others in memory.
		header, err := decodeHeader(bytes.Clone(element))
		if err != nil {
			return nil, &DecodeError{fmt.Sprintf("has an element %d that is not an object", i)}
		}
		headers[i] = header
	}
	return headers, nil
}

// readTime takes the first time that can be read.
func (h *Header) readTime() {
	for _, name := range []string{"ts", "timestamp", "datetime", "postedOn", "createdOn"} {
		if t, ok := ParseTime(h.members.Text(name)); ok {
			h.Time = t
			return
		}
	}
}

// readInbound reads what a customer does on a channel.
func (h *Header) readInbound() {
	h.Name = h.members.Text("event")
	h.Channel = channelOf(h.members.Text("channel"))
	name := tolerant.Fold(h.Name)
	h.Kind = kindOf(h.members, h.Channel, name)
	h.Customer, h.Business = partiesOf(h.members, h.Channel)
	h.TransactionID = h.members.Text("tid", "transid", "messageId")

	told := string(h.Kind)
	if h.Kind == KindUnknown {
		told = name + " " + tolerant.Fold(h.members.Text("type"))
	}
	parts := []string{"inbound", string(h.Channel), h.Business, told, h.TransactionID}
	if h.Channel == channel.Email {
		// All mailboxes of an email see the same recipients and, without a tid, one
		// id, that of the sender.
		parts = append(parts, h.members.Text("appId"))
	}
	h.identify(h.TransactionID, parts...)
	h.order(string(h.Channel), h.Business, h.Customer)
}

// readReceipt reads what became of a message to a customer. Its ids are in the
// notification, or within the information (documented for one channel).
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
		repeat = h.members.Text("timestamp") // each time it is read is an event
	}
	h.identify(h.TransactionID, "receipt", h.TransactionID, h.members.Text("subtid"), string(status),
		h.members.Text("code"), h.Customer, repeat)
	h.order("receipt", string(h.Channel), h.Customer)
}

// readChat reads what Engage tells a virtual agent.
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

// readAudit reads what a user of the vendor's console did.
func (h *Header) readAudit() {
	h.Kind = KindAudit
	h.Name = h.members.Text("userAction")
	h.TransactionID = h.members.Text("transid", "tid")
	h.identify(h.TransactionID, "audit", h.TransactionID, h.Name, h.members.Text("createdOn"))
	h.order("audit", h.members.Text("userId"))
}

// identify sets the event's id, unless what it stands on is missing.
func (h *Header) identify(needed string, parts ...string) {
	if needed != "" {
		h.ID = digest(parts...)
	}
}

// order sets the event's conversation. An event whose parties are not known
// follows nothing but its own copies.
func (h *Header) order(parts ...string) {
	if parts[len(parts)-1] == "" {
		parts = append(parts, h.ID)
	}
	h.Conversation = digest(parts...)
}

// digest returns 32 hexadecimal digits that are the same for the same parts. A
// digest rather than the parts, so that an id is short, fits in every store and
// shows no address in a log.
func digest(parts ...string) string {
	var buffer [256]byte
	text := buffer[:0]
	for _, part := range parts {
		text = append(append(text, part...), 0)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// parties names the members that hold the two parties on a channel, in the
// order in which they are tried.
type parties struct{ customer, business []string }

// partyNames is the table of parties. That oa is the customer of an SMS and da
// the business is assumed from samples: two documented tables disagree. So is
// that Engage knows a customer of WhatsApp without a number by the bsuid.
var partyNames = map[channel.Channel]parties{
	channel.Apple:    {[]string{"abcUserId"}, []string{"abcAccountId", "appId"}},
	channel.SMS:      {[]string{"oa"}, []string{"da"}},
	channel.WhatsApp: {[]string{"waid", "bsuid", "userId"}, []string{"appId"}},
	channel.Facebook: {[]string{"psid", "userId"}, []string{"appId"}},
	RCS:              {[]string{"msisdn"}, []string{"appId"}},
	MMS:              {[]string{"oa"}, []string{"da"}},
	Instagram:        {[]string{"igsid", "userId"}, []string{"appId"}},
}

// otherParties is the row of the channels that have none.
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

// mailParties returns the sender and the first recipient, without their display
// names. A subscription has no recipient, but the mailbox that it is about
// (documented).
func mailParties(m tolerant.Members) (customer, business string) {
	business = cmp.Or(mailbox(m.Text("senderId")), m.Text("appId"))
	if to := slices.Collect(recipients(m)); len(to) > 0 {
		business = to[0]
	}
	return mailbox(m.Text("from")), business
}
