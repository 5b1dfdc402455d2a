// An authorization server's back end as the npm package `openid-client` does it: finds Kinlink's token endpoint by its
// metadata (RFC 8414) and authenticates with a key of its own (private_key_jwt, RFC 7523). Says its public key; reads
// where Kinlink is, as whom it comes and what time it is there, and says what it gets.
import { createInterface } from 'node:readline';
import * as oauth from 'openid-client';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? process.exit());
const say = (line) => console.log(JSON.stringify(line));

const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
const kid = 'back-end-1';
say({ keys: [{ ...await crypto.subtle.exportKey('jwk', publicKey), kid, use: 'sig', alg: 'ES256' }] });

for (;;) {
  const { kinlink, client, now } = await next();
  const later = now - Math.floor(Date.now() / 1000);
  try {
    const authentication = oauth.PrivateKeyJwt({ key: privateKey, kid });
    const options = { algorithm: 'oauth2', execute: [oauth.allowInsecureRequests] };
    const server = await oauth.discovery(new URL(kinlink), client, { [oauth.clockSkew]: later }, authentication, options);
    say(await oauth.clientCredentialsGrant(server));
  } catch (error) {
    say({ error: error.error ?? error.message });
  }
}
