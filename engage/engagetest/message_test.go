package engagetest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
)

// bodies has the smallest body of each content type.
var bodies = map[string]string{
	"text":                        `"text":"x"`,
	"text-with-attachments":       `"text":"x","attachments":[{"fileUrl":"https://x"}]`,
	"attachments":                 `"attachments":[{"mimeType":"a/b","fileName":"f","fileUrl":"","dropped":true}]`,
	"email":                       `"email":{"from":"a","to":["b"]},"attachments":[{"mimeType":"a/b","fileName":"f","url":"https://x"}]`,
	"lc-form-response":            `"lcFormResponse":{}`,
	"lc-carousel-response":        `"lcCarouselResponse":{}`,
	"lc-quick-replies-response":   `"lcQuickRepliesResponse":{}`,
	"text-with-lc-carousel":       `"text":"x","lcCarousel":{}`,
	"text-with-lc-quick-replies":  `"text":"x","lcQuickReplies":{}`,
	"wab-interactive-response":    `"wabInteractiveResponse":{}`,
	"wab-buttons":                 `"wabButtons":{}`,
	"wab-list":                    `"wabList":{}`,
	"amb-list-picker":             `"ambListPicker":{}`,
	"amb-time-picker":             `"ambTimePicker":{}`,
	"amb-quick-replies":           `"ambQuickReplies":{}`,
	"amb-form":                    `"ambForm":{}`,
	"amb-list-picker-response":    `"ambListPickerResponse":{}`,
	"amb-time-picker-response":    `"ambTimePickerResponse":{}`,
	"amb-quick-replies-response":  `"ambQuickRepliesResponse":{}`,
	"amb-form-response":           `"ambFormResponse":{}`,
	"sms-with-fireworks":          `"text":"x"`,
	"lcFormResponse":              `"lcFormResponse":{}`,
	"gbm-carousel":                `"gbmCarousel":{}`,
	"text-with-attachments-extra": `"text":"x"`,
}

// carried has the types that each channel carries, from the vendor's matrix.
var carried = map[channel.Channel]struct{ inbound, outbound []string }{
	"sms":      {[]string{"text"}, []string{"text"}},
	"facebook": {files, files},
	"api":      {files, files},
	"email":    {[]string{"email"}, []string{"email"}},
	"livechat": {
		append([]string{"lc-form-response", "lc-carousel-response", "lc-quick-replies-response"}, files...),
		append([]string{"text-with-lc-carousel", "text-with-lc-quick-replies"}, files...),
	},
	"whatsapp": {
		append([]string{"wab-interactive-response"}, files...),
		append([]string{"wab-buttons", "wab-list"}, files...),
	},
	"amb": {
		append([]string{"amb-list-picker-response", "amb-time-picker-response", "amb-quick-replies-response", "amb-form-response"}, files...),
		append([]string{"amb-list-picker", "amb-time-picker", "amb-quick-replies", "amb-form"}, files...),
	},
}

var files = []string{"text", "text-with-attachments", "attachments"}

func TestChannelsCarryOnlyTheirTypes(t *testing.T) {
	s := start(t)
	for ch, types := range carried {
		path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: ch}) + "/messages"
		for direction, able := range map[string][]string{
			"inbound": types.inbound, "outbound": types.outbound, "announcement": {"text"},
		} {
			for typ, body := range bodies {
				want := http.StatusBadRequest // A member of another type, or a type that is unknown.
				for _, carried := range able {
					if carried == typ {
						want = http.StatusAccepted
					}
				}
				got := s.post(path, fmt.Sprintf(`{"channel":%q,"messages":[{"direction":%q,"type":%q,"timestamp":"2026-01-31T12:00:00Z",%s}]}`,
					ch, direction, typ, body))
				if want != http.StatusAccepted {
					require.Contains(t, got.body["description"], "messages[0].type cannot be sent on "+string(ch), "%s %s %s", ch, direction, typ)
					want = http.StatusUnprocessableEntity
				}
				require.Equal(t, want, got.status, "%s %s %s: %s", ch, direction, typ, got.text)
			}
		}
	}
}

