import type { InspectorPage } from './inspector-page.js';
import { viewNames } from './scene.js';

/** Everything can be reached by keyboard; what is typed into a field is the field's. */
export function listenToKeys(page: InspectorPage): void {
  const actions: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ' ': () => page.togglePause(),
    '/': () => page.focusSearch(),
    '?': () => page.toggleHelp(),
    ArrowLeft: (event) => page.goBy(event.shiftKey ? -50 : -1),
    ArrowRight: (event) => page.goBy(event.shiftKey ? 50 : 1),
    Home: () => page.goToStart(),
    End: () => page.goToEnd(),
    o: () => page.openPicker(),
    s: () => page.save(),
    t: () => page.toggleTheme(),
  };
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === 'Escape') return page.leave();
    const isTyping = target instanceof HTMLInputElement && (target.type === 'search' || target.type === 'text');
    if (isTyping) return;
    // A button that has the focus is pressed by space, and a slider moved by arrows.
    if (key === ' ' && target instanceof HTMLButtonElement) return;
    if (key.startsWith('Arrow') && target instanceof HTMLInputElement) return;
    const view = viewNames[Number(key) - 1];
    const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
    if (view === undefined && action === undefined) return;
    event.preventDefault();
    if (view !== undefined) page.show(view);
    else action!(event);
  });
}
