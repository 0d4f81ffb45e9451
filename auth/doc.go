// Package auth obtains tokens for Webex Engage and related services, renews them, and
// sends them only to the hosts they are meant for.
//
// A [TokenSource] returns the token that authorizes a request. The simplest source is a
// fixed token:
//
//	client, err := engage.New(engage.US, auth.Static(os.Getenv("ENGAGE_TOKEN")))
//
// A standalone Engage tenant has an id and a secret. [ClientCredentials] exchanges them
// for tokens. The client sets the token endpoint, which is below its own base URL, and
// keeps the token in a [Cache]:
//
//	client, err := engage.New(engage.US, auth.ClientCredentials{
//		ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
//		ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
//	})
//
// Every type with a Token method can be a source. [FromOAuth2] adapts the sources of
// golang.org/x/oauth2. [Bind] describes how a client uses each kind of source.
//
// # The cache
//
// A [Cache] returns its token without a request while the token is fresh. Some time
// before the token expires, the cache renews it in the background, and callers still get
// the old one. Callers wait only if there is no usable token. All of them wait for the
// same renewal, each until its own context ends. If the renewal fails, all of them get
// its error, and the cache pauses before the next. It never returns an expired token.
//
// By itself, a cache renews its token only when a caller asks for one. [Cache.Run] renews
// it by a timer, so that the first call after a quiet hour does not wait either:
//
//	cache := auth.NewCache(auth.ClientCredentials{TokenURL: "https://…/oauth/token", …})
//	client, err := engage.New(engage.US, cache)
//	go cache.Run(ctx)
//
// [Registry.Run] does the same for all authorizations of a registry.
//
// # People and refresh tokens
//
// The contact-center side of Webex requires that a person signs in once. [Login] signs
// the person in with a browser on the same machine. [DeviceLogin] uses a code that the
// person enters on another device, and [SignIn] an address that the person pastes. A
// [ServiceApp] needs the consent of an administrator instead. Each of them returns a
// [Grant], which holds a refresh token:
//
//	grant, err := auth.Login{Integration: integration, Open: auth.OpenBrowser}.Run(ctx)
//
// A [Refreshing] source starts with the grant and renews it. It keeps its tokens in a
// [Store], so that they outlive the process. Several processes can share the store:
//
//	refreshing := auth.Refreshing{Integration: integration, Name: "support", Store: auth.NewFileStore(directory)}
//	err = refreshing.Authorize(ctx, grant)
//	source, err := refreshing.Open()
//	defer source.Close(ctx)
//
// A service may accept each refresh token only once, and only a person can replace a lost
// one. Therefore a source holds the lock of the record while it refreshes, and saves the
// new refresh token before it returns the access token. If the reply is lost, it makes no
// further attempt with the old refresh token, over HTTP/1.1 and HTTP/2 alike. [Cache.Run]
// and [Cache.Close] wait for a refresh in progress, so call one of them before the
// process ends.
//
// In three cases the service may have replaced a refresh token while the store still
// holds the old one:
//   - the process dies during the refresh;
//   - the reply is lost, or takes longer than 30 seconds;
//   - the store cannot be written, and another process refreshes first.
//
// The old record is then still whole. The next renewal sends the old refresh token again,
// and the service decides whether to accept it.
//
// A [Registry] holds authorizations by name, as the vendor's flow builder does. Several
// users can share an authorization, and one authorization can be the default. Each has a
// state. Remove refuses one that is in use. A client takes an authorization by its name:
//
//	client, err := engage.New(engage.US, registry.Use("support", "inbound worker"))
//
// # Related services
//
// [ConnectServiceKey] and [ConnectJWT] authorize calls to Webex Connect. [Legacy]
// authorizes calls to the older imi.chat API.
//
// # Secrets
//
// [Secret] and [Token] print as REDACTED with every verb, logger and encoder. Only their
// Reveal methods return the value. Errors of this package hold no secret, no body of a
// reply and no full URL.
//
// [Hosts] is the set of hosts that a token may be sent to. [Hosts.Authorize] puts a token
// on a request only if the request goes to one of them over https. [Transport] does so
// for every request of an [http.Client], redirects included. The transport of x/oauth2
// instead puts the token on every request, wherever a redirect leads.
//
// # Errors
//
// A [*ReauthorizationRequiredError] reports that a person has to act. Another attempt does
// not help. A [*TokenEndpointError] reports any other failure of a token endpoint, and
// whether another attempt may help. A [*StoreError] reports that a record could not be
// read or saved. Invalid configuration is an [*outcome.Error] on the edge onInvalidData
// that names every fault. Most callers need to distinguish two cases:
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
// If a user's source, store or callback panics on the caller's goroutine, the panic
// reaches the caller. Renewals run on goroutines of this package. There a panic becomes
// an error of Token, or is logged.
package auth
