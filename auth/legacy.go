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

// Legacy obtains tokens from the REST API of imi.chat, the product that Engage
// grew out of: the reply to a GET holds the token in a header. The requests count
// towards a tenant's daily 10,000 (documented), so wrap the struct with
// [NewCache]. On its own, it sends one request on every call of Token.
type Legacy struct {
	// AuthorizeURL is the endpoint, such as
	// https://<sub-domain>.imi.chat/v3.1/authorize. It must be https, or plain
	// http to the loopback. Required.
	AuthorizeURL string
	// APIKey and DomainName make up the credential. Required.
	APIKey     Secret
	DomainName string
	// CredentialHeader is the header that carries the credential. Its name is
	// not public; empty means Authorization (assumed).
	CredentialHeader string
	// Life is how long a token is used; 0 means until it is refused. The real
	// lifetime is not public.
	Life time.Duration
	// Transport sends the request; nil means [http.DefaultTransport].
	Transport http.RoundTripper
}

// Validate returns nil if a token can be requested; else an [*outcome.Error] on
// the edge onInvalidData that names every fault.
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

// Token requests a token, which goes into the header access_token of later
// requests (documented). The error is one of these:
//   - an [*outcome.Error] that names every fault;
//   - a [*ReauthorizationRequiredError] for the status 401 (assumed, as no error of this
//     API is documented);
//   - a [*TokenEndpointError].
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
