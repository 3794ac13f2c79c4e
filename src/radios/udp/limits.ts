/** Link-local in the address space for private groups (RFC 2365); TTL 1 keeps it on the wire. */
export const GROUP_IPV4 = '239.255.69.71';
/** Link-local scope, transient flag set: not assigned by IANA (RFC 4291 §2.7). */
export const GROUP_IPV6 = 'ff12::6564:6765';

/** Fits the smallest IPv6 packet (1,280 bytes), so that nothing on the way fragments it. */
export const MTU_BYTES = 1200;

/** Bytes the kernel did not take yet, per socket; beyond it `send` answers `full`. */
export const MAX_QUEUED_BYTES = 256 * 1024;

/** Frames delivered in one `heard`; the next ones go in another call. */
export const MAX_BATCH = 256;

/** What the kernel holds while the agent is busy. It clamps this to `net.core.rmem_max`. */
export const RECEIVE_BUFFER_BYTES = 1024 * 1024;

/** Parsed destinations remembered; at the limit all are forgotten and parsed again. */
export const MAX_DESTINATIONS = 4096;

/** How often interfaces are looked at while all is well. */
export const POLL_MS = 3000;
/** First retry after trouble; doubles up to `POLL_MS`. */
export const FIRST_RETRY_MS = 250;

/** Different error codes that are logged once each; further ones are only counted. */
export const MAX_LOGGED_CODES = 32;

/** A parting word on the air must not hold up the end of the process. */
export const GOODBYE_MS = 1000;
