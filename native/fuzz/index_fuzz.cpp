// The life of an index: batches with any floats, scales, columns and keys, erasures, expiry, searches that other calls
// come between, and a file of exact vectors that somebody cuts short. Held against a plain map.
//
// Input: options (8), then calls: kind (1) and their arguments.
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <string>

#include "../core/search.hpp"
#include "../core/search_many.hpp"
#include "input.hpp"

namespace {

using edge::Search;
using edge::Status;
using edge::VectorIndex;

constexpr size_t kCallsMost = 60;
constexpr size_t kBatchMost = 40;
// Few enough that batches meet again in them.
constexpr size_t kKeys = 256;

struct Entry {
  uint16_t type;
  uint32_t node;
  double time_ms;
};

struct Batch {
  std::vector<uint64_t> keys;
  std::vector<uint16_t> type;
  std::vector<uint32_t> node;
  std::vector<double> time_ms;

  explicit Batch(fuzz::Input& input) {
    const size_t count = input.below(kBatchMost);
    for (size_t i = 0; i < count; i++) {
      const uint8_t word = input.byte();
      keys.push_back(word % kKeys);
      type.push_back(word & 3);
      node.push_back(word >> 6);
      time_ms.push_back(input.byte());
    }
  }
  edge::Columns columns() const { return {type.data(), node.data(), time_ms.data()}; }
};

class Subject {
 public:
  explicit Subject(fuzz::Input& input) {
    constexpr size_t kDimensions[] = {4, 12, 64, 128, 132, 192, 512, 516};
    edge::IndexOptions options;
    options.dimension = dimension_ = kDimensions[input.below(8)];
    options.capacity = static_cast<uint32_t>(1 + input.below(300));
    options.rotation_seed = input.byte();
    if (input.flag()) options.max_bytes = size_t{input.byte()} << 13;
    path_ = "/tmp/edge-agent-fuzz." + std::to_string(getpid());
    has_file_ = input.flag();
    if (has_file_) options.exact_path = path_.c_str();
    constexpr edge::Isa kIsas[] = {edge::Isa::scalar, edge::Isa::avx2};
    const edge::Isa isa = kIsas[input.below(2)];
    const auto& kernels = edge::kernels_for(edge::isa_available(isa) ? isa : edge::Isa::scalar);
    const Status status = index_.init(options, {7, 8}, kernels);
    MUST(status == Status::ok || status == Status::bytes);
    usable_ = status == Status::ok;
  }
  ~Subject() {
    if (searching_) index_.unpin();
  }

  bool usable() const { return usable_; }

  void call(fuzz::Input& input) {
    switch (input.byte() % 8) {
      case 0:
      case 1:
        return upsert(input);
      case 2:
        return upsert_int8(input);
      case 3:
        return erase(input);
      case 4:
        return expire(input);
      case 5:
        return search(input);
      case 6:
        return search_on(input);
      default:
        return has_file_ ? cut(input) : search(input);
    }
  }

 private:
  void take(const Batch& batch, Status status) {
    MUST(status != Status::memory);
    if (status == Status::ok) {
      for (size_t i = 0; i < batch.keys.size(); i++) {
        entries_[batch.keys[i]] = {batch.type[i], batch.node[i], batch.time_ms[i]};
      }
    }
    // A file that failed in the middle may have cost entries, which the caller is told.
    if (status == Status::file) files_failed_ = true;
    MUST(files_failed_ || index_.size() == entries_.size());
  }

  void upsert(fuzz::Input& input) {
    const Batch batch(input);
    std::vector<float> vectors(batch.keys.size() * dimension_);
    // Any bits at all, or few different small numbers.
    const bool any = input.byte() % 4 == 0;
    for (float& x : vectors) x = any ? input.take<float>() : static_cast<float>(input.take<int8_t>()) + 0.25f;
    size_t bad = SIZE_MAX;
    const Status status = index_.upsert(batch.keys.data(), batch.keys.size(), vectors.data(), batch.columns(), bad);
    if (status == Status::vector) MUST(bad < batch.keys.size() && !index_.has_direction(&vectors[bad * dimension_]));
    take(batch, status);
  }

  void upsert_int8(fuzz::Input& input) {
    const Batch batch(input);
    std::vector<int8_t> values(batch.keys.size() * dimension_);
    std::vector<float> scales(batch.keys.size());
    for (int8_t& x : values) x = input.take<int8_t>();
    for (float& x : scales) x = input.flag() ? 1.0f : input.take<float>();
    size_t bad = SIZE_MAX;
    const Status status =
        index_.upsert_int8(batch.keys.data(), batch.keys.size(), values.data(), scales.data(), batch.columns(), bad);
    if (status == Status::vector) MUST(bad < batch.keys.size());
    take(batch, status);
  }

