// What a row holds besides its values: length, columns, sketch, and its float32 vector in the file.
#include <cmath>

#include "vector_index.hpp"

namespace edge {

// The row itself is there already.
void VectorIndex::write_row(uint32_t row, int64_t squares, const Columns& columns, size_t i) {
  Block& block = block_of(row);
  const size_t at = row % kBlockRows;
  block.factor[at] = static_cast<float>(1.0 / std::sqrt(static_cast<double>(squares)));
  block.type[at] = columns.type != nullptr ? columns.type[i] : uint16_t{0};
  block.node[at] = columns.node != nullptr ? columns.node[i] : 0;
  block.time_ms[at] = columns.time_ms != nullptr ? columns.time_ms[i] : 0;
  if (!sketcher_.enabled()) return;
  uint8_t sketch[kSketchBytes];
  sketcher_.sketch_and_learn(row, row_data(row), squares, sketch);
  store_sketch(row, sketch);
}

void VectorIndex::store_sketch(uint32_t row, const uint8_t* sketch) {
  std::memcpy(coarse_data(row), sketch, kCoarseBytes);
  std::memcpy(fine_data(row), sketch + kCoarseBytes, kFineBytes);
}

// As the row's number wants it now.
void VectorIndex::sketch_row(uint32_t row) {
  const int8_t* values = row_data(row);
  uint8_t sketch[kSketchBytes];
  sketcher_.sketch(row, values, row_squares(values, stride_), sketch);
  store_sketch(row, sketch);
}

// After the row's values have moved.
void VectorIndex::move_sketch(uint32_t from, uint32_t to) {
  if (sketcher_.is_present(from) != sketcher_.is_present(to)) {
    sketch_row(to);
    return;
  }
  std::memcpy(coarse_data(to), coarse_data(from), kCoarseBytes);
  std::memcpy(fine_data(to), fine_data(from), kFineBytes);
}

// Before an upsert of `count` vectors: some more rows get their sketch by the present mean. The share is small enough
// not to be felt, and large enough to be done long before the next mean.
void VectorIndex::resketch(size_t count) {
  constexpr size_t kShare = 64;
  constexpr size_t kSharePerRow = 4;
  if (!sketcher_.has_old()) return;
  const uint32_t from = sketcher_.frontier();
  const size_t left = rows_ > from ? rows_ - from : 0;
  const size_t share = kShare + kSharePerRow * count;
  const uint32_t to = from + static_cast<uint32_t>(share < left ? share : left);
  for (uint32_t row = from; row < to; row++) {
    // First, so that the row counts as one of the present mean's.
    sketcher_.advance(row + 1, UINT32_MAX);
    if (block_of(row).factor[row % kBlockRows] != 0) sketch_row(row);
  }
  sketcher_.advance(to, rows_);
}

// The vectors of a batch whose keys have their rows. On failure nothing is in the file that an entry could be taken
// for: those whose place may have been overwritten are known not to be there.
Status VectorIndex::store_exact(const uint64_t* keys, size_t count, const float* vectors) {
  if (!exact_.is_open()) return Status::ok;
  for (size_t i = 0; i < count;) {
    const uint32_t row = find(keys[i]);
    size_t run = 1;
    while (i + run < count && find(keys[i + run]) == row + run) run++;
    if (!exact_.write(row, vectors + i * dimension_, run)) {
      forget_exact(keys, i + run);
      return Status::file;
    }
    for (uint32_t j = row; j < row + run; j++) block_of(j).has_exact[j % kBlockRows] = 1;
    i += run;
  }
  return Status::ok;
}

void VectorIndex::forget_exact(const uint64_t* keys, size_t count) {
  if (!exact_.is_open()) return;
  for (size_t i = 0; i < count; i++) {
    const uint32_t row = find(keys[i]);
    block_of(row).has_exact[row % kBlockRows] = 0;
  }
}

}  // namespace edge
