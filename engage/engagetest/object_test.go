package engagetest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/engagetest"
)

const (
	bubble      = `{"style":"icon","title":"t","subtitle":"s","alternateTitle":"a","imageIdentifier":"i"}`
	surrounding = `,"useLiveLayout":true,"requestIdentifier":"r","replyMessage":` + bubble + `,"receivedMessage":` + bubble
	location    = `{"latitude":"52.5","longitude":13.4,"radius":100,"title":"t"}`
	selected    = `[{"identifier":"i","style":"s","title":"t","url":"u","order":"1"}]`
)

// full has a rich message of each type, with every member of the vendor's schema.
var full = map[string]string{
	"lc-form-response":           `{"lcFormResponse":{"title":"t","fields":[{"label":"l","name":"n","type":"text","value":"v"}]}}`,
	"lc-carousel-response":       `{"lcCarouselResponse":{"identifier":"i","reference":"r","title":"t"}}`,
	"lc-quick-replies-response":  `{"lcQuickRepliesResponse":{"identifier":"i","reference":"r","title":"t","payload":"p"}}`,
	"text-with-lc-carousel":      `{"lcCarousel":{"reference":"r","elements":[{"title":"t","subtitle":"s","imageUrls":["u"],"buttons":[{"identifier":"i","type":"webUrl","title":"t","url":"u","payload":""}]}]}}`,
	"text-with-lc-quick-replies": `{"lcQuickReplies":{"reference":"r","options":[{"identifier":"i","type":"quickReplyPostback","title":"t","payload":"p"}]}}`,
	"wab-interactive-response":   `{"wabInteractiveResponse":{"title":"t","identifier":"i"}}`,
	"wab-buttons": `{"wabButtons":{"header":{"type":"document","text":"t","document":{"url":"u","filename":"f"},"video":{"url":"u"},"image":{"url":"u"}},
		"body":{"text":"b"},"footer":{"text":"f"},"action":{"buttons":[{"type":"reply","reply":{"id":"i","title":"t"}}]}}}`,
	"wab-list": `{"wabList":{"header":{"type":"text","text":"t"},"body":{"text":"b"},"footer":{"text":"f"},
		"action":{"button":"b","sections":[{"title":"t","rows":[{"id":"i","title":"t","description":"d"}]}]}}}`,
	"amb-list-picker": `{"ambListPicker":{"bid":"b","data":{"version":"1.0","requestIdentifier":"r","images":[{"identifier":"i","url":"u"}],
		"listPicker":{"sections":[{"title":"t","order":0,"multipleSelection":false,
		"items":[{"identifier":"i","title":"t","subtitle":"s","style":"icon","imageIdentifier":"i","order":0}]}]}}` + surrounding + `}}`,
	"amb-time-picker": `{"ambTimePicker":{"data":{"version":"1.0","requestIdentifier":"r","event":{"identifier":"i","title":"t","timezoneOffset":60,
		"location":` + location + `,"timeslots":[{"duration":1800,"startTime":"2026-02-02T09:00+0000","identifier":"i"}]}}` + surrounding + `}}`,
	"amb-quick-replies": `{"ambQuickReplies":{"bid":null,"data":{"version":"1.0","requestIdentifier":"r",
		"quick-reply":{"summaryText":"s","items":[{"identifier":"i","title":"t"}]}}}}`,
	"amb-form": `{"ambForm":{"bid":"b","data":{"version":"1.0","requestIdentifier":"r","images":[{"identifier":"i","url":"u"}],
		"dynamic":{"version":"1.2","template":"messageForms","private":true,"data":{"startPageIdentifier":"p","showSummary":true,
		"splash":{"header":"h","splashtext":"s","buttonTitle":"b","imageIdentifier":"i"},
		"pages":[{"pageIdentifier":"p","type":"input","title":"t","subtitle":"s","nextPageIdentifier":"n","multipleSelection":true,"submitForm":true,
		"items":[{"title":"t","value":"v","identifier":"i","nextPageIdentifier":"n","imageIdentifier":"i"}],
		"pickerTitle":"p","selectedItemIndex":0,"hintText":"h","options":{"required":true,"inputType":"multiline","maximumCharacterCount":300,
		"labelText":"l","keyboardType":"k","placeholder":"p","prefixText":"p","startDate":"s","minimumDate":"m","maximumDate":"m","dateFormat":"d"}}]}}}` +
		surrounding + `}}`,
	"amb-list-picker-response": `{"ambListPickerResponse":{"replyMessage":` + bubble + `,"listPicker":{"otherItemCount":"1","selectedItemCount":1,
		"otherItems":` + selected + `,"selectedItems":` + selected + `}}}`,
	"amb-time-picker-response": `{"ambTimePickerResponse":{"replyMessage":` + bubble + `,"datePicker":{"identifier":"i","timezoneOffset":"60","title":"t",
		"location":` + location + `,"timeslots":[{"duration":"1800","identifier":"i","startTime":"2026-02-02T09:00+0000"}]}}}`,
	"amb-quick-replies-response": `{"ambQuickRepliesResponse":{"selectedIdentifier":"i","selectedIndex":0,"items":[{"identifier":"i","title":"t"}]}}`,
	"amb-form-response": `{"ambFormResponse":{"replyMessage":` + bubble + `,"formMessage":{"template":"messageForms","private":true,"version":"1.2",
		"selections":[{"pageIdentifier":"p","title":"t","subtitle":"s","items":[{"identifier":"i","type":"select","title":"t","value":"v"}]}]}}}`,
	"email": `{"email":{"from":"a","to":["b"],"cc":["c"],"strippedText":"s","strippedHtml":"s","bodyPlain":"b","bodyHtml":"b","headers":{}},
		"attachments":[{"mimeType":"a/b","fileName":"f","url":"u","dropped":false}]}`,
	"text-with-attachments": `{"attachments":[{"mimeType":"a/b","fileName":"f","fileUrl":"u","dropped":false}]}`,
}

