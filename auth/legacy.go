package auth

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/engagesdk/engage-go/internal/safeerror"
	"github.com/engagesdk/engage-go/internal/safeurl"
	"github.com/engagesdk/engage-go/outcome"
)

// Legacy is a [TokenSource] for the REST API of imi.chat, the predecessor of Engage. Token
// sends a GET request every time, and the reply contains the token in a header. These
// requests count towards the tenant's limit of 10,000 a day (documented), so wrap the
// struct with [NewCache].
type Legacy struct {
	// AuthorizeURL is the endpoint, such as
	// https://<sub-domain>.imi.chat/v3.1/authorize. It must be https, or plain
	// http to the loopback. Required.
	AuthorizeURL string
	// APIKey and DomainName form the credential. Required.
	APIKey     Secret
	DomainName string
	// CredentialHeader is the name of the header that carries the credential. Empty
	// means Authorization (assumed, because the name is not public).
	CredentialHeader string
	// Life is how long a token is used. 0 means until the service refuses it. The real
	// lifetime is not public.
	Life time.Duration
	// Transport sends the request; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if the fields are valid. Otherwise it returns an [*outcome.Error] on
// the edge onInvalidData that names every invalid field.
func (l Legacy) Validate() error {
	var faults outcome.Violations
	if _, problem := safeurl.Parse(l.AuthorizeURL); problem != "" {
		faults.Add("AuthorizeURL", problem)
	}
	if l.APIKey.IsZero() {
		faults.Add("APIKey", "is empty")
	}
	if l.DomainName == "" {
		faults.Add("DomainName", "is empty")
	}
	if strings.ContainsAny(l.CredentialHeader, " :\t\r\n") {
		faults.Add("CredentialHeader", "is not the name of a header")
	}
	if l.Life < 0 {
		faults.Add("Life", "is negative")
	}
	return faults.Err("", "")
}

// Token requests a token, once and for at most 10 seconds. [Hosts.Authorize] puts the token
// into the header access_token of a request (documented).
//
// The errors are:
//   - an [*outcome.Error] that names every invalid field;
//   - a [*ReauthorizationRequiredError] for the status 401 (assumed, because the vendor
//     documents no errors of this API);
//   - a [*TokenEndpointError] for any other failure.
func (l Legacy) Token(ctx context.Context) (Token, error) {
	if err := l.Validate(); err != nil {
		return Token{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.AuthorizeURL, nil)
	if err != nil {
		return Token{}, safeerror.Exchange(err)
	}
	credential := base64.StdEncoding.EncodeToString([]byte(l.APIKey.Reveal() + "@" + l.DomainName))
	request.Header.Set(cmp.Or(l.CredentialHeader, "Authorization"), credential)
	request.Header.Set("Content-Type", "application/json")
	x := exchange{sender: sender(l.Transport), secrets: []Secret{l.APIKey, NewSecret(credential)}}
	if _, err := x.sendRaw(request, nil); err != nil {
		return Token{}, err
	}
	value := x.response.Header.Get("access_token")
	switch {
	case x.response.StatusCode == http.StatusUnauthorized:
		return Token{}, &ReauthorizationRequiredError{Reason: CredentialsChanged, Err: x.failure("")}
	case x.response.StatusCode != http.StatusOK:
		return Token{}, x.failure("")
	case value == "":
		return Token{}, x.failure("the reply contains no access token")
	case !wellFormed(value):
		return Token{}, x.failure("the access token contains an invalid character")
	}
	var expiry time.Time
	if l.Life > 0 {
		expiry = time.Now().Add(l.Life)
	}
	return newToken(legacyHeader, "", value, expiry, nil), nil
}
