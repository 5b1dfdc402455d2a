// One process with all that stands around Kinlink in a SMART launch: the authorization server, the FHIR server, the
// app and the browser's driver, each on a free port. Says where they are, reads its configuration from stdin, and
// ends when stdin does.
import { createInterface } from 'node:readline';
import { createServer } from 'node:http';
import { app } from './app.js';
import { authorizationServer } from './authorization-server.js';
import { chromedriver } from './chromedriver.js';
import { fhirServer } from './fhir-server.js';

async function listen() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

const say = (line) => console.log(JSON.stringify(line));
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit());

const [login, fhir, page, driver] = await Promise.all([listen(), listen(), listen(), chromedriver()]);
const urls = { login: login.url, fhir: `${fhir.url}/r4`, app: page.url };
lines.once('line', async (line) => {
  login.server.on('request', await authorizationServer(urls, JSON.parse(line)));
  fhir.server.on('request', fhirServer(urls));
  page.server.on('request', app(urls));
  say({ ready: true });
});
say({ ...urls, driver });
