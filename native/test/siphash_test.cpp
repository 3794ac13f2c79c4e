#include "../core/siphash_lanes.hpp"
#include "check.hpp"
#include "json.hpp"

TEST("the reference vectors come out") {
  const json::Value vectors = json::read_file(EDGE_AGENT_VECTORS "/siphash.json");
  const std::vector<uint8_t> key = json::from_hex(vectors["keyHex"].text);
  CHECK(key.size() == 16);
  CHECK(vectors["hashes"].list.size() == 64);
  if (key.size() != 16) return;
  std::vector<uint8_t> input;
  for (const json::Value& expected : vectors["hashes"].list) {
    uint8_t out[8];
    edge::store_le64(out, edge::siphash24(edge::SipKey::from(key.data()), input.data(), input.size()));
    CHECK(json::from_hex(expected.text) == std::vector<uint8_t>(out, out + 8));
    input.push_back(static_cast<uint8_t>(input.size()));
  }
}

TEST("four messages side by side have the tags they have alone, of one length or of any") {
  check::Random random(3);
  for (const edge::Isa isa : {edge::Isa::scalar, edge::best_isa()}) {
    const edge::SipHashLanes lanes = edge::siphash_lanes_for(isa);
    for (int round = 0; round < 3000; round++) {
      edge::SipKey key[edge::kSipLanes];
      const edge::SipKey* keys[edge::kSipLanes];
      std::vector<uint8_t> message[edge::kSipLanes];
      const uint8_t* data[edge::kSipLanes];
      size_t lengths[edge::kSipLanes];
      uint64_t tags[edge::kSipLanes];
      const size_t common = random.below(300);
      for (size_t i = 0; i < edge::kSipLanes; i++) {
        key[i] = {random.next(), random.next()};
        keys[i] = &key[random.below(i + 1)];
        lengths[i] = round % 3 == 0 ? common : round % 3 == 1 ? common + random.below(8) : random.below(300);
        message[i].resize(lengths[i]);
        for (uint8_t& byte : message[i]) byte = static_cast<uint8_t>(random.next());
        data[i] = message[i].data();
      }
      lanes(keys, data, lengths, tags);
      for (size_t i = 0; i < edge::kSipLanes; i++) CHECK(tags[i] == edge::siphash24(*keys[i], data[i], lengths[i]));
    }
  }
}

TEST("table hashes depend on the secret and on every bit") {
  check::Random random(1);
  const edge::SipKey one{random.next(), random.next()};
  const edge::SipKey other{random.next(), random.next()};
  const uint64_t a = random.next();
  const uint64_t b = random.next();
  CHECK(edge::table_hash(one, a, b) != edge::table_hash(other, a, b));
  for (int bit = 0; bit < 64; bit++) {
    CHECK(edge::table_hash(one, a ^ (uint64_t{1} << bit), b) != edge::table_hash(one, a, b));
    CHECK(edge::table_hash(one, a, b ^ (uint64_t{1} << bit)) != edge::table_hash(one, a, b));
    CHECK(edge::table_hash(one, a ^ (uint64_t{1} << bit)) != edge::table_hash(one, a));
  }
}

TEST("many table hashes at once are those of one at a time") {
  check::Random random(4);
  for (const edge::Isa isa : {edge::Isa::scalar, edge::best_isa()}) {
    for (size_t count = 0; count < 30; count++) {
      const edge::SipKey secret{random.next(), random.next()};
      // Just as long as the keys, and off by a byte, so that a sanitizer sees a read beyond them.
      std::vector<uint8_t> keys(count * 16 + 1);
      for (uint8_t& byte : keys) byte = static_cast<uint8_t>(random.next());
      std::vector<uint32_t> short_hashes(count);
      std::vector<uint32_t> long_hashes(count);
      edge::table_hashes8_for(isa)(secret, keys.data() + 1, count, short_hashes.data());
      edge::table_hashes16_for(isa)(secret, keys.data() + 1, count, long_hashes.data());
      for (size_t i = 0; i < count; i++) {
        const auto word = [&](size_t at) { return edge::load_le64(keys.data() + 1 + at * 8); };
        CHECK(short_hashes[i] == edge::table_hash(secret, word(i)));
        CHECK(long_hashes[i] == edge::table_hash(secret, word(2 * i), word(2 * i + 1)));
      }
    }
  }
}

int main() { return check::run_all(); }
