// What two ends of a link say to each other to measure it: numbered frames with a window of them on the way, and
// questions that are answered at once. The same over our radios and over the plain packages.

const Kind = { Data: 1, Taken: 2, Question: 3, Answer: 4 };
const HEAD_BYTES = 5;
const TAKEN_BYTES = 9;
/** The far end says what it has after so many, and after so long without more. */
const TAKEN_EVERY = 8;
const QUIET_MS = 5;
/** What is not answered by then is lost. */
const LOST_MS = 1_000;
const RETRY_MS = 1;

function frameOf(kind, number, bytes) {
  const frame = new Uint8Array(bytes);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, number);
  return frame;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Conversation {
  #send;
  #expected = 0;
  #received = 0;
  #untold = 0;
  #quiet;
  /** Frames sent, over all flows, and what the far end has of them. */
  #sent = 0;
  #taken = { upTo: 0, count: 0 };
  #wake = () => {};
  #answered = () => {};

  /** @param {(bytes: Uint8Array) => boolean} send false: not now */
  constructor(send) {
    this.#send = send;
  }

  heard(bytes) {
    if (bytes.length < HEAD_BYTES) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const number = view.getUint32(1);
    if (bytes[0] === Kind.Data) this.#take(number);
    else if (bytes[0] === Kind.Question) this.#send(frameOf(Kind.Answer, number, bytes.length));
    else if (bytes[0] === Kind.Answer) this.#answered(number);
    else if (bytes[0] === Kind.Taken) {
      this.#taken = { upTo: number, count: view.getUint32(HEAD_BYTES) };
      this.#wake();
    }
  }

  #take(number) {
    this.#expected = Math.max(this.#expected, number + 1);
    this.#received++;
    this.#untold++;
    clearTimeout(this.#quiet);
    if (this.#untold >= TAKEN_EVERY) this.#tell();
    else this.#quiet = setTimeout(() => this.#tell(), QUIET_MS);
  }

  #tell() {
    this.#untold = 0;
    const frame = frameOf(Kind.Taken, this.#expected, TAKEN_BYTES);
    new DataView(frame.buffer).setUint32(HEAD_BYTES, this.#received);
    this.#send(frame);
  }

  /** Frames of `bytes` one way for `forMs`, at most `window` of them on the way: how many arrived, how many did not, and from the first sent to the last confirmed. */
  async flow(bytes, forMs, window) {
    const [before, started] = [{ sent: this.#sent, count: this.#taken.count }, performance.now()];
    let lastAt = started;
    const isOpen = () => performance.now() - started < forMs;
    while (isOpen() || this.#onTheWay > 0) {
      while (isOpen() && this.#onTheWay < window && this.#send(frameOf(Kind.Data, this.#sent, bytes))) this.#sent++;
      const known = this.#taken;
      await this.#news(this.#onTheWay < window && isOpen() ? RETRY_MS : LOST_MS);
      if (this.#taken !== known) lastAt = performance.now();
      // The end of a window got lost: on after it.
      else if (performance.now() - lastAt >= LOST_MS) this.#taken = { ...known, upTo: this.#sent };
    }
    const frames = this.#taken.count - before.count;
    return { frames, lost: this.#sent - before.sent - frames, ms: lastAt - started };
  }

  get #onTheWay() {
    return this.#sent - this.#taken.upTo;
  }

  async #news(mostMs) {
    let timer;
    await new Promise((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, mostMs);
    });
    clearTimeout(timer);
  }

  /** Questions of `bytes`, one after the other, for `forMs`: milliseconds to each answer, and how many had none. */
  async ask(bytes, forMs) {
    const [times, started] = [[], performance.now()];
    let lost = 0;
    for (let number = 0; performance.now() - started < forMs; number++) {
      const asked = performance.now();
      const answer = new Promise((resolve) => {
        this.#answered = (to) => to === number && resolve(true);
      });
      while (!this.#send(frameOf(Kind.Question, number, bytes)) && performance.now() - asked < LOST_MS)
        await sleep(RETRY_MS);
      let timer;
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, LOST_MS, false);
      });
      if (await Promise.race([answer, late])) times.push(performance.now() - asked);
      else lost++;
      clearTimeout(timer);
    }
    return { times, lost };
  }
}
