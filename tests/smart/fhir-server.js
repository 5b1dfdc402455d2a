// A FHIR server that gives what the access token gives, and nothing else: the token is this authorization server's
// (RFC 9068), for this server, with a scope for the resource, and the record is the one that it names.
import { createRemoteJWKSet, jwtVerify } from 'jose';

const patient = (id, given) => ({ resourceType: 'Patient', id, name: [{ given: [given], family: 'Featherstonehaugh' }] });
const observation = (id, of, text) => ({
  resourceType: 'Observation', id, status: 'final', code: { text }, subject: { reference: `Patient/${of}` },
});

const store = {
  Patient: [patient('p1', 'Wilhelmina'), patient('p2', 'Ben'), patient('p3', 'Mina')],
  Observation: [
    observation('o1', 'p1', 'Body weight of p1'),
    observation('o2', 'p2', 'Body weight of p2'),
    observation('o3', 'p3', 'Body weight of p3'),
  ],
};

const whose = (resource) => resource.resourceType === 'Patient' ? resource.id : resource.subject.reference.split('/')[1];

/** Does a scope let this be read (`r`) or searched (`s`)? */
const lets = (scope, type, letter) => scope.split(' ').some((one) => {
  const [, resource, access] = /^patient\/([A-Za-z*]+)\.(c?r?u?d?s?|read)$/.exec(one) ?? [];
  return (resource === type || resource === '*') && (access === 'read' || access.includes(letter));
});

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function fhirServer(urls) {
  const keys = createRemoteJWKSet(new URL('/jwks', urls.login));

  async function token(req) {
    const text = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (!text) throw new Refusal(401, 'no token');
    const rules = { issuer: urls.login, audience: urls.fhir, typ: 'at+jwt', requiredClaims: ['exp', 'scope'] };
    const { payload } = await jwtVerify(text, keys, rules).catch(() => { throw new Refusal(401, 'not our token'); });
    if (!payload.patient) throw new Refusal(403, 'the token opens no record');
    return payload;
  }

  async function answer(req, path, parameters) {
    const [type, id] = path.split('/');
    if (path === '.well-known/smart-configuration') return smartConfiguration(urls);
    if (path === 'metadata') return { resourceType: 'CapabilityStatement', status: 'active', fhirVersion: '4.0.1', format: ['json'] };
    const { scope, patient } = await token(req);
    if (req.method !== 'GET' || !store[type]) throw new Refusal(404, 'nothing there');
    if (!lets(scope, type, id ? 'r' : 's')) throw new Refusal(403, `the scope gives no ${type}`);
    if (id) {
      const found = store[type].find((one) => one.id === id);
      // What is not the token's patient's is not told from what is not there.
      if (!found || whose(found) !== patient) throw new Refusal(403, 'not of the patient in the token');
      return found;
    }
    const asked = parameters.get('patient')?.replace(/^Patient\//, '') ?? patient;
    if (asked !== patient) throw new Refusal(403, 'not of the patient in the token');
    const found = store[type].filter((one) => whose(one) === patient);
    return { resourceType: 'Bundle', type: 'searchset', total: found.length, entry: found.map((resource) => ({ resource })) };
  }

  return async (req, res) => {
    const { pathname, searchParams } = new URL(req.url, urls.fhir);
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*, authorization', 'content-type': 'application/fhir+json' };
    if (req.method === 'OPTIONS') return res.writeHead(204, headers).end();
    try {
      const body = await answer(req, pathname.replace('/r4/', ''), searchParams);
      res.writeHead(200, headers).end(JSON.stringify(body));
    } catch (error) {
      const issue = [{ severity: 'error', code: 'forbidden', diagnostics: error.message }];
      res.writeHead(error.status ?? 500, headers).end(JSON.stringify({ resourceType: 'OperationOutcome', issue }));
    }
  };
}

/** SMART App Launch 2.2, "Conformance". */
const smartConfiguration = ({ login }) => ({
  issuer: login,
  jwks_uri: `${login}/jwks`,
  authorization_endpoint: `${login}/auth`,
  token_endpoint: `${login}/token`,
  grant_types_supported: ['authorization_code'],
  scopes_supported: ['openid', 'fhirUser', 'launch/patient', 'patient/*.rs', 'offline_access'],
  code_challenge_methods_supported: ['S256'],
  capabilities: ['launch-standalone', 'client-public', 'context-standalone-patient', 'permission-patient', 'permission-v2', 'permission-offline'],
});
