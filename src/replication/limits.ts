/** Every bound of the weave in one place. What happens beyond each is said beside it. */

/** Longest retention a record may have; a tombstone outlives it by the clock bound, so an erased record never returns. */
const DEFAULT_MAX_RETENTION_MS = 90 * 86_400_000;
export const DEFAULT_RETENTION_MS = 30 * 86_400_000;

export interface WeaveLimits {
  /** Records held. Beyond it local puts are refused (`detections.limit`) and remote records are not wanted. */
  readonly detections: number;
  /** Tombstones held. Beyond it erases are refused (`detections.tombstones`) and remote ones are not wanted. */
  readonly tombstones: number;
  /** The same in the whole mesh: a record that wants to live longer is refused. */
  readonly maxRetentionMs: number;
}

export const DEFAULT_WEAVE_LIMITS: WeaveLimits = {
  detections: 100_000,
  tombstones: 100_000,
  maxRetentionMs: DEFAULT_MAX_RETENTION_MS,
};

/** What one record may hold. */
export const MIN_HASH_BYTES = 8;
export const MAX_HASH_BYTES = 64;
export const MAX_TYPE_LENGTH = 64;
export const MAX_PURPOSE_LENGTH = 64;
export const MAX_METADATA_BYTES = 4_096;
export const MAX_METADATA_DEPTH = 8;
export const MAX_DIMENSION = 4_096;
/** An observation may lie this far after its record's stamp (a camera's clock that runs ahead), no more. */
export const MAX_OBSERVED_AHEAD_MS = 86_400_000;

/** Tombstones that claim to live longer are refused. */
export const MAX_TOMBSTONE_LIFE_MS = 3_660 * 86_400_000;

/** Leaves of one signed batch. */
export const MAX_BATCH_LEAVES = 32;
/** Drafts in one `put`; more are refused whole (`detections.items`). */
export const MAX_PUT_DRAFTS = 1_000;
/** Store batches not yet durable; beyond either, local puts are refused (`store.busy`). */
export const MAX_STORES = 512;
export const MAX_STORE_BYTES = 64 * 1024 * 1024;
/** Above this many, remote records are not wanted for the moment. */
export const MAX_STORES_FOR_WANTS = 32;
/** After the store has failed, remote records are not wanted for this long. */
export const STORE_PAUSE_MS = 5_000;

/** Neighbours with state; one more is ignored and counted. */
export const MAX_PEERS = 256;
/** Records on their way here; beyond it announcements are dropped, reconciliation brings them back. */
export const MAX_WANTED = 4_096;
/** Neighbours remembered as sources of one wanted record; further ones are dropped. */
export const MAX_ANNOUNCERS = 4;
export const MIN_WINDOW = 8;
export const START_WINDOW = 32;
export const MAX_WINDOW = 256;
export const WANT_TIMEOUT_MS = 250;
export const MAX_WANT_TIMEOUT_MS = 8_000;
/** On slow ways no more is asked for at once than they carry in this time, taking a record for so many bytes. */
export const WINDOW_MS = 8_000;
export const RECORD_BYTES = 1_024;
export const SLOW_MIN_WINDOW = 4;
/** What was asked for may take so many times as long as it takes on an idle way. */
export const SLOW_FACTOR = 3;
/** After that many unanswered askings a want is dropped; reconciliation brings it back. */
export const MAX_WANT_ATTEMPTS = 6;

/** Changes within this time share a Have. */
export const ANNOUNCE_DELAY_MS = 20;
/** Changes waiting to be announced; beyond it they are announced at once. */
export const MAX_ANNOUNCEMENTS = 8_192;

/** Payloads are cut to fit one datagram, except Records, which the mesh sends in fragments. */
export const MAX_PAYLOAD_TARGET = 1_000;
export const MAX_RECORDS_PER_MESSAGE = 16;
export const MAX_RECORDS_BYTES = 24 * 1024;
/** Items taken from one received message; the rest is ignored and counted. */
export const MAX_RECEIVED_RECORDS = 64;
export const MAX_RECEIVED_PARTS = 512;
/** Keys served of one Want, and records served to one neighbour a second. */
export const MAX_SERVED_KEYS = 256;
export const SERVED_PER_SECOND = 4_000;

/** A prefix with at most this many entries is answered with its entries. */
export const LISTED_ENTRIES = 16;
/** Children this small go along as entries, which saves a round trip. */
export const INLINE_ENTRIES = 2;
/** Entries of one listing; beyond it the listing is partial. */
export const MAX_LISTED_ENTRIES = 4_096;
/** Entries offered in answer to one message. */
export const MAX_OFFERED_ENTRIES = 2_048;
/** Bytes of reconciliation to one neighbour: burst, and a second. What is beyond waits for the next round. */
export const RECONCILE_BURST_BYTES = 64 * 1024;
export const RECONCILE_BYTES_PER_SECOND = 64 * 1024;
/** On slow ways: a part of their speed, and a burst of a second, never less than one answer needs. */
export const RECONCILE_SHARE = 0.25;
export const RECONCILE_BURST_MIN_BYTES = 8 * 1024;
/** Share of the burst that must be there for a comparison to begin. */
export const COMPARE_FROM = 0.5;
/** Between two roots sent to one neighbour because digests differ. */
export const RECONCILE_INTERVAL_MS = 2_000;

/** Records from the future, kept until their time has come; beyond it they are dropped and come again. */
export const MAX_HELD_BACK = 1_000;
/** Keys refused for good reasons (erased, expired), by generation. */
export const MAX_REFUSED = 32_768;
export const REFUSED_GENERATION_MS = 3_600_000;
/** Keys one neighbour sent in a bad state. */
export const MAX_PEER_REFUSED = 512;
export const PEER_REFUSED_GENERATION_MS = 60_000;

/** Signature checks a second for one neighbour: of authors never verified, and of known ones. */
export const STRANGER_CHECKS_PER_SECOND = 20;
export const KNOWN_CHECKS_PER_SECOND = 2_000;
/** Oldest go first. */
export const MAX_VERIFIED_BATCHES = 1_024;
export const MAX_KNOWN_AUTHORS = 4_096;

/** Rows expired in one tick. */
export const MAX_EXPIRED_PER_TICK = 500;
/** The wall clock may step: expiry is looked at this often at least. */
export const EXPIRY_CHECK_MS = 60_000;
