package message

// AppleForm asks the customer to fill in a form of several pages. It is
// outbound; the customer answers with an [AppleFormResponse].
type AppleForm struct {
	Content AppleFormContent `json:"ambForm,omitzero" check:"required"`
	Envelope
}

// AppleFormContent is the body of an [AppleForm] (documented).
type AppleFormContent = AppleInteractive[AppleFormData]

// AppleFormData is the form with its images.
type AppleFormData struct {
	// Version is that of Apple's format, such as "1.0".
	Version           string           `json:"version,omitempty"`
	RequestIdentifier string           `json:"requestIdentifier,omitempty"`
	Images            []AppleImage     `json:"images,omitempty"`
	Dynamic           AppleFormDynamic `json:"dynamic,omitzero" check:"required"`
	Additional        Members          `json:"-"`
}

// AppleFormTemplate is the template of a form (documented).
const AppleFormTemplate = "messageForms"

// AppleFormDynamic says which of Apple's templates shows the form.
type AppleFormDynamic struct {
	Version string `json:"version,omitempty"`
	// Template is [AppleFormTemplate].
	Template string `json:"template,omitempty"`
	// Private hides the answers in the conversation.
	Private    bool           `json:"private"`
	Data       AppleFormPages `json:"data,omitzero" check:"required"`
	Additional Members        `json:"-"`
}

// AppleFormPages is the form itself.
type AppleFormPages struct {
	// StartPageIdentifier names the first page.
	StartPageIdentifier string `json:"startPageIdentifier,omitempty"`
	// ShowSummary shows all answers before they are sent.
	ShowSummary bool            `json:"showSummary"`
	Splash      AppleFormSplash `json:"splash,omitzero"`
	// Pages holds at least one page.
	Pages      []AppleFormPage `json:"pages,omitempty" check:"required"`
	Additional Members         `json:"-"`
}

// AppleFormSplash is the greeting before the first page.
type AppleFormSplash struct {
	Header          string  `json:"header,omitempty"`
	SplashText      string  `json:"splashtext,omitempty"`
	ButtonTitle     string  `json:"buttonTitle,omitempty"`
	ImageIdentifier string  `json:"imageIdentifier,omitempty"`
	Additional      Members `json:"-"`
}

// AppleFormPageType says how a page is answered.
type AppleFormPageType string

// The types of pages (documented).
const (
	AppleFormInput      AppleFormPageType = "input"
	AppleFormSelect     AppleFormPageType = "select"
	AppleFormPicker     AppleFormPageType = "picker"
	AppleFormDatePicker AppleFormPageType = "datePicker"
)

// AppleFormPage is a page with one question. Which of its optional fields a
// type of page uses is not documented.
type AppleFormPage struct {
	// PageIdentifier is how other pages and the response name this one.
	// Required.
	PageIdentifier string            `json:"pageIdentifier,omitempty" check:"required"`
	Type           AppleFormPageType `json:"type,omitempty" check:"oneof=input|select|picker|datePicker"`
	Title          string            `json:"title,omitempty"`
	Subtitle       string            `json:"subtitle,omitempty"`
	// NextPageIdentifier names the page that follows.
	NextPageIdentifier string `json:"nextPageIdentifier,omitempty"`
	MultipleSelection  bool   `json:"multipleSelection,omitempty"`
	// SubmitForm ends the form with this page.
	SubmitForm  bool            `json:"submitForm,omitempty"`
	Items       []AppleFormItem `json:"items,omitempty"`
	PickerTitle string          `json:"pickerTitle,omitempty"`
	// SelectedItemIndex is the place of the item that is chosen at first; nil
	// leaves it out.
	SelectedItemIndex *int             `json:"selectedItemIndex,omitempty"`
	HintText          string           `json:"hintText,omitempty"`
	Options           AppleFormOptions `json:"options,omitzero"`
	Additional        Members          `json:"-"`
}

