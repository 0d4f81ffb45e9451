package engagetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/engagesdk/engage-go/engage/channel"
	"github.com/engagesdk/engage-go/engage/message"
)

// Status is the state of a conversation, in the spelling of the server's replies.
// [Server.Seed] also accepts any other text. The server replies with that text and
// treats the conversation as open.
type Status string

// The states of a conversation. The spellings are assumed, because the vendor writes
// them in several ways.
const (
	Queued Status = "queued"
	Active Status = "active"
	OnHold Status = "onhold"
	Closed Status = "closed"
)

// Conversation is a conversation of the server. The methods of [Server] return
// copies, so a change to one does not change the server.
type Conversation struct {
	// ID is the id that the server gave the conversation, such as CSR0000000000001.
	ID     string
	Status Status

	// A search finds the conversation by Channel, CustomerAddress and
	// BusinessAddress, and by the fields of its channel below.
	Channel         channel.Channel
	CustomerAddress string
	BusinessAddress string
	// ThreadID and BrowserFingerprint belong to live chat. A search by the thread may
	// leave out the customer.
	ThreadID           string
	BrowserFingerprint string
	// Subject, ToRecipients, CCRecipients and InReplyTo belong to email. A search also
	// finds the conversation by InReplyTo and by the ids of its emails.
	Subject      string
	ToRecipients []string
	CCRecipients []string
	InReplyTo    string

	// AliasID and CustomerName may be empty.
	AliasID      string
	CustomerName string
	// Domain and ProactiveID belong to live chat.
	Domain      string
	ProactiveID string
	// CapabilityList belongs to Apple Messages for Business. It is the JSON of the last
	// list that a request contained.
	CapabilityList json.RawMessage `json:",omitempty"`

	// TeamID and Skill are the queue that the conversation was transferred to.
	TeamID string
	Skill  string
	// UserID is the login of the agent. In a closed conversation it is the login of
	// the last agent, and in a queued one it is empty.
	UserID string
	// Participants are in the order in which they joined.
	Participants []string
	// Messages are in the order in which they were appended.
	Messages     []Message
	CustomFields []CustomField

	// CreatedAt and UpdatedAt are times of the server's clock, in UTC.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// CustomField is a field of a conversation or of its customer's profile.
type CustomField struct {
	// Scope is "conversation" or "profile".
	Scope string
	Key   string
	Value string
}

// Message is a message of a conversation.
type Message struct {
	AliasID   string
	Direction message.Direction
	// Type is the vendor's name of the content type, such as "text".
	Type        string
	Text        string
	Attachments []Attachment
	Timestamp   time.Time
	// Redacted and AttemptGatewayDelivery are nil if the request did not have them.
	Redacted               *bool
	AttemptGatewayDelivery *bool
	// Raw is the JSON that transcripts contain. It is the message as the server
	// received it, except that the server marks surplus files as dropped. If it is
	// empty, [Server.Seed] and [Server.Update] encode the other fields. To change
	// another field of a message, set Raw to nil too.
	Raw json.RawMessage
}

// Attachment is a file of a message.
type Attachment struct {
	MIMEType string
	FileName string
	// URL is the member fileUrl, or url in an email.
	URL     string
	Dropped bool
}

// Seed adds a conversation to the server and returns its id. If ID is empty, Seed
// assigns one. If the server has a conversation with the same ID, Seed replaces it,
// and it keeps its place in [Server.Conversations].
//
// An empty Status becomes Active if there are participants, and Queued otherwise. A
// zero CreatedAt becomes the time of the clock, and a zero UpdatedAt becomes CreatedAt.
// A Raw that is not JSON becomes a JSON string. Seed does not check anything else, so
// that a test can create states that the service never reaches.
//
// Of several conversations at an address, a search finds an open one first, and
// otherwise the one with the latest CreatedAt. To change a conversation, use
// [Server.Update].
func (s *Server) Seed(conversation Conversation) string {
	seeded := conversation.clone()
	seeded.complete(s.now())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.put(&seeded)
	return seeded.ID
}

// Update calls change with the conversation with that id, and stores the changed
// conversation. It reports whether there is one. No request is applied while change
// runs, and change must not call methods of the server. Update completes the
// conversation as [Server.Seed] does. The ID cannot be changed.
func (s *Server) Update(id string, change func(*Conversation)) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.state.byID[id]
	if !ok {
		return false
	}
	draft := found.clone()
	change(&draft)
	updated := draft.clone() // The function may keep the draft.
	updated.ID = id
	updated.complete(now)
	s.state.put(&updated)
	return true
}

