package engagetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

func sms(status engagetest.Status, participants ...string) engagetest.Conversation {
	return engagetest.Conversation{
		Channel: "sms", BusinessAddress: "+100", CustomerAddress: "+199",
		Status: status, Participants: participants,
	}
}

func TestCreateQueuesAConversation(t *testing.T) {
	s := start(t)
	got := s.post("/conversations", `{`+smsAddress+`,"aliasId":"task","customerName":"Ada","messages":[`+text+`],
		"customFields":[{"scope":"conversation","key":"k","value":"1"},{"scope":"profile","key":"k","value":"2"},{"scope":"profile","key":"k","value":"3"}]}`)
	require.Equal(t, http.StatusAccepted, got.status, got.text)

	all := s.Conversations()
	require.Len(t, all, 1)
	created := all[0]
	require.Equal(t, got.value("conversationId"), created.ID)
	require.Equal(t, engagetest.Queued, created.Status)
	require.EqualValues(t, "sms", created.Channel)
	require.Equal(t, "+100", created.BusinessAddress)
	require.Equal(t, "+199", created.CustomerAddress)
	require.Equal(t, "task", created.AliasID)
	require.Equal(t, "Ada", created.CustomerName)
	require.Equal(t, []engagetest.CustomField{{"conversation", "k", "1"}, {"profile", "k", "3"}}, created.CustomFields)
	require.Len(t, created.Messages, 1)
	require.Equal(t, "hello", created.Messages[0].Text)
	require.JSONEq(t, text, string(created.Messages[0].Raw))
	require.Equal(t, "2026-01-31 12:00:00 +0000 UTC", created.Messages[0].Timestamp.String())
}

func TestCreateKeepsTheMembersOfAChannel(t *testing.T) {
	s := start(t)
	chat := s.post("/conversations", `{"channel":"livechat","bizAddress":"app","customerAddress":"u","threadId":"t",
		"browserFingerprint":"f","domain":"example.com","proactiveId":"p"}`)
	c := s.conversation(chat.value("conversationId").(string))
	require.Equal(t, []string{"t", "f", "example.com", "p"}, []string{c.ThreadID, c.BrowserFingerprint, c.Domain, c.ProactiveID})

	mail := s.post("/conversations", `{"channel":"email","bizAddress":"box@b","customerAddress":"c@c","subject":"s",
		"toRecipients":["box@b"],"ccRecipients":["d@d"],"inReplyTo":"<1@c>"}`)
	c = s.conversation(mail.value("conversationId").(string))
	require.Equal(t, []string{"s", "<1@c>", "box@b", "d@d"}, []string{c.Subject, c.InReplyTo, c.ToRecipients[0], c.CCRecipients[0]})

	apple := s.post("/conversations", `{"channel":"amb","bizAddress":"a","customerAddress":"u","capabilityList":"FORM,LIST"}`)
	c = s.conversation(apple.value("conversationId").(string))
	require.JSONEq(t, `"FORM,LIST"`, string(c.CapabilityList))
}

func TestOneOpenConversationPerAddress(t *testing.T) {
	const livechat = `"channel":"livechat","bizAddress":"app","customerAddress":"u","threadId":`
	const email = `"channel":"email","bizAddress":"box","customerAddress":"c","subject":`
	for name, test := range map[string]struct {
		first, second string
		status        int
	}{
		"same address":            {smsAddress, smsAddress, 409},
		"other customer":          {smsAddress, `"channel":"sms","bizAddress":"+100","customerAddress":"+198"`, 202},
		"other business":          {smsAddress, `"channel":"sms","bizAddress":"+101","customerAddress":"+199"`, 202},
		"other channel":           {smsAddress, `"channel":"whatsapp","bizAddress":"+100","customerAddress":"+199"`, 202},
		"same thread":             {livechat + `"t"`, livechat + `"t"`, 409},
		"other thread":            {livechat + `"t"`, livechat + `"t2"`, 202},
		"same subject":            {email + `"s"`, email + `"s"`, 409},
		"other subject":           {email + `"s"`, email + `"s2"`, 202},
		"an answer to the same":   {email + `"s","inReplyTo":"<1>"`, email + `"s2","inReplyTo":"<1>"`, 409},
		"an answer to another":    {email + `"s","inReplyTo":"<1>"`, email + `"s2","inReplyTo":"<2>"`, 202},
		"same subject, unrelated": {email + `"s","inReplyTo":"<1>"`, email + `"s","inReplyTo":"<2>"`, 409},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			require.Equal(t, http.StatusAccepted, s.post("/conversations", "{"+test.first+"}").status)
			require.Equal(t, test.status, s.post("/conversations", "{"+test.second+"}").status)
			first := "/conversations/" + s.Conversations()[0].ID
			require.Equal(t, http.StatusAccepted, s.post(first+"/close", "").status)
			if test.status == http.StatusConflict {
				require.Equal(t, http.StatusAccepted, s.post("/conversations", "{"+test.second+"}").status, "after the first is closed")
			}
			require.Equal(t, test.status, s.post(first+"/reopen", "").status)
			require.Equal(t, http.StatusAccepted, s.post("/conversations/"+s.Conversations()[1].ID+"/close", "").status)
			if test.status == http.StatusConflict {
				require.Equal(t, http.StatusAccepted, s.post(first+"/reopen", "").status, "after the second is closed")
			}
		})
	}
}