// allDetails has the message details of each medium, with every member of the
// vendor's samples.
var allDetails = map[string]string{
	"social/sms":      `{"serviceNumber":"b","senderNumber":"c","message":"","serviceKey":"k","timestamp":"t"}`,
	"social/facebook": `{"appId":"a","facebookPageId":"b","psId":"c","customerName":"n","message":"m","attachments":[],"attachmentUrl":"u","serviceKey":"k","timestamp":"t"}`,
	"social/whatsapp": `{"appId":"a","waId":"b","customerWhatsappId":"c","customerUsername":"n","message":"m","attachments":"[]","caption":"c","serviceKey":"k","timestamp":"t"}`,
	"social/appleMessages": `{"appId":"a","abcUserId":"c","accountId":"b","customerName":"n","message":"m","attachments":[],"attachmentUrl":"u","serviceKey":"k",
		"timestamp":"t","deviceCapabilityList":"LIST"}`,
	"email/email": `{"appId":"a","assetType":"t","senderName":"n","recipient":"r","businessEmailId":"b","customerEmailId":"c","customerName":"n","toAddresses":"[]",
		"ccRecipients":"[]","bccRecipients":"[]","subject":"s","inReplyTo":"","headers":{},"message":"m","htmlMessage":"h","strippedText":"s","strippedHtml":"s",
		"attachments":"[]","serviceKey":"k","timestamp":"t"}`,
	"chat/web": `{"appId":"b","domain":"d","threadId":"t","threadTitle":"t","threadStatus":"","userId":"c","message":"m","attachmentCount":0,"attachment":"[]",
		"extras":{},"version":"1","tid":"t","serviceKey":"k","customerName":"n","customerEmail":"e","timestamp":"t","proactiveRuleId":""}`,
}

const allReports = `"pciDetails":{"isPCICompliant":true,"isPCIValidationDone":"NA","nonPCIComplianceReason":"{}","isAttachmentEnabled":true,"droppedAttachmentCount":0},
	"malwareScanDetails":{"isMalwareCompliant":true,"isMalwareValidationDone":"NA","malwareFailedReason":"{}","droppedAttachmentCount":0},
	"securityScanDetails":{"isSecurityCompliant":true,"isSecurityValidationDone":"NA","securityFailedReason":"{}","securityScanDroppedAttachmentCount":0}`

// spoilings are mistakes that a client could make with a member.
var spoilings = map[string]struct {
	spoil   func(members map[string]any, name string)
	problem string // What follows the member's name in the description.
}{
	"misspelt": {func(members map[string]any, name string) {
		members[name+"x"] = members[name]
		delete(members, name)
	}, "x is not known"},
	"null": {func(members map[string]any, name string) { members[name] = nil }, " is null"},
	"of another kind": {func(members map[string]any, name string) {
		if _, isObject := members[name].(map[string]any); isObject {
			members[name] = []any{}
		} else {
			members[name] = map[string]any{}
		}
	}, " is not a"},
}

