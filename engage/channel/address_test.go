package channel_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
)

func TestMembersHaveTheServicesNames(t *testing.T) {
	for _, test := range []struct {
		address channel.Address
		channel channel.Channel
		json    string
	}{
		{channel.SMSAddress{Business: "+1", Customer: "+2"}, channel.SMS,
			`{"channel": "sms", "customerAddress": "+2", "bizAddress": "+1"}`},
		{channel.FacebookAddress{PageID: "page", PageScopedID: "psid"}, channel.Facebook,
			`{"channel": "facebook", "customerAddress": "psid", "bizAddress": "page"}`},
		{channel.LiveChatAddress{AppID: "app", UserID: "user", ThreadID: "thread", BrowserFingerprint: "print"}, channel.LiveChat,
			`{"channel": "livechat", "customerAddress": "user", "bizAddress": "app", "threadId": "thread", "browserFingerprint": "print"}`},
		{channel.LiveChatAddress{AppID: "app", ThreadID: "thread"}, channel.LiveChat,
			`{"channel": "livechat", "bizAddress": "app", "threadId": "thread"}`},
		{channel.EmailAddress{
			Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order 7",
			To: []string{"help@example.com"}, CC: []string{"bob@example.org", "eve@example.org"}, InReplyTo: "<1@example.org>",
		}, channel.Email, `{
			"channel": "email", "customerAddress": "ann@example.org", "bizAddress": "help@example.com", "subject": "Order 7",
			"toRecipients": ["help@example.com"], "ccRecipients": ["bob@example.org", "eve@example.org"], "inReplyTo": "<1@example.org>"
		}`},
		{channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "Order 7"}, channel.Email,
			`{"channel": "email", "customerAddress": "ann@example.org", "bizAddress": "help@example.com", "subject": "Order 7"}`},
		{channel.WhatsAppAddress{Business: "1", Customer: "2"}, channel.WhatsApp,
			`{"channel": "whatsapp", "customerAddress": "2", "bizAddress": "1"}`},
		{channel.AppleAddress{AccountID: "account", UserID: "urn:mbid:x"}, channel.Apple,
			`{"channel": "amb", "customerAddress": "urn:mbid:x", "bizAddress": "account"}`},
		{channel.APIAddress{BusinessID: "business", UserID: "user"}, channel.API,
			`{"channel": "api", "customerAddress": "user", "bizAddress": "business"}`},
	} {
		t.Run(fmt.Sprintf("%T", test.address), func(t *testing.T) {
			require.Equal(t, test.channel, test.address.Channel())
			require.Equal(t, test.channel, test.address.Members().Channel)
			encoded, err := json.Marshal(test.address.Members())
			require.NoError(t, err)
			require.JSONEq(t, test.json, string(encoded))
			require.Empty(t, problems(test.address))

			var members channel.Members
			require.NoError(t, json.Unmarshal(encoded, &members))
			again, err := members.Address()
			require.NoError(t, err)
			require.Equal(t, test.address, again)
		})
	}
}

