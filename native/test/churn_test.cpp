// Entries that come, change, expire and go, with searches between, while means are learned and rows sketched anew.
#include <map>
#include <memory>

#include "../core/search_many.hpp"
#include "space.hpp"

using edge::Question;
using edge::Status;
using edge::VectorIndex;
using space::Kind;

namespace edge {

// Looks at what an index keeps to itself.
struct IndexPeek {
  static const Sketcher& sketcher(const VectorIndex& index) { return index.sketcher_; }

  // Whether every row has the sketch, and the inverse length, that its components and its number want.
  static bool is_sound(const VectorIndex& index) {
    const Sketcher& sketcher = index.sketcher_;
    Buffer<int8_t> even;
    Buffer<int32_t> rotated;
    CHECK(even.resize(index.stride_) && rotated.resize(sketcher.rotation().padded()));
    size_t holes = 0;
    for (uint32_t row = 0; row < index.rows_; row++) {
      const float factor = index.block_of(row).factor[row % VectorIndex::kBlockRows];
      if (factor == 0) {
        holes++;
        continue;
      }
      const int8_t* values = index.row_data(row);
      const int64_t squares = row_squares(values, index.stride_);
      const SpaceMean& mean = sketcher.is_present(row) ? sketcher.present() : sketcher.old();
      uint8_t sketch[kSketchBytes];
      const double norm = sketcher.rotate(values, squares, even.data(), rotated.data());
      index.kernels_->signs(rotated.data(), mean.thresholds(), static_cast<float>(norm), sketch);
      if (std::memcmp(sketch, index.coarse_data(row), kCoarseBytes) != 0 ||
          std::memcmp(sketch + kCoarseBytes, index.fine_data(row), kFineBytes) != 0 ||
          factor != static_cast<float>(1.0 / std::sqrt(static_cast<double>(squares))) || index.find(index.key_at(row)) != row) {
        return false;
      }
    }
    size_t counted = 0;
    for (size_t i = 0; i < index.block_count_; i++) counted += index.blocks_[i].holes;
    return holes == index.hole_count_ && counted == holes;
  }
};

}  // namespace edge

namespace {

constexpr size_t kDimension = 128;

struct Entry {
  std::vector<float> vector;
  double time_ms;
};

std::unique_ptr<VectorIndex> make(edge::Isa isa, uint32_t capacity) {
  auto index = std::make_unique<VectorIndex>();
  CHECK(index->init({.dimension = kDimension, .capacity = capacity, .rotation_seed = 5}, {3, 4},
                    edge::kernels_for(isa)) == Status::ok);
  return index;
}

// The same entries under every instruction set, and in a map.
class World {
 public:
  explicit World(uint32_t capacity) {
    for (const edge::Isa isa : edge::kIsas) {
      if (edge::isa_available(isa)) indexes_.push_back(make(isa, capacity));
    }
  }

  void put(const std::vector<uint64_t>& keys, const std::vector<float>& vectors, double time_ms) {
    const std::vector<double> times(keys.size(), time_ms);
    for (const auto& index : indexes_) {
      CHECK(space::put(*index, keys, vectors, {nullptr, nullptr, times.data()}) == Status::ok);
    }
    for (size_t i = 0; i < keys.size(); i++) {
      const float* vector = &vectors[i * kDimension];
      model_[keys[i]] = {std::vector<float>(vector, vector + kDimension), time_ms};
    }
  }

  void erase(const std::vector<uint64_t>& keys) {
    size_t expected = 0;
    for (const uint64_t key : keys) expected += model_.erase(key);
    for (const auto& index : indexes_) {
      size_t erased = 0;
      CHECK(index->erase(keys.data(), keys.size(), erased) == Status::ok && erased == expected);
    }
  }

  void expire(double before_ms) {
    const size_t expected = std::erase_if(model_, [&](const auto& one) { return one.second.time_ms < before_ms; });
    for (const auto& index : indexes_) {
      size_t erased = 0;
      CHECK(index->expire(before_ms, erased) == Status::ok && erased == expected);
    }
  }

  void pin() {
    for (const auto& index : indexes_) index->pin();
  }
  void unpin() {
    for (const auto& index : indexes_) index->unpin();
  }

