#include "../core/siphash.hpp"
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

int main() { return check::run_all(); }
