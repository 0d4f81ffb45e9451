package message

import "github.com/engagesdk/engage-go/outcome"

// AppleForm is a form of one or more pages. It is outbound. The customer answers with an
// [AppleFormResponse].
type AppleForm struct {
	Content AppleFormContent `json:"ambForm,omitzero" check:"required"`
	Envelope
}

// AppleFormContent is the content of an [AppleForm] (documented).
type AppleFormContent = AppleInteractive[AppleFormData]

// AppleFormData is the form with its images.
type AppleFormData struct {
	// Version is the version of Apple's format. If it is empty, the JSON has "1.0", as in
	// the vendor's samples of the Apple channel.
	Version string `json:"version,omitempty" default:"1.0"`
	// RequestIdentifier identifies the question. If it is empty, the JSON has the alias
	// id of the message, because Apple requires a unique id.
	RequestIdentifier string           `json:"requestIdentifier,omitempty" default:"aliasId"`
	Images            []AppleImage     `json:"images,omitempty"`
	Dynamic           AppleFormDynamic `json:"dynamic,omitzero" check:"required"`
}

// AppleFormTemplate is the template of a form (documented).
const AppleFormTemplate = "messageForms"

// AppleFormDynamic contains the form and the name of the Apple template that shows it.
type AppleFormDynamic struct {
	// Version is the version of the template. It is optional.
	Version string `json:"version,omitempty"`
	// Template must be [AppleFormTemplate]. If it is empty, the JSON has that.
	Template string `json:"template,omitempty" default:"messageForms"`
	// Private hides the answers in the conversation.
	Private bool           `json:"private"`
	Data    AppleFormPages `json:"data,omitzero" check:"required"`
}

func (d AppleFormDynamic) rules(v *outcome.Violations) {
	if d.Template != "" && d.Template != AppleFormTemplate {
		v.Add("Template", "must be "+AppleFormTemplate)
	}
}

// rules adds a violation if Raw has a form without a template, which encoding keeps.
func (m AppleForm) rules(v *outcome.Violations) {
	if m.Raw == nil {
		return
	}
	data, err := marshal(m)
	if err != nil {
		return // Check reports Raw.
	}
	decoded, _ := Decode(data)
	if form, ok := decoded.(AppleForm); ok && form.Content.Data.Dynamic.Template == "" {
		v.Add("Content.Data.Dynamic.Template", "is empty")
	}
}

// AppleFormPages contains the pages of a form.
type AppleFormPages struct {
	// StartPageIdentifier is the identifier of the first page.
	StartPageIdentifier string `json:"startPageIdentifier,omitempty"`
	// ShowSummary shows the customer all answers before they are sent.
	ShowSummary bool            `json:"showSummary"`
	Splash      AppleFormSplash `json:"splash,omitzero"`
	// Pages must have at least one page.
	Pages []AppleFormPage `json:"pages,omitempty" check:"required"`
}

// AppleFormSplash is the greeting before the first page.
type AppleFormSplash struct {
	Header          string `json:"header,omitempty"`
	SplashText      string `json:"splashtext,omitempty"`
	ButtonTitle     string `json:"buttonTitle,omitempty"`
	ImageIdentifier string `json:"imageIdentifier,omitempty"`
}

// AppleFormPageType is the type of a page.
type AppleFormPageType string

// The types of pages (documented).
const (
	AppleFormInput      AppleFormPageType = "input"
	AppleFormSelect     AppleFormPageType = "select"
	AppleFormPicker     AppleFormPageType = "picker"
	AppleFormDatePicker AppleFormPageType = "datePicker"
)

// AppleFormPage is a page with one question. The schema does not say which type of page
// uses which of the optional fields.
type AppleFormPage struct {
	// PageIdentifier is the id of the page, for other pages and the response. It is
	// required.
	PageIdentifier string `json:"pageIdentifier,omitempty" check:"required"`
	// Type must be one of the four types. It is required.
	Type     AppleFormPageType `json:"type,omitempty" check:"oneof=input|select|picker|datePicker"`
	Title    string            `json:"title,omitempty"`
	Subtitle string            `json:"subtitle,omitempty"`
	// NextPageIdentifier is the identifier of the next page.
	NextPageIdentifier string `json:"nextPageIdentifier,omitempty"`
	MultipleSelection  bool   `json:"multipleSelection,omitempty"`
	// SubmitForm makes this page the last one.
	SubmitForm  bool            `json:"submitForm,omitempty"`
	Items       []AppleFormItem `json:"items,omitempty"`
	PickerTitle string          `json:"pickerTitle,omitempty"`
	// SelectedItemIndex is the index of the item that is selected when the page opens.
	// The JSON leaves it out if it is nil.
	SelectedItemIndex *int             `json:"selectedItemIndex,omitempty"`
	HintText          string           `json:"hintText,omitempty"`
	Options           AppleFormOptions `json:"options,omitzero"`
}

