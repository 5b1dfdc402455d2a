// Auth0, as far as a post-login Action sees it: its `event` and its `api` as the post-login trigger's reference describes
// them, and the way out and back as "Redirect with Actions" does. Reads the Action and what happens at the tenant
// from stdin, a line for each, and says what comes of it.
import { createInterface } from 'node:readline';

const dependencies = { jose: await import('jose') };
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? process.exit());

const { code, secrets, hostname } = await next();
const action = {};
new Function('exports', 'require', 'console', code)(action, (name) => dependencies[name], { log() {} });

/** Logins that have been sent away, by the `state` that brings them back; and what refresh tokens keep. */
const suspended = new Map();
const refreshTokens = new Map();

/** What an Action may ask for, and what it has asked for. */
function asked(scopes) {
  const done = { id: {}, access: {}, scope: new Set(scopes), kept: {} };
  const api = {
    access: { deny: (reason) => { done.denied = String(reason); } },
    idToken: { setCustomClaim: (name, value) => { done.id[name] = value; } },
    accessToken: {
      setCustomClaim: (name, value) => { done.access[name] = value; },
      addScope: (scope) => done.scope.add(scope),
      removeScope: (scope) => done.scope.delete(scope),
    },
    redirect: {
      sendUserTo(url, { query = {} } = {}) {
        done.redirect = new URL(url);
        for (const [name, value] of Object.entries(query)) done.redirect.searchParams.set(name, value);
      },
    },
    refreshToken: {
      setMetadata(key, value) {
        const fits = /^[\w-]{1,255}$/.test(key) && typeof value === 'string' && value.length <= 255;
        if (!fits) throw new TypeError('metadata: names and texts of at most 255 characters');
        done.kept[key] = value;
      },
    },
  };
  return { done, api };
}

/** Runs one of the Action's functions, and goes on as Auth0 would. `scopes` are those of the tokens. */
async function run(step, event, scopes = event.transaction.requested_scopes) {
  const { done, api } = asked(scopes);
  await action[step](event, api);
  if (done.denied) return { denied: done.denied };
  if (done.redirect) return redirect(event, done.redirect);
  const kept = refreshToken(event, scopes, done);
  return { id: done.id, access: done.access, scope: [...done.scope].join(' '), refreshToken: kept };
}

/** Only for those who asked for one. A new one keeps what the one before did. */
function refreshToken({ user, client, refresh_token }, scopes, { kept }) {
  if (!scopes.includes('offline_access')) return undefined;
  const id = crypto.randomUUID();
  refreshTokens.set(id, { user, client, scopes, metadata: { ...refresh_token?.metadata, ...kept } });
  return id;
}

function redirect(event, url) {
  // Neither a refresh nor `prompt=none` has a browser that may be shown anything.
  const { protocol, prompt = [] } = event.transaction;
  if (protocol === 'oauth2-refresh-token' || prompt.includes('none')) return { denied: 'interaction_required' };
  const state = crypto.randomUUID();
  suspended.set(state, event);
  url.searchParams.set('state', state);
  return { redirect: url.href };
}

const request = (query) => ({ hostname, ip: '203.0.113.7', method: 'GET', query, body: {}, geoip: {} });

const happenings = {
  login: ({ user, client, scopes, prompt = [] }) => run('onExecutePostLogin', {
    secrets,
    user: { user_id: user },
    client: { client_id: client, name: 'App', metadata: {} },
    request: request({ client_id: client, scope: scopes.join(' '), state: 'the-apps-own' }),
    session: { id: crypto.randomUUID() },
    transaction: { id: crypto.randomUUID(), protocol: 'oidc-basic-profile', requested_scopes: scopes, prompt, metadata: {} },
  }),

  /** The browser comes to `/continue`. */
  comesBack(url) {
    const { origin, pathname, searchParams } = new URL(url);
    const event = suspended.get(searchParams.get('state'));
    suspended.delete(searchParams.get('state'));
    if (!event || `${origin}${pathname}` !== `https://${hostname}/continue`) return { denied: 'invalid_request' };
    return run('onContinuePostLogin', { ...event, request: request(Object.fromEntries(searchParams)) });
  },

  /**
   * `remembers` is false at a tenant without refresh token metadata. What the token's scopes will be, the event does not
   * tell (Auth0's support article "Find Requested Scopes in Actions").
   */
  refresh({ refreshToken, remembers = true }) {
    const { user, client, scopes, metadata } = refreshTokens.get(refreshToken);
    return run('onExecutePostLogin', {
      secrets,
      user,
      client,
      request: { ...request({}), method: 'POST', body: { grant_type: 'refresh_token' } },
      refresh_token: remembers ? { id: refreshToken, metadata } : undefined,
      transaction: { protocol: 'oauth2-refresh-token', requested_scopes: [], metadata: {} },
    }, scopes);
  },
};

console.log(JSON.stringify({ ready: Object.keys(action) }));
for (;;) {
  const [[what, how]] = Object.entries(await next());
  console.log(JSON.stringify(await happenings[what](how)));
}
