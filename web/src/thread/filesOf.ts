// What is meant where a clipboard, or something that is dropped, holds several kinds: its files, or its text.

/** The files that are to be attached; none where the text is to be inserted. */
export function filesOf(data: DataTransfer | null): File[] {
  const files = [...(data?.files ?? [])];
  return data && files.every(({ type }) => /^image/.test(type)) && hasWords(data, files) ? [] : files;
}

/** Programs for texts and tables add a picture of what was copied. File managers add names, and browsers the address of a picture. */
function hasWords(data: DataTransfer, files: File[]): boolean {
  const text = data.getData('text/plain').normalize().trim();
  const html = data.getData('text/html');
  if (!text || html) return Boolean(text && html.replace(/<[^>]*>/g, '').trim());
  const isName = (line: string) => /^\w+:\/\/\S+$/.test(line) || files.some(({ name }) => name.normalize().startsWith(line.replace(/.*[\\/](?=.)/, '')));
  return !/^file:/m.test(text) && !text.split(/[\r\n]+/).every(isName);
}
