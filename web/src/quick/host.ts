// Our element in a page of others: a shadow root that their styles do not reach, and that comes back when the page is rebuilt.
import css from 'virtual:quick-styles';

const TAG = 'parlor-quick';

export interface Place { root: HTMLElement; remove(): void }

/** `!important` inside the shadow wins over `!important` outside, so whatever the page does to every element does nothing here. */
const OWN = `:host{all:initial!important;display:block!important;position:fixed!important;inset:auto 0 0 auto!important;width:0!important;height:0!important;z-index:2147483647!important}
@media print{:host{display:none!important}}`;

export function takePlace(): Place {
  const element = document.createElement(TAG);
  const shadow = element.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css + OWN);
  shadow.adoptedStyleSheets = [sheet];
  const root = document.createElement('div');
  root.className = 'parlor-root';
  shadow.append(root);

  // A page that replaces its body, or everything, must not lose us.
  const observer = new MutationObserver(() => stand());
  const stand = () => {
    const page = document.documentElement;
    if (!page || element.parentNode === page) return;
    page.append(element);
    observer.observe(page, { childList: true });
  };
  observer.observe(document, { childList: true });
  stand();
  return {
    root,
    remove() {
      observer.disconnect();
      element.remove();
    },
  };
}
