// node tools/check-links.mjs: what the pages link to is there, other pages and their headings. By hand, before a release: a page
// that a long run makes (bench, test/servers) may be linked before it is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const inFolder = (folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
const PAGES = [...inFolder('.'), ...inFolder('docs'), 'examples/echo/README.md', 'native/README.md', 'test/host/README.md'];

/** As GitHub makes them: lower case, blanks to dashes, without punctuation. */
function anchors(text) {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function isBroken(page, link) {
  const [path, anchor] = link.split('#');
  const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  return !existsSync(target) || (anchor !== undefined && !anchors(readFileSync(target, 'utf8')).includes(anchor));
}

const broken = PAGES.flatMap((page) => {
  const text = readFileSync(join(ROOT, page), 'utf8').replace(/^```.*?^```/gms, '');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link).filter((link) => !/^[a-z]+:/.test(link));
  return links.filter((link) => isBroken(page, link)).map((link) => `${page}: there is no ${link}`);
});
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
