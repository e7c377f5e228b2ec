// The identity provider of the end-to-end tests and of `make run OIDC=1`: oidc-provider, the certified OpenID Connect
// server, with its own development sign-in pages (which ask for no password).
//
//   node provider.mjs CONFIG.json
//
// CONFIG.json:
//   issuer         "http://127.0.0.1:9082/auth/realms/demo": listens on that host and port, and serves under that path
//   tls            {"cert": FILE, "key": FILE}, for an issuer with https
//   keys           file with the private keys, a JWKS; made (one RSA key of 2048 bits) if it is not there
//   clients        the clients' metadata, as oidc-provider names them
//   users          {"alice": {claim: value, …}}: who can sign in, and what their tokens say besides `sub`
//   resources      {"https://s3.example": {audience, scope}}: what access tokens are for; these are JWTs
//   client_claims  {"app": {claim: value, …}}: what the access tokens of a client say besides
//   ttl            {"IdToken": seconds, "AccessToken": seconds}
//
// SIGHUP reads CONFIG.json and the keys again: users and claims change, keys rotate, and the server goes on serving.
// One line a request goes to standard output: method, path, status.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import Provider from 'oidc-provider';

const file = process.argv[2];
const cookieKeys = [randomBytes(32).toString('hex')];
const kept = () => JSON.parse(readFileSync(file, 'utf8'));

function signingKeys(path) {
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const kid = randomBytes(8).toString('hex');
    const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid };
    writeFileSync(path, `${JSON.stringify({ keys: [key] })}\n`, { mode: 0o600 });
  }
  return JSON.parse(readFileSync(path, 'utf8'));
}

function build(config) {
  const users = config.users ?? {};
  const resources = config.resources ?? {};
  const claimNames = new Set(['sub', ...Object.values(users).flatMap(Object.keys)]);
  const provider = new Provider(config.issuer, {
    clients: config.clients,
    jwks: signingKeys(config.keys),
    cookies: { keys: cookieKeys },
    ttl: { IdToken: 3600, AccessToken: 3600, Grant: 86400, Interaction: 600, Session: 86400, ...config.ttl },
    claims: { openid: [...claimNames] },
    conformIdTokenClaims: false, // the user's claims are in the ID token itself
    findAccount: (_, sub) => (Object.hasOwn(users, sub)
      ? { accountId: sub, claims: () => ({ sub, ...users[sub] }) }
      : undefined),
    extraTokenClaims: (_, token) => config.client_claims?.[token.clientId],
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: Object.keys(resources).length > 0,
        defaultResource: () => Object.keys(resources)[0],
        useGrantedResource: () => true,
        getResourceServerInfo: (_, name) => ({ accessTokenFormat: 'jwt', ...resources[name] }),
      },
    },
  });
  provider.on('server_error', (_, error) => console.error(error));
  return provider.callback();
}

let config = kept();
let answer = build(config);
const issuer = new URL(config.issuer);

function serve(request, response) {
  const path = request.url.split('?')[0];
  response.on('finish', () => console.log(request.method, path, response.statusCode));
  if (!`${path}/`.startsWith(`${issuer.pathname.replace(/\/$/, '')}/`)) {
    response.writeHead(404).end();
    return;
  }
  request.originalUrl = request.url; // how oidc-provider finds the path it is mounted at
  request.url = request.url.slice(issuer.pathname.replace(/\/$/, '').length) || '/';
  answer(request, response);
}

process.on('SIGHUP', () => {
  config = kept();
  answer = build(config);
  console.log('reloaded');
});

const server = config.tls
  ? https.createServer({ cert: readFileSync(config.tls.cert), key: readFileSync(config.tls.key) }, serve)
  : http.createServer(serve);
server.listen(Number(issuer.port), issuer.hostname, () => console.log('serving', config.issuer));
for (const stop of ['SIGINT', 'SIGTERM']) {
  process.on(stop, () => process.exit(0));
}