func TestInvalidMessagesAreRefused(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "facebook"}) + "/messages"
	mail := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "email"}) + "/messages"
	whatsApp := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "whatsapp"}) + "/messages"
	message := func(body string) string { return `{"channel":"facebook","messages":[` + body + `]}` }
	file := func(body string) string {
		return message(`{"direction":"inbound","type":"attachments","timestamp":"2026-01-31T12:00:00Z","attachments":` + body + `}`)
	}
	sent := func(timestamp string) string {
		return message(`{"direction":"inbound","type":"text","text":"x","timestamp":` + timestamp + `}`)
	}
	email := func(body string) string {
		return `{"channel":"email","messages":[{"direction":"outbound","type":"email","timestamp":"2026-01-31T12:00:00Z",` + body + `}]}`
	}
	for name, test := range map[string]struct {
		path, body string
		problem    string
	}{
		"no messages":             {path, `{"channel":"facebook"}`, "messages is missing or empty"},
		"empty messages":          {path, message(``), "messages is missing or empty"},
		"not a list":              {path, `{"channel":"facebook","messages":{}}`, "messages is not a list"},
		"not an object":           {path, message(`1`), "messages[0] is not an object"},
		"null":                    {path, message(`null`), "messages[0] is not an object"},
		"no direction":            {path, message(`{"type":"text","text":"x","timestamp":"2026-01-31T12:00:00Z"}`), "messages[0].direction is missing"},
		"unknown direction":       {path, message(`{"direction":"up","type":"text","text":"x"}`), "messages[0].direction is not one of inbound"},
		"no type":                 {path, message(`{"direction":"inbound","text":"x"}`), "messages[0].type is missing"},
		"no text":                 {path, message(`{"direction":"inbound","type":"text"}`), "messages[0].text is missing"},
		"blank text":              {path, message(`{"direction":"inbound","type":"text","text":" \n"}`), "messages[0].text is empty"},
		"no timestamp":            {path, message(`{"direction":"inbound","type":"text","text":"x"}`), "messages[0].timestamp is missing"},
		"timestamp without zone":  {path, sent(`"2026-01-31T12:00:00"`), "messages[0].timestamp is not an RFC 3339 time"},
		"timestamp not in UTC":    {path, sent(`"2026-01-31T12:00:00+01:00"`), "messages[0].timestamp is not in UTC"},
		"timestamp as a number":   {path, sent(`1769860800`), "messages[0].timestamp is not a string"},
		"unknown member":          {path, message(`{"direction":"inbound","type":"text","text":"x","emoji":1}`), "messages[0].emoji is not known"},
		"redacted as a string":    {path, message(`{"direction":"inbound","type":"text","text":"x","redacted":"true"}`), "messages[0].redacted is not a boolean"},
		"a member twice":          {mail, email(`"email":{"from":"a","from":"a","to":["b"]}`), "messages[0].email.from occurs more than once"},
		"no attachments":          {path, file(`[]`), "messages[0].attachments is missing or empty"},
		"attachment without link": {path, file(`[{"mimeType":"a/b","fileName":"f"}]`), "messages[0].attachments[0].fileUrl is missing"},
		"an email's link":         {path, file(`[{"mimeType":"a/b","fileName":"f","url":"https://x"}]`), "messages[0].attachments[0].url is not known"},
		"attachment with a blank": {path, file(`[{"fileUrl":" "}]`), "messages[0].attachments[0].fileUrl is missing"},
		"dropped with a link":     {path, file(`[{"mimeType":"a/b","fileName":"f","fileUrl":"https://x","dropped":true}]`), "messages[0].attachments[0].fileUrl is set for a dropped file"},
		"a list as MIME type":     {path, file(`[{"mimeType":[],"fileUrl":"https://x"}]`), "messages[0].attachments[0].mimeType is not a string"},
		"no email":                {mail, email(`"aliasId":"a"`), "messages[0].email is missing"},
		"email as a string":       {mail, email(`"email":"a"`), "messages[0].email is not an object"},
		"email without sender":    {mail, email(`"email":{"to":["b"]}`), "messages[0].email.from is missing"},
		"email without receiver":  {mail, email(`"email":{"from":"a"}`), "messages[0].email.to is missing or empty, and so is cc"},
		"email with a subject":    {mail, email(`"email":{"from":"a","to":["b"],"subject":"s"}`), "messages[0].email.subject is not known"},
		"email header of no name": {mail, email(`"email":{"from":"a","to":["b"],"headers":{"":"x"}}`), "messages[0].email.headers has an empty name"},
		"email headers in a list": {mail, email(`"email":{"from":"a","to":["b"],"headers":[]}`), "messages[0].email.headers is not an object"},
		"email header of null":    {mail, email(`"email":{"from":"a","to":["b"],"headers":{"X":null}}`), "messages[0].email.headers.X is null"},
		"empty alias id":          {path, message(`{"aliasId":"","direction":"inbound","type":"text","text":"x"}`), "messages[0].aliasId is empty"},
		"another channel":         {path, `{"channel":"sms","messages":[` + text + `]}`, "channel is not the conversation's"},
		"no channel":              {path, `{"messages":[` + text + `]}`, "channel is missing"},
		"file name of an image": {whatsApp, `{"channel":"whatsapp","messages":[{"direction":"outbound","type":"wab-buttons","timestamp":"2026-01-31T12:00:00Z",
			"wabButtons":{"header":{"type":"image","image":{"url":"u","filename":"f"}},"body":{"text":"b"},"action":{"buttons":[{"type":"reply","reply":{"id":"i","title":"t"}}]}}}]}`,
			"messages[0].wabButtons.header.image.filename is not known"},
		"extras off Apple": {path, `{"channel":"facebook","extras":"x","messages":[` + text + `]}`, "extras is not known"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.post(test.path, test.body)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, got.status)
			require.Contains(t, got.body["description"], test.problem)
		})
	}
}

