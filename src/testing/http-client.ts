import { Agent, type IncomingMessage, request } from 'node:http';

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Objects are sent as JSON with its content type. */
  readonly body?: string | Uint8Array | object;
  /** A Unix socket that leads to the server, instead of the address in the URL. */
  readonly socketPath?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers freely
  readonly json: any;
}

const keepAlive = new Agent({ keepAlive: true });

/** One request over real HTTP. Unlike `fetch` it lets a test lie about Host and Origin. */
export function call(url: string, options: Call = {}): Promise<Answer> {
  const { body, socketPath } = options;
  const asJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
  const bytes = asJson ? JSON.stringify(body) : body;
  const headers = {
    ...(asJson ? { 'content-type': 'application/json' } : {}),
    ...(bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) }),
    ...options.headers,
  };
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers, agent: keepAlive, ...(socketPath ? { socketPath } : {}) },
      (answer) => {
        collect(answer).then((text) => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parsed(answer, text) });
        }, reject);
      },
    );
    sent.on('error', reject);
    sent.end(bytes);
  });
}

async function collect(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function parsed(answer: IncomingMessage, text: string): unknown {
  return /json/.test(answer.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : undefined;
}

/** A server-sent event stream being read; lines are kept until a test takes them. */
export class EventStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly #message: IncomingMessage;
  #text = '';
  #wake = (): void => {};
  #ended = false;

  private constructor(message: IncomingMessage) {
    this.#message = message;
    this.status = message.statusCode ?? 0;
    this.headers = message.headers;
    message.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#wake();
    });
    message.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
    message.on('error', () => {});
  }

  /** `socketPath`: as of a call. */
  static open(url: string, headers: Call['headers'] = {}, socketPath?: string): Promise<EventStream> {
    return new Promise((resolve, reject) => {
      request(url, { headers, ...(socketPath ? { socketPath } : {}) }, (message) => resolve(new EventStream(message)))
        .on('error', reject)
        .end();
    });
  }

  get text(): string {
    return this.#text;
  }

  /** The text so far, once it has `fragment` in it (or the stream has ended). */
  async until(fragment: string): Promise<string> {
    while (!(this.#ended || this.#text.includes(fragment))) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#text;
  }

  /** Everything, once the server has closed the stream. */
  async ended(): Promise<string> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#text;
  }

  pause(): void {
    this.#message.pause();
  }

  close(): void {
    this.#message.destroy();
  }
}
