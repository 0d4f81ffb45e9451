package message

import (
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// AppleTimePicker is an event with time slots from which the customer chooses. It is
// outbound. The customer answers with an [AppleTimePickerResponse].
type AppleTimePicker struct {
	Content AppleTimePickerContent `json:"ambTimePicker,omitzero" check:"required"`
	Envelope
}

// AppleTimePickerContent is the content of an [AppleTimePicker] (assumed).
type AppleTimePickerContent = AppleInteractive[AppleTimePickerData]

// AppleTimePickerData is the data of a time picker.
type AppleTimePickerData struct {
	// Version is the version of Apple's format. If it is empty, the JSON has "1.0", as in
	// the vendor's samples of the Apple channel.
	Version string `json:"version,omitempty" default:"1.0"`
	// RequestIdentifier identifies the question. If it is empty, the JSON has the alias
	// id of the message, because Apple requires a unique id.
	RequestIdentifier string     `json:"requestIdentifier,omitempty" default:"aliasId"`
	Event             AppleEvent `json:"event,omitzero" check:"required"`
}

// AppleEvent is an event with its time slots.
type AppleEvent struct {
	Identifier string `json:"identifier,omitempty"`
	Title      string `json:"title,omitempty"`
	// TimezoneOffset is the offset from UTC in minutes (Apple's unit). The JSON leaves
	// it out if it is nil.
	TimezoneOffset *int          `json:"timezoneOffset,omitempty"`
	Location       AppleLocation `json:"location,omitzero"`
	// Timeslots must have 1 to 10 slots (documented).
	Timeslots []AppleTimeslot `json:"timeslots,omitempty" check:"required,max=10"`
}

// AppleLocation is the location of an event. The JSON leaves out numbers that are nil.
type AppleLocation struct {
	Title string `json:"title,omitempty"`
	// Latitude and Longitude are in degrees.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	// Radius is in metres (Apple's unit).
	Radius *float64 `json:"radius,omitempty"`
}

// AppleTimeslot is a time slot that the customer can choose.
type AppleTimeslot struct {
	// Identifier is the id of the slot, which the response contains. It is required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// StartTime is the start of the slot. It is required. It must be a whole minute, and so
	// must the offset of its zone. The JSON has it in its own zone, as in
	// 2026-01-31T12:00+0000 (documented for responses, assumed here).
	StartTime time.Time `json:"startTime,omitzero" layout:"2006-01-02T15:04-0700" check:"required"`
	// Duration is the length of the slot in whole seconds.
	Duration time.Duration `json:"duration"`
}

func (s AppleTimeslot) rules(v *outcome.Violations) {
	if s.StartTime.Second() != 0 || s.StartTime.Nanosecond() != 0 {
		v.Add("StartTime", "must be a whole minute")
	}
	if _, offset := s.StartTime.Zone(); offset%60 != 0 {
		v.Add("StartTime", "must be in a zone whose offset from UTC is in whole minutes")
	}
}

// Type returns [TypeAppleTimePicker].
func (AppleTimePicker) Type() Type { return TypeAppleTimePicker }

// MarshalJSON returns the JSON of the message.
func (m AppleTimePicker) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleTimePicker) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleTimePicker) direction() Direction    { return Outbound }
func (m AppleTimePicker) with(e Envelope) Message { m.Envelope = e; return m }

// AppleTimePickerResponse is the time slot that the customer chose from an
// [AppleTimePicker]. It is inbound.
type AppleTimePickerResponse struct {
	Content AppleTimePickerResponseContent `json:"ambTimePickerResponse,omitzero" check:"required"`
	Envelope
}

// AppleTimePickerResponseContent is the choice with the bubble that shows it.
type AppleTimePickerResponseContent struct {
	ReplyMessage AppleBubble     `json:"replyMessage,omitzero"`
	DatePicker   AppleDatePicker `json:"datePicker,omitzero"`
}

// AppleDatePicker is the event with the time slots that the customer chose.
type AppleDatePicker struct {
	Identifier string `json:"identifier,omitempty"`
	Title      string `json:"title,omitempty"`
	// TimezoneOffset is the offset from UTC in minutes. The JSON has it in a string
	// (documented), and leaves it out if it is nil. [Decode] accepts a number too.
	TimezoneOffset *int                    `json:"timezoneOffset,omitempty,string"`
	Location       AppleLocation           `json:"location,omitzero"`
	Timeslots      []AppleSelectedTimeslot `json:"timeslots,omitempty"`
}

// AppleSelectedTimeslot is a time slot in a response.
type AppleSelectedTimeslot struct {
	Identifier string `json:"identifier,omitempty"`
	// StartTime is the start of the slot. It is zero if the JSON has a time without a zone.
	StartTime time.Time `json:"startTime,omitzero" layout:"2006-01-02T15:04-0700"`
	// Duration is the length of the slot. The JSON has its seconds in a string
	// (documented). [Decode] accepts a number too.
	Duration time.Duration `json:"duration,string"`
}

// Type returns [TypeAppleTimePickerResponse].
func (AppleTimePickerResponse) Type() Type { return TypeAppleTimePickerResponse }

// MarshalJSON returns the JSON of the message.
func (m AppleTimePickerResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleTimePickerResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleTimePickerResponse) direction() Direction    { return Inbound }
func (m AppleTimePickerResponse) with(e Envelope) Message { m.Envelope = e; return m }
