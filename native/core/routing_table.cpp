#include "routing_table.hpp"

#include <cmath>
#include <limits>

namespace edge {

namespace {

constexpr uint32_t kFirstRoom = 64;

}  // namespace

bool RoutingTable::Hop::before(const Hop& other) const {
  if (cost != other.cost) return cost < other.cost;
  if (next_hop != other.next_hop) return next_hop < other.next_hop;
  return link < other.link;
}

Status RoutingTable::init(uint32_t capacity, double ttl_ms, const SipKey& secret, Isa isa) {
  capacity_ = capacity;
  ttl_ms_ = ttl_ms;
  secret_ = secret;
  hash_ids_ = table_hashes8_for(isa);
  return resize(capacity < kFirstRoom ? capacity : kFirstRoom) ? Status::ok : Status::memory;
}

bool RoutingTable::resize(uint32_t room) {
  BucketTable table;
  if (!table.reset(room) || !heads_.resize(room) || !entries_.resize(room)) return false;
  for (uint32_t slot = 0; slot < size_; slot++) table.insert(hash(entries_[slot].destination), slot);
  table_ = std::move(table);
  room_ = room;
  return true;
}

uint32_t RoutingTable::find(uint64_t destination, uint32_t hash) const {
  return table_.find(hash, [&](uint32_t slot) { return entries_[slot].destination == destination; });
}

const RoutingTable::Hop* RoutingTable::serving(const Entry& entry, double now_ms) {
  for (size_t i = 0; i < entry.hop_count; i++) {
    if (entry.hops[i].alive(now_ms)) return &entry.hops[i];
  }
  return nullptr;
}

// Who makes room: any without a live hop before the costliest; on a tie the greatest destination. None if all are pinned.
uint32_t RoutingTable::victim(double now_ms) const {
  uint32_t worst = BucketTable::kNone;
  double worst_cost = -1;
  for (uint32_t slot = 0; slot < size_; slot++) {
    const Entry& entry = entries_[slot];
    if (entry.pinned) continue;
    const Hop* hop = serving(entry, now_ms);
    const double cost = hop != nullptr ? hop->cost : std::numeric_limits<double>::infinity();
    const bool worse = worst == BucketTable::kNone || cost > worst_cost ||
                       (cost == worst_cost && entry.destination > entries_[worst].destination);
    if (!worse) continue;
    worst = slot;
    worst_cost = cost;
  }
  return worst;
}

// A slot for a new destination; kNone with a status when there can be none.
uint32_t RoutingTable::add(uint64_t destination, double now_ms, Status& status) {
  status = Status::ok;
  if (size_ == capacity_) {
    const uint32_t out = victim(now_ms);
    if (out == BucketTable::kNone) {
      status = Status::full;
      return out;
    }
    remove(out);
  }
  if (size_ == room_ && !resize(room_ > capacity_ / 2 ? capacity_ : room_ * 2)) {
    status = Status::memory;
    return BucketTable::kNone;
  }
  const uint32_t slot = size_++;
  entries_[slot] = Entry{};
  entries_[slot].destination = destination;
  table_.insert(hash(destination), slot);
  return slot;
}

void RoutingTable::remove(uint32_t slot) {
  table_.erase(hash(entries_[slot].destination), slot);
  const uint32_t last = --size_;
  if (last != slot) {
    table_.move(hash(entries_[last].destination), last, slot);
    heads_[slot] = heads_[last];
    entries_[slot] = entries_[last];
  }
  heads_[last] = Head{};
}

void RoutingTable::settle(uint32_t slot) {
  const Entry& entry = entries_[slot];
  if (entry.hop_count == 0 && !entry.pinned) return remove(slot);
  heads_[slot] = entry.pinned ? Head{entry.destination, std::numeric_limits<double>::infinity(), entry.pin_link}
                              : Head{entry.destination, entry.hops[0].expires_at_ms, entry.hops[0].link};
}

void RoutingTable::remove_hop(Entry& entry, size_t at) {
  for (size_t i = at + 1; i < entry.hop_count; i++) entry.hops[i - 1] = entry.hops[i];
  entry.hop_count--;
}

template <typename Goes>
size_t RoutingTable::remove_hops(Entry& entry, Goes goes) {
  const size_t before = entry.hop_count;
  for (size_t i = entry.hop_count; i-- > 0;) {
    if (goes(entry.hops[i])) remove_hop(entry, i);
  }
  return before - entry.hop_count;
}

// Keeps the order; the entry has room.
void RoutingTable::place(Entry& entry, const Hop& hop) {
  size_t at = entry.hop_count++;
  for (; at > 0 && hop.before(entry.hops[at - 1]); at--) entry.hops[at] = entry.hops[at - 1];
  entry.hops[at] = hop;
}

Status RoutingTable::offer(uint64_t destination, uint64_t next_hop, int32_t link, double cost, double now_ms,
                           bool& changed) {
  changed = false;
  now_ms_ = now_ms;
  const bool withdrawn = std::isinf(cost);
  uint32_t slot = find(destination);
  if (slot == BucketTable::kNone) {
    if (withdrawn) return Status::ok;
    Status status;
    slot = add(destination, now_ms, status);
    // All pinned is no error for an offer: it is only refused.
    if (slot == BucketTable::kNone) return status == Status::full ? Status::ok : status;
  }
  Entry& entry = entries_[slot];
  const Hop hop{cost, now_ms + ttl_ms_, next_hop, link};
  for (size_t i = 0; i < entry.hop_count; i++) {
    if (!entry.hops[i].is(next_hop, link)) continue;
    changed = entry.hops[i].cost != cost || !entry.hops[i].alive(now_ms);
    remove_hop(entry, i);
    if (!withdrawn) place(entry, hop);
    settle(slot);
    return Status::ok;
  }
  if (withdrawn) return Status::ok;
  if (entry.hop_count == kHops) {
    remove_hops(entry, [&](const Hop& old) { return !old.alive(now_ms); });
  }
  if (entry.hop_count == kHops) {
    if (!hop.before(entry.hops[kHops - 1])) return Status::ok;
    entry.hop_count--;
  }
  place(entry, hop);
  settle(slot);
  changed = true;
  return Status::ok;
}

Status RoutingTable::pin(uint64_t destination, uint64_t next_hop, int32_t link) {
  uint32_t slot = find(destination);
  if (slot == BucketTable::kNone) {
    Status status;
    slot = add(destination, now_ms_, status);
    if (slot == BucketTable::kNone) return status;
  }
  entries_[slot].pinned = true;
  entries_[slot].pin_next_hop = next_hop;
  entries_[slot].pin_link = link;
  settle(slot);
  return Status::ok;
}

bool RoutingTable::unpin(uint64_t destination) {
  const uint32_t slot = find(destination);
  if (slot == BucketTable::kNone || !entries_[slot].pinned) return false;
  entries_[slot].pinned = false;
  settle(slot);
  return true;
}

bool RoutingTable::route_of(const Entry& entry, double now_ms, Route& out) {
  if (entry.pinned) {
    out = {entry.destination, entry.pin_next_hop, entry.pin_link, true, 0, std::numeric_limits<double>::infinity()};
    for (size_t i = 0; i < entry.hop_count; i++) {
      const Hop& hop = entry.hops[i];
      if (hop.is(out.next_hop, out.link) && hop.alive(now_ms)) out.cost = hop.cost;
    }
    return true;
  }
  const Hop* hop = serving(entry, now_ms);
  if (hop == nullptr) return false;
  out = {entry.destination, hop->next_hop, hop->link, false, hop->cost, hop->expires_at_ms};
  return true;
}

bool RoutingTable::lookup(uint64_t destination, double now_ms, Route& out) const {
  const uint32_t slot = find(destination);
  return slot != BucketTable::kNone && route_of(entries_[slot], now_ms, out);
}

int32_t RoutingTable::link_to(uint64_t destination, uint32_t hash, double now_ms) const {
  const uint32_t slot = find(destination, hash);
  if (slot == BucketTable::kNone) return -1;
  if (entries_[slot].pinned) return entries_[slot].pin_link;
  const Hop* hop = serving(entries_[slot], now_ms);
  return hop != nullptr ? hop->link : -1;
}

void RoutingTable::ask(const uint64_t* destinations, size_t count, Asked& asked) const {
  hash_ids_(secret_, reinterpret_cast<const uint8_t*>(destinations), count, asked.hashes);
  for (size_t i = 0; i < count; i++) table_.prefetch(asked.hashes[i]);
}

void RoutingTable::fetch(size_t count, Asked& asked) const {
  for (size_t i = 0; i < count; i++) {
    asked.slots[i] = table_.guess(asked.hashes[i], 0);
    __builtin_prefetch(&heads_[asked.slots[i]]);
  }
}

void RoutingTable::answer(const uint64_t* destinations, size_t count, const Asked& asked, double now_ms,
                          int32_t* links) const {
  for (size_t i = 0; i < count; i++) {
    // Whatever was guessed: a destination is in one slot only.
    const Head& head = heads_[asked.slots[i]];
    const bool serves = (head.destination == destinations[i]) & (now_ms < head.until_ms);
    links[i] = serves ? head.link : link_to(destinations[i], asked.hashes[i], now_ms);
  }
}

size_t RoutingTable::drop_link(int32_t link) {
  size_t lost = 0;
  // Downwards, because removal fills the gap with the last entry.
  for (uint32_t slot = size_; slot-- > 0;) {
    Entry& entry = entries_[slot];
    const size_t gone = remove_hops(entry, [&](const Hop& hop) { return hop.link == link; });
    const bool pin_gone = entry.pinned && entry.pin_link == link;
    if (pin_gone) entry.pinned = false;
    if (gone == 0 && !pin_gone) continue;
    lost++;
    settle(slot);
  }
  return lost;
}

size_t RoutingTable::expire(double now_ms) {
  size_t gone = 0;
  for (uint32_t slot = size_; slot-- > 0;) {
    const size_t some = remove_hops(entries_[slot], [&](const Hop& hop) { return !hop.alive(now_ms); });
    gone += some;
    if (some > 0) settle(slot);
  }
  return gone;
}

size_t RoutingTable::snapshot(double now_ms, Route* out) const {
  size_t count = 0;
  for (uint32_t slot = 0; slot < size_; slot++) {
    if (route_of(entries_[slot], now_ms, out[count])) count++;
  }
  std::sort(out, out + count, [](const Route& a, const Route& b) { return a.destination < b.destination; });
  return count;
}

}  // namespace edge
