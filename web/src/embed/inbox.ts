// `/embed/inbox.js`: the element <parlor-inbox>, which shows the whole inbox in a frame with the sign-in, theme and language of the host page.
import { isOurs, type ToFrame, type ToHost } from './frameProtocol';
import { fetchToken } from './hostToken';

const tag = (document.currentScript ?? document.querySelector('script[src*="/embed/inbox.js"]')) as HTMLScriptElement | null;
const HOME = tag ? new URL(tag.src, location.href).origin : location.origin;
const LOOK = { theme: 'parlor:look', locale: 'parlor:look', conversation: 'parlor:open' } as const;

class ParlorInbox extends HTMLElement {
  static observedAttributes = Object.keys(LOOK);
  /** Gives a token that the host application signed; instead of it, the attribute `token-url`. */
  token = (Reflect.get(this, 'token') as (() => string | Promise<string>) | undefined) ?? null;
  #frame: HTMLIFrameElement | null = null;
  #ready = false;
  #page = new MutationObserver(() => this.#ready && this.#look());

  connectedCallback(): void {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(':host{display:block;min-height:320px;height:640px}iframe{display:block;width:100%;height:100%;border:0}');
    shadow.adoptedStyleSheets = [sheet];
    const frame = document.createElement('iframe');
    frame.title = this.getAttribute('label') ?? 'Parlor';
    frame.allow = 'clipboard-write';
    frame.src = `${this.#server}/app/${this.#path()}?embed=1&host=${encodeURIComponent(location.origin)}`;
    shadow.replaceChildren(frame);
    this.#frame = frame;
    this.#ready = false;
    addEventListener('message', this.#hear);
    this.#page.observe(document.documentElement, { attributes: true, attributeFilter: ['class', 'lang', 'data-theme', 'data-bs-theme'] });
  }

  disconnectedCallback(): void {
    removeEventListener('message', this.#hear);
    this.#page.disconnect();
    this.shadowRoot?.replaceChildren();
    this.#frame = null;
  }

  attributeChangedCallback(name: keyof typeof LOOK): void {
    if (!this.#ready) return;
    if (LOOK[name] === 'parlor:look') this.#look();
    else if (this.getAttribute(name)) this.#post({ type: 'parlor:open', conversation: this.getAttribute(name)! });
  }

  get #server(): string {
    return new URL(this.getAttribute('server') ?? HOME, location.href).origin;
  }

  #path(): string {
    const conversation = this.getAttribute('conversation');
    return conversation ? `c/${encodeURIComponent(conversation)}` : '';
  }

  #post(message: ToFrame): void {
    this.#frame?.contentWindow?.postMessage(message, this.#server);
  }

  #hear = (event: MessageEvent): void => {
    if (event.source !== this.#frame?.contentWindow || event.origin !== this.#server || !isOurs(event.data)) return;
    const message = event.data as ToHost;
    if (message.type === 'parlor:ready') {
      this.#ready = true;
      this.#look();
    } else if (message.type === 'parlor:need-token') void this.#identify();
    else if (message.type === 'parlor:unread') {
      const { unread, mentions, title } = message;
      this.dispatchEvent(new CustomEvent('parlor:unread', { detail: { unread, mentions, title }, bubbles: true }));
    }
  };

  async #identify(): Promise<void> {
    const url = this.getAttribute('token-url');
    try {
      const token = this.token ? await this.token() : url ? await fetchToken(url) : null;
      if (token) return this.#post({ type: 'parlor:token', token });
    } catch (error) {
      console.error('<parlor-inbox> got no token:', error);
    }
    this.#post({ type: 'parlor:no-token' });
  }

  #look(): void {
    const wish = this.getAttribute('theme');
    const theme = wish === 'light' || wish === 'dark' ? wish : 'auto';
    this.#post({ type: 'parlor:look', theme: theme === 'auto' ? ofPage() : theme, locale: this.getAttribute('locale') ?? (document.documentElement.lang || null) });
  }
}

/** Whether the page calls itself light or dark; else the frame follows the system. */
function ofPage(): 'auto' | 'light' | 'dark' {
  const { documentElement: html } = document;
  const said = html.dataset['theme'] ?? html.dataset['bsTheme'] ?? (html.classList.contains('dark') ? 'dark' : getComputedStyle(html).colorScheme);
  return said === 'dark' || said === 'light' ? said : 'auto';
}

if (!customElements.get('parlor-inbox')) customElements.define('parlor-inbox', ParlorInbox);