  // Every instruction set gives the same hits and does the same for them; returns how many the exact scan also has.
  size_t check(const float* query, size_t k) {
    const Question question{.k = k};
    const space::Answer first = space::ask(*indexes_[0], query, question);
    for (const auto& index : indexes_) {
      CHECK(index->size() == model_.size());
      const space::Answer other = space::ask(*index, query, question);
      CHECK(space::same_hits(first.hits, other.hits));
      CHECK(first.counts.scored_rows == other.counts.scored_rows && first.counts.fine_rows == other.counts.fine_rows &&
            first.counts.coarse_rows == other.counts.coarse_rows && first.counts.bytes_read == other.counts.bytes_read);
    }
    for (const edge::Hit& hit : first.hits) CHECK(model_.count(hit.key) == 1);
    const space::Answer truth = space::ask(*indexes_[0], query, {.k = k, .exact = true});
    CHECK(first.hits.size() == std::min(k, model_.size()) && truth.hits.size() == first.hits.size());
    return space::shared_keys(first.hits, truth.hits);
  }

  // A search for an entry's own vector finds that entry, with a cosine of nearly one.
  void check_entries(check::Random& random, size_t count) {
    std::vector<uint64_t> keys;
    for (const auto& [key, entry] : model_) keys.push_back(key);
    for (size_t i = 0; i < count && !keys.empty(); i++) {
      const uint64_t key = keys[random.below(keys.size())];
      const space::Answer answer = space::ask(*indexes_.back(), model_[key].vector.data(), {.k = 1});
      CHECK(answer.hits.size() == 1 && answer.hits[0].key == key && answer.hits[0].score > 0.999f);
    }
  }

  size_t size() const { return model_.size(); }
  const edge::Sketcher& sketcher() const { return edge::IndexPeek::sketcher(*indexes_[0]); }
  // Of the last: what holds of one instruction set holds of all, as long as they answer alike.
  bool is_sound() const { return edge::IndexPeek::is_sound(*indexes_.back()); }

 private:
  std::vector<std::unique_ptr<VectorIndex>> indexes_;
  std::map<uint64_t, Entry> model_;
};

}  // namespace

TEST("recall holds while entries churn, means are adopted and rows are sketched anew") {
  for (const Kind kind : {Kind::shared, Kind::positive}) {
    check::Random random(static_cast<uint64_t>(kind) + 17);
    space::Space source(kind, kDimension, 40, 3);
    World world(20000);
    size_t found = 0;
    size_t wanted = 0;
    uint64_t next = 0;
    size_t between_means = 0;
    for (int step = 0; step < 90; step++) {
      // Small batches while rows are sketched anew, so that the frontier stands in many places when a search comes.
      const bool is_between = world.sketcher().has_old();
      const size_t count = !is_between && random.below(3) == 0 ? 1 + random.below(900) : 1 + random.below(30);
      const bool replaces = random.below(5) == 0 && next > count;
      world.put(space::keys_from(replaces ? random.below(next - count) : next, count), source.some(count), step);
      if (!replaces) next += count;
      const bool is_pinned = step % 8 == 3;
      if (is_pinned) world.pin();
      if (random.below(4) == 0) world.erase(space::keys_from(random.below(next), random.below(60)));
      if (step % 30 == 29) world.expire(step - 40.0);
      CHECK((!is_between && step % 10 != 9) || world.is_sound());
      between_means += is_between ? 1 : 0;
      const std::vector<float> query = source.some(1);
      found += world.check(query.data(), 10);
      wanted += std::min<size_t>(10, world.size());
      if (is_pinned) world.unpin();
      if (step % 20 == 19) world.check_entries(random, 10);
    }
    CHECK(world.size() > 2500);
    CHECK(world.is_sound());
    CHECK(world.sketcher().epoch() > 0 && between_means >= 5);
    CHECK(static_cast<double>(found) >= 0.985 * static_cast<double>(wanted));
  }
}

