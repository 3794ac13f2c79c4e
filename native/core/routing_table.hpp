// Next hops by destination. Several are kept for each; the cheapest that has not expired serves, unless one is pinned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bucket_table.hpp"
#include "buffer.hpp"
#include "siphash_lanes.hpp"
#include "status.hpp"

namespace edge {

struct Route {
  uint64_t destination;
  uint64_t next_hop;
  int32_t link;
  bool pinned;
  double cost;
  // Infinite for a pinned route.
  double expires_at_ms;
};

class RoutingTable {
 public:
  static constexpr uint32_t kMaxCapacity = 65536;
  static constexpr uint32_t kHops = 4;

  [[nodiscard]] Status init(uint32_t capacity, double ttl_ms, const SipKey& secret, Isa isa = Isa::scalar);

  // `changed`: a hop came, went or costs something else; a mere refresh is no change. An infinite cost withdraws the hop.
  // A fifth hop replaces an expired or a costlier one; one destination too many replaces the expired or the costliest.
  Status offer(uint64_t destination, uint64_t next_hop, int32_t link, double cost, double now_ms, bool& changed);

  // Status::full when every destination held is pinned.
  Status pin(uint64_t destination, uint64_t next_hop, int32_t link);
  bool unpin(uint64_t destination);

  bool lookup(uint64_t destination, double now_ms, Route& out) const;
  // The link to send on, -1 when there is no route.
  int32_t link_to(uint64_t destination, double now_ms) const { return link_to(destination, hash(destination), now_ms); }
  // The same for up to kChunk at once, in three steps with room for other work between them: each step sends for the memory
  // that the next one reads. No change of the table may come between them.
  static constexpr size_t kChunk = 64;
  struct Asked {
    uint32_t hashes[kChunk];
    uint32_t slots[kChunk];
  };
  void ask(const uint64_t* destinations, size_t count, Asked& asked) const;
  void fetch(size_t count, Asked& asked) const;
  void answer(const uint64_t* destinations, size_t count, const Asked& asked, double now_ms, int32_t* links) const;

  // Forgets all hops over a link, pinned ones too; how many destinations lost one.
  size_t drop_link(int32_t link);
  // Forgets expired hops; how many.
  size_t expire(double now_ms);
  // The serving routes by ascending destination; `out` has room for size(). How many there are.
  size_t snapshot(double now_ms, Route* out) const;

  uint32_t size() const { return size_; }
  size_t bytes() const { return sizeof *this + table_.bytes() + heads_.bytes() + entries_.bytes(); }

 private:
  struct Hop {
    double cost;
    double expires_at_ms;
    uint64_t next_hop;
    int32_t link;

    bool is(uint64_t hop, int32_t over) const { return next_hop == hop && link == over; }
    bool alive(double now_ms) const { return now_ms < expires_at_ms; }
    bool before(const Hop& other) const;
  };

  // What a frame is forwarded by, as long as the first hop is alive or there is a pin: two of them share a cache line.
  struct alignas(32) Head {
    uint64_t destination;
    double until_ms;  // 0: whoever asks must look at the entry
    int32_t link;
  };

  // Hops in order of cost: the first that is alive serves.
  struct Entry {
    uint64_t destination;
    uint8_t hop_count;
    bool pinned;
    int32_t pin_link;
    Hop hops[kHops];
    uint64_t pin_next_hop;
  };

  uint32_t hash(uint64_t destination) const { return table_hash(secret_, destination); }
  int32_t link_to(uint64_t destination, uint32_t hash, double now_ms) const;
  uint32_t find(uint64_t destination) const { return find(destination, hash(destination)); }
  uint32_t find(uint64_t destination, uint32_t hash) const;
  uint32_t add(uint64_t destination, double now_ms, Status& status);
  uint32_t victim(double now_ms) const;
  bool resize(uint32_t room);
  void remove(uint32_t slot);
  // After each change of an entry: takes it out when nothing is left of it, else brings its head up to date.
  void settle(uint32_t slot);
  static void place(Entry& entry, const Hop& hop);
  static void remove_hop(Entry& entry, size_t at);
  template <typename Goes>
  static size_t remove_hops(Entry& entry, Goes goes);
  static const Hop* serving(const Entry& entry, double now_ms);
  static bool route_of(const Entry& entry, double now_ms, Route& out);

  uint32_t capacity_ = 0;
  uint32_t size_ = 0;
  uint32_t room_ = 0;
  double ttl_ms_ = 0;
  // The latest time offered, for a pin that must make room.
  double now_ms_ = 0;
  SipKey secret_;
  TableHashes hash_ids_ = nullptr;
  BucketTable table_;
  Buffer<Head> heads_;
  Buffer<Entry> entries_;
};

}  // namespace edge
