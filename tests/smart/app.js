// A SMART app: three files, as one would be deployed, and the SMART client that the npm package ships for browsers.
import { readFile } from 'node:fs/promises';

const folder = new URL('./app/', import.meta.url);
const files = {
  '/': ['text/html', new URL('index.html', folder)],
  '/launch': ['text/html', new URL('launch.html', folder)],
  '/fhir-client.js': ['text/javascript', new URL('../node_modules/fhirclient/build/fhir-client.min.js', folder)],
};

export const app = (urls) => async (req, res) => {
  const [type, file] = files[new URL(req.url, urls.app).pathname] ?? [];
  if (!file) return res.writeHead(404).end();
  res.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(await readFile(file));
};
