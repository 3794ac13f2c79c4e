// Detections as CBOR (RFC 8949), with embeddings as tag 85: float32, little-endian.
import { Encoder, Tag } from 'cbor-x';

const FLOAT32_LE = 85;
const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true });

const bytesOf = (vector) => Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);

/** @param {readonly {embedding?: Float32Array}[]} items */
export function cborBatch(items) {
  return encoder.encode(
    items.map((item) => (item.embedding ? { ...item, embedding: new Tag(bytesOf(item.embedding), FLOAT32_LE) } : item)),
  );
}