// TestStateRules performs one operation on a conversation in a given state.
func TestStateRules(t *testing.T) {
	message := func(direction string) string {
		return fmt.Sprintf(`{"channel":"sms","messages":[{"direction":%q,"type":"text","text":"x","timestamp":"2026-01-31T12:00:00Z"}]}`, direction)
	}
	const (
		queued, active, held, closed = engagetest.Queued, engagetest.Active, engagetest.OnHold, engagetest.Closed
		anna                         = `{"participant":"anna"}`
	)
	type request struct{ method, path, body string }
	var (
		add       = request{"POST", "/participants", anna}
		remove    = request{"DELETE", "/participants/anna", ""}
		closing   = request{"POST", "/close", "{}"}
		reopen    = request{"POST", "/reopen", "{}"}
		hold      = request{"POST", "/hold", "{}"}
		transfer  = request{"POST", "/transfer", `{"team":"sales","skill":"french"}`}
		update    = request{"PATCH", "", `{"aliasId":"task"}`}
		inbound   = request{"POST", "/messages", message("inbound")}
		outbound  = request{"POST", "/messages", message("outbound")}
		announced = request{"POST", "/messages", message("announcement")}
	)
	for _, test := range []struct {
		name         string
		before       engagetest.Conversation
		do           request
		status       int
		after        engagetest.Status
		participants []string
		user         string
		messages     int
	}{
		{"add to a queued one", sms(queued), add, 202, active, []string{"anna"}, "anna", 0},
		{"add a second", sms(active, "ben"), add, 202, active, []string{"ben", "anna"}, "anna", 0},
		{"add one who is there", sms(active, "anna"), add, 202, active, []string{"anna"}, "", 0},
		{"add to a held one", sms(held), add, 202, active, []string{"anna"}, "anna", 0},
		{"add one who is there to a held one", sms(held, "anna"), add, 202, active, []string{"anna"}, "", 0},
		{"add to a closed one", sms(closed), add, 409, closed, nil, "", 0},
		{"remove the last", sms(active, "anna"), remove, 202, queued, nil, "", 0},
		{"remove one of two", sms(active, "anna", "ben"), remove, 202, active, []string{"ben"}, "ben", 0},
		{"remove one who is not there", sms(active, "ben"), remove, 404, active, []string{"ben"}, "", 0},
		{"remove from a closed one", sms(closed), remove, 409, closed, nil, "", 0},
		{"close a queued one", sms(queued), closing, 202, closed, nil, "", 0},
		{"close an active one", sms(active, "anna"), closing, 202, closed, nil, "", 0},
		{"close a closed one", sms(closed), closing, 409, closed, nil, "", 0},
		{"re-open a closed one", sms(closed), reopen, 202, queued, nil, "", 0},
		{"re-open an active one", sms(active, "anna"), reopen, 409, active, []string{"anna"}, "", 0},
		{"hold an active one", sms(active, "anna"), hold, 202, held, []string{"anna"}, "", 0},
		{"hold a held one", sms(held), hold, 202, held, nil, "", 0},
		{"hold a closed one", sms(closed), hold, 409, closed, nil, "", 0},
		{"transfer an active one", sms(active, "anna"), transfer, 202, queued, nil, "", 0},
		{"transfer a closed one", sms(closed), transfer, 409, closed, nil, "", 0},
		{"update a closed one", sms(closed), update, 202, closed, nil, "", 0},
		{"append inbound", sms(queued), inbound, 202, queued, nil, "", 1},
		{"append outbound", sms(held), outbound, 202, held, nil, "", 1},
		{"append inbound to a closed one", sms(closed), inbound, 409, closed, nil, "", 0},
		{"append outbound to a closed one", sms(closed), outbound, 409, closed, nil, "", 0},
		{"announce in a closed one", sms(closed), announced, 202, closed, nil, "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t)
			id := s.Seed(test.before)
			got := s.send(test.do.method, "/conversations/"+id+test.do.path, test.do.body)
			require.Equal(t, test.status, got.status, got.text)
			after := s.conversation(id)
			require.Equal(t, test.after, after.Status)
			require.ElementsMatch(t, test.participants, after.Participants)
			require.Equal(t, test.user, after.UserID)
			require.Len(t, after.Messages, test.messages)
		})
	}
}

