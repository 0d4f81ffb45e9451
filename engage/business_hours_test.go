package engage_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"testing"
	"time"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/stretchr/testify/require"
)

// berlin is a zone whose clocks change. In 2026 they skip from 2 to 3 o'clock on
// 29 March, and repeat the hour from 2 to 3 o'clock on 25 October.
const berlin = "Europe/Berlin"

// schedule returns the schedule that the client reads from a server with hours.
func schedule(t *testing.T, hours engagetest.BusinessHours) *engage.BusinessHoursResult {
	t.Helper()
	server, client := fake(t)
	hours.ID = "S1"
	server.SeedBusinessHours(hours)
	result, err := client.BusinessHours(t.Context(), engage.BusinessHoursV10{ScheduleID: "S1"})
	require.NoError(t, err)
	return result
}

func TestAScheduleIsReadInItsTimeZone(t *testing.T) {
	result := schedule(t, engagetest.BusinessHours{
		Slot: "working_hours", TimeZone: berlin,
		WorkingHours: engagetest.WorkingHoursSlot{ShiftName: "early", StartTime: "06:30", EndTime: "14:00"},
		Holiday:      engagetest.HolidaySlot{Name: "Christmas", StartDate: "2026-12-25", EndDate: "2026-12-26"},
		Override:     engagetest.OverrideSlot{Name: "party", StartDateTime: "2026-07-01T12:00", EndDateTime: "2026-07-01T16:00"},
	})
	require.Equal(t, outcome.InWorkingHours, result.Outcome)
	require.Equal(t, "working_hours", result.Slot)
	require.Equal(t, berlin, result.Location.String())
	require.Equal(t, &engage.Shift{Name: "early", Start: 6*time.Hour + 30*time.Minute, End: 14 * time.Hour}, result.Shift)
	require.Equal(t, &engage.Holiday{Name: "Christmas", Start: "2026-12-25", End: "2026-12-26"}, result.Holiday)
	require.Equal(t, "party", result.Override.Name)
	require.Equal(t, "2026-07-01T12:00:00+02:00", result.Override.Start.Format(time.RFC3339))
	require.Equal(t, "2026-07-01T16:00:00+02:00", result.Override.End.Format(time.RFC3339))
	require.Empty(t, result.Violations)
}

func TestTheTimeZoneOfAScheduleIsThatOfTheRequestOrElseOfTheReply(t *testing.T) {
	server, client := fake(t)
	for _, c := range []struct{ request, reply, want string }{
		{"", "", "UTC"}, {"", berlin, berlin}, {"Asia/Tokyo", "", "Asia/Tokyo"}, {"Asia/Tokyo", berlin, "Asia/Tokyo"},
	} {
		server.SeedBusinessHours(engagetest.BusinessHours{ID: "S1", Slot: "no_match", TimeZone: c.reply})
		result, err := client.BusinessHours(t.Context(), engage.BusinessHoursV10{ScheduleID: "S1", TimeZone: c.request})
		require.NoError(t, err)
		require.Equal(t, c.want, result.Location.String())
		require.Nil(t, result.Shift)
		require.Nil(t, result.Holiday)
		require.Nil(t, result.Override)
	}
}

