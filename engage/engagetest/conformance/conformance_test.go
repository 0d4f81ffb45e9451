package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/auth"
	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/callback"
	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/engagetest/conformance"
	"github.com/engagesdk/engage-go/outcome"
)

var address = channel.SMSAddress{Business: "+15550100", Customer: "+15550199"}

// failures is a test that notes its failures.
type failures struct {
	testing.TB
	texts []string
}

func (f *failures) Errorf(format string, args ...any) {
	f.texts = append(f.texts, fmt.Sprintf(format, args...))
}

// run runs the suite against a target. It returns the failures and the report, in which
// columns are separated by one space.
func run(t *testing.T, target conformance.Target) (texts []string, report string) {
	t.Helper()
	var out strings.Builder
	target.Report = &out
	noted := &failures{TB: t}
	conformance.Run(noted, target)
	for line := range strings.Lines(out.String()) {
		report += strings.Join(strings.Fields(line), " ") + "\n"
	}
	return noted.texts, report
}

// targetOf returns server as a target with all steps.
func targetOf(server *engagetest.Server) conformance.Target {
	server.SeedTeam(engagetest.Team{Name: "returns"})
	server.SeedBusinessHours(engagetest.BusinessHours{ID: "schedule-1", Slot: "no_match"})
	return conformance.Target{
		Endpoint:    engage.Endpoint(server.URL()),
		Source:      server.Credentials(),
		Options:     []engage.Option{engage.WithTransport(server.HTTPClient().Transport)},
		Address:     address,
		Participant: "agent-7",
		Team:        "returns",
		Schedule:    "schedule-1",
		Writes:      true,
	}
}

func TestTheServerOfEngagetestPasses(t *testing.T) {
	server := engagetest.New(t)
	texts, report := run(t, targetOf(server))
	require.Empty(t, texts)
	for _, line := range []string{
		"operation what known this tenant",
		"SearchConversation POST /conversations/search assumed 200, noConversationFound",
		"value.chatExist observed yes",
		"value.status observed yes",
		"CreateConversation POST /conversations assumed 202, onConversationCreated, acknowledged",
		"tid observed yes",
		"RemoveParticipant DELETE /conversations/{conversation}/participants/{participant} assumed 202, onParticipantRemoved, acknowledged",
		"HoldConversation POST /conversations/{conversation}/hold assumed 202, Success, acknowledged",
		"TransferConversation POST /conversations/{conversation}/transfer assumed 202, onConversationTransferred, acknowledged",
		"FetchTeamWorkingHours GET /teams/{team}/working-hours assumed 200, Success",
		"BusinessHours GET /business-hours/{schedule} assumed 200, onNoMatch",
		"a search finds a conversation on hold assumed yes",
		"FetchTranscript GET /conversations/{conversation}/messages assumed 200, success",
		"value.transcriptJsonEsc documented no",
		"behavior the reply to a create contains the conversation's id assumed no",
		"a transcript contains the alias ids of messages assumed yes",
		`a closed conversation is not closed again: code 4547 observed 409, code 4547, onConversationClosed`,
		"a closed conversation refuses a message documented 409, onAppendMessageFailure, refused",
		"No route differs from that of the client, as far as it was tested.",
	} {
		require.Contains(t, report, line+"\n")
	}
	require.Equal(t, 1, strings.Count(report, "not tested\n"), "only a flow resolves conversations")
	for _, private := range []string{"5550", "tenant-secret", "This is a conformance test", "CSR0", "127.0.0.1"} {
		require.NotContains(t, report, private)
	}
	require.Len(t, server.Conversations(), 1)
	require.Equal(t, engagetest.Closed, server.Conversations()[0].Status)
}

func TestByDefaultNothingIsWritten(t *testing.T) {
	server := engagetest.New(t)
	target := targetOf(server)
	target.Writes = false
	texts, report := run(t, target)
	require.Empty(t, texts)
	require.Empty(t, server.Conversations())
	require.Contains(t, report, "CloseConversation POST /conversations/{conversation}/close assumed not tested: set Writes\n")
	require.Contains(t, report, "ResolveConversation POST /conversations/resolve assumed not tested\n")

	server.Seed(engagetest.NewConversation(address))
	texts, report = run(t, target)
	require.Empty(t, texts)
	require.Contains(t, report, "FetchTranscript GET /conversations/{conversation}/messages assumed 200, success\n")
	for _, request := range server.Requests() {
		require.Contains(t, []outcome.Operation{
			engagetest.Token, outcome.SearchConversation, outcome.FetchTranscript, outcome.FetchTeamWorkingHours, outcome.BusinessHours,
		}, request.Operation)
	}
}