func TestClosingAClosedConversationHasItsCode(t *testing.T) {
	s := start(t)
	id := s.Seed(sms(engagetest.Closed))
	require.Equal(t, "4547", s.post("/conversations/"+id+"/close", "").body["code"])
}

func TestSearchFollowsAConversationThroughItsStates(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.post("/conversations", "{"+smsAddress+"}").value("conversationId").(string)
	search := func() answer { return s.post("/conversations/search", "{"+smsAddress+"}") }

	require.Equal(t, "queued", search().value("status"))
	require.Nil(t, search().value("userId"))

	s.post(path+"/participants", `{"participant":"anna"}`)
	require.Equal(t, "active", search().value("status"))
	require.Equal(t, "anna", search().value("userId"))

	s.post(path+"/hold", "")
	require.Equal(t, "onhold", search().value("status"))

	s.post(path+"/close", "")
	require.Equal(t, "closed", search().value("status"))
	require.Equal(t, "anna", search().value("userId"), "the last agent")

	s.post(path+"/reopen", "")
	require.Equal(t, "queued", search().value("status"))
	require.Nil(t, search().value("userId"))
}

func TestUpdateSetsAliasAndFields(t *testing.T) {
	s := start(t)
	id := s.Seed(sms(engagetest.Queued))
	s.send(http.MethodPatch, "/conversations/"+id, `{"customFields":[{"scope":"profile","key":"k","value":"v"}]}`)
	s.send(http.MethodPatch, "/conversations/"+id, `{"aliasId":"task"}`)
	after := s.conversation(id)
	require.Equal(t, "task", after.AliasID)
	require.Equal(t, []engagetest.CustomField{{"profile", "k", "v"}}, after.CustomFields)
}

// Which of the two clears a value at the service is not known, so both do here.
func TestUpdateClearsWithNullOrAnEmptyText(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	client, err := s.Client()
	require.NoError(t, err)
	for _, clearing := range []engage.Clearing{engage.ClearWithNull, engage.ClearWithEmpty} {
		seeded := sms(engagetest.Queued)
		seeded.AliasID, seeded.CustomFields = "task", []engagetest.CustomField{{"profile", "k", "v"}}
		id := s.Seed(seeded)
		_, err := client.UpdateConversation(t.Context(), engage.UpdateConversationV10{
			ConversationID: id, ClearAliasID: clearing,
			CustomFields: []engage.CustomField{{Scope: "profile", Key: "k", Null: clearing == engage.ClearWithNull}},
		})
		require.NoError(t, err)
		require.Empty(t, s.conversation(id).AliasID)
		require.Equal(t, []engagetest.CustomField{{"profile", "k", ""}}, s.conversation(id).CustomFields)
	}
}

func TestTransferNamesTheQueue(t *testing.T) {
	s := start(t)
	id := s.Seed(sms(engagetest.Active, "anna"))
	s.post("/conversations/"+id+"/transfer", `{"team":"sales","skill":"french"}`)
	after := s.conversation(id)
	require.Equal(t, "sales", after.TeamID)
	require.Equal(t, "french", after.Skill)
}

