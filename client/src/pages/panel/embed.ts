/** An MPages component hides until the frame around it has said, from an origin on the list, that it is there. */

interface Parent {
  postMessage(message: unknown, origin: string): void;
}

export interface Here {
  parent: Parent;
  self: unknown;
  addEventListener(type: 'message', hear: (event: { source: unknown; origin: string; data: unknown }) => void): void;
}

/** Shows the page at once where nothing frames it or nothing was hidden; else once a listed frame answers. */
export function embed(page: HTMLElement, here: Here, href: string): void {
  if (!page.hidden) return;
  if (here.parent === here.self) {
    page.hidden = false;
    return;
  }
  const parents = (page.dataset['parents'] ?? '').split(' ').filter(Boolean);
  const id = `housecall-${Math.random().toString(36).slice(2)}`;
  here.addEventListener('message', ({ source, origin, data }) => {
    if (source !== here.parent || !parents.includes(origin) || !answers(data, id)) return;
    page.hidden = false;
    here.parent.postMessage({ jsonrpc: '2.0', method: 'authorized', params: [{ url: href }] }, origin);
  });
  for (const origin of parents) {
    // Only a frame of exactly this origin hears it.
    here.parent.postMessage({ jsonrpc: '2.0', method: 'launch', params: [] }, origin);
    here.parent.postMessage({ jsonrpc: '2.0', id, method: 'authorizeConsumer', params: [] }, origin);
  }
}

function answers(data: unknown, id: string): boolean {
  if (typeof data !== 'object' || data === null) return false;
  const said = data as Record<string, unknown>;
  return said['jsonrpc'] === '2.0' && said['id'] === id && 'result' in said;
}
