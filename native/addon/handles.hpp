// The classes JavaScript sees. They check arguments and call the core; what they compute, the core computes.
#pragma once

#include <napi.h>

#include <memory>

#include "../core/dedup_cache.hpp"
#include "../core/frame_ingest.hpp"
#include "../core/routing_table.hpp"
#include "../core/search_many.hpp"
#include "../core/shared_index.hpp"
#include "arguments.hpp"

namespace edge::addon {

// new VectorIndex(dimension, capacity, isa, {exactPath?, mean?, rotationSeed?, maxBytes?})
class IndexHandle : public Napi::ObjectWrap<IndexHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit IndexHandle(const Napi::CallbackInfo& info);
  void Finalize(Napi::BasicEnv env) override;

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  void upsert(const Napi::CallbackInfo& info);
  void upsert_int8(const Napi::CallbackInfo& info);
  Napi::Value erase(const Napi::CallbackInfo& info);
  Napi::Value expire(const Napi::CallbackInfo& info);
  Napi::Value search(const Napi::CallbackInfo& info);
  Napi::Value search_async(const Napi::CallbackInfo& info);
  Napi::Value search_many(const Napi::CallbackInfo& info);
  Napi::Value search_many_async(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  bool is_open(Napi::Env env) const;
  bool begin(const Napi::CallbackInfo& info, Search& search) const;
  bool begin(const Napi::CallbackInfo& info, SearchMany& search) const;
  template <typename Running>
  Napi::Value search_beside(const Napi::CallbackInfo& info);
  bool settle(Napi::Env env, Status status, size_t bad);
  void account(Napi::BasicEnv env);

  std::shared_ptr<SharedIndex> index_;
  // Its memory serves one search after the other.
  Search search_;
  // What the garbage collector has been told of.
  int64_t accounted_ = 0;
};

// new DedupCache(capacity, ttlMs, isa)
class DedupHandle : public Napi::ObjectWrap<DedupHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit DedupHandle(const Napi::CallbackInfo& info);
  const std::shared_ptr<DedupCache>& core() const { return cache_; }

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  Napi::Value seen_many(const Napi::CallbackInfo& info);
  void clear(const Napi::CallbackInfo& info);

  std::shared_ptr<DedupCache> cache_ = std::make_shared<DedupCache>();
};

// new RoutingTable(capacity, ttlMs, isa)
class RoutesHandle : public Napi::ObjectWrap<RoutesHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit RoutesHandle(const Napi::CallbackInfo& info);
  const std::shared_ptr<RoutingTable>& core() const { return table_; }

 private:
  Napi::Value size(const Napi::CallbackInfo& info);
  Napi::Value bytes(const Napi::CallbackInfo& info);
  Napi::Value offer(const Napi::CallbackInfo& info);
  void pin(const Napi::CallbackInfo& info);
  Napi::Value unpin(const Napi::CallbackInfo& info);
  Napi::Value lookup(const Napi::CallbackInfo& info);
  Napi::Value drop_link(const Napi::CallbackInfo& info);
  Napi::Value expire(const Napi::CallbackInfo& info);
  Napi::Value snapshot(const Napi::CallbackInfo& info);

  std::shared_ptr<RoutingTable> table_ = std::make_shared<RoutingTable>();
};

// What JavaScript writes before a turn and reads after it, instead of handing over arguments one by one: reading those
// would take longer than the frames do. The layout is in src/native/native-ingest.ts too.
struct IngestControl {
  static constexpr size_t kFrames = 256;

  double now_ms;
  uint32_t count;
  uint32_t accepted;
  uint32_t offsets[kFrames + 1];
};
static_assert(sizeof(IngestControl) == 1048);

// An ingest and the arrays its turns read and write.
struct IngestTurn {
  std::shared_ptr<DedupCache> dedup;
  std::shared_ptr<RoutingTable> routes;
  FrameIngest ingest;
  Span<uint8_t> slab;
  Span<int32_t> out;
  IngestControl* control = nullptr;
  Napi::Reference<Napi::ArrayBuffer> control_buffer;

  void take();
};

// new FrameIngest(dedup, routes, self, maxFrameBytes, isa, trusted, control)
class IngestHandle : public Napi::ObjectWrap<IngestHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit IngestHandle(const Napi::CallbackInfo& info);

 private:
  void set_key(const Napi::CallbackInfo& info);
  Napi::Value run(const Napi::CallbackInfo& info);
  Napi::Value bind(const Napi::CallbackInfo& info);
  Napi::Value turn(const Napi::CallbackInfo& info);

  // Shared with the function that turn() gives, which may outlive this.
  std::shared_ptr<IngestTurn> turn_ = std::make_shared<IngestTurn>();
};

}  // namespace edge::addon