func TestRepeatedAliasID(t *testing.T) {
	for name, test := range map[string]struct {
		options  []engagetest.Option
		messages int
	}{
		"is appended again":          {nil, 2},
		"is ignored with the option": {[]engagetest.Option{engagetest.WithRepeatsIgnored()}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.options...)
			id := s.Seed(sms(engagetest.Queued))
			for range 2 {
				require.Equal(t, http.StatusAccepted, s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+text+`]}`).status)
			}
			require.Len(t, s.conversation(id).Messages, test.messages)
		})
		t.Run(name+", within one request", func(t *testing.T) {
			s := start(t, test.options...)
			created := s.post("/conversations", `{`+smsAddress+`,"messages":[`+text+`,`+text+`]}`)
			require.Len(t, s.conversation(created.value("conversationId").(string)).Messages, test.messages)
		})
	}
}

func TestAppendRefusesAllMessagesIfOneIsInvalid(t *testing.T) {
	s := start(t)
	id := s.Seed(sms(engagetest.Queued))
	got := s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+text+`,{"direction":"inbound","type":"text"}]}`)
	require.Equal(t, http.StatusBadRequest, got.status)
	require.Contains(t, got.body["description"], "messages[1].text is missing")
	require.Contains(t, got.body["description"], "messages[1].timestamp is missing")
	require.Empty(t, s.conversation(id).Messages)
}

func TestAppendKeepsAppleCapabilities(t *testing.T) {
	s := start(t)
	id := s.Seed(engagetest.Conversation{Channel: "amb"})
	s.post("/conversations/"+id+"/messages", `{"channel":"amb","extras":{"capabilityList":"FORM"},"messages":[`+text+`]}`)
	require.JSONEq(t, `{"capabilityList":"FORM"}`, string(s.conversation(id).CapabilityList))
}

func TestTranscriptIsRead(t *testing.T) {
	s := start(t)
	conversation := sms(engagetest.Queued)
	for i := range 12 {
		conversation.Messages = append(conversation.Messages, engagetest.Message{
			AliasID: fmt.Sprint(i), Direction: "inbound", Type: "text", Text: fmt.Sprint("text ", i),
		})
	}
	path := "/conversations/" + s.Seed(conversation) + "/messages"
	for name, test := range map[string]struct {
		query string
		first string
		count int
	}{
		"ten by default": {"", "0", 10},
		"from an offset": {"?offset=10", "10", 2},
		"up to a limit":  {"?offset=3&limit=4", "3", 4},
		"past the end":   {"?offset=99&limit=500", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.send(http.MethodGet, path+test.query, "")
			require.Equal(t, http.StatusOK, got.status)
			require.EqualValues(t, 12, got.value("countOfRecords"))
			messages := got.value("messages").([]any)
			require.Len(t, messages, test.count)
			if test.count > 0 {
				require.Equal(t, test.first, messages[0].(map[string]any)["aliasId"])
			}
		})
	}
	for _, query := range []string{
		"?limit=0", "?limit=501", "?offset=-1", "?offset=x", "?offset=", "?limit=99999999999999999999",
		"?ofset=1", "?offset=1&offset=2", "?offset=1&x=%zz",
	} {
		require.Equal(t, http.StatusBadRequest, s.send(http.MethodGet, path+query, "").status, query)
	}
	require.Equal(t, http.StatusNotFound, s.send(http.MethodGet, "/conversations/none/messages", "").status)
}

func TestTranscriptPagesCanBeShort(t *testing.T) {
	s := start(t, engagetest.WithTranscriptPages(2))
	conversation := sms(engagetest.Queued)
	conversation.Messages = make([]engagetest.Message, 5)
	path := "/conversations/" + s.Seed(conversation) + "/messages"
	for query, count := range map[string]int{"": 2, "?limit=500": 2, "?limit=1": 1, "?offset=4&limit=500": 1} {
		got := s.send(http.MethodGet, path+query, "")
		require.EqualValues(t, 5, got.value("countOfRecords"))
		require.Len(t, got.value("messages"), count, query)
	}
}

