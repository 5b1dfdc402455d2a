// Amazon Cognito, as far as a pre token generation Lambda sees it: passes events to the function, and makes of its
// answer what the developer guide says (event versions 2 and 3). Reads the function and the events from stdin, a line
// for each.
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? process.exit());

const { code, environment } = await next();
Object.assign(process.env, environment);
const { handler } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

/** A token's claims: those that it has, with what the function adds, without what it suppresses. */
function claims(present, { claimsToAddOrOverride = {}, claimsToSuppress = [] } = {}) {
  const all = { ...present, ...claimsToAddOrOverride };
  for (const name of claimsToSuppress) delete all[name];
  return all;
}

/** `attributes` are those of the user that the pool writes into tokens by itself. */
async function tokens({ event, attributes = {} }) {
  let answered;
  try {
    answered = await handler(structuredClone(event));
  } catch (error) {
    return { refused: error.message };
  }
  const { idTokenGeneration: id, accessTokenGeneration: access } = answered.response.claimsAndScopeOverrideDetails ?? {};
  const scope = new Set([...event.request.scopes ?? [], ...access?.scopesToAdd ?? []]);
  for (const suppressed of access?.scopesToSuppress ?? []) scope.delete(suppressed);
  return { id: claims(attributes, id), access: claims({}, access), scope: [...scope].join(' ') };
}

console.log(JSON.stringify({ ready: typeof handler }));
for (;;) console.log(JSON.stringify(await tokens(await next())));