// spoil spoils the nth member of a document, counted at all depths, and returns its
// path. If there are fewer members it returns "".
func spoil(value any, n *int, path string, spoiling func(map[string]any, string)) string {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if *n--; *n < 0 {
				spoiling(value, name)
				return path + "." + name
			}
			if at := spoil(value[name], n, path+"."+name, spoiling); at != "" {
				return at
			}
		}
	case []any:
		for i, element := range value {
			if at := spoil(element, n, fmt.Sprintf("%s[%d]", path, i), spoiling); at != "" {
				return at
			}
		}
	}
	return ""
}

// TestSpoiledMembersAreRefusedAtEveryDepth spoils each member of a document in turn. A
// member of which only the name is known may be of any kind, and the bid may be null.
func TestSpoiledMembersAreRefusedAtEveryDepth(t *testing.T) {
	s := start(t)
	check := func(t *testing.T, document, root string, anyKind []string, send func(string) answer) {
		accepted := send(document)
		require.Equal(t, http.StatusAccepted, accepted.status, accepted.text)
		for name, spoiling := range spoilings {
			for n := 0; ; n++ {
				var value any
				require.NoError(t, json.Unmarshal([]byte(document), &value))
				left := n
				at := spoil(value, &left, root, spoiling.spoil)
				if at == "" {
					require.NotZero(t, n)
					break
				}
				spoiled, err := json.Marshal(value)
				require.NoError(t, err)
				got := send(string(spoiled))
				member := at[strings.LastIndexByte(at, '.')+1:]
				if name == "null" && member == "bid" || name == "of another kind" && slices.Contains(anyKind, member) {
					require.Equal(t, http.StatusAccepted, got.status, "%s %s: %s", at, name, got.text)
					continue
				}
				require.Equal(t, http.StatusBadRequest, got.status, "%s %s", at, name)
				require.Contains(t, got.body["description"], at+spoiling.problem)
			}
		}
	}
	for typ, document := range full {
		t.Run(typ, func(t *testing.T) {
			ch, direction, text := travels(typ)
			path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: ch}) + "/messages"
			check(t, document, "messages[0]", nil, func(document string) answer {
				return s.post(path, fmt.Sprintf(`{"channel":%q,"messages":[{"direction":%q,"type":%q,"timestamp":"2026-01-31T12:00:00Z"%s,%s]}`,
					ch, direction, typ, text, document[1:]))
			})
		})
	}
	for medium, details := range allDetails {
		t.Run(medium, func(t *testing.T) {
			mediaType, mediaChannel, _ := strings.Cut(medium, "/")
			check(t, `{"messageDetails":`+details+`,`+allReports+`}`, "details", anyKind[medium], func(details string) answer {
				return s.post("/conversations/resolve", resolveBody(mediaType, mediaChannel, details))
			})
		})
	}
}

// anyKind has the message details of which only the names are known.
var anyKind = map[string][]string{
	"social/facebook":      {"attachments", "attachmentUrl"},
	"social/whatsapp":      {"attachments"},
	"social/appleMessages": {"attachments", "attachmentUrl", "deviceCapabilityList"},
	"email/email":          {"headers"},
	"chat/web":             {"extras"},
}

// travels returns a channel and a direction of a type, and the text that it needs.
func travels(typ string) (ch channel.Channel, direction, text string) {
	if strings.HasPrefix(typ, "text-with-") {
		text = `,"text":"x"`
	}
	for ch, types := range carried {
		if slices.Contains(types.inbound, typ) {
			return ch, "inbound", text
		}
		if slices.Contains(types.outbound, typ) {
			return ch, "outbound", text
		}
	}
	return "", "", text
}

func TestChoicesOfRichMessages(t *testing.T) {
	s := start(t)
	path := "/conversations/" + s.Seed(engagetest.Conversation{Channel: "livechat"}) + "/messages"
	got := s.post(path, `{"channel":"livechat","messages":[{"direction":"outbound","type":"text-with-lc-quick-replies","timestamp":"2026-01-31T12:00:00Z",
		"text":"x","lcQuickReplies":{"options":[{"identifier":"i","type":"webUrl","title":"t"}]}}]}`)
	require.Equal(t, http.StatusUnprocessableEntity, got.status)
	require.Contains(t, got.body["description"], "messages[0].lcQuickReplies.options[0].type is not one of quickReplyPostback")
}
