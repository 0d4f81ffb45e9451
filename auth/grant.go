package auth

import "time"

// Grant is the result of a sign-in or a refresh. The zero value is none.
type Grant struct {
	// Token is the access token. It is zero where only a refresh token is known.
	Token Token
	// RefreshToken is good for further access tokens.
	RefreshToken Secret
	// RefreshExpiry is when the refresh token expires; the zero time if that is not
	// known. It is absolute: with Webex Contact Center a refresh does not move it
	// (observed).
	RefreshExpiry time.Time
}