// AppleFormItem is an answer to choose.
type AppleFormItem struct {
	// Identifier comes back in the response. Required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Title is required.
	Title string `json:"title,omitempty" check:"required"`
	Value string `json:"value,omitempty"`
	// NextPageIdentifier names the page that follows this answer.
	NextPageIdentifier string  `json:"nextPageIdentifier,omitempty"`
	ImageIdentifier    string  `json:"imageIdentifier,omitempty"`
	Additional         Members `json:"-"`
}

// AppleFormOptions says what a page accepts.
type AppleFormOptions struct {
	Required bool `json:"required"`
	// InputType is "singleline" or "multiline" (documented).
	InputType string `json:"inputType,omitempty"`
	// MaximumCharacterCount is left out if it is zero.
	MaximumCharacterCount int    `json:"maximumCharacterCount,omitempty"`
	LabelText             string `json:"labelText,omitempty"`
	KeyboardType          string `json:"keyboardType,omitempty"`
	Placeholder           string `json:"placeholder,omitempty"`
	PrefixText            string `json:"prefixText,omitempty"`
	// StartDate, MinimumDate and MaximumDate are in the form's DateFormat.
	StartDate   string  `json:"startDate,omitempty"`
	MinimumDate string  `json:"minimumDate,omitempty"`
	MaximumDate string  `json:"maximumDate,omitempty"`
	DateFormat  string  `json:"dateFormat,omitempty"`
	Additional  Members `json:"-"`
}

// Type returns [TypeAppleForm].
func (AppleForm) Type() Type { return TypeAppleForm }

// MarshalJSON encodes the message in its wire form.
func (m AppleForm) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleForm) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleForm) direction() Direction    { return Outbound }
func (m AppleForm) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleForm) wire(h header) any {
	type content AppleForm
	return struct {
		header
		content
	}{h, content(m)}
}

// AppleFormResponse is an [AppleForm] that the customer filled in. It is
// inbound.
type AppleFormResponse struct {
	Content AppleFormResponseContent `json:"ambFormResponse,omitzero" check:"required"`
	Envelope
}

// AppleFormResponseContent is the answers and the bubble that shows them.
type AppleFormResponseContent struct {
	ReplyMessage AppleBubble      `json:"replyMessage,omitzero"`
	FormMessage  AppleFormMessage `json:"formMessage,omitzero"`
	Additional   Members          `json:"-"`
}

// AppleFormMessage is the filled-in form.
type AppleFormMessage struct {
	// Template is [AppleFormTemplate].
	Template string `json:"template,omitempty"`
	// Private says that the answers are hidden in the conversation.
	Private    bool                 `json:"private"`
	Version    string               `json:"version,omitempty"`
	Selections []AppleFormSelection `json:"selections,omitempty"`
	Additional Members              `json:"-"`
}

// AppleFormSelection is the answers of one page.
type AppleFormSelection struct {
	PageIdentifier string            `json:"pageIdentifier,omitempty"`
	Title          string            `json:"title,omitempty"`
	Subtitle       string            `json:"subtitle,omitempty"`
	Items          []AppleFormAnswer `json:"items,omitempty"`
	Additional     Members           `json:"-"`
}

// AppleFormAnswer is one answer of a page.
type AppleFormAnswer struct {
	Identifier string            `json:"identifier,omitempty"`
	Type       AppleFormPageType `json:"type,omitempty"`
	Title      string            `json:"title,omitempty"`
	Value      string            `json:"value,omitempty"`
	Additional Members           `json:"-"`
}

// Type returns [TypeAppleFormResponse].
func (AppleFormResponse) Type() Type { return TypeAppleFormResponse }

// MarshalJSON encodes the message in its wire form.
func (m AppleFormResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes the message as [Decode] does.
func (m *AppleFormResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleFormResponse) direction() Direction    { return Inbound }
func (m AppleFormResponse) with(e Envelope) Message { m.Envelope = e; return m }
func (m AppleFormResponse) wire(h header) any {
	type content AppleFormResponse
	return struct {
		header
		content
	}{h, content(m)}
}
