/** Every limit of the HTTP face. What happens at each is said beside it; the code a client meets is in the error. */

/** A detections body: 413 above it. Batches up to this and `ITEMS_PER_BATCH` are always taken. */
export const BATCH_BYTES = 16 * 1024 * 1024;
/** Detections in one body: 413 above it. */
export const ITEMS_PER_BATCH = 1_000;
/** Any other body: 413 above it. */
export const BODY_BYTES = 1024 * 1024;
/** Requests being handled at once (event streams not counted): 429 with Retry-After above it. */
export const REQUESTS_IN_FLIGHT = 256;
/** Bytes of bodies held at once: 429 with Retry-After above it. */
export const BODY_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
/** Open TCP connections: the next one is closed at once. */
export const CONNECTIONS = 1_024;
/** What `Retry-After` says. */
export const RETRY_AFTER_SECONDS = 1;
/** A body that has not arrived by then is answered 408 and its connection closed. */
export const REQUEST_TIMEOUT_MS = 120_000;
/** Requests still running this long after `close()` are cut off. */
export const CLOSE_GRACE_MS = 2_000;

/** Event streams at once: 429 above it. */
export const EVENT_CLIENTS = 64;
/** Events kept for resuming; older ones are told as a `gap`. */
export const EVENT_RING = 1_000;
/** Bytes waiting for one event client: above it the client is disconnected. */
export const EVENT_CLIENT_BYTES = 1024 * 1024;
export const EVENT_HEARTBEAT_MS = 15_000;
export const EVENT_RETRY_MS = 2_000;

/** Nesting of any JSON or CBOR value taken: refused above it, before anything walks it. */
export const VALUE_DEPTH = 32;
/** Problems named in one error; the rest are not reported. */
export const ERRORS_NAMED = 20;
/** Different codes counted as refused; further ones are counted as `other`. */
export const REFUSAL_CODES = 64;

/** Field limits, in characters unless the name says otherwise. Above any: 400 naming the field. */
export const HASH_BYTES_MIN = 8;
export const HASH_BYTES_MAX = 64;
export const TYPE_CHARS = 64;
export const PURPOSE_CHARS = 64;
export const SPACE_CHARS = 64;
export const NAME_CHARS = 64;
export const HOST_CHARS = 253;
export const CURSOR_CHARS = 512;
export const METADATA_BYTES = 4 * 1024;
export const METADATA_DEPTH = 8;
export const CUSTOM_FIELDS = 16;
export const CUSTOM_STRING_CHARS = 64;
export const MESSAGE_PAYLOAD_BYTES = 48 * 1024;
/** Raw bytes of a message to one node that acknowledges. */
export const LARGE_PAYLOAD_BYTES = 8 * 1024 * 1024 - 1_024;
/** A body with such a one in base64: 413 above it. */
export const MESSAGE_BODY_BYTES = 12 * 1024 * 1024;
/** How long a message may be kept for a node that is away. */
export const MESSAGE_LIFE_MS = 7 * 86_400_000;
export const ALERT_PAYLOAD_BYTES = 4 * 1024;
/** More than any space has; the agent checks the space's own dimension. */
export const EMBEDDING_VALUES = 4_096;
/** Of a pinned route. */
export const ROUTE_COST_MAX = 65_535;
export const TRACE_TIMEOUT_MS = 60_000;
export const SEARCH_K_MAX = 1_000;
export const SEARCH_TIMEOUT_MS = 60_000;
export const PAGE_MAX = 1_000;
/** The latest moment a JavaScript date can hold. */
export const UNIX_MS_MAX = 8.64e15;
/** Lists that are short by nature (peers, routes, state) come whole up to this many. */
export const SHORT_LIST_PAGE = 1_000;

/** Files of the dashboard, and the size of one; others are not served. */
export const PAGE_FILES = 64;
export const PAGE_FILE_BYTES = 1024 * 1024;
