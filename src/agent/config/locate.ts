/**
 * On which line each key of a TOML text stands: the parser tells values only. The text must be one that parses; on
 * anything this scanner does not understand it stops, and keys after that have no line.
 * Paths look like `http.listen`, `radios[0]`, `spaces[1].name`.
 */
export function locateKeys(text: string): ReadonlyMap<string, number> {
  const scanner = new Scanner(text);
  scanner.document();
  return scanner.lines;
}

const childOf = (prefix: string, key: string): string => (prefix === '' ? key : `${prefix}.${key}`);

class Scanner {
  readonly lines = new Map<string, number>();
  readonly #text: string;
  readonly #tableArrays = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    let prefix = '';
    this.#skipVoid();
    while (this.#at < this.#text.length) {
      const before = this.#at;
      if (this.#peek() === '[') prefix = this.#header();
      else this.#assignment(prefix);
      this.#skipVoid();
      if (this.#at === before) return;
    }
  }

  #peek(offset = 0): string {
    return this.#text[this.#at + offset] ?? '';
  }

  #advance(count = 1): void {
    for (let i = 0; i < count; i++) if (this.#text[this.#at++] === '\n') this.#line += 1;
  }

  #skipBlank(): void {
    while (this.#peek() === ' ' || this.#peek() === '\t' || this.#peek() === '\ufeff') this.#advance();
  }

  /** White space, line ends and comments. */
  #skipVoid(): void {
    for (;;) {
      const c = this.#peek();
      if (c === '#') while (this.#at < this.#text.length && this.#peek() !== '\n') this.#advance();
      else if (c !== '' && ' \t\r\n\ufeff'.includes(c)) this.#advance();
      else return;
    }
  }

  #mark(path: string, line = this.#line): void {
    if (!this.lines.has(path)) this.lines.set(path, line);
  }

  #header(): string {
    const line = this.#line;
    const isArray = this.#peek(1) === '[';
    this.#advance(isArray ? 2 : 1);
    const keys = this.#keys();
    this.#advance(isArray ? 2 : 1);
    let path = '';
    keys.forEach((key, i) => {
      path = childOf(path, key);
      if (isArray && i === keys.length - 1) {
        this.#mark(path, line);
        this.#tableArrays.set(path, (this.#tableArrays.get(path) ?? -1) + 1);
      }
      const index = this.#tableArrays.get(path);
      if (index !== undefined) path = `${path}[${index}]`;
      this.#mark(path, line);
    });
    return path;
  }

  #assignment(prefix: string): void {
    this.#skipBlank();
    const line = this.#line;
    let path = prefix;
    for (const key of this.#keys()) {
      path = childOf(path, key);
      this.#mark(path, line);
    }
    if (this.#peek() !== '=') {
      this.#at = this.#text.length;
      return;
    }
    this.#advance();
    this.#skipBlank();
    this.#value(path);
  }

  #keys(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skipBlank();
      const quote = this.#peek();
      keys.push(quote === '"' || quote === "'" ? this.#quoted(quote) : this.#bare(/[A-Za-z0-9_-]/));
      this.#skipBlank();
      if (this.#peek() !== '.') return keys;
      this.#advance();
    }
  }

  #bare(allowed: RegExp): string {
    const start = this.#at;
    while (this.#at < this.#text.length && allowed.test(this.#peek())) this.#advance();
    return this.#text.slice(start, this.#at);
  }

  #quoted(quote: string): string {
    const start = this.#at;
    const triple = this.#peek(1) === quote && this.#peek(2) === quote;
    const width = triple ? 3 : 1;
    this.#advance(width);
    while (this.#at < this.#text.length && !this.#text.startsWith(quote.repeat(width), this.#at)) {
      this.#advance(quote === '"' && this.#peek() === '\\' ? 2 : 1);
    }
    this.#advance(width);
    // A multi-line string may end in up to two quotes of its own.
    for (let i = 0; triple && i < 2 && this.#peek() === quote; i++) this.#advance();
    return this.#text.slice(start + width, this.#at - width);
  }

  #value(path: string): void {
    const c = this.#peek();
    if (c === '"' || c === "'") this.#quoted(c);
    else if (c === '[') this.#list(path);
    else if (c === '{') this.#inlineTable(path);
    else this.#bare(/[^,\]}#\r\n]/);
  }

  #list(path: string): void {
    this.#advance();
    for (let i = 0; this.#at < this.#text.length; i++) {
      this.#skipVoid();
      if (this.#peek() === ']') break;
      this.#mark(`${path}[${i}]`);
      this.#value(`${path}[${i}]`);
      this.#skipVoid();
      if (this.#peek() !== ',') break;
      this.#advance();
    }
    this.#advance();
  }

  #inlineTable(path: string): void {
    this.#advance();
    while (this.#at < this.#text.length) {
      this.#skipVoid();
      if (this.#peek() === '}') break;
      this.#assignment(path);
      this.#skipVoid();
      if (this.#peek() !== ',') break;
      this.#advance();
    }
    this.#advance();
  }
}
