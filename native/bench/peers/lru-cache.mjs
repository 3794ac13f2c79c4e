import { LRUCache } from 'lru-cache';

export const open = ({ capacity, ttlMs }) => new LRUCache({ max: capacity, ttl: ttlMs });
