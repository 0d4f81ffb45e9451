// Package auth obtains, keeps and confines the tokens that authorize requests
// to Webex Engage and its neighbours.
//
// A [TokenSource] gives the token to authorize a request with. The simplest source is a
// token that somebody else renews:
//
//	client, err := engage.New(engage.US, auth.Static(os.Getenv("ENGAGE_TOKEN")))
//
// A standalone Engage tenant gives its clients an id and a secret, which
// [ClientCredentials] exchanges for tokens. The client sets the token endpoint, which
// is below its own base URL, and keeps the token in a [Cache]:
//
//	client, err := engage.New(engage.US, auth.ClientCredentials{
//		ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
//		ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
//	})
//
// Any other source is a type with one method. [FromOAuth2] adapts sources of
// golang.org/x/oauth2. [Bind] says what a client makes of each source.
//
// # The cache
//
// While its token is fresh, a [Cache] returns it at the cost of reading the clock. Some
// time before the token expires, the cache renews it in the background, and callers go
// on with the token they have. Callers wait only if there is no usable token. All of them
// wait for the same request, each for as long as its own context allows. They share a
// failure, too, and a growing pause follows it. The cache never returns an expired token.
//
// Without more, a token is renewed when it is asked for. [Cache.Run] renews it by a timer,
// so that the first call after a quiet hour does not wait either:
//
//	cache := auth.NewCache(auth.ClientCredentials{TokenURL: "https://…/oauth/token", …})
//	client, err := engage.New(engage.US, cache)
//	go cache.Run(ctx)
//
// [Registry.Run] does the same for all authorizations of a registry.
//
// # People and refresh tokens
//
// The contact-center side of Webex wants a person to sign in, once. [Login]
// does that with a browser on the same machine, [DeviceLogin] with a code to
// enter elsewhere, and [SignIn] with a pasted address. A [ServiceApp] needs an
// administrator's consent instead. Each results in a [Grant], which holds a refresh
// token:
//
//	grant, err := auth.Login{Integration: integration, Open: auth.OpenBrowser}.Run(ctx)
//
// A [Refreshing] source starts with the grant and renews it. It keeps its tokens in a
// [Store], which several processes can share, so that they outlive a restart:
//
//	refreshing := auth.Refreshing{Integration: integration, Name: "support", Store: auth.NewFileStore(directory)}
//	err = refreshing.Authorize(ctx, grant)
//	source, err := refreshing.Open()
//	defer source.Close(ctx)
//
// A service may accept a refresh token only once, and only a person can replace a lost
// one. So a source refreshes while it holds the record's lock, and saves the new token
// before it returns it. It does not send the old one again if that may have arrived, over
// HTTP/1.1 and HTTP/2 alike. Before a process ends, [Cache.Run] and [Cache.Close] wait for
// a refresh in progress.
//
// The service may still have replaced a token that the store does not have: if the
// process dies, if the reply is lost or takes longer than 30 seconds, or if the store
// cannot be written while another process shares it. The old record is whole then. The
// next renewal sends its refresh token a second time, and the service decides whether to
// accept that.
//
// A [Registry] holds authorizations by name, as the vendor's flow builder does. Users
// share them, one is the default, each has a state, and one that is in use is not
// removed. A client is then made with a name:
//
//	client, err := engage.New(engage.US, registry.Use("support", "inbound worker"))
//
// # Neighbours
//
// [ConnectServiceKey] and [ConnectJWT] authorize calls to Webex Connect, and
// [Legacy] those to the older imi.chat API.
//
// # Secrets
//
// [Secret] and [Token] print as REDACTED with every verb, logger and encoder.
// Reveal is the only way to their value. Errors of this package hold no secret,
// no body of a reply and no full URL.
//
// [Hosts] confines a token to the hosts it is meant for: [Hosts.Authorize] puts it on a
// request only if that goes to such a host over https. [Transport] does that for an
// [http.Client], for each request of a chain of redirects. The transport of x/oauth2 does
// not: it puts the token on every request, wherever a redirect leads.
//
// # Errors
//
// A [*ReauthorizationRequiredError] reports that no other attempt will help and a person
// has to act. A [*TokenEndpointError] reports any other failure of a token endpoint, and
// whether another attempt may help. A [*StoreError] reports that a record could not be
// read or saved. Invalid configuration is an [*outcome.Error] on the edge onInvalidData
// that names every fault. Two of these matter to most callers:
//
//	switch {
//	case errors.Is(err, auth.ErrReauthorizationRequired):
//		// The service refuses the credentials: a person has to act.
//	case errors.Is(err, auth.ErrUnreachable):
//		// There was no reply. The credentials may be in order.
//	}
//
// # Panics
//
// A panic of a user's source, store or callback reaches the caller, as with package
// net/http, where the call is made on the caller's goroutine. On a goroutine of this
// package, which is that of a renewal, it becomes an error of Token or is logged.
package auth
