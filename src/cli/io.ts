/** The terminal: where text goes, whether it may be coloured, and the few styles that there are. */

export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly style: Style;
  /** Progress lines may be overwritten: stderr is a terminal. */
  readonly interactive: boolean;
  /** Of the terminal; undefined where there is none, and nothing is shortened. */
  readonly columns?: number | undefined;
}

type Paint = (text: string) => string;

export interface Style {
  readonly green: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  readonly underline: Paint;
}

const CODES = { green: '32;1', red: '31;1', yellow: '33;1', dim: '2', bold: '1', underline: '4' } as const;

/** NO_COLOR and FORCE_COLOR as https://no-color.org and Node have them; SYSTEMD_COLORS= as systemd. */
export function wantsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true;
  return isTerminal && env['TERM'] !== 'dumb' && env['SYSTEMD_COLORS'] !== '0' && env['SYSTEMD_COLORS'] !== 'false';
}

export function makeStyle(colour: boolean): Style {
  const paint = (code: string): Paint => (colour ? (text) => (text === '' ? text : `\u001b[${code}m${text}\u001b[0m`) : (text) => text);
  return { green: paint(CODES.green), red: paint(CODES.red), yellow: paint(CODES.yellow), dim: paint(CODES.dim), bold: paint(CODES.bold), underline: paint(CODES.underline) };
}

export function processIo(): Io {
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    style: makeStyle(wantsColour(process.env, process.stdout.isTTY)),
    interactive: process.stderr.isTTY,
    // A terminal of no columns (docker exec, expect) is one that has not said.
    columns: process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined,
  };
}

const ANSI = new RegExp('\u001b\\[[0-9;]*m', 'g');

/** Columns of a text on the terminal, without its colours. */
export function widthOf(text: string): number {
  return text.replace(ANSI, '').length;
}

/** A text without colours, cut to what fits into `columns`. */
export function shorten(text: string, columns: number | undefined): string {
  return columns === undefined || text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

export interface TableOptions {
  /** False for scripts: the rows alone. */
  readonly legend?: boolean | undefined;
  /** The last column is cut where the terminal ends. */
  readonly columns?: number | undefined;
}

/** Rows with aligned columns, the header underlined. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], style: Style, { legend, columns }: TableOptions = {}): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => widthOf(row[column] ?? ''))));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 1, 0);
  const cutLast = (cell: string): string => (columns === undefined || cell.includes('\u001b') ? cell : shorten(cell, Math.max(1, columns - before)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cutLast(cell) : cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell)))))
      .join(' ')
      .trimEnd();
  return [...(legend === false ? [] : [style.underline(line(header))]), ...rows.map(line), ''].join('\n').replace(/^\n$/, '');
}
