// Prints a figure beside its limit, and whether it is kept. It fails nothing: machines differ and are shared, as docs/figures.md says.
export function report(what: string, figure: number, limit: number): void {
  console.log(`${what}: ${Math.round(figure)} ms (limit ${limit}: ${figure < limit ? 'kept' : 'missed'})`);
}
