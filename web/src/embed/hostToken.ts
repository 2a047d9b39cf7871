// The token of the host application's person, from an address of that application: as text, or as JSON `{"token": "…"}`.

export async function fetchToken(url: string): Promise<string> {
  const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', headers: { Accept: 'application/json, text/plain' } });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const text = (await response.text()).trim();
  return text.startsWith('{') ? (JSON.parse(text) as { token: string }).token : text;
}
