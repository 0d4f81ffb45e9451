package engagetest

// bodies has the shapes of the members that hold the content of the rich types,
// as the vendor's schema has them. Where it does not tell what a value is, any
// string, number or boolean is taken.
//
// The four outbound Apple bodies are taken with all the members that surround
// the data in any of them: Apple has them in common, and the vendor's samples
// show now these, now those (assumed). That the list and the time picker hold
// what the vendor's Apple channel node sends is assumed too.
var bodies = map[string]shape{
	"lcFormResponse": texts("title").with(shape{
		"fields": texts("label", "name", "type", "value").list,
	}),
	"lcCarouselResponse":     texts("identifier", "reference", "title"),
	"lcQuickRepliesResponse": texts("identifier", "reference", "title", "payload"),
	"lcCarousel": texts("reference").with(shape{
		"elements": texts("title", "subtitle").with(shape{
			"imageUrls": textList,
			"buttons": texts("identifier", "title", "url", "payload").with(shape{
				"type": choice("webUrl", "templatePostback"),
			}).list,
		}).list,
	}),
	"lcQuickReplies": texts("reference").with(shape{
		"options": texts("identifier", "title", "payload").with(shape{
			"type": choice("quickReplyPostback"),
		}).list,
	}),

	"wabInteractiveResponse": texts("title", "identifier"),
	"wabButtons": {
		"header": texts("text").with(shape{
			"type":     choice("text", "document", "video", "image"),
			"document": texts("url", "filename").object,
			"video":    texts("url").object,
			"image":    texts("url").object,
		}).object,
		"body":   texts("text").object,
		"footer": texts("text").object,
		"action": shape{
			"buttons": shape{
				"type":  choice("reply"),
				"reply": texts("id", "title").object,
			}.list,
		}.object,
	},
	"wabList": {
		"header": texts("text").with(shape{"type": choice("text")}).object,
		"body":   texts("text").object,
		"footer": texts("text").object,
		"action": texts("button").with(shape{
			"sections": texts("title").with(shape{
				"rows": texts("id", "title", "description").list,
			}).list,
		}).object,
	},

	"ambListPicker": appleBody(shape{
		"images": appleImages,
		"listPicker": shape{
			"sections": texts("title").with(shape{
				"order":             integer,
				"multipleSelection": boolean,
				"items": texts("identifier", "title", "subtitle", "style", "imageIdentifier").with(shape{
					"order": integer,
				}).list,
			}).list,
		}.object,
	}),
	"ambTimePicker": appleBody(shape{
		"event": texts("identifier", "title").with(shape{
			"timezoneOffset": integer,
			"location":       appleLocation,
			"timeslots":      texts("identifier", "startTime").with(shape{"duration": integer}).list,
		}).object,
	}),
	"ambQuickReplies": appleBody(shape{
		"quick-reply": texts("summaryText").with(shape{"items": texts("identifier", "title").list}).object,
	}),
	"ambForm": appleBody(shape{
		"images": appleImages,
		"dynamic": shape{
			"version":  scalar,
			"template": textual,
			"private":  boolean,
			"data": texts("startPageIdentifier").with(shape{
				"showSummary": boolean,
				"splash":      texts("header", "splashtext", "buttonTitle", "imageIdentifier").object,
				"pages":       appleFormPage.list,
			}).object,
		}.object,
	}),

	"ambListPickerResponse": {
		"replyMessage": appleBubble,
		"listPicker": shape{
			"otherItemCount":    scalar,
			"selectedItemCount": scalar,
			"otherItems":        appleSelectedItems,
			"selectedItems":     appleSelectedItems,
		}.object,
	},
	"ambTimePickerResponse": {
		"replyMessage": appleBubble,
		"datePicker": texts("identifier", "title", "timezoneOffset").with(shape{
			"location":  appleLocation,
			"timeslots": texts("identifier", "startTime", "duration").list,
		}).object,
	},
	"ambQuickRepliesResponse": texts("selectedIdentifier").with(shape{
		"selectedIndex": scalar,
		"items":         texts("identifier", "title").list,
	}),
	"ambFormResponse": {
		"replyMessage": appleBubble,
		"formMessage": shape{
			"template": choice("messageForms"),
			"private":  boolean,
			"version":  scalar,
			"selections": texts("pageIdentifier", "title", "subtitle").with(shape{
				"items": texts("identifier", "title", "value").with(shape{"type": appleInput}).list,
			}).list,
		}.object,
	},
}

// What several Apple bodies hold.
var (
	appleBubble        = texts("style", "title", "subtitle", "alternateTitle", "imageIdentifier").object
	appleImages        = texts("identifier", "url").list
	appleSelectedItems = texts("identifier", "style", "title", "url", "order").list
	appleLocation      = texts("title").with(shape{"latitude": scalar, "longitude": scalar, "radius": scalar}).object
	appleInput         = choice("select", "picker", "datePicker", "input")
)

// appleFormPage is a page of a form.
var appleFormPage = texts("pageIdentifier", "title", "subtitle", "nextPageIdentifier", "pickerTitle", "hintText").with(shape{
	"type":              appleInput,
	"multipleSelection": boolean,
	"submitForm":        boolean,
	"selectedItemIndex": scalar,
	"items":             texts("title", "value", "identifier", "nextPageIdentifier", "imageIdentifier").list,
	"options": texts(
		"labelText", "keyboardType", "placeholder", "prefixText", "startDate", "minimumDate", "maximumDate", "dateFormat",
	).with(shape{
		"required":              boolean,
		"inputType":             choice("singleline", "multiline"),
		"maximumCharacterCount": scalar,
	}).object,
})

// appleBody is the shape of an outbound Apple body with some data.
func appleBody(data shape) shape {
	return shape{
		"bid":               textOrNull,
		"data":              texts("requestIdentifier").with(shape{"version": scalar}).with(data).object,
		"useLiveLayout":     boolean,
		"requestIdentifier": textual,
		"replyMessage":      appleBubble,
		"receivedMessage":   appleBubble,
	}
}
