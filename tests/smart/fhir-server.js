// A FHIR server that gives what the access token gives, and nothing else: the token is this authorization server's
// (RFC 9068), for this server, with a scope for the resource, and the record is the one that it names.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const patient = (id, given) => ({
  resourceType: 'Patient',
  id,
  name: [{ given: [given], family: 'Featherstonehaugh' }],
});
const weight = (id, of) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: `Body weight of ${of}` },
  subject: { reference: `Patient/${of}` },
});

const store = {
  Patient: [patient('p1', 'Wilhelmina'), patient('p2', 'Ben'), patient('p3', 'Mina')],
  Observation: [weight('o1', 'p1'), weight('o2', 'p2'), weight('o3', 'p3')],
  Condition: [],
};

const whose = ({ id, subject }) => subject ? subject.reference.split('/')[1] : id;

/** Does a scope let this be read (`r`) or searched (`s`)? */
const lets = (scope, type, letter) => scope.split(' ').some((one) => {
  const [, resource, access] = /^patient\/([A-Za-z]+|\*)\.(c?r?u?d?s?)$/.exec(one) ?? [];
  return (resource === type || resource === '*') && access.includes(letter);
});

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function fhirServer(urls) {
  const keys = createRemoteJWKSet(new URL('/jwks', urls.login));
  const rules = { issuer: urls.login, audience: urls.fhir, typ: 'at+jwt', requiredClaims: ['exp'] };

  async function opened(req) {
    const text = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (!text) throw new Refusal(401, 'no token');
    const { payload } = await jwtVerify(text, keys, rules).catch(() => { throw new Refusal(401, 'not our token'); });
    if (!payload.patient) throw new Refusal(403, 'the token opens no record');
    return { scope: payload.scope ?? '', patient: payload.patient };
  }

  function read({ scope, patient }, type, id) {
    if (!lets(scope, type, 'r')) throw new Refusal(403, `the token does not let ${type} be read`);
    const found = store[type].find((one) => one.id === id);
    // What is another patient's is not told from what is not there.
    if (!found || whose(found) !== patient) throw new Refusal(403, 'not of the patient in the token');
    return found;
  }

  function search({ scope, patient }, type, asked) {
    if (!lets(scope, type, 's')) throw new Refusal(403, `the token does not let ${type} be searched`);
    if (asked.replace(/^Patient\//, '') !== patient) throw new Refusal(403, 'not of the patient in the token');
    const entry = store[type].filter((one) => whose(one) === patient).map((resource) => ({ resource }));
    return { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry };
  }

  async function answer(req) {
    const { pathname, searchParams } = new URL(req.url, urls.fhir);
    const path = pathname.replace('/r4/', '');
    if (path === '.well-known/smart-configuration') return smartConfiguration(urls);
    const token = await opened(req);
    const [type, id] = path.split('/');
    if (req.method !== 'GET' || !Object.hasOwn(store, type)) throw new Refusal(404, 'nothing there');
    return id ? read(token, type, id) : search(token, type, searchParams.get('patient') ?? '');
  }

  return async (req, res) => {
    if (req.method === 'OPTIONS') return res.writeHead(204, HEADERS).end();
    try {
      const body = await answer(req);
      res.writeHead(200, HEADERS).end(JSON.stringify(body));
    } catch (error) {
      const issue = [{ severity: 'error', code: 'forbidden', diagnostics: error.message }];
      res.writeHead(error.status ?? 500, HEADERS).end(JSON.stringify({ resourceType: 'OperationOutcome', issue }));
    }
  };
}

const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, *',
  'content-type': 'application/fhir+json',
};

/** SMART App Launch 2.2, "Conformance". */
const smartConfiguration = ({ login }) => ({
  issuer: login,
  jwks_uri: `${login}/jwks`,
  authorization_endpoint: `${login}/auth`,
  token_endpoint: `${login}/token`,
  grant_types_supported: ['authorization_code'],
  scopes_supported: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs', 'offline_access'],
  code_challenge_methods_supported: ['S256'],
  capabilities: [
    'launch-standalone', 'client-public', 'context-standalone-patient', 'permission-patient', 'permission-offline',
    'permission-v2',
  ],
});