// complete fills the fields that a test may leave empty.
func (c *Conversation) complete(now time.Time) {
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	if c.UpdatedAt.IsZero() {
		c.UpdatedAt = c.CreatedAt
	}
	switch {
	case c.Status != "":
	case len(c.Participants) > 0:
		c.Status = Active
	default:
		c.Status = Queued
	}
	for i := range c.Messages {
		switch m := &c.Messages[i]; {
		case len(m.Raw) == 0:
			m.Raw = m.encode()
		case !json.Valid(m.Raw):
			m.Raw = encode(string(m.Raw))
		}
	}
}

// Conversation returns a copy of the conversation with that id, and whether there is
// one.
func (s *Server) Conversation(id string) (Conversation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.state.byID[id]
	if !ok {
		return Conversation{}, false
	}
	return found.clone(), true
}

// Conversations returns copies of all conversations, in the order in which they were
// added.
func (s *Server) Conversations() []Conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Conversation, len(s.state.all))
	for i, conversation := range s.state.all {
		all[i] = conversation.clone()
	}
	return all
}

// queuedAt returns a new conversation at an address, which waits for an agent.
func queuedAt(a address) *Conversation {
	return &Conversation{
		Status:             Queued,
		Channel:            a.channel,
		CustomerAddress:    a.customer,
		BusinessAddress:    a.business,
		ThreadID:           a.threadID,
		BrowserFingerprint: a.fingerprint,
		Subject:            a.subject,
		ToRecipients:       a.toRecipients,
		CCRecipients:       a.ccRecipients,
		InReplyTo:          a.inReplyTo,
	}
}

// open reports whether the conversation is not closed.
func (c *Conversation) open() bool { return c.Status != Closed }

// queue makes the conversation wait for an agent.
func (c *Conversation) queue() {
	c.Status = Queued
	c.UserID = ""
}

// holds reports whether the conversation has a message with that alias id.
func (c *Conversation) holds(aliasID string) bool {
	return aliasID != "" && slices.ContainsFunc(c.Messages, func(m Message) bool {
		return m.AliasID == aliasID
	})
}

// setField adds a custom field, or replaces the field of the same scope and key.
func (c *Conversation) setField(field CustomField) {
	for i, present := range c.CustomFields {
		if present.Scope == field.Scope && present.Key == field.Key {
			c.CustomFields[i] = field
			return
		}
	}
	c.CustomFields = append(c.CustomFields, field)
}

// clone returns a copy that shares no memory with c.
func (c *Conversation) clone() Conversation {
	copied := *c
	copied.ToRecipients = slices.Clone(c.ToRecipients)
	copied.CCRecipients = slices.Clone(c.CCRecipients)
	copied.CapabilityList = slices.Clone(c.CapabilityList)
	copied.Participants = slices.Clone(c.Participants)
	copied.CustomFields = slices.Clone(c.CustomFields)
	copied.Messages = slices.Clone(c.Messages)
	for i, m := range copied.Messages {
		copied.Messages[i] = m.clone()
	}
	return copied
}

func (m Message) clone() Message {
	m.Attachments = slices.Clone(m.Attachments)
	m.Raw = slices.Clone(m.Raw)
	m.Redacted = copyOf(m.Redacted)
	m.AttemptGatewayDelivery = copyOf(m.AttemptGatewayDelivery)
	return m
}

func copyOf(flag *bool) *bool {
	if flag == nil {
		return nil
	}
	return new(*flag)
}

// emailHeader returns a header of an email, or "".
func (m Message) emailHeader(name string) string {
	if m.Type != "email" {
		return ""
	}
	var message struct {
		Email struct {
			Headers map[string]string `json:"headers"`
		} `json:"email"`
	}
	if json.Unmarshal(m.Raw, &message) != nil {
		return ""
	}
	return header(message.Email.Headers, name)
}

// encode returns the JSON of a message that has no Raw.
func (m Message) encode() json.RawMessage {
	members := map[string]any{"direction": m.Direction, "type": m.Type}
	if m.AliasID != "" {
		members["aliasId"] = m.AliasID
	}
	if m.Text != "" {
		members["text"] = m.Text
	}
	if !m.Timestamp.IsZero() {
		members["timestamp"] = m.Timestamp.UTC().Format(time.RFC3339Nano)
	}
	if m.Redacted != nil {
		members["redacted"] = *m.Redacted
	}
	if m.AttemptGatewayDelivery != nil {
		members["attemptGwDelivery"] = *m.AttemptGatewayDelivery
	}
	if len(m.Attachments) > 0 {
		members["attachments"] = m.encodeAttachments()
	}
	return encode(members)
}

func (m Message) encodeAttachments() []map[string]any {
	link := linkMember(m.Type)
	encoded := make([]map[string]any, len(m.Attachments))
	for i, a := range m.Attachments {
		encoded[i] = map[string]any{"mimeType": a.MIMEType, "fileName": a.FileName, link: a.URL, "dropped": a.Dropped}
	}
	return encoded
}

