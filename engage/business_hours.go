package engage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/engagesdk/engage-go/internal/engine"
	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// BusinessHours reads which slot of a schedule is current. It is a read and is retried.
//
// The call ends on inWorkingHours, onHoliday, inOverride or onNoMatch. For an unknown
// slot it returns the result and an error on onInvalidChoice. All other errors are on the
// standard edges.
func (c *Client) BusinessHours(ctx context.Context, request BusinessHoursRequest, options ...CallOption) (*BusinessHoursResult, error) {
	w := request.wire()
	return read(ctx, c, w, options, func(ctx context.Context, s *settings) (*BusinessHoursResult, error) {
		reply, err := c.do(ctx, w, s)
		if err != nil {
			return nil, err
		}
		schedule := tolerant.MembersOf(reply.Envelope.Value)
		slot := schedule.Text("slot")
		if slot == "" {
			return nil, unusable(w, reply, outcome.OnError, errWrongShape)
		}
		if edgeOfSlot(slot) == outcome.OnInvalidChoice {
			c.log.unknown(ctx, outcome.BusinessHours, "slot", slot)
		}
		return w.result(reply, slot, schedule)
	})
}

// BusinessHoursResult is the result of BusinessHours. Its Outcome says which slot is
// current.
type BusinessHoursResult struct {
	Reply
	// Slot is the current slot in the words of the service.
	Slot string
	// Location is the time zone of the schedule: that of the request, or else that of the
	// reply, or else UTC. It is nil if the reply names an unknown one.
	Location *time.Location
	// Shift, Holiday and Override describe slots of the schedule. Each is nil if the reply
	// does not contain it, or if it cannot be read. A reply may contain no more than the
	// current slot.
	Shift    *Shift
	Holiday  *Holiday
	Override *Override
	// Violations say which parts of the reply cannot be read, because the time zone is
	// unknown, or because a time has an unknown form. The vendor does not publish these
	// forms. Raw returns the parts as they are.
	Violations outcome.Violations
}

// Shift is a part of a day on which the business works. Its times are those that a clock
// on the wall shows, as the time since midnight: 9*time.Hour is 9 o'clock, also on a day
// on which the clocks change.
type Shift struct {
	Name string
	// Start belongs to the shift, and End does not (assumed). A shift whose End is not
	// after its Start ends on the next day.
	Start, End time.Duration
}

// Holiday is a time of whole days in the time zone of the schedule.
type Holiday struct {
	Name string
	// Start and End are the first and the last day in the form 2006-01-02. Both belong
	// to the holiday (assumed).
	Start, End string
}

// Override is an exception to a schedule.
type Override struct {
	Name string
	// Start belongs to the override, and End does not (assumed). A time without offset
	// is in the time zone of the schedule.
	Start, End time.Time
}

// At returns the edge of the slot at time t. It computes it from the result and sends
// nothing. The edge is inOverride, onHoliday or inWorkingHours, of several the first in
// this order (assumed), or else onNoMatch.
//
// At knows no more than the reply, which is not the whole schedule. The reply contains one
// shift and not its days, so At takes the shift to be daily. It may lack other shifts,
// holidays and overrides. So use At until the current slot ends, and then call
// BusinessHours again.
//
// What a clock in the zone shows at t decides. An hour that the clocks repeat belongs to a
// shift both times. A shift in an hour that they skip does not take place.
//
// At returns an error that names each part of the schedule that cannot be read; see
// Violations.
func (r *BusinessHoursResult) At(t time.Time) (outcome.Edge, error) {
	if len(r.Violations) > 0 {
		return "", fmt.Errorf("engage: the schedule cannot be read: %s", r.Violations)
	}
	t = t.In(cmp.Or(r.Location, time.UTC))
	switch {
	case r.Override != nil && !t.Before(r.Override.Start) && t.Before(r.Override.End):
		return outcome.InOverride, nil
	case r.Holiday != nil && r.Holiday.contains(t.Format(time.DateOnly)):
		return outcome.OnHoliday, nil
	case r.Shift != nil && r.Shift.contains(sinceMidnight(t)):
		return outcome.InWorkingHours, nil
	}
	return outcome.OnNoMatch, nil
}

// contains reports whether a day belongs to the holiday.
func (h *Holiday) contains(day string) bool { return h.Start <= day && day <= h.End }

// contains reports whether a time of day belongs to the shift.
func (s *Shift) contains(clock time.Duration) bool {
	if s.End <= s.Start {
		return clock >= s.Start || clock < s.End
	}
	return clock >= s.Start && clock < s.End
}

// sinceMidnight returns the time of day that a clock on the wall shows at t.
func sinceMidnight(t time.Time) time.Duration {
	hour, minute, second := t.Clock()
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(t.Nanosecond())
}

// BusinessHoursRequest is a request of BusinessHours in its only version:
// [BusinessHoursV10].
type BusinessHoursRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *businessHours
}

// BusinessHoursV10 reads which slot of a schedule is current.
type BusinessHoursV10 struct {
	// ScheduleID is the business hour id of the Control Hub. It is required.
	ScheduleID string
	// TimeZone is the time zone of the schedule, such as "Europe/London". The vendor
	// documents none in the reply. If it is empty, it is the timezone of the reply
	// (assumed), or else UTC. Import time/tzdata into a program that runs where there is
	// no database of time zones.
	TimeZone string
}

