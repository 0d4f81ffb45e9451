package engage

import (
	"cmp"
	"context"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// writtenValue is the value of a write's acknowledgement.
type writtenValue struct {
	ConversationID tolerant.String `json:"conversationId"`
	tolerant.IDs
}

// write performs a write and returns its receipt.
func write[F form](ctx context.Context, c *Client, r request[F], options []CallOption) (F, Receipt, error) {
	got, err := perform[*writtenValue](ctx, c, r, options)
	if err != nil {
		return got.form, Receipt{}, err
	}
	return got.form, receiptOf(got), nil
}

// receiptOf returns the receipt of a write, on the operation's success edge.
func receiptOf[F form](got answer[F, *writtenValue]) Receipt {
	value := got.envelope.Value
	if value == nil {
		value = &writtenValue{}
	}
	return Receipt{
		Reply:          got.reply(outcome.Successes(got.form.operation())[0]),
		TransactionID:  cmp.Or(got.envelope.Transaction(), value.Transaction()),
		ConversationID: cmp.Or(string(value.ConversationID), got.form.ids()["conversation"]),
	}
}
