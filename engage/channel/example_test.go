package channel_test

import (
	"fmt"

	"github.com/engagesdk/engage-go/engage/channel"
)

// Each channel names the two parties in its own way.
func ExampleAddress_channels() {
	for _, address := range []channel.Address{
		channel.SMSAddress{Business: "+15550100", Customer: "+15550199"},
		channel.WhatsAppAddress{Business: "15550100", Customer: "4915550001"},
		channel.FacebookAddress{PageID: "1066", PageScopedID: "4711"},
		channel.AppleAddress{AccountID: "5f1c", UserID: "urn:mbid:AQAAY"},
		channel.LiveChatAddress{AppID: "APP1", UserID: "ann", ThreadID: "T1"},
		channel.EmailAddress{Mailbox: "help@example.com", From: "ann@example.org", Subject: "My order"},
		channel.APIAddress{BusinessID: "B1", UserID: "U1"},
	} {
		members := address.Members()
		fmt.Println(members.Channel, members.BusinessAddress, members.CustomerAddress, len(address.Problems()))
	}
	// Output:
	// sms +15550100 +15550199 0
	// whatsapp 15550100 4915550001 0
	// facebook 1066 4711 0
	// amb 5f1c urn:mbid:AQAAY 0
	// livechat APP1 ann 0
	// email help@example.com ann@example.org 0
	// api B1 U1 0
}
