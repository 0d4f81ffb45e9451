package engage

import (
	"context"
	"log/slog"

	"github.com/engagesdk/engage-go/internal/tolerant"
	"github.com/engagesdk/engage-go/outcome"
)

// FetchTeamWorkingHours reads whether a team works at this moment. The vendor offers it
// to standalone tenants only (documented). The call ends on Success, or with an error on
// Failure or a standard edge. It is a read and is retried.
func (c *Client) FetchTeamWorkingHours(ctx context.Context, request FetchTeamWorkingHoursRequest, options ...CallOption) (*FetchTeamWorkingHoursResult, error) {
	w := request.wire()
	return read(ctx, c, w, options, func(ctx context.Context, s *settings) (*FetchTeamWorkingHoursResult, error) {
		reply, err := c.do(ctx, w, s)
		if err != nil {
			return nil, err
		}
		team := tolerant.MembersOf(reply.Envelope.Value)
		works, ok := team.Flag("inWorkingHours")
		if !ok {
			return nil, unusable(w, reply, outcome.OnError, errWrongShape)
		}
		return &FetchTeamWorkingHoursResult{
			Reply:               replyOf(reply, c.target(w).success),
			InWorkingHours:      works,
			OutOfOfficeResponse: team.Text("oooResponse"),
			TimeZone:            team.Text("timezone"),
		}, nil
	})
}

// FetchTeamWorkingHoursResult is the result of FetchTeamWorkingHours.
type FetchTeamWorkingHoursResult struct {
	Reply
	// InWorkingHours reports whether the team works at this moment.
	InWorkingHours bool
	// OutOfOfficeResponse is the text for customers who write outside of the working
	// hours; empty if the reply has none.
	OutOfOfficeResponse string
	// TimeZone is the time zone of the team in the words of the service; empty if the
	// reply has none.
	TimeZone string
}

// FetchTeamWorkingHoursRequest is a request of FetchTeamWorkingHours in its only
// version: [FetchTeamWorkingHoursV10].
type FetchTeamWorkingHoursRequest interface {
	// Validate returns nil, or an [*outcome.Error] with all violations.
	Validate() error
	wire() *fetchTeamWorkingHours
}

// FetchTeamWorkingHoursV10 reads whether a team works at this moment. The vendor names no
// version; 1.0 is assumed.
type FetchTeamWorkingHoursV10 struct {
	// Team is the name of the team. It is required. It stands in the path, so it cannot
	// contain a slash.
	Team string
}

// Validate implements [FetchTeamWorkingHoursRequest].
func (r FetchTeamWorkingHoursV10) Validate() error { return validate(r.wire()) }

// LogValue implements [slog.LogValuer]. It contains operation, version, channel and ids, and
// nothing of the content.
func (r FetchTeamWorkingHoursV10) LogValue() slog.Value { return logValue(r.wire()) }

func (r FetchTeamWorkingHoursV10) wire() *fetchTeamWorkingHours { return new(fetchTeamWorkingHours(r)) }

// fetchTeamWorkingHours implements [wireRequest].
type fetchTeamWorkingHours FetchTeamWorkingHoursV10

func (*fetchTeamWorkingHours) name() (outcome.Operation, outcome.Version) {
	return outcome.FetchTeamWorkingHours, outcome.V10
}

func (w *fetchTeamWorkingHours) ids() pathIDs { return pathIDs{team: w.Team} }

func (w *fetchTeamWorkingHours) validate() outcome.Violations {
	var v outcome.Violations
	validateID(&v, "Team", w.Team)
	return v
}

func (*fetchTeamWorkingHours) body(string) any { return nil }