func TestTheReportSaysWhatATestNeeds(t *testing.T) {
	target := targetOf(engagetest.New(t))
	target.Participant, target.Team, target.Schedule = "", "", ""
	texts, report := run(t, target)
	require.Empty(t, texts)
	for line, field := range map[string]string{
		"AddParticipant POST /conversations/{conversation}/participants":                    ": set Participant",
		"RemoveParticipant DELETE /conversations/{conversation}/participants/{participant}": ": set Participant",
		"TransferConversation POST /conversations/{conversation}/transfer":                  ": set Team",
		"FetchTeamWorkingHours GET /teams/{team}/working-hours":                             ": set Team",
		"BusinessHours GET /business-hours/{schedule}":                                      ": set Schedule",
		"ResolveConversation POST /conversations/resolve":                                   "",
	} {
		require.Contains(t, report, line+" assumed not tested"+field+"\n")
	}
}

// serveOtherRoutes serves the API of server with other routes, and returns its base URL.
// It closes conversations on another path, and updates them with the method PUT.
func serveOtherRoutes(t *testing.T, server *engagetest.Server) string {
	t.Helper()
	mux := http.NewServeMux()
	api := server.Handler()
	mux.Handle("/", api)
	mux.Handle("/api/v1/conversations/search", api)
	mux.HandleFunc("POST /api/v1/conversations/{id}/close", http.NotFound)
	mux.HandleFunc("PUT /api/v1/chats/{id}/end", func(w http.ResponseWriter, r *http.Request) {
		r.Method, r.URL.Path = http.MethodPost, "/api/v1/conversations/"+r.PathValue("id")+"/close"
		api.ServeHTTP(w, r)
	})
	mux.HandleFunc("/api/v1/conversations/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		r.Method = http.MethodPatch
		api.ServeHTTP(w, r)
	})
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	return front.URL + "/api/v1"
}

func TestOtherRoutesAreFoundAndReported(t *testing.T) {
	server := engagetest.New(t, engagetest.WithRefusalsAllowed())
	target := targetOf(server)
	target.Endpoint = engage.Endpoint(serveOtherRoutes(t, server))
	target.Candidates = map[outcome.Operation][]engage.Route{
		outcome.CloseConversation: {
			{Method: http.MethodPost, Path: "/chats/{conversation}/close"},
			{Method: http.MethodPut, Path: "/chats/{conversation}/end"},
		},
	}
	texts, report := run(t, target)
	require.Empty(t, texts)
	require.Contains(t, report, "CloseConversation POST /conversations/{conversation}/close assumed 404, onError, refused\n")
	require.Contains(t, report, "POST /chats/{conversation}/close candidate 404, onCloseConversationFailure, refused\n")
	require.Contains(t, report, "PUT /chats/{conversation}/end candidate 202, onConversationClosed, acknowledged\n")
	require.Contains(t, report, "UpdateConversation PATCH /conversations/{conversation} assumed 405, onError, refused\n")
	require.True(t, strings.HasSuffix(report, `This tenant has other routes. Add these options to engage.New:

engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "PUT", Path: "/chats/{conversation}/end"}),
engage.WithRoute(outcome.UpdateConversation, engage.Route{Method: "PUT", Path: "/conversations/{conversation}"}),
`), report)

	target.Candidates = nil
	target.Options = []engage.Option{
		engage.WithRoute(outcome.CloseConversation, engage.Route{Method: "PUT", Path: "/chats/{conversation}/end"}),
		engage.WithRoute(outcome.UpdateConversation, engage.Route{Method: "PUT", Path: "/conversations/{conversation}"}),
	}
	texts, report = run(t, target)
	require.Empty(t, texts)
	require.Contains(t, report, "No route differs")
}

