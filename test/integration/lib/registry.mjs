// A registry that can be pulled from: serves one OCI layout folder under any name and tag, over plain HTTP, and prints each request.
//   node registry.mjs FOLDER PORT
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [folder, port] = process.argv.slice(2);
const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

/** The descriptor that a request wants: a tag is that of the layout's only image. */
function find(url) {
  const [, kind, wanted] = /^\/v2\/.+\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
  if (kind === undefined) return undefined;
  const digest = wanted.startsWith('sha256:') ? wanted : JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')).manifests[0].digest;
  const path = `${folder}/blobs/sha256/${digest.slice('sha256:'.length)}`;
  return existsSync(path) ? { digest, bytes: readFileSync(path), type: kind === 'manifests' ? IMAGE : 'application/octet-stream' } : undefined;
}

createServer((request, response) => {
  console.log(`${request.method} ${request.url}`);
  const found = find(request.url);
  if (found === undefined) {
    response.statusCode = request.url === '/v2/' ? 200 : 404;
    return response.end('{}');
  }
  response.setHeader('content-type', found.type);
  response.setHeader('content-length', found.bytes.length);
  response.setHeader('docker-content-digest', found.digest);
  return response.end(request.method === 'HEAD' ? undefined : found.bytes);
}).listen(Number(port), '127.0.0.1', () => console.log('listening'));
