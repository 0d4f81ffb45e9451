package message

import (
	"time"

	"github.com/engagesdk/engage-go/outcome"
)

// AppleTimeLayout is the layout of an Apple time slot's start, for
// time.Time.Format and time.Parse. It has a zone and no seconds. It is
// documented in responses, and assumed to be the same in what they answer.
const AppleTimeLayout = "2006-01-02T15:04-0700"

// AppleTimePicker asks the customer to choose an appointment. It is outbound;
// the customer answers with an [AppleTimePickerResponse].
type AppleTimePicker struct {
	Content AppleTimePickerContent `json:"ambTimePicker,omitzero" check:"required"`
	Envelope
}

// AppleTimePickerContent is the body of an [AppleTimePicker] (assumed).
type AppleTimePickerContent = AppleInteractive[AppleTimePickerData]

// AppleTimePickerData is the event to make an appointment for.
type AppleTimePickerData struct {
	// Version is that of Apple's format, such as "1.0".
	Version           string     `json:"version,omitempty"`
	RequestIdentifier string     `json:"requestIdentifier,omitempty"`
	Event             AppleEvent `json:"event,omitzero" check:"required"`
	Additional        Members    `json:"-"`
}

// AppleEvent is an event and the times it can take place.
type AppleEvent struct {
	Identifier string `json:"identifier,omitempty"`
	Title      string `json:"title,omitempty"`
	// TimezoneOffset is the offset of the event's zone from UTC in minutes
	// (Apple's unit); nil leaves it out.
	TimezoneOffset *int          `json:"timezoneOffset,omitempty"`
	Location       AppleLocation `json:"location,omitzero"`
	// Timeslots holds 1 to 10 slots (documented).
	Timeslots  []AppleTimeslot `json:"timeslots,omitempty" check:"required,max=10"`
	Additional Members         `json:"-"`
}

// AppleLocation is where an event takes place. Nil numbers are left out.
type AppleLocation struct {
	Title string `json:"title,omitempty"`
	// Latitude and Longitude are in degrees.
	Latitude  *float64 `json:"latitude,omitempty"`
	Longitude *float64 `json:"longitude,omitempty"`
	// Radius is in metres (Apple's unit).
	Radius     *float64 `json:"radius,omitempty"`
	Additional Members  `json:"-"`
}

// AppleTimeslot is a time to choose.
type AppleTimeslot struct {
	// Identifier comes back in the response. Required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// StartTime is when the slot starts, in [AppleTimeLayout]. Required.
	StartTime string `json:"startTime,omitempty" check:"required"`
	// Duration is in seconds.
	Duration   int     `json:"duration"`
	Additional Members `json:"-"`
}

func (s AppleTimeslot) rules(v *outcome.Violations) {
	if isBlank(s.StartTime) {
		return // which its tag says
	}
	// time.Parse takes 9:00 for 09:00.
	if start, err := time.Parse(AppleTimeLayout, s.StartTime); err != nil || start.Format(AppleTimeLayout) != s.StartTime {
		v.Add("StartTime", "is not a time such as 2026-01-31T12:00+0000, to the minute and with its zone")
	}
}

// Type returns [TypeAppleTimePicker].
func (AppleTimePicker) Type() Type { return TypeAppleTimePicker }

// MarshalJSON encodes the message in its wire form.
func (m AppleTimePicker) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleTimePicker) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleTimePicker) direction() Direction    { return Outbound }
func (m AppleTimePicker) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleTimePicker) wire(h header) any {
	type content AppleTimePicker
	return struct {
		header
		content
	}{h, content(m)}
}

// AppleTimePickerResponse is the time that the customer chose from an
// [AppleTimePicker]. It is inbound.
type AppleTimePickerResponse struct {
	Content AppleTimePickerResponseContent `json:"ambTimePickerResponse,omitzero" check:"required"`
	Envelope
}

// AppleTimePickerResponseContent is the choice and the bubble that shows it.
type AppleTimePickerResponseContent struct {
	ReplyMessage AppleBubble     `json:"replyMessage,omitzero"`
	DatePicker   AppleDatePicker `json:"datePicker,omitzero"`
	Additional   Members         `json:"-"`
}

// AppleDatePicker is the event with the chosen times.
type AppleDatePicker struct {
	Identifier string `json:"identifier,omitempty"`
	Title      string `json:"title,omitempty"`
	// TimezoneOffset is in minutes. It is a string in responses (documented); a
	// number is read too. Nil leaves it out.
	TimezoneOffset *int                    `json:"timezoneOffset,omitempty,string"`
	Location       AppleLocation           `json:"location,omitzero"`
	Timeslots      []AppleSelectedTimeslot `json:"timeslots,omitempty"`
	Additional     Members                 `json:"-"`
}

// AppleSelectedTimeslot is a time slot as a response has it.
type AppleSelectedTimeslot struct {
	Identifier string `json:"identifier,omitempty"`
	// StartTime is in [AppleTimeLayout].
	StartTime string `json:"startTime,omitempty"`
	// Duration is in seconds. It is a string in responses (documented); a
	// number is read too.
	Duration   int     `json:"duration,string"`
	Additional Members `json:"-"`
}

// Type returns [TypeAppleTimePickerResponse].
func (AppleTimePickerResponse) Type() Type { return TypeAppleTimePickerResponse }

// MarshalJSON encodes the message in its wire form.
func (m AppleTimePickerResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleTimePickerResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleTimePickerResponse) direction() Direction    { return Inbound }
func (m AppleTimePickerResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleTimePickerResponse) wire(h header) any {
	type content AppleTimePickerResponse
	return struct {
		header
		content
	}{h, content(m)}
}
