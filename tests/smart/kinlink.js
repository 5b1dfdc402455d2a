// Kinlink in an authorization server made of the npm package `oidc-provider`: which patient record an authorization is
// for is asked when the person has logged in, where they may pick one, and what the record's link gives for every token.
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { errors } from 'oidc-provider';
import createClient from 'openapi-fetch';

/** The link is kept in the grant, as a scope of a resource that no app can ask for. */
const LINK = 'urn:kinlink:link';

/**
 * @param {object} settings
 * @param {string} settings.url         where Kinlink is
 * @param {string} settings.client      this server's client id at Kinlink, `cli_…`
 * @param {string} settings.key         its API key
 * @param {string} settings.connection  its connection, `con_…`
 * @param {string} settings.returnUrl   where the picker sends the browser back to
 * @param {string} settings.fhirBase    the FHIR server that access tokens are for
 * @param {string[]} [settings.idTokenClaims]  which of the connection's claims the scope `fhirUser` puts into ID tokens
 * @param {string} [settings.alg]       how access tokens are signed
 */
export function kinlink(settings) {
  const { url, client, key, connection, returnUrl, fhirBase, idTokenClaims = ['fhirUser'], alg = 'ES256' } = settings;
  /** @type {ReturnType<typeof createClient<import('./kinlink-api.js').paths>>} */
  const api = createClient({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
  const answerKeys = createRemoteJWKSet(new URL('/v1/smart/jwks', url));
  const answers = new WeakMap();

  /**
   * Which record an authorization is for.
   * @param {any} interaction
   * @param {{ link?: string, picker?: import('./kinlink-api.js').components['schemas']['PickerBody'] }} more
   */
  async function askForRecord({ params, session }, more) {
    const body = { sub: session.accountId, scope: params.scope, app: params.client_id, connection, ...more };
    return decided(await api.POST('/v1/smart/context', { body, signal: AbortSignal.timeout(3000) }));
  }

  /** Asked for every token, before a refresh token is used up: when the link has ended, the refresh is refused. */
  async function askForToken(ctx, { accountId, clientId, scope }) {
    const link = ctx.oidc.entities.Grant?.getResourceScope(LINK) || undefined;
    const answer = decided(await api.POST('/hooks/oidc-provider/{id}', {
      params: { path: { id: connection } },
      body: { accountId, clientId, scope, link },
      signal: AbortSignal.timeout(3000),
    }));
    const over = link && !answer.tokenResponse;
    if (over || answer.refuse) throw new errors.InvalidGrant('this login does not open the record any more');
    // A grant without a link is for no record, whatever has been linked since.
    if (link) answers.set(ctx, answer);
  }

  /** To be spread into the provider's configuration. `findAccount` and `claims` are your own. */
  const configuration = ({ findAccount, claims = {} }) => ({
    claims: { openid: ['sub'], ...claims, fhirUser: idTokenClaims },
    extraParams: ['aud', 'launch'],
    // A grant is for one record: the next authorization gets its own.
    loadExistingGrant: ({ oidc }) => oidc.result?.consent && oidc.provider.Grant.find(oidc.result.consent.grantId),
    async findAccount(ctx, sub, token) {
      const account = await findAccount(ctx, sub, token);
      if (!account) return undefined;
      if (token) await askForToken(ctx, token);
      const told = answers.get(ctx)?.claims;
      return { ...account, claims: async (...asked) => ({ ...await account.claims(...asked), ...told }) };
    },
    extraTokenClaims: (ctx) => answers.get(ctx)?.claims,
    features: {
      resourceIndicators: {
        enabled: true,
        // SMART apps say `aud` where OAuth says `resource`.
        defaultResource: (ctx, _client, granted) => granted ?? ctx.oidc.params.aud,
        useGrantedResource: () => true,
        getResourceServerInfo(ctx, resource) {
          if (resource !== fhirBase) throw new errors.InvalidTarget();
          const scope = clinical(answers.get(ctx)?.scope ?? ctx.oidc.params.scope ?? '').join(' ');
          return { scope, audience: fhirBase, accessTokenFormat: 'jwt', jwt: { sign: { alg } } };
        },
      },
    },
  });

  /** For `provider.use`: what SMART puts beside the tokens. */
  async function middleware(ctx, next) {
    // SMART apps ask for `offline_access` without OpenID's `prompt=consent`.
    if (ctx.query.scope?.includes('offline_access')) ctx.query = { prompt: 'consent', ...ctx.query };
    await next();
    const token = ctx.oidc?.entities.RefreshToken ?? ctx.oidc?.entities.AuthorizationCode;
    if (!token || !ctx.body?.access_token) return;
    // Of the granted scopes the access token has the FHIR server's only; apps look for `offline_access` too.
    const scope = [...identity(token.scope), ctx.body.scope].filter(Boolean).join(' ');
    Object.assign(ctx.body, { scope, ...answers.get(ctx)?.tokenResponse });
  }

  /** When an interaction's prompt is `consent`: behind your own page of consent, or instead of one. */
  async function chooseRecord(provider, req, res) {
    const interaction = await provider.interactionDetails(req, res);
    const picker = { session: interaction.uid, state: interaction.uid, return_url: returnUrl };
    const context = await askForRecord(interaction, { picker });
    if (context.status === 'several' && context.picker_url) return redirect(res, context.picker_url);
    return grant(provider, req, res, interaction, context);
  }

  /** At the return URL: leads on to `/interaction/<uid>/picked`, where the browser sends the interaction's cookie. */
  function cameBack(req, res) {
    const query = new URL(req.url, returnUrl).searchParams;
    return redirect(res, `/interaction/${encodeURIComponent(query.get('state') ?? '')}/picked?${query}`);
  }

  /** There: the answer is taken from the browser that was sent to the picker, and from no other. */
  async function picked(provider, req, res) {
    const interaction = await provider.interactionDetails(req, res);
    const answer = new URL(req.url, returnUrl).searchParams.get('answer') ?? '';
    const kind = { typ: 'kinlink-pick+jwt', algorithms: ['ES256'], requiredClaims: ['exp'] };
    const { payload } = await jwtVerify(answer, answerKeys, { issuer: url, audience: client, ...kind });
    if (payload.session !== interaction.uid) throw new errors.AccessDenied('the answer is for another login');
    if (!payload.link) return provider.interactionFinished(req, res, { error: 'access_denied' });
    const context = await askForRecord(interaction, { link: String(payload.link) });
    return grant(provider, req, res, interaction, context);
  }

  /** Grants what Kinlink permits; the authorization goes on as if the app had asked for just that. */
  async function grant(provider, req, res, interaction, context) {
    if (context.refuse) return provider.interactionFinished(req, res, { error: 'access_denied' });
    const { params, session } = interaction;
    const granted = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    granted.addOIDCScope(identity(context.scope));
    if (params.resource) granted.addResourceScope(params.resource, clinical(context.scope));
    if (context.link) granted.addResourceScope(LINK, context.link);
    params.scope = context.scope;
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
    return provider.interactionFinished(req, res, { consent: { grantId: await granted.save() } });
  }

  return { configuration, middleware, chooseRecord, cameBack, picked };
}

/** `patient/…`, `launch/…`: scopes of the FHIR server. */
const clinical = (scope) => scope.split(' ').filter((one) => one.includes('/'));

/** `openid`, `fhirUser`, `offline_access`: OpenID's. */
const identity = (scope) => scope.split(' ').filter((one) => !one.includes('/'));

/**
 * @template T
 * @param {{ data?: T, response: Response }} answered
 * @returns {T}
 */
function decided({ data, response }) {
  if (!data) throw new Error(`Kinlink has not decided: ${response.status}`);
  return data;
}

const redirect = (res, location) => res.writeHead(303, { location }).end();