func TestTranscriptsCanDifferFromWhatWasSent(t *testing.T) {
	const padded = `{"aliasId":"a1","direction":"inbound","type":"text","text":" hello\n","timestamp":"2026-01-31T12:00:00Z"}`
	for name, test := range map[string]struct {
		options       []engagetest.Option
		aliasID, text string
	}{
		"as sent":       {nil, "a1", " hello\n"},
		"own alias ids": {[]engagetest.Option{engagetest.WithAliasIDsReplaced()}, "CSR0000000000001-1", " hello\n"},
		"trimmed text":  {[]engagetest.Option{engagetest.WithTextTrimmed()}, "a1", "hello"},
		"both":          {[]engagetest.Option{engagetest.WithAliasIDsReplaced(), engagetest.WithTextTrimmed()}, "CSR0000000000001-1", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, test.options...)
			id := s.Seed(sms(engagetest.Queued))
			require.Equal(t, http.StatusAccepted, s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+padded+`]}`).status)
			got := s.send(http.MethodGet, "/conversations/"+id+"/messages", "").value("messages").([]any)[0].(map[string]any)
			require.Equal(t, test.aliasID, got["aliasId"])
			require.Equal(t, test.text, got["text"])
			require.Equal(t, "inbound", got["direction"])
			kept := s.conversation(id).Messages[0]
			require.Equal(t, []string{"a1", " hello\n"}, []string{kept.AliasID, kept.Text})
		})
	}
}

func TestTranscriptsKeepMessagesThatAreNotObjects(t *testing.T) {
	s := start(t, engagetest.WithAliasIDsReplaced(), engagetest.WithTextTrimmed())
	id := s.Seed(engagetest.Conversation{Messages: []engagetest.Message{
		{Raw: json.RawMessage(`null`)}, {Raw: json.RawMessage(`"x"`)}, {Raw: json.RawMessage(`{"text":1}`)},
	}})
	got := s.send(http.MethodGet, "/conversations/"+id+"/messages", "").value("messages")
	require.Equal(t, []any{nil, "x", map[string]any{"text": 1.0, "aliasId": id + "-3"}}, got)
}

func TestSeedCompletesAConversation(t *testing.T) {
	s := start(t)
	queued := s.conversation(s.Seed(engagetest.Conversation{}))
	require.Equal(t, "CSR0000000000001", queued.ID)
	require.Equal(t, engagetest.Queued, queued.Status)
	require.False(t, queued.CreatedAt.IsZero())
	require.Equal(t, engagetest.Active, s.conversation(s.Seed(sms("", "anna"))).Status)
	require.Equal(t, engagetest.Status("snoozed"), s.conversation(s.Seed(sms("snoozed"))).Status)
}

func TestSeedEncodesMessagesWithoutRaw(t *testing.T) {
	s := start(t)
	id := s.Seed(engagetest.Conversation{Messages: []engagetest.Message{
		{Type: "attachments", Direction: "outbound", Redacted: new(false), AttemptGatewayDelivery: new(true),
			Attachments: []engagetest.Attachment{{MIMEType: "image/png", FileName: "a.png", URL: "https://x/a"}}},
		{Type: "email", Attachments: []engagetest.Attachment{{URL: "https://x/b"}}},
		{Raw: json.RawMessage(`{"own":1}`)},
		{Raw: json.RawMessage(`{"broken`)},
	}})
	messages := s.conversation(id).Messages
	require.JSONEq(t, `{"type":"attachments","direction":"outbound","redacted":false,"attemptGwDelivery":true,
		"attachments":[{"mimeType":"image/png","fileName":"a.png","fileUrl":"https://x/a","dropped":false}]}`, string(messages[0].Raw))
	require.Contains(t, string(messages[1].Raw), `"url":"https://x/b"`)
	require.JSONEq(t, `{"own":1}`, string(messages[2].Raw))
	require.Equal(t, http.StatusOK, s.send(http.MethodGet, "/conversations/"+id+"/messages", "").status)
	require.JSONEq(t, `"{\"broken"`, string(messages[3].Raw))
}

func TestSeedReplacesTheSameID(t *testing.T) {
	s := start(t)
	s.Seed(engagetest.Conversation{ID: "CSR0000000000001", Channel: "livechat", BusinessAddress: "app", ThreadID: "t"})
	s.Seed(engagetest.Conversation{ID: "CSR0000000000001", Channel: "sms"})
	require.Len(t, s.Conversations(), 1)
	require.Equal(t, "CSR0000000000002", s.Seed(engagetest.Conversation{}), "an id that is not used")
	got := s.post("/conversations/search", `{"channel":"livechat","bizAddress":"app","threadId":"t"}`)
	require.Equal(t, false, got.value("chatExist"))
}

