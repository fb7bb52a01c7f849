import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { InspectorError } from './inspector-error.js';

/** What the pages may load: themselves. */
const offline =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** The bridge shows one page of somebody else's, after a click. */
const bridge = `${offline}; frame-src https://stately.ai`;

interface PageFile {
  readonly file: string;
  readonly type: string;
  readonly policy?: string;
}

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const files: Readonly<Record<string, PageFile>> = {
  '': { file: 'index.html', type: html },
  'page.js': { file: 'page.js', type: script },
  'page.css': { file: 'page.css', type: 'text/css; charset=utf-8' },
  'layout-worker.js': { file: 'layout-worker.js', type: script },
  'layout-licence.txt': { file: 'layout-licence.txt', type: 'text/plain; charset=utf-8' },
  stately: { file: 'stately.html', type: html, policy: bridge },
  'stately.js': { file: 'stately.js', type: script },
};

/** The pages and their parts, which `npm run build` makes; they hold nothing of what is inspected. */
export class PageFiles {
  readonly #cache = new Map<string, Buffer>();

  /**
   * Answers a request for one of the files, false if there is none of that name.
   *
   * @throws InspectorError PAGE_NOT_BUILT
   */
  serve(name: string, response: ServerResponse): boolean {
    const page = Object.hasOwn(files, name) ? files[name] : undefined;
    if (!page) return false;
    const { type, policy = offline } = page;
    response.writeHead(200, {
      'content-type': type,
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache',
    });
    response.end(this.#read(page.file));
    return true;
  }

  #read(file: string): Buffer {
    const known = this.#cache.get(file);
    if (known) return known;
    const url = new URL(`../page/${file}`, import.meta.url);
    try {
      const bytes = readFileSync(url);
      this.#cache.set(file, bytes);
      return bytes;
    } catch (cause) {
      const message = `cannot show the inspector page: ${(cause as Error).message}; run npm run build`;
      throw new InspectorError('PAGE_NOT_BUILT', message, { cause });
    }
  }
}
