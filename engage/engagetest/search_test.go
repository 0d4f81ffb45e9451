package engagetest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// seeded returns a conversation on each channel.
func seeded() []engagetest.Conversation {
	var all []engagetest.Conversation
	for _, ch := range []channel.Channel{"sms", "facebook", "whatsapp", "amb", "api"} {
		all = append(all, engagetest.Conversation{ID: string(ch), Channel: ch, BusinessAddress: "b", CustomerAddress: "c"})
	}
	return append(all,
		engagetest.Conversation{
			ID: "chat", Channel: "livechat", BusinessAddress: "b", CustomerAddress: "c", ThreadID: "t", BrowserFingerprint: "f",
		},
		engagetest.Conversation{
			ID: "mail", Channel: "email", BusinessAddress: "b", CustomerAddress: "c", Subject: "s", InReplyTo: "<0>",
			Messages: []engagetest.Message{{
				Type: "email", Raw: []byte(`{"type":"email","email":{"headers":{"message-id":"<1>"}}}`),
			}},
		},
	)
}

func TestSearchByTheAddressesOfEachChannel(t *testing.T) {
	s := start(t)
	for _, conversation := range seeded() {
		s.Seed(conversation)
	}
	const found, none, malformed, unusable = "found", "none", "malformed", "unusable"
	for name, test := range map[string]struct {
		request string
		id      string
		want    string
	}{
		"sms":               {`{"channel":"sms","bizAddress":"b","customerAddress":"c"}`, "sms", found},
		"facebook":          {`{"channel":"facebook","bizAddress":"b","customerAddress":"c"}`, "facebook", found},
		"whatsapp":          {`{"channel":"whatsapp","bizAddress":"b","customerAddress":"c"}`, "whatsapp", found},
		"amb":               {`{"channel":"amb","bizAddress":"b","customerAddress":"c"}`, "amb", found},
		"api":               {`{"channel":"api","bizAddress":"b","customerAddress":"c"}`, "api", found},
		"other customer":    {`{"channel":"api","bizAddress":"b","customerAddress":"d"}`, "", none},
		"addresses swapped": {`{"channel":"api","bizAddress":"c","customerAddress":"b"}`, "", none},
		"no customer":       {`{"channel":"api","bizAddress":"b"}`, "", malformed},
		"no business":       {`{"channel":"api","customerAddress":"c"}`, "", malformed},
		"no channel":        {`{"bizAddress":"b","customerAddress":"c"}`, "", malformed},
		"unknown channel":   {`{"channel":"fax","bizAddress":"b","customerAddress":"c"}`, "", unusable},
		"other case":        {`{"channel":"SMS","bizAddress":"b","customerAddress":"c"}`, "", unusable},
		"misspelt member":   {`{"channel":"sms","bizaddress":"b","customerAddress":"c"}`, "", malformed},
		"number":            {`{"channel":"sms","bizAddress":100,"customerAddress":"c"}`, "", malformed},
		"null":              {`{"channel":"sms","bizAddress":null,"customerAddress":"c"}`, "", malformed},
		"blank customer":    {`{"channel":"sms","bizAddress":"b","customerAddress":" "}`, "", unusable},
		"blank":             {`{"channel":"sms","bizAddress":" ","customerAddress":"c"}`, "", unusable},
		"a chat's thread":   {`{"channel":"sms","bizAddress":"b","customerAddress":"c","threadId":"t"}`, "", malformed},

		"chat by thread":             {`{"channel":"livechat","bizAddress":"b","threadId":"t"}`, "chat", found},
		"chat by thread and user":    {`{"channel":"livechat","bizAddress":"b","customerAddress":"c","threadId":"t"}`, "chat", found},
		"chat of another user":       {`{"channel":"livechat","bizAddress":"b","customerAddress":"d","threadId":"t"}`, "", none},
		"chat in another thread":     {`{"channel":"livechat","bizAddress":"b","customerAddress":"c","threadId":"t2"}`, "", none},
		"chat by user and browser":   {`{"channel":"livechat","bizAddress":"b","customerAddress":"c","browserFingerprint":"f"}`, "chat", found},
		"chat from another browser":  {`{"channel":"livechat","bizAddress":"b","customerAddress":"c","browserFingerprint":"g"}`, "", none},
		"chat by user alone":         {`{"channel":"livechat","bizAddress":"b","customerAddress":"c"}`, "", malformed},
		"chat by browser alone":      {`{"channel":"livechat","bizAddress":"b","browserFingerprint":"f"}`, "", malformed},
		"mail by subject":            {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s"}`, "mail", found},
		"mail of another subject":    {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s2"}`, "", none},
		"mail by its Message-ID":     {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s2","inReplyTo":"<1>"}`, "mail", found},
		"mail by its own reference":  {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s2","inReplyTo":"<0>"}`, "mail", found},
		"mail by neither":            {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s2","inReplyTo":"<2>"}`, "", none},
		"mail without a subject":     {`{"channel":"email","bizAddress":"b","customerAddress":"c","inReplyTo":"<0>"}`, "", malformed},
		"mail with recipients":       {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s","toRecipients":["b"],"ccRecipients":["d"]}`, "mail", found},
		"mail with a blank one":      {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s","toRecipients":[""]}`, "", unusable},
		"mail with them in a string": {`{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s","toRecipients":"b"}`, "", malformed},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.post("/conversations/search", test.request)
			switch test.want {
			case malformed:
				require.Equal(t, http.StatusBadRequest, got.status, got.text)
			case unusable:
				require.Equal(t, http.StatusUnprocessableEntity, got.status, got.text)
			default:
				require.Equal(t, http.StatusOK, got.status, got.text)
				require.Equal(t, test.want == found, got.value("chatExist"))
				if test.want == found {
					require.Equal(t, test.id, got.value("conversationId"))
				} else {
					require.Nil(t, got.value("conversationId"))
				}
			}
		})
	}
}

func TestCreateNeedsACompleteAddress(t *testing.T) {
	s := start(t)
	for request, problem := range map[string]string{
		`{"channel":"sms","bizAddress":"b"}`:                                                "customerAddress is missing",
		`{"channel":"livechat","bizAddress":"b","customerAddress":"c"}`:                     "threadId is missing",
		`{"channel":"livechat","bizAddress":"b","threadId":"t"}`:                            "customerAddress is missing",
		`{"channel":"email","bizAddress":"b","customerAddress":"c","inReplyTo":"<1>"}`:      "subject is missing",
		`{"channel":"sms","bizAddress":"b","customerAddress":"c","domain":"example.com"}`:   "domain is not known",
		`{"channel":"sms","bizAddress":"b","customerAddress":"c","capabilityList":"LIST"}`:  "capabilityList is not known",
		`{"channel":"sms","bizAddress":"b","customerAddress":"c","messages":["hello"]}`:     "messages[0] is not an object",
		`{"channel":"sms","bizAddress":"b","customerAddress":"c","customFields":{"k":"v"}}`: "customFields is not a list",
	} {
		got := s.post("/conversations", request)
		require.Equal(t, http.StatusBadRequest, got.status, request)
		require.Contains(t, got.body["description"], problem)
		require.Empty(t, s.Conversations())
	}
}

func TestSearchReportsEveryProblem(t *testing.T) {
	got := start(t).post("/conversations/search", `{"channel":"fax","customerAddress":1}`)
	require.Equal(t, http.StatusBadRequest, got.status)
	for _, problem := range []string{"channel is unknown", "customerAddress is not a string", "bizAddress is missing"} {
		require.Contains(t, got.body["description"], problem)
	}
}

func TestSearchRepliesWithAllMembers(t *testing.T) {
	s := start(t)
	conversation := sms("snoozed", "anna")
	conversation.AliasID, conversation.TeamID, conversation.UserID = "task", "team", "anna"
	id := s.Seed(conversation)
	got := s.post("/conversations/search", `{`+smsAddress+`}`)
	require.Equal(t, map[string]any{
		"conversationId": id, "aliasId": "task", "chatExist": true, "status": "snoozed", "teamId": "team", "userId": "anna",
	}, got.body["value"])
}

func TestSearchPrefersOpenConversationsThenTheNewest(t *testing.T) {
	s := start(t)
	search := func() any {
		return s.post("/conversations/search", `{`+smsAddress+`}`).value("conversationId")
	}
	s.Seed(sms(engagetest.Closed))
	newest := s.Seed(sms(engagetest.Closed))
	require.Equal(t, newest, search())
	open := s.Seed(sms(engagetest.OnHold))
	s.Seed(sms(engagetest.Closed))
	require.Equal(t, open, search())
}

// mail returns an email conversation with a status, a subject and an In-Reply-To.
func mail(status engagetest.Status, subject, inReplyTo string) engagetest.Conversation {
	return engagetest.Conversation{
		Channel: "email", BusinessAddress: "b", CustomerAddress: "c", Status: status, Subject: subject, InReplyTo: inReplyTo,
	}
}

func TestInReplyToComesBeforeTheSubject(t *testing.T) {
	const open, closed = engagetest.Active, engagetest.Closed
	for name, test := range map[string]struct {
		conversations []engagetest.Conversation
		want          string
		resolved      string
	}{
		"a closed answer, an open subject": {[]engagetest.Conversation{mail(closed, "x", "<1>"), mail(open, "s", "")}, "CSR0000000000001", "reopened"},
		"an open answer, an open subject":  {[]engagetest.Conversation{mail(open, "x", "<1>"), mail(open, "s", "")}, "CSR0000000000001", "appended"},
		"two answers, the older open":      {[]engagetest.Conversation{mail(open, "x", "<1>"), mail(closed, "s", "<1>")}, "CSR0000000000001", "appended"},
		"two closed answers":               {[]engagetest.Conversation{mail(closed, "x", "<1>"), mail(closed, "y", "<1>"), mail(open, "s", "")}, "CSR0000000000002", "reopened"},
		"no answer, an open subject":       {[]engagetest.Conversation{mail(open, "s", "<2>"), mail(closed, "s", "")}, "CSR0000000000001", "appended"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			for _, conversation := range test.conversations {
				s.Seed(conversation)
			}
			found := s.post("/conversations/search", `{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s","inReplyTo":"<1>"}`)
			require.Equal(t, test.want, found.value("conversationId"))
			resolved := s.post("/conversations/resolve",
				messageBody("email", "email", `{"customerEmailId":"c","businessEmailId":"b","subject":"s","inReplyTo":"<1>","message":"m"}`))
			require.Equal(t, test.want, resolved.value("conversationId"))
			require.Equal(t, test.resolved, resolved.body["conversationOperation"])
		})
	}
}

func TestInReplyToCountsWhoeverTheCustomerIs(t *testing.T) {
	s := start(t)
	forwarded := mail(engagetest.Closed, "x", "")
	forwarded.Messages = []engagetest.Message{{Type: "email", Raw: []byte(`{"email":{"headers":{"Message-Id":"<1>"}}}`)}}
	id := s.Seed(forwarded)
	s.Seed(mail(engagetest.Active, "s", ""))
	const other = `{"channel":"email","bizAddress":"b2","customerAddress":"colleague","subject":"s","inReplyTo":"<1>"}`
	require.Equal(t, id, s.post("/conversations/search", other).value("conversationId"))

	s.Update(id, func(c *engagetest.Conversation) { c.Messages = nil })
	require.Equal(t, false, s.post("/conversations/search", other).value("chatExist"), "no email has the id any more")

	path := "/conversations/" + id + "/"
	require.Equal(t, http.StatusAccepted, s.post(path+"reopen", "").status)
	require.Equal(t, http.StatusAccepted, s.post(path+"messages", `{"channel":"email","messages":[{"direction":"outbound","type":"email",
		"timestamp":"2026-01-31T12:00:00Z","email":{"from":"b","to":["c"],"headers":{"Message-ID":"<1>"}}}]}`).status)
	require.Equal(t, id, s.post("/conversations/search", other).value("conversationId"), "an appended email has it")
}

func TestTheLatestCreationIsTheNewest(t *testing.T) {
	s := start(t)
	search := func() any { return s.post("/conversations/search", `{`+smsAddress+`}`).value("conversationId") }
	created := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	seed := func(id string, age time.Duration) {
		conversation := sms(engagetest.Closed)
		conversation.ID, conversation.CreatedAt = id, created.Add(-age)
		s.Seed(conversation)
	}
	seed("one", time.Hour)
	seed("two", 2*time.Hour)
	require.Equal(t, "one", search())
	seed("two", time.Hour)
	require.Equal(t, "two", search(), "of the same time, the later one")
	seed("one", time.Hour)
	require.Equal(t, "two", search(), "a conversation that is seeded again keeps its place")
	require.Equal(t, "one", s.Conversations()[0].ID)
	seed("one", 0)
	require.Equal(t, "one", search())
}

func TestAThreadIsOneOfLiveChat(t *testing.T) {
	s := start(t)
	s.Seed(engagetest.Conversation{Channel: "sms", BusinessAddress: "app", ThreadID: "t"})
	got := s.post("/conversations/search", `{"channel":"livechat","bizAddress":"app","threadId":"t"}`)
	require.Equal(t, false, got.value("chatExist"))
}

func TestCreateRefusesASecondOpenConversationOfTheSubject(t *testing.T) {
	s := start(t)
	s.Seed(mail(engagetest.Closed, "x", "<1>"))
	s.Seed(mail(engagetest.Active, "s", ""))
	got := s.post("/conversations", `{"channel":"email","bizAddress":"b","customerAddress":"c","subject":"s","inReplyTo":"<1>"}`)
	require.Equal(t, http.StatusConflict, got.status)
}

// A search does not read the emails of other conversations.
func TestASearchAmongManyEmailsAllocatesNoMore(t *testing.T) {
	s := start(t, engagetest.WithoutNetwork())
	handler := s.Handler()
	search := func() {
		request := s.request(http.MethodPost, "/conversations/search",
			`{"channel":"email","bizAddress":"help@example.com","customerAddress":"ann@example.org","subject":"none","inReplyTo":"<7@example.org>"}`)
		response := httptest.NewRecorder()
		handler.ServeHTTP(response, request)
		require.Contains(t, response.Body.String(), `"conversationId":"7"`)
	}
	allocations := make(map[int]float64)
	added := 0
	for _, emails := range []int{100, 10_000} {
		for ; added < emails; added++ {
			c := engagetest.NewConversation(
				channel.EmailAddress{Mailbox: "help@example.com", From: fmt.Sprint(added, "@example.org"), Subject: "Order"},
				message.Stamp(message.Email{Direction: message.Inbound, Content: message.EmailContent{
					From: fmt.Sprint(added, "@example.org"), Headers: map[string]string{"Message-ID": fmt.Sprintf("<%d@example.org>", added)},
				}}, "a", time.Now()))
			c.ID = fmt.Sprint(added)
			s.Seed(c)
		}
		allocations[emails] = testing.AllocsPerRun(20, search)
	}
	require.Less(t, allocations[10_000], 2*allocations[100])
}
