// Arrow keys inside a table of controls: to the neighbour cell, Home and End within the row. Every control with
// `data-cell` takes part; Tab enters and leaves the grid at the cell used last.
export function cells(table: HTMLTableElement): { destroy: () => void } {
  const rows = () => [...table.rows].map((row) => [...row.querySelectorAll<HTMLElement>('[data-cell]')]).filter((row) => row.length > 0);
  const usable = (cell: HTMLElement | undefined) => cell !== undefined && !(cell as HTMLInputElement).disabled;

  function rove(to: HTMLElement | undefined): void {
    for (const cell of table.querySelectorAll<HTMLElement>('[data-cell]')) cell.tabIndex = cell === to ? 0 : -1;
  }
  const first = () => rows().flat().find(usable);

  function move(event: KeyboardEvent): void {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-cell]');
    const steps: Record<string, [number, number]> = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (!cell || event.altKey || event.ctrlKey || event.metaKey) return;
    const grid = rows();
    const row = grid.findIndex((one) => one.includes(cell));
    const column = grid[row]!.indexOf(cell);
    let to: HTMLElement | undefined;
    if (event.key === 'Home') to = grid[row]!.find(usable);
    else if (event.key === 'End') to = [...grid[row]!].reverse().find(usable);
    else if (steps[event.key]) {
      const [down, right] = steps[event.key]!;
      for (let n = 1; n < 100 && !usable(to); n++) {
        if (!grid[row + down * n] || column + right * n < 0 || column + right * n >= grid[row + down * n]!.length) break;
        to = grid[row + down * n]![column + right * n];
      }
    } else return;
    event.preventDefault();
    if (usable(to)) to!.focus();
  }
  const entered = (event: FocusEvent) => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-cell]');
    if (cell) rove(cell);
  };
  // Rows that come later must not each be a stop of their own.
  const watch = new MutationObserver(() => {
    if (!table.querySelector('[data-cell][tabindex="0"]:not(:disabled)')) rove(first());
    for (const cell of table.querySelectorAll<HTMLElement>('[data-cell]:not([tabindex])')) cell.tabIndex = -1;
  });
  rove(first());
  watch.observe(table, { childList: true, subtree: true });
  table.addEventListener('keydown', move);
  table.addEventListener('focusin', entered);
  return {
    destroy: () => {
      watch.disconnect();
      table.removeEventListener('keydown', move);
      table.removeEventListener('focusin', entered);
    },
  };
}