func TestUpdateLosesNoConcurrentAppend(t *testing.T) {
	s := start(t)
	const each = 50
	id := s.Seed(sms(engagetest.Queued))
	var writers sync.WaitGroup
	writers.Go(func() {
		for range each {
			s.post("/conversations/"+id+"/messages", `{"channel":"sms","messages":[`+text+`]}`)
		}
	})
	writers.Go(func() {
		for range each {
			s.Update(id, func(c *engagetest.Conversation) {
				c.Messages = append(c.Messages, engagetest.Message{Type: "text", Direction: "outbound", Text: "mine"})
			})
		}
	})
	writers.Wait()
	require.Len(t, s.conversation(id).Messages, 2*each)
}

func TestUpdateChangesWhatASearchFinds(t *testing.T) {
	s := start(t)
	id := s.Seed(sms(engagetest.Queued))
	var kept *engagetest.Conversation
	require.True(t, s.Update(id, func(c *engagetest.Conversation) {
		c.ID, c.CustomerAddress, c.Status = "other", "+198", ""
		c.Participants = []string{"anna"}
		c.Messages = []engagetest.Message{{Text: "x"}}
		kept = c
	}))
	kept.Participants[0] = "changed"
	got := s.conversation(id)
	require.Equal(t, engagetest.Active, got.Status)
	require.Equal(t, []string{"anna"}, got.Participants)
	require.Contains(t, string(got.Messages[0].Raw), `"x"`)
	require.Equal(t, false, s.post("/conversations/search", `{`+smsAddress+`}`).value("chatExist"))
	require.Equal(t, id, s.post("/conversations/search", `{"channel":"sms","bizAddress":"+100","customerAddress":"+198"}`).value("conversationId"))
	require.False(t, s.Update("none", func(*engagetest.Conversation) { t.Error("called") }))
}

func TestInspectedConversationsAreCopies(t *testing.T) {
	s := start(t)
	seeded := sms(engagetest.Active, "anna")
	seeded.Messages = []engagetest.Message{{Text: "one", Raw: json.RawMessage(`{}`), Redacted: new(true)}}
	id := s.Seed(seeded)
	seeded.Participants[0] = "changed"
	seeded.Messages[0].Raw[0] = 'x'

	got := s.conversation(id)
	got.Participants[0] = "changed"
	got.Messages[0].Text = "changed"
	*got.Messages[0].Redacted = false
	s.Conversations()[0].Messages[0].Raw[0] = 'x'

	again := s.conversation(id)
	require.Equal(t, []string{"anna"}, again.Participants)
	require.Equal(t, "one", again.Messages[0].Text)
	require.True(t, *again.Messages[0].Redacted)
	require.JSONEq(t, `{}`, string(again.Messages[0].Raw))
	_, ok := s.Conversation("none")
	require.False(t, ok)
}

func TestHours(t *testing.T) {
	s := start(t)
	s.SeedTeam(engagetest.Team{Name: "sales", InWorkingHours: true, OutOfOfficeResponse: "later", TimeZone: "Europe/London"})
	got := s.send(http.MethodGet, "/teams/sales/working-hours", "")
	require.Equal(t, http.StatusOK, got.status)
	require.Equal(t, []any{true, "later", "Europe/London"}, []any{got.value("inWorkingHours"), got.value("oooResponse"), got.value("timezone")})
	require.Equal(t, http.StatusNotFound, s.send(http.MethodGet, "/teams/none/working-hours", "").status)

	s.SeedBusinessHours(engagetest.BusinessHours{ID: "h", Slot: "holiday", Holiday: engagetest.HolidaySlot{Name: "New Year"}})
	got = s.send(http.MethodGet, "/business-hours/h", "")
	require.Equal(t, "holiday", got.value("slot"))
	require.Equal(t, "New Year", got.value("holiday").(map[string]any)["name"])
	require.Nil(t, got.value("override"))
	require.Equal(t, http.StatusNotFound, s.send(http.MethodGet, "/business-hours/none", "").status)
}
