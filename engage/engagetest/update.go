package engagetest

// updateConversation sets the alias id, custom fields, or both. It takes closed
// conversations too (assumed).
func updateConversation(s *state, c *call) result {
	named := c.body.has("aliasId")
	aliasID := c.body.optionalText("aliasId")
	fields := c.body.customFields()
	if !named && len(fields) == 0 {
		c.body.malformed("aliasId", "is missing, and so is customFields")
	}
	conversation, refusal := s.target(c)
	if refusal != nil {
		return *refusal
	}
	if named {
		conversation.AliasID = aliasID
	}
	for _, field := range fields {
		conversation.setField(field)
	}
	return acknowledged(conversation, c.now)
}
