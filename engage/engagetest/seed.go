package engagetest

import (
	"encoding/json"
	"time"
)

// Seed puts a conversation into the server and returns its id. A conversation
// without ID gets one; with the ID of a present one it takes that one's place.
// An empty Status becomes Active if there are participants, else Queued. Times
// that are zero become the clock's, and a message's Raw that is not JSON becomes a
// JSON string. Nothing else is checked, so that a test can build states which
// the service would not reach.
func (s *Server) Seed(conversation Conversation) string {
	seeded := conversation.clone()
	now := s.now()
	if seeded.CreatedAt.IsZero() {
		seeded.CreatedAt = now
	}
	if seeded.UpdatedAt.IsZero() {
		seeded.UpdatedAt = seeded.CreatedAt
	}
	switch {
	case seeded.Status != "":
	case len(seeded.Participants) > 0:
		seeded.Status = Active
	default:
		seeded.Status = Queued
	}
	for i := range seeded.Messages {
		switch m := &seeded.Messages[i]; {
		case len(m.Raw) == 0:
			m.Raw = m.encode()
		case !json.Valid(m.Raw):
			m.Raw = encode(string(m.Raw))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.put(&seeded)
	return seeded.ID
}

// Conversation returns a copy of the conversation with that id, and whether
// there is one.
func (s *Server) Conversation(id string) (Conversation, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.state.byID[id]
	if !ok {
		return Conversation{}, false
	}
	return found.clone(), true
}

// Conversations returns copies of all conversations, in the order in which they
// came.
func (s *Server) Conversations() []Conversation {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Conversation, len(s.state.all))
	for i, conversation := range s.state.all {
		all[i] = conversation.clone()
	}
	return all
}

// encode writes a message that was seeded without JSON of its own.
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
