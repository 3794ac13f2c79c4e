#include "../core/frame_ingest.hpp"

#include "check.hpp"
#include "frames.hpp"
#include "json.hpp"

using edge::FrameIngest;
using edge::Verdict;
using frames::Bytes;

namespace {

constexpr uint64_t kSelf = 0xa1a2a3a4a5a6a7a8u;

struct Subject {
  edge::DedupCache dedup;
  edge::RoutingTable routes;
  FrameIngest ingest;

  explicit Subject(size_t most = 1500) {
    CHECK(dedup.init(1000, 10000, {1, 2}) == edge::Status::ok);
    CHECK(routes.init(100, 10000, {1, 2}) == edge::Status::ok);
    ingest.init(kSelf, most, edge::best_isa());
    ingest.set_key(0, frames::kKey);
  }

  // The frame alone in memory of just its size, so that a sanitizer sees a read beyond it.
  std::vector<int32_t> one(const Bytes& frame, double now = 0) {
    const Bytes slab(frame.begin(), frame.end());
    const uint32_t offsets[2] = {0, static_cast<uint32_t>(slab.size())};
    std::vector<int32_t> out(FrameIngest::kStride);
    const size_t accepted =
        ingest.run(dedup, routes, slab.data(), slab.size(), offsets, 1, now, out.data());
    CHECK((accepted == 1) == (out[0] == static_cast<int32_t>(Verdict::accept)));
    return out;
  }
};

const std::map<std::string, Verdict>& verdict_names() {
  static const std::map<std::string, Verdict> names{
      {"accept", Verdict::accept},       {"duplicate", Verdict::duplicate}, {"truncated", Verdict::truncated},
      {"oversized", Verdict::oversized}, {"version", Verdict::version},     {"malformed", Verdict::malformed},
      {"epoch", Verdict::epoch},         {"tag", Verdict::tag},             {"own", Verdict::own}};
  return names;
}

// A verdict in the vectors is its number or its name, in whatever case.
int32_t verdict_of(const json::Value& value) {
  if (value.kind == json::Value::Kind::number) return static_cast<int32_t>(value.number);
  std::string name = value.text;
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto found = verdict_names().find(name);
  return found == verdict_names().end() ? -1 : static_cast<int32_t>(found->second);
}

}  // namespace

TEST("the golden frames are judged as their file says") {
  const json::Value vectors = json::read_file(EDGE_AGENT_VECTORS "/frames.json");
  if (vectors.kind == json::Value::Kind::null) {
    std::printf("     (no frames.json yet)\n");
    return;
  }
  CHECK(!vectors["frames"].list.empty());
  for (const json::Value& vector : vectors["frames"].list) {
    Subject subject(edge::kMaxFrameBytes);
    const Bytes frame = json::from_hex(vector["hex"].text);
    const Bytes key = json::from_hex(vector["tagKeyHex"].text);
    if (key.size() == 16 && frame.size() > 5) subject.ingest.set_key(frame[5], key.data());
    const std::vector<int32_t> record = subject.one(frame);
    const json::Value& expect = vector["expect"];
    const bool same = record[0] == verdict_of(expect["verdict"]) &&
                      (record[0] != 0 || (record[1] == static_cast<int32_t>(expect["headerBytes"].number) &&
                                          record[2] == static_cast<int32_t>(expect["payloadBytes"].number)));
    if (!same) std::fprintf(stderr, "golden frame %s: verdict %d\n", vector["name"].text.c_str(), record[0]);
    CHECK(same);
  }
}

TEST("the checks come in the order the protocol fixes") {
  Subject subject;
  const auto verdict = [&](const Bytes& frame) { return static_cast<Verdict>(subject.one(frame)[0]); };
  frames::Fields fields;
  CHECK(verdict(frames::build(fields)) == Verdict::accept);
  CHECK(verdict(frames::build(fields)) == Verdict::duplicate);
  CHECK(verdict(Bytes(27)) == Verdict::truncated);
  CHECK(verdict(Bytes(1501)) == Verdict::oversized);
  fields.source = kSelf;
  CHECK(verdict(frames::build(fields)) == Verdict::own);
  Bytes forged = frames::build(fields);
  forged[21] ^= 1;
  CHECK(verdict(forged) == Verdict::tag);
  forged[5] = 9;
  CHECK(verdict(forged) == Verdict::epoch);
  forged[2] = edge::kSigned;
  CHECK(verdict(forged) == Verdict::malformed);
  forged[0] = 0x30;
  CHECK(verdict(forged) == Verdict::version);
  CHECK(subject.dedup.size() == 1);
}

TEST("mutated frames never read beyond their memory, and only a renewed tag gets one in") {
  check::Random random(11);
  Subject subject;
  bool changed = false;
  CHECK(subject.routes.offer(5, 9, 3, 1, 0, changed) == edge::Status::ok);
  size_t accepted = 0;
  for (int round = 0; round < 200000; round++) {
    frames::Fields fields;
    fields.flags = static_cast<uint8_t>(random.next());
    fields.version = static_cast<uint8_t>(1 + random.below(2));
    fields.source = random.below(3) == 0 ? kSelf : random.next();
    fields.sequence = static_cast<uint32_t>(random.next());
    fields.offset = static_cast<uint16_t>(random.below(30));
    fields.total = static_cast<uint16_t>(random.below(60));
    fields.destination = random.below(2) == 0 ? 5 : random.next();
    fields.payload = random.below(40);
    Bytes frame = frames::build(fields);
    const uint64_t changes = random.below(4);
    for (uint64_t i = 0; i < changes; i++) frame[random.below(frame.size())] = static_cast<uint8_t>(random.next());
    if (random.below(3) == 0) frame.resize(random.below(frame.size() + 1));
    const bool renewed = random.below(3) == 0;
    if (renewed) frames::retag(frame);
    const std::vector<int32_t> record = subject.one(frame, round);
    CHECK(record[0] >= 0 && record[0] <= 8);
    if (record[0] != 0) continue;
    accepted++;
    const size_t around = static_cast<size_t>(record[1]) + ((frame[2] & edge::kSigned) != 0 ? 64 : 0) + 8;
    CHECK(around + static_cast<size_t>(record[2]) == frame.size());
    CHECK(record[3] == -1 || (record[3] == 3 && (frame[2] & edge::kDirected) != 0));
  }
  CHECK(accepted > 10000);
}

TEST("offsets that leave the slab make truncated frames, not reads") {
  Subject subject;
  const Bytes slab = frames::build({});
  const auto size = static_cast<uint32_t>(slab.size());
  const uint32_t offsets[4] = {0, size + 1, 3, UINT32_MAX};
  int32_t out[12];
  CHECK(subject.ingest.run(subject.dedup, subject.routes, slab.data(), slab.size(), offsets, 3, 0, out) == 0);
  for (int i = 0; i < 3; i++) CHECK(out[i * 4] == static_cast<int32_t>(Verdict::truncated));
}

int main() { return check::run_all(); }
