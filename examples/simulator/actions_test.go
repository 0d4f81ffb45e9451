package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
	"github.com/engagesdk/engage-go/outcome"
	"github.com/engagesdk/engage-go/stream"
)

func TestAnAgentTakesAConversationFromJoinToReopen(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.SMS, customerText("Where is my order?"))
	path := "/conversations/" + id
	agent := url.Values{"agent": {"agent-7"}}
	for _, step := range []struct {
		action string
		form   url.Values
		edge   outcome.Edge
		status engagetest.Status
	}{
		{"join", agent, "OnAddParticipantSuccess", engagetest.Active},
		{"reply", url.Values{"text": {"On its way."}}, "onAppendMessageSuccess", engagetest.Active},
		{"hold", nil, "Success", engagetest.OnHold},
		{"join", agent, "OnAddParticipantSuccess", engagetest.Active},
		{"leave", agent, "onParticipantRemoved", engagetest.Queued},
		{"close", nil, "onConversationClosed", engagetest.Closed},
		{"reply", url.Values{"type": {"announcement"}, "text": {"The customer left."}}, "onAppendMessageSuccess", engagetest.Closed},
		{"reopen", nil, "ConversationReopened", engagetest.Queued},
	} {
		report := b.act(path+"/"+step.action, step.form)
		require.Contains(t, report, `<code class="edge">`+string(step.edge)+"</code>", step.action)
		require.Contains(t, report, "acknowledged")
		require.Contains(t, report, "Trace id")
		conversation, _ := b.server.Conversation(id)
		require.Equal(t, step.status, conversation.Status, step.action)
	}
	require.Empty(t, engagetest.Diff([]message.Message{
		customerText("Where is my order?"),
		message.Text{Direction: message.Outbound, Text: "On its way."},
		message.Text{Direction: message.Announcement, Text: "The customer left."},
	}, b.server.Messages(id)))
}

func TestTheDeskShowsWhyACallFailed(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.SMS, customerText("hello"))
	path := "/conversations/" + id
	b.act(path+"/close", nil)
	require.Contains(t, b.act(path+"/close", nil), "It had been done before.")

	status, report := b.send(path+"/reply", url.Values{"text": {"Too late."}})
	require.Equal(t, http.StatusConflict, status)
	for _, want := range []string{"onAppendMessageFailure", "refused", "the conversation is closed", "Trace id"} {
		require.Contains(t, report, want)
	}
	status, report = b.send(path+"/join", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "Participant is empty")
	status, report = b.send(path+"/reply", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "Text is empty")
}

func TestAnAgentSendsEverySampleOfTheChannel(t *testing.T) {
	b := open(t, configuration{})
	for _, ch := range channel.All() {
		id := b.add(ch, customerText("hello"))
		conversation, _ := b.server.Conversation(id)
		sent := 1
		for _, typ := range newConversationView(conversation).AgentTypes {
			b.act("/conversations/"+id+"/reply", url.Values{"type": {string(typ)}})
			sent++
			require.Equal(t, typ, b.server.Messages(id)[sent-1].Type())
		}
		b.act("/conversations/"+id+"/reply", url.Values{"type": {"text"}, "text": {"Good day."}})
		require.Equal(t, "Good day.", message.TextOf(b.server.Messages(id)[sent]))
	}
}

func TestALostReplyIsReconciledBeforeTheEyesOfTheAgent(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.SMS, customerText("hello"))
	b.act("/faults", url.Values{"fault": {"lost-reply"}, "operation": {"AppendMessage"}, "times": {"once"}})
	report := b.act("/conversations/"+id+"/reply", url.Values{"text": {"Good day."}})
	for _, want := range []string{"onAppendMessageSuccess", "reconciled", "Attempt 1: EOF, maybe applied."} {
		require.Contains(t, report, want)
	}
	require.Len(t, b.server.Messages(id), 2)
	require.Empty(t, b.faults.all())

	b.act("/faults", url.Values{"fault": {"lost-reply"}, "operation": {"AppendMessage"}, "times": {"always"}})
	b.act("/faults", url.Values{"fault": {"not-found"}, "operation": {"FetchTranscript"}, "times": {"always"}})
	status, report := b.send("/conversations/"+id+"/reply", url.Values{"text": {"Are you there?"}})
	require.Equal(t, http.StatusBadGateway, status)
	require.Contains(t, report, "maybe applied")
}