// state is the data of the service. The lock of [Server] guards it.
type state struct {
	all        []*Conversation
	places     map[string]int // The index in all, by id.
	byID       map[string]*Conversation
	byCustomer map[customerKey][]*Conversation
	byThread   map[thread][]*Conversation
	byEmail    map[string][]*Conversation // By the values of In-Reply-To that lead to it.
	created    int                        // The number of ids that newID has tried.
	tasks      int
	taskOf     map[string]string // The last task that Resolve created, by id.

	teams         map[string]Team
	businessHours map[string]BusinessHours

	counts  Counts
	counted map[string]counted // By id.

	files     map[string]file // By id.
	fileBytes int             // The size of all files together.

	watchers    map[*watcher[string]]bool
	deliver     func(Delivery) // Nil if nothing is delivered.
	undelivered []undelivered  // What the current request has appended to deliver.

	behavior
}

// customerKey is the key by which a conversation of any channel is found. Only an email
// has a subject.
type customerKey struct {
	channel                     channel.Channel
	customer, business, subject string
}

// thread is the key by which a live chat is found without its customer.
type thread struct{ business, id string }

func newState() state {
	return state{
		places:        make(map[string]int),
		byID:          make(map[string]*Conversation),
		byCustomer:    make(map[customerKey][]*Conversation),
		byThread:      make(map[thread][]*Conversation),
		byEmail:       make(map[string][]*Conversation),
		taskOf:        make(map[string]string),
		teams:         make(map[string]Team),
		businessHours: make(map[string]BusinessHours),
		counts:        newCounts(),
		counted:       make(map[string]counted),
		files:         make(map[string]file),
		watchers:      make(map[*watcher[string]]bool),
	}
}

// put adds a conversation, or replaces the one with the same id. A conversation
// without an id gets one.
func (s *state) put(c *Conversation) {
	if c.ID == "" {
		c.ID = s.newID()
	}
	if old, ok := s.byID[c.ID]; ok {
		s.unindex(old)
		s.all[s.places[c.ID]] = c
	} else {
		s.places[c.ID] = len(s.all)
		s.all = append(s.all, c)
	}
	s.byID[c.ID] = c
	s.changed(c.ID)
	a := c.address()
	s.byCustomer[a.customerKey()] = append(s.byCustomer[a.customerKey()], c)
	if c.Channel == liveChat {
		s.byThread[a.thread()] = append(s.byThread[a.thread()], c)
	}
	for _, id := range c.emailIDs() {
		s.byEmail[id] = append(s.byEmail[id], c)
	}
}

// unindex removes a conversation from the indexes by address.
func (s *state) unindex(c *Conversation) {
	same := func(other *Conversation) bool { return other == c }
	a := c.address()
	s.byCustomer[a.customerKey()] = slices.DeleteFunc(s.byCustomer[a.customerKey()], same)
	s.byThread[a.thread()] = slices.DeleteFunc(s.byThread[a.thread()], same)
	for _, id := range c.emailIDs() {
		s.byEmail[id] = slices.DeleteFunc(s.byEmail[id], same)
	}
}

// emailIDs returns the values of In-Reply-To that lead to an email conversation: the ids
// of its emails, and the value with which the conversation began.
func (c *Conversation) emailIDs() []string {
	if c.Channel != email {
		return nil
	}
	var ids []string
	if c.InReplyTo != "" {
		ids = append(ids, c.InReplyTo)
	}
	for _, id := range emailIDs(c.Messages) {
		if id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// emailIDs returns the Message-ID header of each message, or "".
func emailIDs(messages []Message) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.emailHeader("Message-ID")
	}
	return ids
}

// append adds messages with their emailIDs to a conversation, and notes the outbound ones
// for their delivery. It leaves out repeated ones if the server ignores repeats. The ids are
// arguments, so that no email is decoded while the state is locked.
func (s *state) append(c *Conversation, messages []Message, ids []string) {
	for i, m := range messages {
		if s.ignoreRepeats && c.holds(m.AliasID) {
			continue
		}
		c.Messages = append(c.Messages, m)
		if id := ids[i]; id != "" {
			s.byEmail[id] = append(s.byEmail[id], c)
		}
		if s.deliver != nil && m.Direction == "outbound" {
			s.undelivered = append(s.undelivered, undelivered{c.ID, c.Address(), m.Raw})
		}
	}
}

// newID returns an id in the vendor's form that no conversation has.
func (s *state) newID() string {
	for {
		s.created++
		id := fmt.Sprintf("CSR%013d", s.created)
		if _, taken := s.byID[id]; !taken {
			return id
		}
	}
}