func TestProblemsNameEveryFieldAndSayWhatToSet(t *testing.T) {
	const (
		bad           = "\xff"
		noThread      = "ThreadID is empty: set it, or UserID and BrowserFingerprint"
		noFingerprint = "BrowserFingerprint is empty: set it, or ThreadID"
	)
	for _, test := range []struct {
		name    string
		address channel.Address
		want    []string
	}{
		{"sms, nothing", channel.SMSAddress{}, []string{"Business is empty", "Customer is empty"}},
		{"sms, no business", channel.SMSAddress{Customer: "+2"}, []string{"Business is empty"}},
		{"sms, no customer", channel.SMSAddress{Business: "+1"}, []string{"Customer is empty"}},
		{"sms, blanks", channel.SMSAddress{Business: " ", Customer: "\t\n"}, []string{"Business is empty", "Customer is empty"}},
		{"sms, not UTF-8", channel.SMSAddress{Business: bad, Customer: bad},
			[]string{"Business is not valid UTF-8", "Customer is not valid UTF-8"}},

		{"facebook, nothing", channel.FacebookAddress{}, []string{"PageID is empty", "PageScopedID is empty"}},
		{"facebook, no page", channel.FacebookAddress{PageScopedID: "2"}, []string{"PageID is empty"}},
		{"facebook, no customer", channel.FacebookAddress{PageID: "1"}, []string{"PageScopedID is empty"}},
		{"facebook, not UTF-8", channel.FacebookAddress{PageID: bad, PageScopedID: bad},
			[]string{"PageID is not valid UTF-8", "PageScopedID is not valid UTF-8"}},

		{"live chat, nothing", channel.LiveChatAddress{}, []string{"AppID is empty", noThread}},
		{"live chat, app only", channel.LiveChatAddress{AppID: "1"}, []string{noThread}},
		{"live chat, by thread", channel.LiveChatAddress{AppID: "1", ThreadID: "3"}, nil},
		{"live chat, by visitor", channel.LiveChatAddress{AppID: "1", UserID: "2", BrowserFingerprint: "4"}, nil},
		{"live chat, by thread and user", channel.LiveChatAddress{AppID: "1", UserID: "2", ThreadID: "3"}, nil},
		{"live chat, by thread and browser", channel.LiveChatAddress{AppID: "1", ThreadID: "3", BrowserFingerprint: "4"}, nil},
		{"live chat, user only", channel.LiveChatAddress{AppID: "1", UserID: "2"}, []string{noFingerprint}},
		{"live chat, browser only", channel.LiveChatAddress{AppID: "1", BrowserFingerprint: "4"}, []string{"UserID is empty: set it, or ThreadID"}},
		{"live chat, no app", channel.LiveChatAddress{ThreadID: "3"}, []string{"AppID is empty"}},
		{"live chat, blank thread", channel.LiveChatAddress{AppID: "1", ThreadID: " "}, []string{noThread}},
		{"live chat, blank thread and user only", channel.LiveChatAddress{AppID: "1", ThreadID: " ", UserID: "2"},
			[]string{noFingerprint}},
		{"live chat, not UTF-8", channel.LiveChatAddress{AppID: bad, UserID: bad, ThreadID: bad, BrowserFingerprint: bad}, []string{
			"AppID is not valid UTF-8", "ThreadID is not valid UTF-8", "UserID is not valid UTF-8", "BrowserFingerprint is not valid UTF-8",
		}},

		{"email, nothing", channel.EmailAddress{}, []string{"Mailbox is empty", "From is empty", "Subject is empty"}},
		{"email, no mailbox", channel.EmailAddress{From: "f", Subject: "s"}, []string{"Mailbox is empty"}},
		{"email, no sender", channel.EmailAddress{Mailbox: "m", Subject: "s"}, []string{"From is empty"}},
		{"email, no subject", channel.EmailAddress{Mailbox: "m", From: "f", InReplyTo: "i"}, []string{"Subject is empty"}},
		{"email, empty recipients",
			channel.EmailAddress{Mailbox: "m", From: "f", Subject: "s", To: []string{"t", ""}, CC: []string{" ", "c"}},
			[]string{"To[1] is empty", "CC[0] is empty"}},
		{"email, not UTF-8", channel.EmailAddress{
			Mailbox: bad, From: bad, Subject: bad, To: []string{bad}, CC: []string{"c", bad}, InReplyTo: bad,
		}, []string{
			"Mailbox is not valid UTF-8", "From is not valid UTF-8", "Subject is not valid UTF-8", "InReplyTo is not valid UTF-8",
			"To[0] is not valid UTF-8", "CC[1] is not valid UTF-8",
		}},

		{"whatsapp, nothing", channel.WhatsAppAddress{}, []string{"Business is empty", "Customer is empty"}},
		{"whatsapp, no business", channel.WhatsAppAddress{Customer: "2"}, []string{"Business is empty"}},
		{"whatsapp, no customer", channel.WhatsAppAddress{Business: "1"}, []string{"Customer is empty"}},
		{"whatsapp, not UTF-8", channel.WhatsAppAddress{Business: bad, Customer: bad},
			[]string{"Business is not valid UTF-8", "Customer is not valid UTF-8"}},

		{"apple, nothing", channel.AppleAddress{}, []string{"AccountID is empty", "UserID is empty"}},
		{"apple, no account", channel.AppleAddress{UserID: "2"}, []string{"AccountID is empty"}},
		{"apple, no user", channel.AppleAddress{AccountID: "1"}, []string{"UserID is empty"}},
		{"apple, not UTF-8", channel.AppleAddress{AccountID: bad, UserID: bad},
			[]string{"AccountID is not valid UTF-8", "UserID is not valid UTF-8"}},

		{"api, nothing", channel.APIAddress{}, []string{"BusinessID is empty", "UserID is empty"}},
		{"api, no business", channel.APIAddress{UserID: "2"}, []string{"BusinessID is empty"}},
		{"api, no user", channel.APIAddress{BusinessID: "1"}, []string{"UserID is empty"}},
		{"api, not UTF-8", channel.APIAddress{BusinessID: bad, UserID: bad},
			[]string{"BusinessID is not valid UTF-8", "UserID is not valid UTF-8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, problems(test.address))
		})
	}
}

