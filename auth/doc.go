// Package auth obtains, keeps and confines the tokens that authorize requests
// to Webex Engage and its neighbours.
//
// A [TokenSource] answers the one question a request has: which token now? The
// simplest source is a token that someone else looks after:
//
//	client, err := engage.New(engage.US, auth.Static(os.Getenv("ENGAGE_TOKEN")))
//
// A standalone Engage tenant gives its clients an id and a secret, which
// [ClientCredentials] trades for tokens. The client binds them to its own base
// URL, where the token endpoint is, and keeps the token in a [Cache]:
//
//	client, err := engage.New(engage.US, auth.ClientCredentials{
//		ClientID:     os.Getenv("ENGAGE_CLIENT_ID"),
//		ClientSecret: auth.NewSecret(os.Getenv("ENGAGE_CLIENT_SECRET")),
//	})
//
// Any other source is a type with one method, and those written for
// golang.org/x/oauth2 fit through [FromOAuth2].
//
// # The cache
//
// A [Cache] makes a source cheap and calm. While its token is fresh, Token
// costs a look at the clock. Some time before the token expires, one refresh
// starts in the background and callers go on with the token they have. Only
// when there is no usable token do callers wait, all of them for the same
// request, each for as long as its own context allows. A failed refresh is
// shared, and not repeated before a growing pause has passed. An expired token
// is never handed out.
//
// A service whose first call after a quiet hour must not wait for a token either
// has one kept fresh by a timer, with [Cache.Run], or [Registry.Run] for all of a
// registry. A client binds a cache that it is given, as it does credentials:
//
//	cache := auth.NewCache(auth.ClientCredentials{…})
//	client, err := engage.New(engage.US, cache)
//	go cache.Run(ctx)
//
// Without either, a token is renewed when it is asked for.
//
// # People and refresh tokens
//
// The contact-center side of Webex wants a person to sign in, once. [Login]
// does that with a browser on the same machine, [DeviceLogin] with a code to
// enter elsewhere, and [SignIn] with a pasted address. A [ServiceApp] needs an
// administrator's consent instead. Each yields a [Grant], which holds a refresh
// token:
//
//	grant, err := auth.Login{Integration: integration, Open: auth.OpenBrowser}.Run(ctx)
//
// A [Refreshing] source lives from the grant from then on, across restarts and
// in several processes at once, because it keeps its tokens in a [Store]:
//
//	refreshing := auth.Refreshing{Integration: integration, Name: "support", Store: auth.NewFileStore(directory)}
//	err = refreshing.Authorize(ctx, grant)
//	source, err := refreshing.Open()
//
// A refresh token that is used twice may be revoked, and one that is lost takes
// a person to replace. So a source refreshes under the record's lock, and saves the
// new token before it gives it out; one that cannot be saved is used all the same,
// and kept in memory until it can. That leaves three gaps between a service that
// has rotated the token and a store that has the new one: the process dies, the
// reply is lost on its way or takes longer than 30 seconds, or the store cannot be
// written, as on a full disk, while another process shares it. The old record is
// still whole then, the next renewal sends its refresh token a second time, and
// whether the service accepts that is the service's choice.
//
// A [Registry] holds authorizations by name, as the vendor's flow builder does:
// shared by all their users, with a default, with states, and not to be removed
// while in use. A client is then built with a name:
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
// [Secret] and [Token] print as REDACTED whatever the verb, logger or encoder.
// Reveal is the only way to their value. Errors of this package hold no secret,
// no body of a reply and no full URL.
//
// [Hosts] confines a token to the hosts it is meant for: only [Hosts.Authorize]
// puts it on a request, and only on one that goes to such a host over https, so
// that no redirect and no link in a reply can carry it elsewhere.
//
// # Errors
//
// A [*TokenEndpointError] says that a token endpoint refused, or could not be
// reached, and whether it is worth trying again. A
// [*ReauthorizationRequiredError] says that no retry will help and a person has
// to act; it matches [ErrReauthorizationRequired]. A [*StoreError] says that a
// record could not be read or saved. Bad configuration is reported as an
// [*outcome.Error] on the edge onInvalidData that names every field at fault.
package auth
