package engagetest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/engagetest"
)

// lively returns a server with some of everything that a snapshot keeps.
func lively(t *testing.T) *session {
	t.Helper()
	s := start(t, engagetest.WithoutNetwork())
	s.SeedTeam(engagetest.Team{Name: "sales", InWorkingHours: true, TimeZone: "Europe/London"})
	s.SeedBusinessHours(engagetest.BusinessHours{ID: "shop", Slot: "holiday", Holiday: engagetest.HolidaySlot{Name: "May Day"}})
	s.Seed(engagetest.Conversation{
		ID: "full", Channel: "amb", Status: engagetest.Active, BusinessAddress: "b", CustomerAddress: "c", AliasID: "a",
		CapabilityList: []byte(`["QUICK"]`), Participants: []string{"anna"}, UserID: "anna",
		CustomFields: []engagetest.CustomField{{Scope: "profile", Key: "k", Value: "v"}},
		Messages: []engagetest.Message{{
			AliasID: "m", Direction: "inbound", Type: "attachments", Timestamp: time.Date(2026, 1, 31, 12, 0, 0, 5, time.UTC),
			Attachments: []engagetest.Attachment{{MIMEType: "a/b", FileName: "f", URL: "https://x"}}, Redacted: new(true),
		}},
	})
	s.post("/conversations", `{`+smsAddress+`,"messages":[`+text+`]}`)
	s.post("/conversations/resolve", messageBody("email", "email",
		`{"customerEmailId":"c","businessEmailId":"b","subject":"s","message":"<hi>","headers":{"Message-ID":"<1>"}}`))
	return s
}

func TestARestoredServerHasTheStateOfTheSnapshot(t *testing.T) {
	one := lively(t)
	saved, err := one.Snapshot()
	require.NoError(t, err)
	other := start(t, engagetest.WithoutNetwork())
	other.Seed(engagetest.Conversation{ID: "gone"})
	require.NoError(t, other.Restore(saved))

	require.Len(t, one.Conversations(), 3)
	require.Equal(t, one.Conversations(), other.Conversations())
	again, err := other.Snapshot()
	require.NoError(t, err)
	require.Equal(t, string(saved), string(again))

	for _, s := range []*session{one, other} {
		answered := s.post("/conversations/search",
			`{"channel":"email","bizAddress":"b","customerAddress":"other","subject":"Re","inReplyTo":"<1>"}`)
		require.Equal(t, one.Conversations()[2].ID, answered.value("conversationId"), "an email is found by its headers")
		created := s.post("/conversations", `{"channel":"sms","bizAddress":"+100","customerAddress":"+200"}`)
		require.Equal(t, "CSR0000000000003", created.value("conversationId"), "ids go on from the last")
		require.Equal(t, 200, s.send("GET", "/teams/sales/working-hours", "").status)
		require.Equal(t, "holiday", s.send("GET", "/business-hours/shop", "").value("slot"))
	}
	resolve := messageBody("email", "email", `{"customerEmailId":"c","businessEmailId":"b","subject":"s","message":"again"}`)
	require.Equal(t, one.post("/conversations/resolve", resolve).body["taskId"], other.post("/conversations/resolve", resolve).body["taskId"])
}

func TestASnapshotIsACopy(t *testing.T) {
	s := lively(t)
	before := s.Conversations()
	saved, err := s.Snapshot()
	require.NoError(t, err)
	s.post("/conversations/full/close", "")
	require.NoError(t, s.Restore(saved))
	require.Equal(t, before, s.Conversations())
}

func TestRestoreReportsChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, engagetest.WithoutNetwork())
		s.Seed(engagetest.Conversation{ID: "a"})
		saved, err := s.Snapshot()
		require.NoError(t, err)
		s.Seed(engagetest.Conversation{ID: "b"})
		lists, ended := watching(t.Context(), s)
		require.NoError(t, s.Restore(saved))
		synctest.Wait()
		require.Equal(t, [][]string{{"a", "b"}, {"a", "b"}}, *lists)
		s.Close()
		<-ended
	})
}

func TestADamagedSnapshotIsNotRestored(t *testing.T) {
	s := lively(t)
	saved, err := s.Snapshot()
	require.NoError(t, err)
	before := s.Conversations()
	change := func(from, to string) string {
		require.Contains(t, string(saved), from)
		return strings.Replace(string(saved), from, to, 1)
	}
	for name, c := range map[string]struct{ data, problem string }{
		"empty":             {"", "engagetest: Restore: the data is not a snapshot: unexpected end of JSON input"},
		"cut":               {string(saved[:len(saved)/2]), "the data is not a snapshot: unexpected end of JSON input"},
		"other JSON":        {`{"conversations":[]}`, "engagetest: Restore: the data is not a snapshot"},
		"newer":             {change(`"engagetest":2`, `"engagetest":3`), "the snapshot has version 3, and this package reads version 2"},
		"an unknown member": {change(`"ids":`, `"identifiers":`), `the snapshot is damaged: json: unknown field "identifiers"`},
		"another kind":      {change(`"AliasID":"a"`, `"AliasID":7`), "the snapshot is damaged: json: cannot unmarshal number"},
		"no id":             {change(`"ID":"full"`, `"ID":""`), "the id of conversation 1 is empty or occurs twice"},
		"an id twice":       {change(`"ID":"full"`, `"ID":"CSR0000000000001"`), "the id of conversation 2 is empty or occurs twice"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, s.Restore([]byte(c.data)), c.problem)
			require.Equal(t, before, s.Conversations())
		})
	}
}

func TestATimeWithoutJSONIsAnError(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	s.Seed(engagetest.Conversation{CreatedAt: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)})
	_, err := s.Snapshot()
	require.ErrorContains(t, err, "engagetest: Snapshot: ")
}
