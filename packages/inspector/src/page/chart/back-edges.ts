import type { Chart, ChartState } from './chart-model.js';

/**
 * Ids of the edges that lead back: to a state through which one has come. Layouts point all others from the initial
 * state on, so that a chart reads in the direction in which its machine usually goes.
 */
export function backEdges({ root, edges }: Chart): ReadonlySet<string> {
  const states = new Map<string, ChartState>();
  const index = (state: ChartState): void => {
    states.set(state.id, state);
    state.states.forEach(index);
  };
  index(root);
  const back = new Set<string>();
  const open = new Set<string>();
  const done = new Set<string>();
  const visit = (id: string): void => {
    if (open.has(id) || done.has(id)) return;
    open.add(id);
    const state = states.get(id);
    if (state?.initial !== undefined) visit(state.initial);
    else if (state?.type === 'parallel') for (const region of state.states) visit(region.id);
    for (const edge of edges) {
      if (edge.source !== id || edge.target === id) continue;
      if (open.has(edge.target)) back.add(edge.id);
      else visit(edge.target);
    }
    open.delete(id);
    done.add(id);
  };
  visit('');
  // What cannot be reached from the beginning has an order of its own.
  for (const id of states.keys()) visit(id);
  return back;
}