func TestEveryFaultCanBeSwitchedOnAndOff(t *testing.T) {
	b := open(t, configuration{})
	page := b.get("/faults")
	for _, f := range namedFaults {
		require.Contains(t, page, `<option value="`+f.Name+`">`)
		b.act("/faults", url.Values{"fault": {f.Name}, "times": {"always"}})
		active := b.faults.all()
		require.Equal(t, f.Title, active[0].Title)
		require.Contains(t, b.get("/faults"), f.Title+": all operations, until it is switched off")
		require.Equal(t, f.fault, b.faults.choose(engagetest.Request{Operation: outcome.AppendMessage}))
		require.Zero(t, b.faults.choose(engagetest.Request{Operation: engagetest.Token}), "all operations are those of the client")
		b.act("/faults/off", url.Values{"number": {strings.TrimPrefix(regexpFirst(t, `fault-off-\d+`, b.get("/faults")), "fault-off-")}})
		require.Empty(t, b.faults.all())
	}
	require.Contains(t, b.get("/faults"), "None. The service works as it should.")
}

func TestAnUnknownFaultIsRefused(t *testing.T) {
	b := open(t, configuration{})
	status, report := b.send("/faults", url.Values{"fault": {"<b>earthquake"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "there is no fault &#34;&lt;b&gt;earthquake&#34;")
	status, report = b.send("/faults", url.Values{"fault": {"reset"}, "operation": {"Teleport"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "there is no operation &#34;Teleport&#34;")
	b.act("/faults/off", url.Values{"number": {"12"}})
	require.Empty(t, b.faults.all())
}

func TestACustomerWritesOnEveryChannel(t *testing.T) {
	b := open(t, configuration{})
	for _, ch := range channel.All() {
		t.Run(string(ch), func(t *testing.T) {
			report := b.act("/conversations", url.Values{"channel": {string(ch)}, "text": {"Is anybody there?"}, "subject": {"A <b>question</b>"}})
			id := strings.TrimPrefix(regexpFirst(t, `/conversations/CSR\d+`, report), "/conversations/")
			conversation, ok := b.server.Conversation(id)
			require.True(t, ok)
			require.Equal(t, ch, conversation.Channel)
			require.Empty(t, conversation.Address().Problems())
			require.Equal(t, "Is anybody there?", message.TextOf(b.server.Messages(id)[0]))

			b.act("/conversations/"+id+"/write", url.Values{"type": {"text"}, "text": {"Hello?"}})
			b.act("/conversations/"+id+"/close", nil)
			b.act("/conversations/"+id+"/write", url.Values{"text": {"I am back."}})
			require.Equal(t, "Hello?", message.TextOf(b.server.Messages(id)[1]))
			for _, typ := range newConversationView(conversation).CustomerTypes {
				b.act("/conversations/"+id+"/write", url.Values{"type": {string(typ)}})
			}
		})
	}
	report := b.act("/conversations", url.Values{"channel": {"sms"}, "text": {"hi"}, "customer": {" +15550199 "}, "business": {"+15550101"}})
	conversation, _ := b.server.Conversation(regexpFirst(t, `CSR\d+`, report))
	require.Equal(t, channel.SMSAddress{Business: "+15550101", Customer: "+15550199"}, conversation.Address())
}

func TestACustomerCannotWriteWhatTheServiceRefuses(t *testing.T) {
	b := open(t, configuration{})
	status, report := b.send("/conversations", url.Values{"channel": {"<b>pigeon"}, "text": {"coo"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "&lt;b&gt;pigeon")
	status, report = b.send("/conversations", url.Values{"channel": {"sms"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "Not written")
	require.Empty(t, b.server.Conversations())
}

func TestWithAReceiverACustomerWritesAnEvent(t *testing.T) {
	inbox := stream.NewMemoryInbox(stream.MemoryLimits{})
	secret := stream.NewSecret("s3cret").Named("hub")
	receiver, err := stream.NewReceiver(inbox, stream.WithSignature(stream.SHA256, secret))
	require.NoError(t, err)
	program := httptest.NewServer(receiver)
	defer program.Close()
	sender, err := newSender(program.URL, "s3cret")
	require.NoError(t, err)

	b := open(t, configuration{sender: sender})
	report := b.act("/conversations", url.Values{"channel": {"whatsapp"}, "text": {"hello"}})
	require.Contains(t, report, "The receiver has accepted the event.")
	require.EqualValues(t, 1, receiver.Counts().Accepted)
	require.Empty(t, b.server.Conversations(), "the program under test creates it")

	status, report := b.send("/conversations", url.Values{"channel": {"api"}, "text": {"hello"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "no document shows an event")

	sender, err = stream.NewSender(program.URL, stream.WithSchedule())
	require.NoError(t, err)
	unsigned := open(t, configuration{sender: sender})
	status, report = unsigned.send("/conversations", url.Values{"channel": {"sms"}, "text": {"hello"}})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "the receiver did not accept the event")
}

func TestAFileIsSentAndServed(t *testing.T) {
	b := open(t, configuration{})
	picture := []byte("\x89PNG not really")
	status, report := b.upload("/conversations", url.Values{"channel": {"facebook"}, "text": {"Look!"}}, `<i>"shoe".png`, picture)
	require.Equal(t, http.StatusOK, status, report)
	id := regexpFirst(t, `CSR\d+`, report)
	status, _ = b.upload("/conversations/"+id+"/reply", url.Values{}, "terms.pdf", []byte("%PDF"))
	require.Equal(t, http.StatusOK, status)

	messages := b.server.Messages(id)
	require.Equal(t, message.TypeTextWithAttachments, messages[0].Type())
	require.Equal(t, message.TypeAttachments, messages[1].Type())
	require.Equal(t, message.Outbound, message.DirectionOf(messages[1]))
	files := message.AttachmentsOf(messages[0])
	require.True(t, strings.HasPrefix(files[0].URL, b.url+"/files/"), files[0].URL)
	require.Equal(t, string(picture), b.get(strings.TrimPrefix(files[0].URL, b.url)))
	page := b.get("/conversations/" + id)
	require.Contains(t, page, "terms.pdf</a>")
	require.Contains(t, page, "&lt;i&gt;")

	status, report = b.upload("/conversations", url.Values{"channel": {"email"}, "text": {"Attached."}}, "shoe.png", picture)
	require.Equal(t, http.StatusOK, status)
	require.Len(t, message.AttachmentsOf(b.server.Messages(regexpFirst(t, `CSR\d+`, report))[0]), 1)
}

func TestAFileIsKeptOnlyIfTheMessageHasIt(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.WhatsApp, customerText("hello"))
	status, report := b.upload("/conversations/"+id+"/reply", url.Values{"type": {"wab-buttons"}}, "shoe.png", []byte("\x89PNG"))
	require.Equal(t, http.StatusOK, status, report)
	require.Equal(t, message.TypeWhatsAppButtons, b.server.Messages(id)[1].Type())
	require.NotContains(t, b.get("/state"), "shoe.png")
}

// A page loads a picture by itself, so a customer must not choose what it loads.
func TestAPageShowsPicturesOfTheSimulatorOnly(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:8190/files/ABC": "/files/ABC", "http://[::1]:80/files/ABC": "/files/ABC",
		"https://files.example.com/files/ABC": "", "http://127.0.0.1/pictures/ABC": "", "/files/ABC": "", "%zz": "",
		"http://127.0.0.1/files/../state": "", "http://127.0.0.1/files/%2e%2e/state": "", `http://127.0.0.1/files/..%5cstate`: "",
	} {
		b := open(t, configuration{})
		id := b.add(channel.Facebook, message.Attachments{Direction: message.Inbound, Attachments: []message.Attachment{{MIMEType: "image/png", URL: address}}})
		page := b.get("/conversations/" + id)
		require.Equal(t, want != "", strings.Contains(page, `<img src="`+want+`"`), address)
		require.Equal(t, want != "", strings.Contains(page, `<img`), address)
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	b := open(t, configuration{})
	id := b.add(channel.Facebook, customerText("hello"))
	require.Equal(t, 2, strings.Count(b.get("/conversations/"+id), `data-limit="8"`))
	require.Contains(t, b.get("/"), `data-limit="8"`)
	status, report := b.upload("/conversations/"+id+"/write", nil, "full.bin", bytes.Repeat([]byte("x"), 8<<20))
	require.Equal(t, http.StatusOK, status, report)
	large := bytes.Repeat([]byte("x"), 8<<20+1)
	status, report = b.upload("/conversations/"+id+"/write", nil, "large.bin", large)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, report, "the file is larger than")

	r := b.request(http.MethodPost, "/conversations/"+id+"/write", io.MultiReader(strings.NewReader("text="), bytes.NewReader(large), bytes.NewReader(large)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Simulator-Desk", "1")
	reply, report := b.do(r) // Its length is not known before.
	require.Equal(t, http.StatusRequestEntityTooLarge, reply.StatusCode)
	require.Contains(t, report, "larger than")
	require.Len(t, b.server.Messages(id), 2)
	require.Len(t, b.server.Conversations(), 1)
}

func TestAMalformedFormIsRefused(t *testing.T) {
	b := open(t, configuration{})
	r := b.request(http.MethodPost, "/faults", strings.NewReader("%zz"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Simulator-Desk", "1")
	reply, report := b.do(r)
	require.Equal(t, http.StatusBadRequest, reply.StatusCode)
	require.Contains(t, report, "The form is malformed.")
}
