// An OAuth server that nobody here wrote, certified by the OpenID Foundation,
// set up for the tests. It prints its address once it listens on the loopback.
//
// usage: node provider.mjs <redirect URL>
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The module is installed where the test runs, not beside this file.
const require = createRequire(process.cwd() + '/');
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const client = {
  client_secret: 'secret-of-at-least-32-characters',
  redirect_uris: [process.argv[2]],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials', deviceGrant],
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      { ...client, client_id: 'form', token_endpoint_auth_method: 'client_secret_post' },
      { ...client, client_id: 'header', token_endpoint_auth_method: 'client_secret_basic' },
    ],
    cookies: { keys: ['a key for cookies of this test alone'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: () => true,
    pkce: { methods: ['S256'], required: () => true },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'read'],
    ttl: { AccessToken: 3600, ClientCredentials: 600, RefreshToken: 86400, DeviceCode: 60, Grant: 86400, Interaction: 60, Session: 60 },
  });

  // Signs everybody in and consents to everything.
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) {
      await next();
      return;
    }
    const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
    let result = { login: { accountId: 'person' } };
    if (prompt.name === 'consent') {
      const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
      grant.addOIDCScope(params.scope);
      result = { consent: { grantId: await grant.save() } };
    }
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
    ctx.respond = false;
  });

  const handle = provider.callback();
  server.on('request', (request, response) => {
    // Webex wants no client authentication where a device code is asked for;
    // the standard does.
    if (request.url === '/device/auth') {
      request.headers.authorization = 'Basic ' + Buffer.from(`header:${client.client_secret}`).toString('base64');
    }
    handle(request, response);
  });
  console.log(issuer);
});
