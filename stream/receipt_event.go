package stream

import (
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
)

// ReceiptStatus says what became of a message to a customer. Statuses that
// nobody knows are kept as they came.
type ReceiptStatus string

// The statuses (documented). Those from ReceiptOffered on are of calls.
const (
	ReceiptSubmitted         ReceiptStatus = "Submitted"
	ReceiptDelivered         ReceiptStatus = "Delivered"
	ReceiptRead              ReceiptStatus = "Read"
	ReceiptClicked           ReceiptStatus = "Clicked"
	ReceiptFailed            ReceiptStatus = "Failed"
	ReceiptUndelivered       ReceiptStatus = "Un-Delivered"
	ReceiptBounced           ReceiptStatus = "Bounce"
	ReceiptComplained        ReceiptStatus = "Complaint"
	ReceiptNotVerified       ReceiptStatus = "Not Verified"
	ReceiptOffered           ReceiptStatus = "OFFERED"
	ReceiptAccepted          ReceiptStatus = "ACCEPTED"
	ReceiptAnswered          ReceiptStatus = "ANSWERED"
	ReceiptDropped           ReceiptStatus = "DROPPED"
	ReceiptRejected          ReceiptStatus = "REJECTED"
	ReceiptReleased          ReceiptStatus = "Released"
	ReceiptDisconnected      ReceiptStatus = "DISCONNECTED"
	ReceiptTromboneConnected ReceiptStatus = "TROMBONE_CONNECTED"
	ReceiptTromboneReleased  ReceiptStatus = "TROMBONE_RELEASED"
)

// receiptStatuses finds a status by its folded spelling.
var receiptStatuses = map[string]ReceiptStatus{
	"submitted":         ReceiptSubmitted,
	"submited":          ReceiptSubmitted, // the vendor's misspelling
	"delivered":         ReceiptDelivered,
	"read":              ReceiptRead,
	"clicked":           ReceiptClicked,
	"failed":            ReceiptFailed,
	"undelivered":       ReceiptUndelivered,
	"bounce":            ReceiptBounced,
	"complaint":         ReceiptComplained,
	"notverified":       ReceiptNotVerified,
	"offered":           ReceiptOffered,
	"accepted":          ReceiptAccepted,
	"answered":          ReceiptAnswered,
	"dropped":           ReceiptDropped,
	"rejected":          ReceiptRejected,
	"released":          ReceiptReleased,
	"disconnected":      ReceiptDisconnected,
	"tromboneconnected": ReceiptTromboneConnected,
	"trombonereleased":  ReceiptTromboneReleased,
}

func receiptStatus(name string) ReceiptStatus {
	if known, ok := receiptStatuses[tolerant.Fold(strings.TrimSpace(name))]; ok {
		return known
	}
	return ReceiptStatus(name)
}

// ReceiptEvent tells what became of a message that was sent to a customer.
type ReceiptEvent struct {
	Header
	// Status is what became of the message. Trust it rather than Code, of which
	// the vendor's samples have wrong ones.
	Status ReceiptStatus
	// Code is the vendor's, such as "7500"; Description explains it.
	Code, Description string
	// DestinationType says what Customer is, such as "msisdn". The destination
	// itself is Header.Customer.
	DestinationType string
	// SubID tells the parts of a transaction apart.
	SubID string
	// CorrelationID and CallbackData are what the message was sent with.
	CorrelationID, CallbackData string
}

func receiptEvent(h Header) ReceiptEvent {
	return ReceiptEvent{
		Header:          h,
		Status:          receiptStatus(h.Name),
		Code:            h.Member("code"),
		Description:     h.Member("description"),
		DestinationType: h.Member("destinationType"),
		SubID:           h.Member("subtid"),
		CorrelationID:   h.Member("correlationId", "corelationId"),
		CallbackData:    h.Member("callbackData"),
	}
}
