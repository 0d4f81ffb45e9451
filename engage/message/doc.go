// Package message holds the messages a conversation consists of.
//
// A message is a value of one of this package's structs, one struct for each
// content type of the vendor's message schema:
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
// All of them have the same shape:
//
//   - An embedded [Envelope] holds what all messages have in common.
//   - Direction is a field where both directions are possible. A carousel is
//     always outbound and its response inbound, so those have no such field.
//   - A rich type has one field Content, which mirrors the vendor's JSON object
//     part for part: a reader who knows the JSON knows the struct.
//   - A field at its zero value is left out. Where leaving it out means
//     something else than zero or false, it is a pointer; where the vendor
//     always writes it, it is written.
//   - Every struct has a field Additional for the members that this package
//     does not know. They are kept when a message is read and written back.
//
// # What can be sent where
//
// Which message can travel on which channel, in which direction and in which
// version of which operation stands in one table, [SupportTable]. [Check] reads
// it, and so does every request before it is sent. Check also names every field
// that is missing, unusable or above a documented limit, all at once.
//
// # Reading
//
// [Decode] turns JSON into the struct of its type. It reads all variants that
// the vendor documents. A type it does not know becomes an [Unknown], which
// keeps the JSON as it came. What is not a message at all is a [DecodeError]
// that names the member and never quotes what it holds.
//
// # Writing
//
// A message is written by encoding/json, alone or within the request that
// carries it. Where time counts, encode the value that [Wire] returns, or
// [StampedWire] as requests do: that costs what a plain struct of the same shape
// costs.
// Marshalling the message itself gives the same JSON and takes about three times
// as long: encoding/json goes over all that a MarshalJSON method returns, byte by
// byte, which is dearer than the writing. A message with additional members
// anywhere takes that pass in both ways, and about four times as long as a plain
// struct.
//
// # What is known
//
// The schema is documented: types, member names, and the channels and
// directions of each type. It has no list of required members, so this package
// requires only what a message cannot do without. The bodies of Apple's list
// and time picker are assumed, as their types say. What a version of an
// operation accepts is documented for live chat and assumed elsewhere, as the
// table says of each row.
package message
