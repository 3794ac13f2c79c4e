export const DEFAULT_BAUD = 115_200;
/** Bits on the line for a byte: start, eight, stop. */
export const LINE_BITS_PER_BYTE = 10;
/** Fits the radio packets of common modules (240 bytes) but for the largest frames, which they send as two. */
export const AIR_MTU_BYTES = 256;

/** Below it a link cannot carry a beacon's header and a useful part of a payload. */
export const MIN_MTU_BYTES = 64;
/** Longest frame a link over this line speed takes: some 50 ms of line, so that urgent ones do not wait long. */
export function mtuForBaud(baud: number): number {
  if (baud >= 230_400) return 1_024;
  return baud >= 57_600 ? 512 : 256;
}

/** Bytes that may be on their way to this agent and not yet taken: what a kernel holds while the process is busy. */
export const RECEIVE_WINDOW_BYTES = 16_384;
/** Offsets on the wire have 16 bits; a window above half of that could not be told from a step back. */
export const MAX_WINDOW_BYTES = 32_767;

/** Frames wait here for the line: this much of its time, and never less than a few whole frames. Beyond it `full`. */
export const QUEUE_MS = 500;
export const AIR_QUEUE_MS = 3_000;
export const MIN_QUEUED_MTUS = 8;
/** Frames in the queue, however short. Beyond it `full`. */
export const MAX_QUEUED_FRAMES = 256;
/** Answers of the link layer that wait for the line; at the limit the oldest goes, they are all repeated. */
export const MAX_QUEUED_CONTROL = 16;
/** Bytes given to the system ahead of the line's speed, in time. Less, and timers leave gaps; more, and urgent frames wait. */
export const WRITE_AHEAD_MS = 30;

/** An idle line may have caught noise: after so long the next frame begins with a delimiter. */
export const SILENCE_MS = 100;

/** Silence after which the other side is asked, and questions it may leave open. */
export const IDLE_MS = 2_000;
export const QUESTIONS_MAX = 3;
export const ANSWER_MS = 400;
/** Credit is given after this long, or once a quarter of the window was used. */
export const CREDIT_DELAY_MS = 250;
/** A link that is not silent but gave no credit for so many times the longest silence is dropped. */
export const STALL_SILENCES = 3;
/** Calls while nobody answers: the interval doubles. */
export const FIRST_CALL_MS = 100;
export const MAX_CALL_MS = 2_000;
/** After the link was dropped, or restarted time and again, nothing is said for so long; doubles while that repeats, afresh after a long life. */
export const FIRST_QUIET_MS = 1_000;
export const MAX_QUIET_MS = 30_000;
export const LONG_LIFE_MS = 60_000;
/** Without an answer for so long a line in the log says what to look at. */
export const NO_ANSWER_MS = 10_000;
/** Neighbours on an air that are counted, for people only; beyond it the number stands still. */
export const MAX_NEIGHBOURS = 256;
/** Bytes that were no frames before a port counts as spoken to by something else. */
export const STRANGER_BYTES = 64;
/** Restarts of the other side in a row, each this soon after the last, that look like several on one line. */
export const CROWD_RESTARTS = 6;
export const CROWD_MS = 5_000;
/** One that restarts this soon after so many restarts is no node that lost its line, which takes longer to notice: a pause is made. */
export const HECTIC_MS = 1_000;

/** Back-off of opening; begins afresh whenever the reason changes (absent, then not permitted, then open). */
export const FIRST_RETRY_MS = 100;
export const MAX_RETRY_MS = 3_000;
/** Looking whether a device is there costs next to nothing, so an absent one is looked for more often. */
export const MAX_ABSENT_RETRY_MS = 500;
/** An open port whose device file is gone is closed: some drivers never say that they were unplugged. */
export const PRESENCE_MS = 2_000;
/** Opening that takes longer is a failure; a port that opens later is closed at once. */
export const OPEN_LIMIT_MS = 5_000;
/** A parting word on the line must not hold up the end of the process. */
export const GOODBYE_MS = 200;

/** Ports `serial:auto` looks at; further ones are left out, by name. */
export const MAX_CANDIDATES = 16;
/** How long one is asked. Boards that restart when their port is opened need two seconds of it. */
export const ASK_MS = 3_000;
/** Listened to before a byte is written: what talks by itself in another tongue is left alone. */
export const LISTEN_FIRST_MS = 250;
export const ASK_EVERY_MS = 500;
/** A port that did not answer is asked again after this, doubling: to open one restarts many a board. */
export const FIRST_SILENCE_MS = 5_000;
export const MAX_SILENCE_MS = 300_000;
/** How often new ports are looked for while none is in use. */
export const SEARCH_MS = 1_000;
