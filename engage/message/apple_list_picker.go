package message

// AppleListPicker is a list from which the customer chooses. It is outbound. The
// customer answers with an [AppleListPickerResponse].
type AppleListPicker struct {
	Content AppleListPickerContent `json:"ambListPicker,omitzero" check:"required"`
	Envelope
}

// AppleListPickerContent is the content of an [AppleListPicker] (assumed).
type AppleListPickerContent = AppleInteractive[AppleListPickerData]

// AppleListPickerData is the list with its images.
type AppleListPickerData struct {
	// Version is the version of Apple's format. If it is empty, the JSON has "1.0", as in
	// the vendor's samples of the Apple channel.
	Version string `json:"version,omitempty" default:"1.0"`
	// RequestIdentifier identifies the question. If it is empty, the JSON has the alias
	// id of the message, because Apple requires a unique id.
	RequestIdentifier string       `json:"requestIdentifier,omitempty" default:"aliasId"`
	Images            []AppleImage `json:"images,omitempty"`
	ListPicker        AppleList    `json:"listPicker,omitzero" check:"required"`
}

// AppleList is a list of sections.
type AppleList struct {
	// Sections must have 1 to 20 sections (documented).
	Sections []AppleListSection `json:"sections,omitempty" check:"required,max=20"`
}

// AppleListSection is a group of items.
type AppleListSection struct {
	Title string `json:"title,omitempty"`
	// Order is the position of the section in the list. If it is nil, the JSON has the
	// index of the section.
	Order             *int `json:"order" default:"position"`
	MultipleSelection bool `json:"multipleSelection"`
	// Items must have 1 to 20 items (documented).
	Items []AppleListItem `json:"items,omitempty" check:"required,max=20"`
}

// AppleListItem is an item that the customer can choose.
type AppleListItem struct {
	// Identifier is the id of the item, which the response contains. It is required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Title is the text of the item. It is required.
	Title           string `json:"title,omitempty" check:"required"`
	Subtitle        string `json:"subtitle,omitempty"`
	Style           string `json:"style,omitempty"`
	ImageIdentifier string `json:"imageIdentifier,omitempty"`
	// Order is the position of the item in its section. If it is nil, the JSON has the
	// index of the item.
	Order *int `json:"order" default:"position"`
}

// Type returns [TypeAppleListPicker].
func (AppleListPicker) Type() Type { return TypeAppleListPicker }

// MarshalJSON returns the JSON of the message.
func (m AppleListPicker) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleListPicker) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleListPicker) direction() Direction    { return Outbound }
func (m AppleListPicker) with(e Envelope) Message { m.Envelope = e; return m }

// AppleListPickerResponse is the choice of the customer from an [AppleListPicker]. It is
// inbound.
type AppleListPickerResponse struct {
	Content AppleListPickerResponseContent `json:"ambListPickerResponse,omitzero" check:"required"`
	Envelope
}

// AppleListPickerResponseContent is the choice with the bubble that shows it.
type AppleListPickerResponseContent struct {
	ReplyMessage AppleBubble    `json:"replyMessage,omitzero"`
	ListPicker   AppleSelection `json:"listPicker,omitzero"`
}

// AppleSelection contains the items of a list. SelectedItems are those that the customer
// chose. OtherItems are the others.
type AppleSelection struct {
	OtherItemCount    int                 `json:"otherItemCount"`
	SelectedItemCount int                 `json:"selectedItemCount"`
	OtherItems        []AppleSelectedItem `json:"otherItems,omitempty"`
	SelectedItems     []AppleSelectedItem `json:"selectedItems,omitempty"`
}

// AppleSelectedItem is an item of a list in a response.
type AppleSelectedItem struct {
	Identifier string `json:"identifier,omitempty"`
	Style      string `json:"style,omitempty"`
	Title      string `json:"title,omitempty"`
	URL        string `json:"url,omitempty"`
	// Order is the position of the item in its section. The JSON has it in a string
	// (documented). [Decode] accepts a number too.
	Order int `json:"order,string"`
}

// Type returns [TypeAppleListPickerResponse].
func (AppleListPickerResponse) Type() Type { return TypeAppleListPickerResponse }

// MarshalJSON returns the JSON of the message.
func (m AppleListPickerResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleListPickerResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleListPickerResponse) direction() Direction    { return Inbound }
func (m AppleListPickerResponse) with(e Envelope) Message { m.Envelope = e; return m }
