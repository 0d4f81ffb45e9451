package mocked

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/jarcoal/httpmock"

	"github.com/engagesdk/engage-go/engage/engagetest"
	"github.com/engagesdk/engage-go/engage/message"
)

// envelope is the body of every reply but that with a token (observed).
type envelope struct {
	Status      string `json:"status"`
	Code        string `json:"code"`
	Description string `json:"description"`
	TID         string `json:"tid,omitempty"`
	Value       any    `json:"value,omitempty"`
}

// Acknowledged is the reply to a write that the service accepts, with the transaction
// id of the write. It names no conversation, as the vendor's nodes do not.
func Acknowledged(transactionID string) httpmock.Responder {
	return accepted(transactionID, nil)
}

// Created is the reply to a create that also contains the id of the conversation
// (assumed).
func Created(transactionID, conversationID string) httpmock.Responder {
	return accepted(transactionID, struct {
		ConversationID string `json:"conversationId"`
	}{conversationID})
}

func accepted(transactionID string, value any) httpmock.Responder {
	return reply(http.StatusAccepted, envelope{
		Status: "success", Code: "202", Description: "accepted", TID: transactionID, Value: value,
	})
}

// found is the value of the reply to a search (observed).
type found struct {
	ConversationID string            `json:"conversationId,omitempty"`
	AliasID        *string           `json:"aliasId"`
	Exists         bool              `json:"chatExist"`
	Status         engagetest.Status `json:"status,omitempty"`
	TeamID         *string           `json:"teamId"`
	UserID         *string           `json:"userId"`
}

// Found is the reply to a search that finds a conversation. It contains the ID,
// Status, AliasID, TeamID and UserID of conversation.
func Found(conversation engagetest.Conversation) httpmock.Responder {
	return Value(found{
		ConversationID: conversation.ID,
		AliasID:        orNull(conversation.AliasID),
		Exists:         true,
		Status:         conversation.Status,
		TeamID:         orNull(conversation.TeamID),
		UserID:         orNull(conversation.UserID),
	})
}

// orNull returns nil for an empty text, because the service replies with null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// NoConversation is the reply to a search that finds no conversation.
func NoConversation() httpmock.Responder { return Value(found{}) }

// Transcript is a page of a transcript, oldest message first. The count is the number
// of messages in the conversation, which can have more than the page. Set the alias id and
// the time of each message, because no client adds them here. Transcript panics if a
// message has no JSON.
func Transcript(count int, page ...message.Message) httpmock.Responder {
	if page == nil {
		page = []message.Message{}
	}
	return Value(struct {
		Count    int               `json:"countOfRecords"`
		Messages []message.Message `json:"messages"`
	}{count, page})
}

// Value is a successful reply to a read, with the JSON of value. It panics if value has
// no JSON.
func Value(value any) httpmock.Responder {
	return reply(http.StatusOK, envelope{Status: "success", Code: "200", Description: "success", Value: value})
}

// Failure is a reply that reports a failure, in the envelope of the service. An empty
// code is that of the HTTP status.
func Failure(status int, code, description string) httpmock.Responder {
	if code == "" {
		code = strconv.Itoa(status)
	}
	return reply(status, envelope{Status: "failure", Code: code, Description: description})
}

// Token is the reply to a request for a token: the token, which expires in an hour
// (documented).
func Token(token string) httpmock.Responder {
	return reply(http.StatusOK, struct {
		AccessToken string   `json:"access_token"`
		ExpiresIn   int      `json:"expires_in"`
		TokenType   string   `json:"token_type"`
		Scope       []string `json:"scope"`
	}{token, 3600, "Bearer", []string{"conversations:read", "conversations:write"}})
}

// TokenRefused is the reply to a request for a token that the service refuses, in the
// form of RFC 6749 (assumed). The code is one such as invalid_client.
func TokenRefused(status int, code, description string) httpmock.Responder {
	return reply(status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
}

// reply returns a responder that answers with the JSON of body.
func reply(status int, body any) httpmock.Responder {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic("mocked: the reply has no JSON: " + err.Error())
	}
	return httpmock.NewBytesResponder(status, encoded).HeaderSet(http.Header{"Content-Type": {"application/json"}})
}
