package engagetest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/stream"
)

// Delivery is an outbound message that a request appended to a conversation. The service
// passes it on to the provider of the channel, for the customer.
type Delivery struct {
	ConversationID string
	// Address is nil if the channel of a seeded conversation is unknown.
	Address channel.Address
	// Message is the message as the server received it. The server delivers it whatever the
	// AttemptGatewayDelivery in its envelope is. The service delivers only messages in which
	// that is true (assumed from its name).
	Message message.Message
}

// OnDelivery sets the function that plays the provider of the channels. The server calls
// it once for each outbound message that a request appends, also if a fault then loses
// the reply. The function can answer for the customer with [Server.Write], and report what
// became of the message with [Delivery.Receipt]. Without a function, or with a nil one, the
// messages are only in their conversations.
//
// The server calls the function for the messages of a request one after the other, and
// before it replies. It calls it later for a write that is applied after its reply; see
// [WithApplyDelay]. It calls it from many goroutines.
func (s *Server) OnDelivery(deliver func(Delivery)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.deliver = deliver
}

// undelivered is an outbound message that has just been appended to a conversation.
type undelivered struct {
	id      string
	address channel.Address
	raw     json.RawMessage
}

// delivery returns the message in the types of the SDK.
func (u undelivered) delivery() Delivery {
	return Delivery{ConversationID: u.id, Address: u.address, Message: decoded(u.raw)}
}

// receiptCodes has the codes of the statuses (documented). Any other status has that of
// an exception of the provider (assumed).
var receiptCodes = map[stream.ReceiptStatus]string{
	"Delivered":    "7500",
	"Submitted":    "7501",
	"Read":         "7502",
	"Bounce":       "7520",
	"Complaint":    "7521",
	"Not Verified": "7522",
	"Clicked":      "7528",
}

// receiptParties has the names of each channel and of its addresses in a receipt
// (documented).
var receiptParties = map[channel.Channel]struct{ channel, destinationType string }{
	sms:      {"SMS", "msisdn"},
	facebook: {"fb", "psid"},
	liveChat: {"rt", "userid"},
	email:    {"email", "emailid"},
	whatsApp: {"whatsapp", "waid"},
	apple:    {"applebusinesschat", "applebusinesschat"},
}

// Receipt returns the stream event that reports what became of the message, for
// [Server.SendEvent] or a stream.Sender. A status such as "Failed" reports a failure.
//
// The event has the members of the vendor's samples (documented). The alias id of the
// message is its transaction id and its correlation id (assumed). Its time is that of
// package time. Receipt returns an error for the channel API, because no document shows a
// receipt of it, and for a delivery without an address.
func (d Delivery) Receipt(status stream.ReceiptStatus) ([]byte, error) {
	if d.Address == nil {
		return nil, errors.New("engagetest: Receipt: the delivery has no address")
	}
	to := d.Address.Members()
	party, ok := receiptParties[to.Channel]
	if !ok {
		return nil, fmt.Errorf("engagetest: Receipt: no document shows a receipt of the channel %q", to.Channel)
	}
	aliasID := message.EnvelopeOf(d.Message).AliasID
	return encode(map[string]any{"deliveryInfoNotification": map[string]any{
		"deliveryInfo": map[string]string{
			"deliveryStatus":  string(status),
			"code":            cmp.Or(receiptCodes[status], "7010"),
			"Description":     string(status),
			"deliveryChannel": party.channel,
			"destination":     to.CustomerAddress,
			"destinationType": party.destinationType,
			"timeStamp":       time.Now().UTC().Format(time.RFC3339Nano),
			"additionalInfo":  "",
		},
		"transid":       aliasID,
		"subtid":        "",
		"correlationid": aliasID,
		"callbackData":  "",
	}}), nil
}
