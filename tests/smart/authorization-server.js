// An OpenID provider as an operator would run it: logins of its own, and Kinlink for the rest.
import Provider from 'oidc-provider';
import { exportJWK, generateKeyPair } from 'jose';
import { kinlink } from './kinlink.js';
import { receiver } from './receiver.js';

const people = new Set(['anna', 'ben', 'cleo', 'dora']);

/** The operator's own part: who there is, and what is said of them. */
const accounts = {
  claims: { profile: ['name'] },
  async findAccount(_ctx, sub) {
    return people.has(sub) ? { accountId: sub, claims: async () => ({ sub, name: sub }) } : undefined;
  },
};

const app = (url) => ({
  client_id: 'app',
  redirect_uris: [`${url}/`],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: 'ES256',
});

/** Kinlink's own pages, where people log in by this server too. */
const pages = ({ url, pagesSecret }) => ({
  client_id: 'kinlink-pages',
  client_secret: pagesSecret,
  redirect_uris: [`${url}/login/callback`],
  id_token_signed_response_alg: 'ES256',
});

export async function authorizationServer(urls, config) {
  const records = kinlink({ ...config, returnUrl: `${urls.login}/picked`, fhirBase: urls.fhir });
  const { features, ...configuration } = records.configuration(accounts);
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(urls.login, {
    ...configuration,
    features: { ...features, devInteractions: { enabled: false } },
    jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'ES256', use: 'sig' }] },
    cookies: { keys: [crypto.randomUUID()] },
    clientBasedCORS: (_ctx, origin, client) => client.redirectUris.some((uri) => uri.startsWith(`${origin}/`)),
    clients: [app(urls.app), pages(config)],
  });
  provider.use(records.middleware);
  provider.on('server_error', (_ctx, error) => console.error(error));
  const receive = receiver(provider, config);
  const rest = provider.callback();

  function route(req, res) {
    const [, place, uid, step] = new URL(req.url, urls.login).pathname.split('/');
    if (place === 'picked') return records.cameBack(req, res);
    if (place === 'events') return receive(req, res);
    if (place !== 'interaction' || !uid) return rest(req, res);
    return step === 'picked' ? records.picked(provider, req, res) : interaction(provider, records, req, res);
  }

  return async (req, res) => {
    try {
      await route(req, res);
    } catch (error) {
      res.statusCode = 400;
      page(res, 'This login cannot go on', `<p id="why">${escaped(error.error_description ?? error.message)}</p>`);
    }
  };
}

async function interaction(provider, records, req, res) {
  const { prompt } = await provider.interactionDetails(req, res);
  if (prompt.name === 'consent') return records.chooseRecord(provider, req, res);
  if (req.method !== 'POST') return page(res, 'Log in', LOGIN);
  let body = '';
  for await (const chunk of req) body += chunk;
  const accountId = new URLSearchParams(body).get('name');
  return provider.interactionFinished(req, res, { login: { accountId } });
}

const LOGIN = '<form method="post"><label>Name <input name="name" autofocus></label> <button>Log in</button></form>';

const escaped = (text) => text.replace(/[&<>"]/g, (one) => `&#${one.codePointAt(0)};`);

function page(res, title, body) {
  res.setHeader('content-type', 'text/html; charset=utf-8');
  res.end(`<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${body}</html>`);
}
