package stream

import (
	"strings"

	"github.com/engagesdk/engage-go/internal/tolerant"
)

// ReceiptStatus is what became of a message to a customer. An unknown status is kept as it
// came.
type ReceiptStatus string

// The statuses (documented). Those from ReceiptOffered on are statuses of calls.
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

// receiptStatuses holds the statuses by their folded spelling.
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

// ReceiptEvent is a delivery receipt: what became of a message to a customer.
type ReceiptEvent struct {
	Header
	// Status is what became of the message. Rely on it and not on Code, which is
	// wrong in some of the vendor's samples.
	Status ReceiptStatus
	// Code is the vendor's code, such as "7500". Description explains it.
	Code, Description string
	// DestinationType says what kind of address Header.Customer is, such as
	// "msisdn".
	DestinationType string
	// SubID identifies a part of the transaction.
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
