// Kinlink's events (OpenID Shared Signals, CAEP) in an authorization server made of `oidc-provider`: when a login's
// access to a record ends, its sessions and tokens end here too.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';

/**
 * @param {object} settings
 * @param {string} settings.url     where Kinlink is, which is the issuer of its events
 * @param {string} settings.client  this server's client id at Kinlink, the audience
 */
export function receiver(provider, { url, client }) {
  const keys = createRemoteJWKSet(new URL('/ssf/jwks.json', url));
  // The sessions and the grants of each login. Keep them where your adapter keeps the rest.
  const sessions = new Map();
  const grants = new Map();
  const note = (of, login, id) => of.set(login, (of.get(login) ?? new Set()).add(id));
  provider.on('session.saved', ({ accountId, jti }) => accountId && note(sessions, accountId, jti));
  provider.on('grant.saved', ({ accountId, jti }) => note(grants, accountId, jti));

  async function end(login) {
    for (const id of sessions.get(login) ?? []) await (await provider.Session.find(id))?.destroy();
    for (const id of grants.get(login) ?? []) {
      await Promise.all([provider.RefreshToken.revokeByGrantId(id), provider.AuthorizationCode.revokeByGrantId(id)]);
      await (await provider.Grant.find(id))?.destroy();
    }
    sessions.delete(login);
    grants.delete(login);
  }

  /** Where the stream delivers to (RFC 8935): 202 when it was taken, however often it comes. */
  return async function receive(req, res) {
    let set = '';
    for await (const chunk of req) set += chunk;
    try {
      const rules = { issuer: url, audience: client, typ: 'secevent+jwt', algorithms: ['RS256'] };
      const { payload } = await jwtVerify(set, keys, rules);
      const { format, iss, sub } = payload.sub_id ?? {};
      if (payload.events?.[REVOKED] && format === 'iss_sub' && iss === provider.issuer) await end(sub);
      res.writeHead(202).end();
    } catch (error) {
      res.writeHead(400, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ err: 'invalid_request', description: error.message }));
    }
  };
}
