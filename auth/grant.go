package auth

import (
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Grant is what a sign-in or a refresh yields. The zero value is none.
type Grant struct {
	// Token is the access token; zero where only a refresh token is at hand.
	Token Token
	// RefreshToken is good for further access tokens.
	RefreshToken Secret
	// RefreshExpiry is until when; the zero time if that is not known. It is
	// absolute: with Webex Contact Center a refresh does not move it (observed).
	RefreshExpiry time.Time
}

// grantOf returns the grant in an answer that x/oauth2 has read.
func grantOf(answer *oauth2.Token) Grant {
	grant := Grant{Token: tokenOf(answer), RefreshToken: NewSecret(answer.RefreshToken)}
	if seconds, _ := answer.Extra("refresh_token_expires_in").(float64); seconds > 0 {
		grant.RefreshExpiry = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	return grant
}

// grant returns the grant that an answer received at now holds.
func (r reply) grant(now time.Time) Grant {
	after := func(seconds int64) time.Time {
		if seconds == 0 {
			return time.Time{}
		}
		return now.Add(time.Duration(seconds) * time.Second)
	}
	return Grant{
		Token:         NewToken(r.AccessToken, after(r.ExpiresIn), strings.Fields(r.Scope)...),
		RefreshToken:  NewSecret(r.RefreshToken),
		RefreshExpiry: after(r.RefreshExpiresIn),
	}
}