// AppleFormItem is an answer that the customer can choose.
type AppleFormItem struct {
	// Identifier is the id of the answer, which the response contains. It is
	// required.
	Identifier string `json:"identifier,omitempty" check:"required"`
	// Title is the text of the answer. It is required.
	Title string `json:"title,omitempty" check:"required"`
	// Value is the value of the answer, which the response contains.
	Value string `json:"value,omitempty"`
	// NextPageIdentifier is the identifier of the page after this answer.
	NextPageIdentifier string `json:"nextPageIdentifier,omitempty"`
	ImageIdentifier    string `json:"imageIdentifier,omitempty"`
}

// AppleFormOptions contains the options of a page.
type AppleFormOptions struct {
	// Required makes the customer answer the page.
	Required bool `json:"required"`
	// InputType is "singleline" or "multiline" (documented). [Check] accepts any text.
	InputType string `json:"inputType,omitempty"`
	// MaximumCharacterCount limits the length of the answer. The JSON leaves it out
	// if it is zero.
	MaximumCharacterCount int    `json:"maximumCharacterCount,omitempty"`
	LabelText             string `json:"labelText,omitempty"`
	KeyboardType          string `json:"keyboardType,omitempty"`
	Placeholder           string `json:"placeholder,omitempty"`
	PrefixText            string `json:"prefixText,omitempty"`
	// StartDate, MinimumDate and MaximumDate are in the format DateFormat.
	StartDate   string `json:"startDate,omitempty"`
	MinimumDate string `json:"minimumDate,omitempty"`
	MaximumDate string `json:"maximumDate,omitempty"`
	DateFormat  string `json:"dateFormat,omitempty"`
}

// Type returns [TypeAppleForm].
func (AppleForm) Type() Type { return TypeAppleForm }

// MarshalJSON returns the JSON of the message.
func (m AppleForm) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleForm) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleForm) direction() Direction    { return Outbound }
func (m AppleForm) with(e Envelope) Message { m.Envelope = e; return m }

// AppleFormResponse is an [AppleForm] that the customer filled in. It is
// inbound.
type AppleFormResponse struct {
	Content AppleFormResponseContent `json:"ambFormResponse,omitzero" check:"required"`
	Envelope
}

// AppleFormResponseContent contains the answers and the bubble that shows them.
type AppleFormResponseContent struct {
	ReplyMessage AppleBubble      `json:"replyMessage,omitzero"`
	FormMessage  AppleFormMessage `json:"formMessage,omitzero"`
}

// AppleFormMessage is the form with the answers.
type AppleFormMessage struct {
	// Template is [AppleFormTemplate].
	Template string `json:"template,omitempty"`
	// Private reports whether the conversation hides the answers.
	Private    bool                 `json:"private"`
	Version    string               `json:"version,omitempty"`
	Selections []AppleFormSelection `json:"selections,omitempty"`
}

// AppleFormSelection contains the answers of one page.
type AppleFormSelection struct {
	PageIdentifier string            `json:"pageIdentifier,omitempty"`
	Title          string            `json:"title,omitempty"`
	Subtitle       string            `json:"subtitle,omitempty"`
	Items          []AppleFormAnswer `json:"items,omitempty"`
}

// AppleFormAnswer is one answer of a page.
type AppleFormAnswer struct {
	Identifier string            `json:"identifier,omitempty"`
	Type       AppleFormPageType `json:"type,omitempty"`
	Title      string            `json:"title,omitempty"`
	Value      string            `json:"value,omitempty"`
}

// Type returns [TypeAppleFormResponse].
func (AppleFormResponse) Type() Type { return TypeAppleFormResponse }

// MarshalJSON returns the JSON of the message.
func (m AppleFormResponse) MarshalJSON() ([]byte, error) { return marshal(m) }

// UnmarshalJSON decodes a message of this type, as [Decode] does.
func (m *AppleFormResponse) UnmarshalJSON(data []byte) error { return unmarshal(data, m) }

func (m AppleFormResponse) direction() Direction    { return Inbound }
func (m AppleFormResponse) with(e Envelope) Message { m.Envelope = e; return m }