  void erase(fuzz::Input& input) {
    const Batch batch(input);
    size_t erased = 0;
    size_t there = 0;
    for (const uint64_t key : batch.keys) there += entries_.erase(key);
    MUST(index_.erase(batch.keys.data(), batch.keys.size(), erased) == Status::ok);
    MUST(files_failed_ || (erased == there && index_.size() == entries_.size()));
  }

  void expire(fuzz::Input& input) {
    const double before = input.byte();
    size_t erased = 0;
    const size_t there = std::erase_if(entries_, [&](const auto& entry) { return entry.second.time_ms < before; });
    MUST(index_.expire(before, erased) == Status::ok);
    MUST(files_failed_ || (erased == there && index_.size() == entries_.size()));
  }

  edge::Question question(fuzz::Input& input) {
    edge::Question asked;
    const uint8_t bits = input.byte();
    asked.k = 1 + input.below(70);
    asked.exact = (bits & 1) != 0;
    asked.filter.by_type = (bits & 2) != 0;
    asked.filter.by_node = (bits & 4) != 0;
    asked.filter.type = input.byte() & 3;
    asked.filter.node = input.byte() & 3;
    if ((bits & 8) != 0) asked.filter.since_ms = input.take<double>();
    if ((bits & 16) != 0) asked.filter.until_ms = input.byte();
    if (std::isnan(asked.filter.since_ms)) asked.filter.since_ms = 0;
    return asked;
  }

  std::vector<float> query(fuzz::Input& input) {
    std::vector<float> vector(dimension_);
    const bool any = input.byte() % 4 == 0;
    for (float& x : vector) x = any ? input.take<float>() : static_cast<float>(input.take<int8_t>()) + 0.25f;
    return vector;
  }

  void check_hits(const edge::TopK& hits, const edge::Question& asked) {
    MUST(hits.size() <= asked.k);
    for (size_t i = 0; i < hits.size(); i++) {
      MUST(hits[i].score >= -1 && hits[i].score <= 1);
      MUST(i == 0 || edge::better(hits[i - 1], hits[i]));
    }
  }

  // A search of which nothing comes between: just the rows that pass, each at most once.
  void search(fuzz::Input& input) {
    const edge::Question asked = question(input);
    const std::vector<float> vector = query(input);
    Search search;
    const Status status = search.init(index_, vector.data(), asked);
    if (status != Status::ok) return MUST(status == Status::vector && !index_.has_direction(vector.data()));
    while (search.step(index_)) {
    }
    const edge::TopK& hits = search.finish();
    check_hits(hits, asked);
    if (files_failed_) return;
    size_t passing = 0;
    const auto passes = [&](const Entry& entry) {
      return asked.filter.passes({&entry.type, &entry.node, &entry.time_ms}, 0);
    };
    for (const auto& [key, entry] : entries_) passing += passes(entry) ? 1 : 0;
    MUST(hits.size() == std::min(asked.k, passing));
    std::map<uint64_t, int> seen;
    for (size_t i = 0; i < hits.size(); i++) {
      MUST(seen[hits[i].key]++ == 0);
      const auto found = entries_.find(hits[i].key);
      MUST(found != entries_.end() && passes(found->second));
    }
  }

  // Begins, goes on with or ends a search that other calls come between.
  void search_on(fuzz::Input& input) {
    if (!searching_) {
      asked_ = question(input);
      const std::vector<float> vector = query(input);
      searching_ = search_.init(index_, vector.data(), asked_) == Status::ok;
      if (searching_) index_.pin();
      return;
    }
    for (size_t steps = 1 + input.below(4); steps > 0; steps--) {
      if (search_.step(index_)) continue;
      check_hits(search_.finish(), asked_);
      index_.unpin();
      searching_ = false;
      return;
    }
  }

  void cut(fuzz::Input& input) { MUST(truncate(path_.c_str(), input.take<uint16_t>()) == 0); }

  size_t dimension_ = 0;
  bool usable_ = false;
  bool has_file_ = false;
  bool files_failed_ = false;
  std::string path_;
  VectorIndex index_;
  std::map<uint64_t, Entry> entries_;
  bool searching_ = false;
  edge::Question asked_;
  Search search_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  Subject subject(input);
  for (size_t i = 0; subject.usable() && i < kCallsMost && !input.empty(); i++) subject.call(input);
  return 0;
}
