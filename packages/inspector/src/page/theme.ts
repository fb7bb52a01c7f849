const KEY = 'keelson-theme';

/** As the system is set, unless the user chose otherwise here. */
export function startTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = (): void => set(chosen() ?? (dark.matches ? 'dark' : 'light'));
  dark.addEventListener('change', apply);
  apply();
}

/** The other one, from now on. */
export function toggleTheme(): void {
  const next = document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark';
  localStorage.setItem(KEY, next);
  set(next);
}

function chosen(): string | undefined {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : undefined;
}

function set(theme: string): void {
  document.documentElement.dataset['theme'] = theme;
}