func TestNoConnectionIsLeftOpen(t *testing.T) {
	server := engagetest.New(t)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/close") {
			http.NotFound(w, r)
			return
		}
		r.URL.Path = strings.Replace(r.URL.Path, "/end", "/close", 1)
		server.Handler().ServeHTTP(w, r)
	}))
	var open atomic.Int64
	front.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	front.Start()
	t.Cleanup(front.Close)
	target := targetOf(server)
	target.Endpoint = engage.Endpoint(front.URL + "/api/v1")
	target.Source = auth.Static(server.IssueToken())
	target.Options = nil
	target.Candidates = map[outcome.Operation][]engage.Route{
		outcome.CloseConversation: {{Method: http.MethodPost, Path: "/conversations/{conversation}/end"}},
	}
	texts, _ := run(t, target)
	require.Empty(t, texts)
	require.Eventually(t, func() bool { return open.Load() == 0 }, 10*time.Second, time.Millisecond)
}

func TestAnOperationThatWorksByNoRouteFailsTheTest(t *testing.T) {
	server := engagetest.New(t, engagetest.WithRefusalsAllowed())
	target := targetOf(server)
	target.Endpoint = engage.Endpoint(serveOtherRoutes(t, server))
	texts, report := run(t, target)
	require.Equal(t, []string{"conformance: CloseConversation works by none of 1 routes: see Candidates"}, texts)
	require.Contains(t, report, "ReopenConversation POST /conversations/{conversation}/reopen assumed not tested\n")
}

// The bubble makes the suite's patience take no time.
func TestBehaviorThatDiffersIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := engagetest.New(t, engagetest.WithoutNetwork(),
			engagetest.WithAliasIDsReplaced(), engagetest.WithConversationIDs())
		texts, report := run(t, targetOf(server))
		require.Empty(t, texts)
		require.Contains(t, report, "the reply to a create contains the conversation's id assumed yes\n")
		require.Contains(t, report, "a transcript contains the alias ids of messages assumed no\n")
	})
}

func TestATenantThatAppliesWritesLateIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := engagetest.New(t, engagetest.WithoutNetwork())
		server.FailFunc(func(engagetest.Request) engagetest.Fault {
			return engagetest.Fault{ApplyDelay: 5 * time.Second}
		})
		texts, report := run(t, targetOf(server))
		require.Empty(t, texts)
		require.Contains(t, report, "a transcript contains the alias ids of messages assumed yes\n")
		require.Len(t, server.Conversations(), 1)
		require.Equal(t, engagetest.Closed, server.Conversations()[0].Status)
	})
}

func TestOutcomesOfCallbacksAreReported(t *testing.T) {
	callbacks, err := callback.New("https://receiver.example/callbacks")
	require.NoError(t, err)
	server := engagetest.New(t, engagetest.WithoutNetwork(), engagetest.WithCallbackTransport(engagetest.HandlerTransport(callbacks)))
	target := targetOf(server)
	target.Options = append(target.Options, engage.WithCallbacks(callbacks))
	texts, report := run(t, target)
	require.Empty(t, texts)
	require.Contains(t, report, "CreateConversation POST /conversations assumed 202, onConversationCreated, confirmed\n")
}

func TestATenantThatAppliesNoWriteFailsTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := engagetest.New(t, engagetest.WithoutNetwork())
		server.Fail(outcome.CreateConversation, engagetest.Fault{Body: `{"status":"success","TransId":"T-1","Token\u001b":"secret"}`})
		texts, report := run(t, targetOf(server))
		require.Equal(t, []string{"conformance: the conversation was created, and no search found it within 30s"}, texts)
		require.Contains(t, report, "transId observed yes, as TransId\n")
		require.Contains(t, report, `"Token\x1b" unknown yes`+"\n")
		require.NotContains(t, report, "secret")
	})
}

// Another method could reach an operation that writes.
func TestAReadIsNotSentByAnotherMethod(t *testing.T) {
	server := engagetest.New(t)
	server.Fail(outcome.SearchConversation, engagetest.Fault{Status: http.StatusMethodNotAllowed, Times: engagetest.Always})
	texts, report := run(t, targetOf(server))
	require.Equal(t, []string{"conformance: SearchConversation works by none of 1 routes: see Candidates"}, texts)
	require.Contains(t, report, "SearchConversation POST /conversations/search assumed 405, onError, refused\nCreateConversation")
}

func TestAConversationThatIsOpenIsLeftAlone(t *testing.T) {
	server := engagetest.New(t)
	id := server.Seed(engagetest.NewConversation(address))
	texts, _ := run(t, targetOf(server))
	require.Equal(t, []string{"conformance: the address has an open conversation already, so nothing was written"}, texts)
	conversation, _ := server.Conversation(id)
	require.Empty(t, conversation.Messages)
	require.Equal(t, engagetest.Queued, conversation.Status)
}

