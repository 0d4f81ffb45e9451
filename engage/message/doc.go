// Package message defines the messages of a conversation.
//
// There is one struct for each content type of the vendor's message schema:
//
//	message.Text{Direction: message.Inbound, Text: "hello"}
//
//	message.TextWithAttachments{
//		Direction:   message.Inbound,
//		Text:        "the receipt",
//		Attachments: []message.Attachment{{MIMEType: "image/png", FileName: "receipt.png", URL: link}},
//		Envelope:    message.Envelope{AliasID: "4f0c…", Timestamp: received},
//	}
//
// All of these structs follow the same rules:
//
//   - The embedded [Envelope] contains what all messages have in common.
//   - The field Direction exists where a type has several directions. A carousel,
//     for example, has no such field, because it is always outbound.
//   - The field Content of a rich type has the structure and the names of the
//     vendor's JSON object.
//   - The JSON leaves out a field that is zero, unless the vendor always writes
//     the member. A field is a pointer where a zero or false in the JSON differs
//     from a missing member.
//   - The field Raw of the envelope contains the JSON of a decoded message if the fields
//     do not contain everything. It is kept when the message is encoded again.
//
// # What can be sent where
//
// The operations AppendMessage and CreateConversation take messages. [SupportTable]
// says which of their versions support which types, in which directions and on which
// channels. [Check] returns all problems of a message at once: whether it is
// unsupported, and each field that is missing, invalid or over a documented limit. The
// client checks each message before it sends it.
//
// # Decoding
//
// [Decode] decodes JSON into the struct of its type. It accepts all variants that
// the vendor documents. A bad value does not make a message unreadable: its field stays
// zero, and Raw keeps the value. A message of an unknown type becomes an [Unknown], which
// keeps the JSON. If the JSON is not a message, Decode returns a [*DecodeError] that
// names the member. The error never quotes the message.
//
// # Encoding
//
// The package encoding/json encodes a message, alone or as a part of a larger value.
// Decoding and encoding a message loses no member and adds none, but for the direction
// that its type implies. The type, the timestamp and the names of members get their
// documented form.
//
// # What is known
//
// The vendor documents the schema: the types, the member names, and most channels and
// directions of each type. The schema does not say which members are required. This
// package requires only those without which a message has no content. It also requires the
// sender of an email, but no content of an inbound one. The content of Apple's list picker
// and time picker is assumed. The versions that support a type are mostly documented for
// live chat and assumed for other channels. The fields ChannelEvidence and Evidence of
// each row of the table say which.
package message
