// A batch of frames through FrameIngest: hostile bytes, lengths and offsets, with good tags where the input says so.
//
// Input: options (1), clock (4), frames (1), for each: length (2), bytes. Then the offsets, if they are not to be true.
#include "../core/frame_ingest.hpp"
#include "../test/frames.hpp"
#include "input.hpp"

namespace {

constexpr uint64_t kSelf = 0xa1a2a3a4a5a6a7a8;
constexpr size_t kFramesMost = 70;  // more than the chunk that is worked on together

enum Option : uint8_t { kRetag = 1, kWrongOffsets = 2, kSmallFrames = 4, kNoKey = 8, kTwice = 16, kTrusted = 32, kPlain = 64 };

struct Batch {
  std::vector<uint8_t> slab;
  std::vector<uint32_t> offsets{0};
};

Batch read_batch(fuzz::Input& input, uint8_t options) {
  Batch batch;
  const size_t count = input.below(kFramesMost);
  for (size_t i = 0; i < count; i++) {
    std::vector<uint8_t> frame = input.bytes(input.below(2048));
    if ((options & kRetag) != 0) frames::retag(frame);
    batch.slab.insert(batch.slab.end(), frame.begin(), frame.end());
    batch.offsets.push_back(static_cast<uint32_t>(batch.slab.size()));
  }
  if ((options & kWrongOffsets) != 0) {
    for (uint32_t& offset : batch.offsets) offset = input.flag() ? input.take<uint32_t>() : input.take<uint16_t>();
  }
  batch.slab.shrink_to_fit();
  return batch;
}

void check_record(const int32_t* record, size_t length, bool inside) {
  MUST(record[0] >= 0 && record[0] <= static_cast<int32_t>(edge::Verdict::own));
  MUST(record[1] >= 0 && record[2] >= 0 && record[3] >= -1);
  MUST(inside || record[0] == static_cast<int32_t>(edge::Verdict::truncated));
  MUST(static_cast<size_t>(record[1]) + static_cast<size_t>(record[2]) <= (inside ? length : 0));
  if (record[0] != static_cast<int32_t>(edge::Verdict::accept)) MUST(record[3] == -1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t options = input.byte();
  const double now = input.take<uint32_t>();
  edge::DedupCache dedup;
  edge::RoutingTable routes;
  edge::FrameIngest ingest;
  bool changed = false;
  const edge::Isa isa = (options & kPlain) != 0 ? edge::Isa::scalar : edge::best_isa();
  MUST(dedup.init(64, 10000, {1, 2}, isa) == edge::Status::ok && routes.init(16, 10000, {3, 4}) == edge::Status::ok);
  MUST(routes.offer(0x2122232425262728, 9, 3, 1, now, changed) == edge::Status::ok);
  ingest.init(kSelf, (options & kSmallFrames) != 0 ? 200 : 1500, isa, (options & kTrusted) != 0);
  for (int epoch = 0; (options & kNoKey) == 0 && epoch < 256; epoch++) {
    ingest.set_key(static_cast<uint8_t>(epoch), frames::kKey);
  }

  const Batch batch = read_batch(input, options);
  const size_t count = batch.offsets.size() - 1;
  for (int round = 0; round < ((options & kTwice) != 0 ? 2 : 1); round++) {
    std::vector<int32_t> out(count * edge::FrameIngest::kStride);
    const size_t accepted = ingest.run(dedup, routes, batch.slab.data(), batch.slab.size(), batch.offsets.data(),
                                       count, now, out.data());
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
      const size_t from = batch.offsets[i];
      const size_t to = batch.offsets[i + 1];
      check_record(&out[i * edge::FrameIngest::kStride], to - from, from <= to && to <= batch.slab.size());
      seen += out[i * edge::FrameIngest::kStride] == static_cast<int32_t>(edge::Verdict::accept) ? 1 : 0;
    }
    MUST(seen == accepted);
  }
  return 0;
}