TEST("a mean is adopted only where there is one, and one that was given stays") {
  for (const Kind kind : space::kKinds) {
    space::Space source(kind, kDimension, 300, 4);
    const auto index = make(edge::best_isa(), 10000);
    for (uint64_t i = 0; i < 9000; i += 300) {
      CHECK(space::put(*index, space::keys_from(i, 300), source.some(300)) == Status::ok);
    }
    const bool leans = kind == Kind::shared || kind == Kind::positive;
    CHECK((edge::IndexPeek::sketcher(*index).epoch() > 0) == leans);
    CHECK(edge::IndexPeek::is_sound(*index));
  }
  space::Space source(Kind::shared, kDimension, 300, 4);
  const std::vector<float> mean = source.some(1);
  VectorIndex index;
  CHECK(index.init({.dimension = kDimension, .capacity = 3000, .mean = mean.data()}, {3, 4},
                   edge::scalar_kernels()) == Status::ok);
  CHECK(space::put(index, space::keys_from(0, 3000), source.some(3000)) == Status::ok);
  const edge::Sketcher& sketcher = edge::IndexPeek::sketcher(index);
  CHECK(sketcher.epoch() == 0 && sketcher.present().exists() && sketcher.present().count() == 3000);
  CHECK(std::fabs(sketcher.present().squared() - 1) < 1e-6);
  CHECK(edge::IndexPeek::is_sound(index));
}

TEST("searches side by side give what each alone gives, and count the same") {
  for (const size_t entries : {0u, 500u, 5000u}) {
    space::Space source(Kind::clustered, kDimension, 30, 9);
    const auto index = make(edge::best_isa(), 5000);
    CHECK(space::put(*index, space::keys_from(0, entries), source.some(entries)) == Status::ok);
    for (const size_t count : {0u, 1u, 16u, 40u}) {
      const std::vector<float> queries = source.some(count);
      edge::SearchMany many;
      size_t bad = 0;
      CHECK(many.init(*index, queries.data(), count, {.k = 7}, bad) == Status::ok);
      while (many.turn(*index)) {
      }
      CHECK(many.status() == Status::ok && many.count() == count);
      edge::SearchCounts counts;
      for (size_t i = 0; i < count; i++) {
        const space::Answer alone = space::ask(*index, &queries[i * kDimension], {.k = 7});
        counts.add(alone.counts);
        size_t size = 0;
        const edge::Hit* hits = many.hits(i, size);
        CHECK(space::same_hits(alone.hits, std::vector<edge::Hit>(hits, hits + size)));
      }
      CHECK(many.counts().scored_rows == counts.scored_rows && many.counts().bytes_read == counts.bytes_read &&
            many.counts().searches == counts.searches);
    }
    std::vector<float> queries = source.some(3);
    std::fill(queries.begin() + 2 * kDimension, queries.end(), 0.0f);
    edge::SearchMany many;
    size_t bad = 0;
    CHECK(many.init(*index, queries.data(), 3, {.k = 7}, bad) == Status::vector && bad == 2);
  }
}

TEST("the cap on bytes holds, and what did not fit leaves no trace") {
  for (const size_t dimension : {64u, 128u, 512u}) {
    constexpr uint64_t kCap = 3 << 20;
    space::Space source(Kind::random, dimension, 1, 1);
    VectorIndex index;
    CHECK(index.init({.dimension = dimension, .capacity = 100000, .max_bytes = kCap}, {1, 2},
                     edge::kernels_for(edge::best_isa())) == Status::ok);
    Status status = Status::ok;
    uint64_t next = 0;
    while (status == Status::ok && next < 100000) {
      const size_t before = index.size();
      status = space::put(index, space::keys_from(next, 700), source.some(700));
      CHECK(index.bytes() <= kCap);
      CHECK(index.size() == before + (status == Status::ok ? 700 : 0));
      next += 700;
    }
    CHECK(status == Status::bytes);
    CHECK(index.bytes() > kCap / 2);
    // What is there can still be replaced, erased and found.
    CHECK(space::put(index, space::keys_from(0, 10), source.some(10)) == Status::ok);
    size_t erased = 0;
    const std::vector<uint64_t> keys = space::keys_from(0, 5);
    CHECK(index.erase(keys.data(), 5, erased) == Status::ok && erased == 5);
    CHECK(space::ask(index, source.some(1).data(), {.k = 3}).hits.size() == 3);
  }
}

int main() { return check::run_all(); }
