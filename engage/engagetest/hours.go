package engagetest

import "net/http"

// Team is what the server tells of a team's working hours.
type Team struct {
	// Name is what requests name the team by.
	Name           string
	InWorkingHours bool
	// OutOfOfficeResponse is the text for customers who write out of hours.
	OutOfOfficeResponse string
	// TimeZone is a name such as "Europe/London".
	TimeZone string
}

// BusinessHours is what the server tells of a schedule. It does not reckon with
// its clock: it answers the slot it was given.
type BusinessHours struct {
	// ID is what requests name the schedule by.
	ID string
	// Slot is "working_hours", "holiday", "override" or "no_match".
	Slot string
	// WorkingHours, Holiday and Override belong to the slots of their names;
	// those that are zero are left out.
	WorkingHours WorkingHoursSlot
	Holiday      HolidaySlot
	Override     OverrideSlot
}

// WorkingHoursSlot is a shift. Times are written as they are given.
type WorkingHoursSlot struct {
	ShiftName string `json:"shiftName"`
	StartTime string `json:"startTime"`
	EndTime   string `json:"endTime"`
}

// HolidaySlot is a holiday. Dates are written as they are given.
type HolidaySlot struct {
	Name      string `json:"name"`
	StartDate string `json:"startDate"`
	EndDate   string `json:"endDate"`
}

// OverrideSlot is an exception from a schedule. Times are written as they are
// given.
type OverrideSlot struct {
	Name          string `json:"name"`
	StartDateTime string `json:"startDateTime"`
	EndDateTime   string `json:"endDateTime"`
}

// SeedTeam puts a team into the server, replacing one of the same name.
func (s *Server) SeedTeam(team Team) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.teams[team.Name] = team
}

// SeedBusinessHours puts a schedule into the server, replacing one of the same
// id.
func (s *Server) SeedBusinessHours(hours BusinessHours) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.businessHours[hours.ID] = hours
}

// teamHours is the answer for a team.
type teamHours struct {
	InWorkingHours      bool   `json:"inWorkingHours"`
	OutOfOfficeResponse string `json:"oooResponse"`
	TimeZone            string `json:"timezone"`
}

func fetchTeamWorkingHours(s *state, c *call) result {
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
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

// scheduleHours is the answer for a schedule.
type scheduleHours struct {
	Slot         string           `json:"slot"`
	WorkingHours WorkingHoursSlot `json:"workingHourSlot,omitzero"`
	Holiday      HolidaySlot      `json:"holiday,omitzero"`
	Override     OverrideSlot     `json:"override,omitzero"`
}

func businessHours(s *state, c *call) result {
	if refusal := c.body.refusal(); refusal != nil {
		return *refusal
	}
	hours, ok := s.businessHours[c.parameters["id"]]
	if !ok {
		return unknown("no such schedule")
	}
	return result{
		status:      http.StatusOK,
		description: "business hours",
		value:       scheduleHours{hours.Slot, hours.WorkingHours, hours.Holiday, hours.Override},
	}
}
