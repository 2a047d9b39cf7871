// A search snippet as pieces of text: only what stands in <mark> is marked, everything else is text, whatever it says.

export interface Piece { text: string; hit: boolean }

export function pieces(html: string): Piece[] {
  const list: Piece[] = [];
  const document = new DOMParser().parseFromString(html, 'text/html');
  const walk = (node: Node, hit: boolean): void => {
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) list.push({ text: child.textContent ?? '', hit });
      else if (!['SCRIPT', 'STYLE'].includes(child.nodeName)) walk(child, hit || child.nodeName === 'MARK' || child.nodeName === 'B');
    }
  };
  walk(document.body, false);
  return list;
}
