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
//   - The field Additional contains the JSON members that this package does not
//     know. They are kept when a message is decoded and encoded again.
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
// the vendor documents. A message of an unknown type becomes an [Unknown], which
// keeps the JSON. If the JSON is not a message, Decode returns a [*DecodeError] that
// names the member. The error never quotes the message.
//
// # Encoding
//
// The package encoding/json encodes a message, alone or as a part of a larger value. It
// checks and copies the JSON that a MarshalJSON method returns, which takes longer than
// the method itself. The values that [Wire] and [StampedWire] return avoid this. They
// are encoded about three times as fast, which is as fast as a plain struct. They save
// nothing if the message has additional members.
//
// # What is known
//
// The vendor documents the schema: the types, the member names, and the channels and
// directions of each type. The schema does not say which members are required. This
// package requires only those without which a message has no content. The content of
// Apple's list picker and time picker is assumed. The versions that support a type are
// mostly documented for live chat and assumed for other channels. The field Evidence of
// each row of the table says which.
package message