func TestMembersShareNoMemoryWithTheAddress(t *testing.T) {
	address := channel.EmailAddress{To: []string{"to"}, CC: []string{"cc"}}
	members := address.Members()
	members.ToRecipients[0], members.CCRecipients[0] = "changed", "changed"
	require.Equal(t, channel.EmailAddress{To: []string{"to"}, CC: []string{"cc"}}, address)
}

func TestAnAddressSharesNoMemoryWithItsMembers(t *testing.T) {
	members := channel.Members{Channel: channel.Email, ToRecipients: []string{"to"}, CCRecipients: []string{"cc"}}
	address, err := members.Address()
	require.NoError(t, err)
	members.ToRecipients[0], members.CCRecipients[0] = "changed", "changed"
	require.Equal(t, channel.EmailAddress{To: []string{"to"}, CC: []string{"cc"}}, address)
}

func TestAnAddressOnAnUnknownChannelIsAnError(t *testing.T) {
	for ch, quoted := range map[channel.Channel]string{
		"rcs": `"rcs"`, "": `""`, "SMS": `"SMS"`, "a\nb": `"a\nb"`, "12345678901234567890more": `"12345678901234567890…"`,
	} {
		address, err := channel.NewAddress(ch, "business", "customer")
		require.EqualError(t, err, "channel: "+quoted+" is not one of the seven channels: sms, facebook, livechat, email, whatsapp, amb, api")
		require.Nil(t, address)
	}
}

// A program may get the parts of an address from a table.
func ExampleNewAddress() {
	address, err := channel.NewAddress("whatsapp", "15550100", "15550199")
	fmt.Printf("%+v %v\n", address, err)
	_, err = channel.NewAddress("rcs", "15550100", "15550199")
	fmt.Println(err)
	// Output:
	// {Business:15550100 Customer:15550199} <nil>
	// channel: "rcs" is not one of the seven channels: sms, facebook, livechat, email, whatsapp, amb, api
}

// The members of an address are the JSON of the service's requests.
func ExampleMembers_Address() {
	var members channel.Members
	if err := json.Unmarshal([]byte(`{"channel":"livechat","bizAddress":"APP1","customerAddress":"ann","threadId":"T1"}`), &members); err != nil {
		fmt.Println(err)
		return
	}
	address, err := members.Address()
	fmt.Printf("%+v %v\n", address, err)
	// Output: {AppID:APP1 UserID:ann ThreadID:T1 BrowserFingerprint:} <nil>
}

// problems returns the problems of an address as phrases.
func problems(address channel.Address) []string {
	var problems []string
	for _, problem := range address.Problems() {
		problems = append(problems, problem.Field+" "+problem.Text)
	}
	return problems
}

func ExampleAddress() {
	for _, address := range []channel.Address{
		channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		channel.LiveChatAddress{AppID: "APP1", UserID: "ann"},
	} {
		fmt.Println(address.Channel(), "customer:", address.Members().CustomerAddress)
		for _, problem := range address.Problems() {
			fmt.Println(problem.Field, problem.Text)
		}
	}
	// Output:
	// sms customer: +15550199
	// livechat customer: ann
	// BrowserFingerprint is empty: set it, or ThreadID
}