func TestOnlyAnOutboundEmailNeedsARecipient(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "email"}) + "/messages"
	message := func(direction, email string) string {
		return `{"channel":"email","messages":[{"direction":"` + direction + `","type":"email","timestamp":"2026-01-31T12:00:00Z","email":` + email + `}]}`
	}
	require.Equal(t, http.StatusAccepted, s.post(path, message("inbound", `{"from":"a"}`)).status)
	require.Equal(t, http.StatusAccepted, s.post(path, message("outbound", `{"from":"a","cc":["b"]}`)).status)
}

// TestMessagesThatCheckAcceptsAreAccepted has messages that package message accepts and
// that a strict reading of the schema would refuse.
func TestMessagesThatCheckAcceptsAreAccepted(t *testing.T) {
	s := start(t)
	for name, test := range map[string]struct {
		channel channel.Channel
		message string
	}{
		"a blank alias id":               {"sms", `"aliasId":" ","direction":"inbound","type":"text","text":"x"`},
		"an empty list of files":         {"sms", `"direction":"inbound","type":"text","text":"x","attachments":[]`},
		"an empty list with white space": {"sms", `"direction":"inbound","type":"text","text":"x","attachments":[ ]`},
		"an email without files":         {"email", `"direction":"inbound","type":"email","email":{"from":"a","bodyPlain":"x"},"attachments":[]`},
		"a rich body and no files":       {"whatsapp", `"direction":"outbound","type":"wab-list","wabList":{"body":{"text":"b"},"action":{"button":"b","sections":[{"title":"t","rows":[{"id":"i","title":"t"}]}]}},"attachments":[]`},
		"another input type": {"amb", `"direction":"outbound","type":"amb-form","ambForm":{"data":{"version":"1.0","requestIdentifier":"r","dynamic":{"version":"1.2",
			"template":"messageForms","data":{"startPageIdentifier":"p","pages":[{"pageIdentifier":"p","type":"input","title":"t","options":{"inputType":"password"}}]}}}}`},
		"announcements on an email": {"email", `"direction":"announcement","type":"text","text":"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			id := s.Seed(engagetest.Conversation{Channel: test.channel})
			sent := `{` + test.message + `,"timestamp":"2026-01-31T12:00:00.5Z"}`
			decoded, err := message.Decode([]byte(sent))
			require.NoError(t, err)
			require.Empty(t, message.Check(decoded, outcome.AppendMessage, "1.4", test.channel))
			got := s.post("/conversations/"+id+"/messages", fmt.Sprintf(`{"channel":%q,"messages":[%s]}`, test.channel, sent))
			require.Equal(t, http.StatusAccepted, got.status, got.text)
		})
	}
}

func TestSurplusFilesAreDroppedFromInboundMessages(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(engagetest.Conversation{ID: "c", Channel: "facebook"}) + "/messages"
	eleven := func(direction string) string {
		files := `{"fileUrl":"","dropped":true}` + strings.Repeat(`,{"mimeType":"a/b","fileName":"f","fileUrl":"https://x"}`, 11)
		return `{"channel":"facebook","messages":[{"direction":"` + direction + `","type":"attachments","timestamp":"2026-01-31T12:00:00Z","attachments":[` + files + `]}]}`
	}
	require.Equal(t, http.StatusAccepted, s.post(path, eleven("inbound")).status)
	files := s.conversation("c").Messages[0].Attachments
	require.Len(t, files, 12)
	require.Equal(t, engagetest.Attachment{MIMEType: "a/b", FileName: "f", URL: "https://x"}, files[10])
	require.Equal(t, engagetest.Attachment{MIMEType: "a/b", FileName: "f", Dropped: true}, files[11])
	transcribed := s.send(http.MethodGet, path, "").value("messages").([]any)[0].(map[string]any)
	require.Equal(t, true, transcribed["attachments"].([]any)[11].(map[string]any)["dropped"])

	refused := s.post(path, eleven("outbound"))
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, refused.body["description"], "messages[0].attachments has more than 10 files")
}

func TestRichTypesNeedTheirMember(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "whatsapp"}) + "/messages"
	message := func(body string) string {
		return `{"channel":"whatsapp","messages":[{"direction":"outbound","type":"wab-list","timestamp":"2026-01-31T12:00:00Z"` + body + `}]}`
	}
	require.Contains(t, s.post(path, message("")).body["description"], "messages[0].wabList is missing")
	require.Contains(t, s.post(path, message(`,"wabList":"{}"`)).body["description"], "messages[0].wabList is not an object")
}

func TestInvalidUpdatesAndParticipantsAreRefused(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(sms(engagetest.Queued))
	for name, test := range map[string]struct {
		method, path, body string
		problem            string
	}{
		"empty update":       {"PATCH", "", `{}`, "aliasId is missing, and so is customFields"},
		"a number as alias":  {"PATCH", "", `{"aliasId":7}`, "aliasId is not a string"},
		"unknown scope":      {"PATCH", "", `{"customFields":[{"scope":"team","key":"k","value":"v"}]}`, "customFields[0].scope is not one of conversation, profile"},
		"no value":           {"PATCH", "", `{"customFields":[{"scope":"profile","key":"k"}]}`, "customFields[0].value is missing"},
		"no key":             {"PATCH", "", `{"customFields":[{"scope":"profile","value":"v"}]}`, "customFields[0].key is missing"},
		"no participant":     {"POST", "/participants", `{}`, "participant is missing"},
		"no team":            {"POST", "/transfer", `{"skill":"s"}`, "team is missing"},
		"empty skill":        {"POST", "/transfer", `{"team":"t","skill":""}`, "skill is empty"},
		"empty callback":     {"POST", "/close", `{"callbackUrl":""}`, "callbackUrl is not an http or https URL"},
		"callback to a file": {"POST", "/close", `{"callbackUrl":"file:///etc"}`, "callbackUrl is not an http or https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.send(test.method, path+test.path, test.body)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, got.status)
			require.Contains(t, got.body["description"], test.problem)
		})
	}
}
