// Several searches with the same question that go through the index side by side: what one has fetched from memory
// the others find in the cache.
#pragma once

#include <cstddef>
#include <cstdint>

#include "search.hpp"

namespace edge {

class SearchMany {
 public:
  static constexpr size_t kMaxQueries = 256;
  // Searches side by side; further queries wait for the next round. More would gain no more, and each takes a byte a row.
  static constexpr size_t kWidth = 16;

  SearchMany() = default;
  SearchMany(const SearchMany&) = delete;
  SearchMany& operator=(const SearchMany&) = delete;
  ~SearchMany() { delete[] searches_; }

  // Once only. `queries` are `count` × dimension components, which are copied; count is at most kMaxQueries.
  // `bad` becomes the first query without a direction, when that is what failed.
  [[nodiscard]] Status init(const VectorIndex& index, const float* queries, size_t count, const Question& question,
                            size_t& bad);

  // Does the next piece of every search of the round; false when all are done. status() is Status::memory when it ended
  // for that.
  bool turn(const VectorIndex& index);
  Status status() const { return status_; }

  size_t count() const { return count_; }
  // Of a query, best first.
  const Hit* hits(size_t query, size_t& count) const;
  const SearchCounts& counts() const { return counts_; }

 private:
  [[nodiscard]] bool begin_round(const VectorIndex& index);
  [[nodiscard]] bool end_round();

  size_t dimension_ = 0;
  size_t count_ = 0;
  Question question_;
  Buffer<float> queries_;
  Search* searches_ = nullptr;
  size_t width_ = 0;
  // Queries from `first_` on, `running_` of them, are under way.
  size_t first_ = 0;
  size_t running_ = 0;
  // Where the hits of a query begin, and one end beyond.
  Buffer<size_t> from_;
  Buffer<Hit> hits_;
  Status status_ = Status::ok;
  SearchCounts counts_;
};

}  // namespace edge