// Validate implements [BusinessHoursRequest].
func (r BusinessHoursV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r BusinessHoursV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r BusinessHoursV10) wire() *businessHours { return new(businessHours(r)) }

// businessHours implements [wireRequest].
type businessHours BusinessHoursV10

func (*businessHours) name() (outcome.Operation, outcome.Version) {
	return outcome.BusinessHours, outcome.V10
}

func (w *businessHours) ids() pathIDs { return pathIDs{schedule: w.ScheduleID} }

func (w *businessHours) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "ScheduleID", w.ScheduleID)
	if _, err := location(w.TimeZone); err != nil {
		v.Add("TimeZone", "is not the name of a known time zone")
	}
	return v
}

func (*businessHours) body(string) any { return nil }

// result reads a schedule whose current slot is slot.
func (w *businessHours) result(reply engine.Reply, slot string, schedule tolerant.Members) (*BusinessHoursResult, error) {
	r := &BusinessHoursResult{Slot: slot}
	var err error
	if r.Location, err = location(cmp.Or(w.TimeZone, schedule.Text("timezone"))); err != nil {
		r.Violations.Add("Location", "is not a known time zone")
	}
	shift := spanIn(schedule.Nested("workingHourSlot"), "shiftName", "startTime", "endTime")
	if start, end, ok := parseSpan(&r.Violations, "Shift", shift, "is not a time of day", timeOfDay); ok {
		r.Shift = &Shift{shift.name, start, end}
	}
	holiday := spanIn(schedule.Nested("holiday"), "name", "startDate", "endDate")
	if start, end, ok := parseSpan(&r.Violations, "Holiday", holiday, "is not a date", date); ok {
		r.Holiday = &Holiday{holiday.name, start, end}
	}
	if r.Location != nil {
		override := spanIn(schedule.Nested("override"), "name", "startDateTime", "endDateTime")
		in := func(text string) (time.Time, bool) { return dateTime(text, r.Location) }
		if start, end, ok := parseSpan(&r.Violations, "Override", override, "is not a date and time", in); ok {
			r.Override = &Override{override.name, start, end}
		}
	}
	edge := edgeOfSlot(slot)
	r.Reply = replyOf(reply, edge)
	if edge == outcome.OnInvalidChoice {
		return r, unusable(w, reply, edge, fmt.Errorf("the schedule has the unknown slot %.64q", slot))
	}
	return r, nil
}

// edgeOfSlot returns the edge of a slot, which may be in any case and with any
// separators.
func edgeOfSlot(slot string) outcome.Edge {
	switch tolerant.Fold(slot) {
	case "workinghours":
		return outcome.InWorkingHours
	case "holiday":
		return outcome.OnHoliday
	case "override":
		return outcome.InOverride
	case "nomatch":
		return outcome.OnNoMatch
	}
	return outcome.OnInvalidChoice
}

// errUnknownZone is the error of location.
var errUnknownZone = errors.New("unknown time zone")

// location returns the time zone called name, and UTC for an empty name. It refuses
// "Local", which means the zone of this machine and not that of a schedule.
func location(name string) (*time.Location, error) {
	if name == time.Local.String() {
		return nil, errUnknownZone
	}
	return time.LoadLocation(name)
}

// span is a part of a schedule with its times in the words of the service.
type span struct{ name, start, end string }

// spanIn returns the span in object, whose members have these names.
func spanIn(object []byte, name, start, end string) span {
	m := tolerant.MembersOf(object)
	return span{m.Text(name), m.Text(start), m.Text(end)}
}

// parseSpan returns the start and the end of a span. For one that parse cannot read it adds
// a violation of the field. It returns false in that case, and for an empty span.
func parseSpan[T any](v *outcome.Violations, field string, s span, problem string, parse func(string) (T, bool)) (start, end T, ok bool) {
	if s == (span{}) {
		return start, end, false
	}
	start, isStart := parse(s.start)
	if !isStart {
		v.Add(field+".Start", problem)
	}
	end, isEnd := parse(s.end)
	if !isEnd {
		v.Add(field+".End", problem)
	}
	return start, end, isStart && isEnd
}

// date returns text, and reports whether it is a date.
func date(text string) (string, bool) {
	_, ok := parseAny(text, time.UTC, time.DateOnly)
	return text, ok
}

// timeOfDay reads a time of day, as the time since midnight. 24:00 is the end of the day.
func timeOfDay(text string) (time.Duration, bool) {
	if text == "24:00" || text == "24:00:00" {
		return 24 * time.Hour, true
	}
	t, ok := parseAny(text, time.UTC, "15:04", time.TimeOnly, time.Kitchen, "3:04 PM")
	return sinceMidnight(t), ok
}

// dateTime reads a date and time, in zone if it has no offset.
func dateTime(text string, zone *time.Location) (time.Time, bool) {
	t, ok := parseAny(text, zone, time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00",
		"2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04")
	return t.In(zone), ok
}

// parseAny reads a time in the first of layouts that fits.
func parseAny(text string, zone *time.Location, layouts ...string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
