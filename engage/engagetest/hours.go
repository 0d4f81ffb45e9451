package engagetest

import (
	"cmp"
	"net/http"

	"github.com/engagesdk/engage-go/outcome"
)

// Team is a team and its working hours.
type Team struct {
	// Name identifies the team in requests.
	Name           string
	InWorkingHours bool
	// OutOfOfficeResponse is the text for customers who write outside working hours.
	OutOfOfficeResponse string
	// TimeZone is a name such as "Europe/London".
	TimeZone string
}

// BusinessHours is a schedule and the slot that is current in it. The server does
// not compute the slot from its clock.
type BusinessHours struct {
	// ID identifies the schedule in requests.
	ID string
	// Slot is "working_hours", "holiday", "override" or "no_match".
	Slot string
	// TimeZone is a name such as "Europe/London". The vendor documents none in the reply,
	// and an empty one is left out.
	TimeZone string
	// WorkingHours, Holiday and Override describe the slots of the same names. The
	// reply leaves out those that are zero.
	WorkingHours WorkingHoursSlot
	Holiday      HolidaySlot
	Override     OverrideSlot
}

// WorkingHoursSlot is a shift. The reply has the times exactly as they are here.
type WorkingHoursSlot struct {
	ShiftName string `json:"shiftName"`
	StartTime string `json:"startTime"`
	EndTime   string `json:"endTime"`
}

// HolidaySlot is a holiday. The reply has the dates exactly as they are here.
type HolidaySlot struct {
	Name      string `json:"name"`
	StartDate string `json:"startDate"`
	EndDate   string `json:"endDate"`
}

// OverrideSlot is an exception to a schedule. The reply has the times exactly as
// they are here.
type OverrideSlot struct {
	Name          string `json:"name"`
	StartDateTime string `json:"startDateTime"`
	EndDateTime   string `json:"endDateTime"`
}

// SeedTeam adds a team to the server, or replaces the team of the same name.
func (s *Server) SeedTeam(team Team) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.teams[team.Name] = team
}

// SeedBusinessHours adds a schedule to the server, or replaces the schedule with the
// same id.
func (s *Server) SeedBusinessHours(hours BusinessHours) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.businessHours[hours.ID] = hours
}

// teamHours is the value of the reply about a team.
type teamHours struct {
	InWorkingHours      bool   `json:"inWorkingHours"`
	OutOfOfficeResponse string `json:"oooResponse"`
	TimeZone            string `json:"timezone"`
}

func fetchTeamWorkingHours(c *call) action {
	return func(s *state) result {
		team, ok := s.teams[c.parameters["team"]]
		if !ok {
			return unknown("no such team")
		}
		return result{
			status:      http.StatusOK,
			description: "working hours",
			value:       teamHours{team.InWorkingHours, team.OutOfOfficeResponse, team.TimeZone},
		}
	}
}

// scheduleHours is the value of the reply about a schedule.
type scheduleHours struct {
	Slot         string           `json:"slot"`
	TimeZone     string           `json:"timezone,omitempty"`
	WorkingHours WorkingHoursSlot `json:"workingHourSlot,omitzero"`
	Holiday      HolidaySlot      `json:"holiday,omitzero"`
	Override     OverrideSlot     `json:"override,omitzero"`
}

// slotEdges has the outcome edge of each slot.
var slotEdges = map[string]outcome.Edge{
	"working_hours": "inWorkingHours",
	"holiday":       "onHoliday",
	"override":      "inOverride",
	"no_match":      "onNoMatch",
}

func businessHours(c *call) action {
	return func(s *state) result {
		hours, ok := s.businessHours[c.parameters["id"]]
		if !ok {
			return unknown("no such schedule")
		}
		return result{
			status:      http.StatusOK,
			description: "business hours",
			edge:        cmp.Or(slotEdges[hours.Slot], "onInvalidChoice"),
			value:       scheduleHours{hours.Slot, hours.TimeZone, hours.WorkingHours, hours.Holiday, hours.Override},
		}
	}
}
