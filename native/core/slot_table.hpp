// Open addressing from a 32-bit hash to a slot number. The owner keeps the keys; a cell holds the slot and as many
// bits of the hash as are left, so that most misses end without touching a key.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "buffer.hpp"

namespace edge {

class SlotTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr uint32_t kMaxSlots = 1u << 24;

  // Room for slots 0 … slots-1 at a load of at most 8/15: fuller tables save a few bytes and cost a
  // third more time. Empties the table. False without memory.
  [[nodiscard]] bool reset(uint32_t slots) {
    Buffer<uint32_t> fresh;
    if (!fresh.resize(cells_for(slots))) return false;
    cells_ = std::move(fresh);
    slot_bits_ = static_cast<uint32_t>(std::bit_width(slots + 1));
    return true;
  }

  void clear() { std::memset(cells_.data(), 0, cells_.bytes()); }

  size_t bytes() const { return cells_.bytes(); }
  static size_t bytes_for(uint32_t slots) { return cells_for(slots) * sizeof(uint32_t); }

  void prefetch(uint32_t hash) const { __builtin_prefetch(&cells_[home(hash)]); }

  // The slot in the home cell when its tag matches: where a hit most likely is.
  uint32_t guess(uint32_t hash) const {
    const uint32_t cell = cells_[home(hash)];
    return cell != 0 && tag_of(cell) == tag(hash) ? slot_of(cell) : kNone;
  }

  // `same(slot)` says whether that slot holds the key.
  template <typename Same>
  uint32_t find(uint32_t hash, Same same) const {
    for (size_t at = home(hash); cells_[at] != 0; at = next(at)) {
      if (tag_of(cells_[at]) == tag(hash) && same(slot_of(cells_[at]))) return slot_of(cells_[at]);
    }
    return kNone;
  }

  // The key must not be there yet, and the table must have a free cell (its owner counts).
  void insert(uint32_t hash, uint32_t slot) {
    size_t at = home(hash);
    while (cells_[at] != 0) at = next(at);
    cells_[at] = (tag(hash) << slot_bits_) | (slot + 1);
  }

  // Takes `slot` out and closes the gap behind it; `hash_of(slot)` gives the hash of any slot in the table.
  template <typename HashOf>
  void erase(uint32_t hash, uint32_t slot, HashOf hash_of) {
    size_t gap = locate(hash, slot);
    for (size_t at = next(gap); cells_[at] != 0; at = next(at)) {
      const size_t wanted = home(hash_of(slot_of(cells_[at])));
      if (distance(wanted, at) < distance(gap, at)) continue;
      cells_[gap] = cells_[at];
      gap = at;
    }
    cells_[gap] = 0;
  }

  // The key of `from` has moved to slot `to`.
  void move(uint32_t hash, uint32_t from, uint32_t to) {
    cells_[locate(hash, from)] = (tag(hash) << slot_bits_) | (to + 1);
  }

 private:
  static size_t cells_for(uint32_t slots) { return size_t{slots} + slots / 8 * 7 + 4; }
  size_t home(uint32_t hash) const { return static_cast<size_t>((uint64_t{hash} * cells_.size()) >> 32); }
  size_t next(size_t at) const { return at + 1 == cells_.size() ? 0 : at + 1; }
  size_t distance(size_t from, size_t to) const { return to >= from ? to - from : to + cells_.size() - from; }
  uint32_t tag(uint32_t hash) const { return hash & (UINT32_MAX >> slot_bits_); }
  uint32_t tag_of(uint32_t cell) const { return cell >> slot_bits_; }
  uint32_t slot_of(uint32_t cell) const { return (cell & ((1u << slot_bits_) - 1)) - 1; }

  size_t locate(uint32_t hash, uint32_t slot) const {
    const uint32_t cell = (tag(hash) << slot_bits_) | (slot + 1);
    size_t at = home(hash);
    while (cells_[at] != cell) at = next(at);
    return at;
  }

  Buffer<uint32_t> cells_;
  uint32_t slot_bits_ = 1;
};

}  // namespace edge
