import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findProgram } from '../../support/needs.js';

/** A real browser without a window, for the tests of one file. */
export class InspectorBrowser {
  readonly #open: Page[] = [];
  /** What no page may ever do: ask others for something, or throw. */
  readonly misdeeds: string[] = [];

  private constructor(private readonly browser: Browser) {}

  static async launch(): Promise<InspectorBrowser> {
    const executablePath = findProgram('chromium')!;
    // Chromium refuses its own sandbox to root; these pages are ours.
    const args = process.geteuid?.() === 0 ? ['--no-sandbox'] : [];
    return new InspectorBrowser(await chromium.launch({ executablePath, args }));
  }

  /** Opens the page at `address`, in `view`. */
  async open(address: string, view: string, size = { width: 1280, height: 800 }): Promise<Page> {
    const page = await this.browser.newPage({ viewport: size });
    this.#open.push(page);
    const origin = new URL(address).origin;
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== origin) this.misdeeds.push(`asked ${url.href}`);
    });
    page.on('pageerror', ({ message }) => this.misdeeds.push(`threw ${message}`));
    page.on('dialog', (dialog) => {
      this.misdeeds.push(`opened a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      // What the policy of the page forbids is told here too.
      if (message.type() === 'error') this.misdeeds.push(`complained: ${message.text()}`);
    });
    await page.goto(`${address}&view=${view}`);
    return page;
  }

  async closePages(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((page) => page.close()));
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

/** The names of the actors in the tree, as they stand. */
export function actorNames(page: Page): Promise<string[]> {
  return page.locator('.tree-row:not([hidden]) .tree-name').allTextContents();
}
