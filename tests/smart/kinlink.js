// Kinlink in an authorization server made of the npm package `oidc-provider`: which patient record a login opens
// is asked once when the person has logged in, where they may pick one, and again for every token.
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
 * @param {string} settings.returnUrl   where the picker sends the browser back to
 * @param {string} settings.fhirBase    the FHIR server that access tokens are for
 * @param {string} [settings.alg]       how they are signed
 */
export function kinlink({ url, client, key, returnUrl, fhirBase, alg = 'ES256' }) {
  /** @type {ReturnType<typeof createClient<import('./kinlink-api.js').paths>>} */
  const api = createClient({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
  const answerKeys = createRemoteJWKSet(new URL('/v1/smart/jwks', url));
  const contexts = new WeakMap();

  /** @param {import('./kinlink-api.js').components['schemas']['ContextBody']} body */
  async function ask(body) {
    const { data, response } = await api.POST('/v1/smart/context', { body });
    if (!data) throw new Error(`Kinlink has not decided: ${response.status}`);
    return data;
  }

  /** Asked for every token, so that a link that has ended ends them: the refresh is refused. */
  async function contextFor(ctx, token) {
    const link = ctx.oidc.entities.Grant?.getResourceScope(LINK);
    if (!link) return;
    const context = await ask({ sub: token.accountId, scope: token.scope, link });
    if (context.status !== 'record') throw new errors.InvalidGrant('the record is not open to this login any more');
    contexts.set(ctx, context);
  }

  /** Spread into the provider's configuration; `findAccount` and the claims of other scopes are yours. */
  const configuration = ({ findAccount, claims = {} }) => ({
    claims: { openid: ['sub'], ...claims, fhirUser: ['fhirUser'] },
    extraParams: ['aud', 'launch'],
    // A grant is for one record: the next authorization gets its own.
    loadExistingGrant: ({ oidc }) => oidc.result?.consent && oidc.provider.Grant.find(oidc.result.consent.grantId),
    async findAccount(ctx, sub, token) {
      const account = await findAccount(ctx, sub, token);
      if (account && token) await contextFor(ctx, token);
      const fhirUser = contexts.get(ctx)?.fhirUser;
      return account && { ...account, claims: async (...asked) => ({ ...await account.claims(...asked), fhirUser }) };
    },
    extraTokenClaims(ctx) {
      const context = contexts.get(ctx);
      return context && { patient: context.patient, fhirUser: context.fhirUser };
    },
    features: {
      resourceIndicators: {
        enabled: true,
        // SMART apps say `aud` where OAuth says `resource`.
        defaultResource: (ctx, _client, granted) => granted ?? ctx.oidc.params.aud,
        useGrantedResource: () => true,
        getResourceServerInfo(ctx, resource) {
          if (resource !== fhirBase) throw new errors.InvalidTarget();
          const scope = contexts.get(ctx)?.scope ?? ctx.oidc.params.scope ?? '';
          return { audience: fhirBase, accessTokenFormat: 'jwt', jwt: { sign: { alg } }, scope: clinical(scope).join(' ') };
        },
      },
    },
  });

  /** `provider.use(…)`: what SMART wants beside the tokens, and refresh tokens for apps that know no `prompt`. */
  async function middleware(ctx, next) {
    if (ctx.query.scope?.includes('offline_access') && !ctx.query.prompt) ctx.query = { ...ctx.query, prompt: 'consent' };
    await next();
    if (!ctx.body?.access_token) return;
    const { patient, need_patient_banner, fhirContext } = contexts.get(ctx) ?? {};
    const { RefreshToken, AuthorizationCode } = ctx.oidc.entities;
    const { scope } = RefreshToken ?? AuthorizationCode;
    // The access token's own scopes are the FHIR server's only; apps look for `offline_access` too.
    const granted = [...identity(scope), ctx.body.scope].filter(Boolean).join(' ');
    Object.assign(ctx.body, { scope: granted, patient, need_patient_banner, fhirContext });
  }

  /** Goes on with an interaction whose prompt is `consent`, on this server's page or without one. */
  async function chooseRecord(provider, req, res) {
    const interaction = await provider.interactionDetails(req, res);
    const { params: { scope }, session, uid } = interaction;
    const picker = { session: uid, state: uid, return_url: returnUrl };
    const context = await ask({ sub: session.accountId, scope, picker });
    if (context.status === 'several' && context.picker_url) return redirect(res, context.picker_url);
    await grant(provider, req, res, interaction, context);
  }

  /** The browser is back at the return URL. Its query leads on to the interaction, where the cookie is sent. */
  async function picked(provider, req, res) {
    const interaction = await provider.interactionDetails(req, res);
    const { params: { scope }, session, uid } = interaction;
    const answer = new URL(req.url, url).searchParams.get('answer') ?? '';
    const { payload } = await jwtVerify(answer, answerKeys, { issuer: url, audience: client, typ: 'kinlink-pick+jwt', requiredClaims: ['exp'] });
    if (payload.session !== uid) throw new Error('the answer is for another session');
    if (!payload.link) return provider.interactionFinished(req, res, { error: 'access_denied' });
    const context = await ask({ sub: session.accountId, scope, link: String(payload.link) });
    await grant(provider, req, res, interaction, context);
  }

  /** Grants what Kinlink permits; the authorization goes on as if the app had asked for just that. */
  async function grant(provider, req, res, interaction, context) {
    const { params, session } = interaction;
    if (context.refuse) return provider.interactionFinished(req, res, { error: 'access_denied' });
    const granted = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    granted.addOIDCScope(identity(context.scope));
    if (params.resource) granted.addResourceScope(params.resource, clinical(context.scope).join(' '));
    if (context.link) granted.addResourceScope(LINK, context.link);
    interaction.params.scope = context.scope;
    await interaction.save(interaction.exp - Math.floor(Date.now() / 1000));
    await provider.interactionFinished(req, res, { consent: { grantId: await granted.save() } });
  }

  return { configuration, middleware, chooseRecord, picked };
}

/** `patient/…`, `launch/…`: scopes of the FHIR server. */
const clinical = (scope) => scope.split(' ').filter((one) => one.includes('/'));

/** `openid`, `fhirUser`, `offline_access`: OpenID's. */
const identity = (scope) => scope.split(' ').filter((one) => !one.includes('/'));

const redirect = (res, location) => res.writeHead(303, { location }).end();