func TestAtAnswersFromTheSchedule(t *testing.T) {
	shift := func(start, end string) engagetest.BusinessHours {
		return engagetest.BusinessHours{TimeZone: berlin, WorkingHours: engagetest.WorkingHoursSlot{StartTime: start, EndTime: end}}
	}
	day, night, all := shift("09:00", "17:00"), shift("22:00", "06:00"), shift("00:00", "24:00")
	christmas := day
	christmas.Holiday = engagetest.HolidaySlot{StartDate: "2026-12-25", EndDate: "2026-12-26"}
	opened := christmas
	opened.Override = engagetest.OverrideSlot{StartDateTime: "2026-12-25T10:00:00", EndDateTime: "2026-12-25T12:00:00"}
	absolute := opened
	absolute.Override = engagetest.OverrideSlot{StartDateTime: "2026-12-25T10:00:00Z", EndDateTime: "2026-12-25T12:00:00+0000"}
	const in, holiday, override, none = outcome.InWorkingHours, outcome.OnHoliday, outcome.InOverride, outcome.OnNoMatch
	for _, c := range []struct {
		name  string
		hours engagetest.BusinessHours
		at    string
		want  outcome.Edge
	}{
		{"the start of a shift", day, "2026-06-01T09:00:00+02:00", in},
		{"before a shift", day, "2026-06-01T08:59:59+02:00", none},
		{"the last moment of a shift", day, "2026-06-01T16:59:59.999+02:00", in},
		{"the end of a shift", day, "2026-06-01T17:00:00+02:00", none},
		{"a shift in summer, in UTC", day, "2026-06-01T07:00:00Z", in},
		{"a shift in winter, in UTC", day, "2026-12-01T07:00:00Z", none},
		{"a shift in winter, an hour later", day, "2026-12-01T08:00:00Z", in},
		{"a time far away", day, "2026-06-01T23:30:00-09:00", in},
		{"a shift across midnight, before it", night, "2026-06-01T23:59:59+02:00", in},
		{"a shift across midnight, after it", night, "2026-06-02T00:00:00+02:00", in},
		{"a shift across midnight, its end", night, "2026-06-02T06:00:00+02:00", none},
		{"a shift across midnight, before its start", night, "2026-06-02T21:59:59+02:00", none},
		{"a shift of the whole day", all, "2026-06-01T23:59:59+02:00", in},
		{"a shift that ends when it starts", shift("08:00", "08:00"), "2026-06-01T07:59:00+02:00", in},
		{"a shift with seconds", shift("08:00:30", "09:00"), "2026-06-01T08:00:29+02:00", none},
		{"a shift on a clock of 12 hours", shift("9:00 AM", "5:00PM"), "2026-06-01T16:00:00+02:00", in},
		{"the night in which the clocks go forward", night, "2026-03-29T05:30:00+02:00", in},
		{"the end of that night", night, "2026-03-29T06:00:00+02:00", none},
		{"the night in which the clocks go back", night, "2026-10-25T05:30:00+01:00", in},
		{"the end of that night", night, "2026-10-25T06:00:00+01:00", none},
		{"a shift that starts in the skipped hour", shift("02:30", "04:00"), "2026-03-29T03:00:00+02:00", in},
		{"before the skipped hour", shift("02:30", "04:00"), "2026-03-29T01:59:59+01:00", none},
		{"a shift that ends in the skipped hour", shift("01:00", "02:30"), "2026-03-29T03:00:00+02:00", none},
		{"a shift in the repeated hour, the first time", shift("02:00", "03:00"), "2026-10-25T02:30:00+02:00", in},
		{"a shift in the repeated hour, the second time", shift("02:00", "03:00"), "2026-10-25T02:30:00+01:00", in},
		{"after the repeated hour", shift("02:00", "03:00"), "2026-10-25T03:00:00+01:00", none},
		{"the first moment of a holiday", christmas, "2026-12-25T00:00:00+01:00", holiday},
		{"before a holiday", christmas, "2026-12-24T23:59:59+01:00", none},
		{"a shift on the last day of a holiday", christmas, "2026-12-26T16:00:00+01:00", holiday},
		{"a shift on the day after", christmas, "2026-12-27T16:00:00+01:00", in},
		{"an override on a holiday", opened, "2026-12-25T10:00:00+01:00", override},
		{"the end of an override", opened, "2026-12-25T12:00:00+01:00", holiday},
		{"an override with an offset", absolute, "2026-12-25T12:30:00+01:00", override},
		{"before an override with an offset", absolute, "2026-12-25T10:30:00+01:00", holiday},
		{"nothing in the schedule", engagetest.BusinessHours{}, "2026-12-25T10:30:00+01:00", none},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.hours.Slot = "no_match"
			result := schedule(t, c.hours)
			require.Empty(t, result.Violations)
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			got, err := result.At(at)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAScheduleThatCannotBeReadStillHasItsSlot(t *testing.T) {
	for name, c := range map[string]struct {
		hours  engagetest.BusinessHours
		fields []string
	}{
		"an unknown zone":         {engagetest.BusinessHours{TimeZone: "Mars/Olympus"}, []string{"Location"}},
		"the zone of the machine": {engagetest.BusinessHours{TimeZone: "Local"}, []string{"Location"}},
		"an unknown zone for an override": {engagetest.BusinessHours{
			TimeZone: "../x", Override: engagetest.OverrideSlot{StartDateTime: "2026-07-01T12:00", EndDateTime: "2026-07-01T13:00"},
		}, []string{"Location"}},
		"a shift without times": {engagetest.BusinessHours{
			WorkingHours: engagetest.WorkingHoursSlot{ShiftName: "early"},
		}, []string{"Shift.Start", "Shift.End"}},
		"a shift at 25 o'clock": {engagetest.BusinessHours{
			WorkingHours: engagetest.WorkingHoursSlot{StartTime: "09:00", EndTime: "25:00"},
		}, []string{"Shift.End"}},
		"a holiday on a day that does not exist": {engagetest.BusinessHours{
			Holiday: engagetest.HolidaySlot{StartDate: "2026-02-28", EndDate: "2026-02-30"},
		}, []string{"Holiday.End"}},
		"an override without end": {engagetest.BusinessHours{
			Override: engagetest.OverrideSlot{StartDateTime: "2026-07-01T12:00"},
		}, []string{"Override.End"}},
		"everything": {engagetest.BusinessHours{
			WorkingHours: engagetest.WorkingHoursSlot{StartTime: "nine", EndTime: "five"},
			Holiday:      engagetest.HolidaySlot{StartDate: "today", EndDate: "tomorrow"},
			Override:     engagetest.OverrideSlot{StartDateTime: "now", EndDateTime: "then"},
		}, []string{"Shift.Start", "Shift.End", "Holiday.Start", "Holiday.End", "Override.Start", "Override.End"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.hours.Slot = "holiday"
			result := schedule(t, c.hours)
			require.Equal(t, outcome.OnHoliday, result.Outcome)
			var fields []string
			for _, violation := range result.Violations {
				fields = append(fields, violation.Field)
			}
			require.Equal(t, c.fields, fields)
			require.Nil(t, result.Shift)
			require.Nil(t, result.Holiday)
			require.Nil(t, result.Override)
			edge, err := result.At(time.Now())
			require.Empty(t, edge)
			for _, field := range c.fields {
				require.ErrorContains(t, err, field+" is not a")
			}
		})
	}
}

func TestAnEmptyPartOfAScheduleIsAbsent(t *testing.T) {
	for _, parts := range []string{
		`"workingHourSlot":null,"holiday":null,"override":null`,
		`"workingHourSlot":{},"holiday":"","override":"{}"`,
		`"workingHourSlot":{"shiftName":"","startTime":null,"endTime":""},"holiday":{"name":null},"override":{"startDateTime":""}`,
	} {
		server := newStub(t, reply(http.StatusOK, `{"value":{"slot":"no_match",`+parts+`}}`))
		result, err := server.client(t).BusinessHours(t.Context(), engage.BusinessHoursV10{ScheduleID: "S1"})
		require.NoError(t, err)
		require.Empty(t, result.Violations, parts)
		require.Nil(t, result.Shift)
		require.Nil(t, result.Holiday)
		require.Nil(t, result.Override)
		edge, err := result.At(time.Now())
		require.NoError(t, err)
		require.Equal(t, outcome.OnNoMatch, edge)
	}
}

func TestASlotIsReadInAnySpelling(t *testing.T) {
	for name, want := range map[string]outcome.Edge{
		"working_hours": outcome.InWorkingHours, "WORKING HOURS": outcome.InWorkingHours, "workingHours": outcome.InWorkingHours,
		"Holiday": outcome.OnHoliday, "override": outcome.InOverride, "no-match": outcome.OnNoMatch,
	} {
		got, err := businessHours(engage.BusinessHoursV10{ScheduleID: "S1"})(t.Context(), newStub(t, reply(http.StatusOK, slot(name))).client(t))
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
}

func TestAnUnknownSlotIsAnInvalidChoice(t *testing.T) {
	result, err := newStub(t, reply(http.StatusOK, slot("siesta"))).client(t).
		BusinessHours(t.Context(), engage.BusinessHoursV10{ScheduleID: "S1"})
	require.ErrorIs(t, err, outcome.ErrOnInvalidChoice)
	require.ErrorContains(t, err, "siesta")
	require.Equal(t, "siesta", result.Slot)
	require.Equal(t, outcome.OnInvalidChoice, result.Outcome)
}

func TestAReplyWithoutHoursIsAnError(t *testing.T) {
	for _, body := range []string{
		`{"status":"success"}`, `{"value":{}}`, `{"value":[]}`, `{"value":{"slot":null,"inWorkingHours":"perhaps"}}`, `{"value":"x"}`,
	} {
		client := newStub(t, reply(http.StatusOK, body)).client(t)
		for _, do := range []callFunc{
			businessHours(engage.BusinessHoursV10{ScheduleID: "S1"}), workingHours(engage.FetchTeamWorkingHoursV10{Team: "sales"}),
		} {
			_, err := do(t.Context(), client)
			require.ErrorIs(t, err, outcome.ErrOnError, body)
			require.Zero(t, failureOf(t, err).Effect)
		}
	}
}

func TestTheWorkingHoursOfATeamAreFetched(t *testing.T) {
	server, client := fake(t)
	for _, want := range []bool{true, false} {
		server.SeedTeam(engagetest.Team{Name: "Sales & Service", InWorkingHours: want, OutOfOfficeResponse: "later", TimeZone: "Europe/London"})
		team, err := client.FetchTeamWorkingHours(t.Context(), engage.FetchTeamWorkingHoursV10{Team: "Sales & Service"})
		require.NoError(t, err)
		require.Equal(t, outcome.Success, team.Outcome)
		require.Equal(t, want, team.InWorkingHours)
		require.Equal(t, []string{"later", "Europe/London"}, []string{team.OutOfOfficeResponse, team.TimeZone})
	}
	_, err := client.FetchTeamWorkingHours(t.Context(), engage.FetchTeamWorkingHoursV10{Team: "nobody"})
	require.Equal(t, outcome.Failure, failureOf(t, err).Edge)
	_, err = client.BusinessHours(t.Context(), engage.BusinessHoursV10{ScheduleID: "none"})
	require.Equal(t, outcome.OnError, failureOf(t, err).Edge)
}

func ExampleClient_FetchTeamWorkingHours() {
	server, client, _ := start(engagetest.Active)
	defer server.Close()
	server.SeedTeam(engagetest.Team{Name: "sales", OutOfOfficeResponse: "We are back on Monday."})

	team, err := client.FetchTeamWorkingHours(context.Background(), engage.FetchTeamWorkingHoursV10{Team: "sales"})
	if err != nil {
		log.Fatal(err)
	}
	if !team.InWorkingHours {
		fmt.Println(team.OutOfOfficeResponse)
	}
	// Output: We are back on Monday.
}

func ExampleClient_BusinessHours() {
	server, client, _ := start(engagetest.Active)
	defer server.Close()
	server.SeedBusinessHours(engagetest.BusinessHours{
		ID: "S1", Slot: "working_hours",
		WorkingHours: engagetest.WorkingHoursSlot{ShiftName: "late", StartTime: "14:00", EndTime: "22:00"},
	})

	hours, err := client.BusinessHours(context.Background(), engage.BusinessHoursV10{
		ScheduleID: "S1",
		TimeZone:   "Europe/London",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hours.Outcome, "-", hours.Shift.Name)
	// Later the schedule answers without another call.
	edge, err := hours.At(time.Date(2026, time.June, 1, 22, 30, 0, 0, hours.Location))
	fmt.Println(edge, err)
	// Output:
	// inWorkingHours - late
	// onNoMatch <nil>
}