func TestAWriteThatMayHaveBeenAppliedIsNotSentByAnotherRoute(t *testing.T) {
	server := engagetest.New(t)
	target := targetOf(server)
	target.Options = append(target.Options, engage.WithCallOptions(engage.WithReconciliation(engage.Reconciliation{Off: true})))
	target.Candidates = map[outcome.Operation][]engage.Route{
		outcome.CreateConversation: {{Method: http.MethodPost, Path: "/chats"}},
	}
	server.Fail(outcome.CreateConversation, engagetest.Fault{Applied: true, Connection: engagetest.ConnectionClosed})
	texts, report := run(t, target)
	require.Len(t, texts, 1)
	require.Contains(t, texts[0], "maybe applied")
	require.NotContains(t, report, "/chats")
	require.Len(t, server.Conversations(), 1)
}

func TestAnInvalidTargetFailsTheTest(t *testing.T) {
	server := engagetest.New(t, engagetest.WithRefusalsAllowed())
	for name, test := range map[string]struct {
		change func(*conformance.Target)
		want   string
	}{
		"no address":       {func(target *conformance.Target) { target.Address = nil }, "has no address"},
		"no endpoint":      {func(target *conformance.Target) { target.Endpoint = "" }, "neither a region"},
		"the wrong secret": {func(target *conformance.Target) { target.Source = auth.Static("wrong-token") }, "onAuthorizationFailure"},
		"an invalid candidate": {func(target *conformance.Target) {
			target.Candidates = map[outcome.Operation][]engage.Route{outcome.SearchConversation: {{Method: "SING", Path: "/"}}}
			target.Options = append(target.Options, engage.WithRoute(outcome.SearchConversation, engage.Route{Method: "POST", Path: "/no/such"}))
		}, "Method must be one of"},
	} {
		t.Run(name, func(t *testing.T) {
			target := targetOf(server)
			test.change(&target)
			texts, report := run(t, target)
			require.NotEmpty(t, texts)
			require.Contains(t, texts[0], test.want)
			require.NotContains(t, strings.Join(texts, "")+report, "wrong-token")
			require.Empty(t, server.Conversations())
		})
	}
}

func TestCheckReportsToAProgram(t *testing.T) {
	server := engagetest.New(t, engagetest.WithRefusalsAllowed())
	target := targetOf(server)
	target.Endpoint = engage.Endpoint(serveOtherRoutes(t, server))
	route := engage.Route{Method: http.MethodPut, Path: "/chats/{conversation}/end"}
	target.Candidates = map[outcome.Operation][]engage.Route{outcome.CloseConversation: {route}}
	report, err := conformance.Check(t.Context(), target)
	require.NoError(t, err)
	require.Equal(t, route, report.Routes[outcome.CloseConversation])
	require.Contains(t, report.Rows, conformance.Row{
		Operation: outcome.CloseConversation, What: "PUT /chats/{conversation}/end", Known: "candidate",
		Tenant: "202, onConversationClosed, acknowledged",
	})
	require.Contains(t, report.String(), "This tenant has other routes.")
}

func TestCheckReturnsEveryFailure(t *testing.T) {
	server := engagetest.New(t)
	target := targetOf(server)
	target.Writes = false
	for _, operation := range []outcome.Operation{outcome.FetchTeamWorkingHours, outcome.BusinessHours} {
		server.Fail(operation, engagetest.Fault{Status: http.StatusForbidden})
	}
	report, err := conformance.Check(t.Context(), target)
	require.ErrorContains(t, err, "FetchTeamWorkingHours")
	require.ErrorContains(t, err, "BusinessHours")
	failure, ok := errors.AsType[*outcome.Error](err)
	require.True(t, ok)
	require.Equal(t, http.StatusForbidden, failure.Status)
	require.Contains(t, report.String(), "noConversationFound", "the other operations are tested")

	target.Address = nil
	report, err = conformance.Check(t.Context(), target)
	require.ErrorContains(t, err, "has no address")
	require.Empty(t, report.Rows)
}

func TestCheckEndsWithItsContext(t *testing.T) {
	server := engagetest.New(t)
	ctx, end := context.WithCancel(t.Context())
	end()
	_, err := conformance.Check(ctx, targetOf(server))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, server.Requests())
}
