#include <cmath>
#include <string>

#include "addon.hpp"
#include "arguments.hpp"
#include "handles.hpp"
#include "search_worker.hpp"

namespace edge::addon {

namespace {

bool read_filter(Napi::Env env, napi_value options, Filter& filter) {
  napi_value value;
  bool present;
  double number;
  if (!read_property(env, options, "type", value, present)) return false;
  if (present) {
    if (!read_integer(env, value, "type", 0, UINT16_MAX, number)) return false;
    filter.by_type = true;
    filter.type = static_cast<uint16_t>(number);
  }
  if (!read_property(env, options, "node", value, present)) return false;
  if (present) {
    if (!read_integer(env, value, "node", 0, UINT32_MAX, number)) return false;
    filter.by_node = true;
    filter.node = static_cast<uint32_t>(number);
  }
  if (!read_property(env, options, "sinceMs", value, present)) return false;
  if (present && !read_number(env, value, "sinceMs", filter.since_ms)) return false;
  if (!read_property(env, options, "untilMs", value, present)) return false;
  return !present || read_number(env, value, "untilMs", filter.until_ms);
}

// The columns of a batch. Reading properties may run getters, which may do anything to any memory: so all properties
// are fetched before the first pointer is taken.
class ColumnReader {
 public:
  bool fetch(const Napi::CallbackInfo& info, size_t index) {
    if (info[index].IsUndefined()) return true;
    if (!info[index].IsObject()) {
      fail(info.Env(), "hotpath.argument", "columns must be an object");
      return false;
    }
    for (size_t i = 0; i < 3; i++) {
      if (!read_property(info.Env(), info[index], kNames[i], values_[i], present_[i])) return false;
    }
    return true;
  }

  bool take(Napi::Env env, size_t count, Columns& columns) const {
    void* data[3] = {};
    for (size_t i = 0; i < 3; i++) {
      if (present_[i] && !read_column(env, values_[i], kNames[i], kTypes[i], count, &data[i])) return false;
    }
    columns = {static_cast<uint16_t*>(data[0]), static_cast<uint32_t*>(data[1]), static_cast<double*>(data[2])};
    for (size_t i = 0; columns.time_ms != nullptr && i < count; i++) {
      if (std::isfinite(columns.time_ms[i])) continue;
      fail(env, "hotpath.argument", "columns.timeMs[%zu] is not finite", i);
      return false;
    }
    return true;
  }

 private:
  static constexpr const char* kNames[3] = {"type", "node", "timeMs"};
  static constexpr napi_typedarray_type kTypes[3] = {napi_uint16_array, napi_uint32_array, napi_float64_array};

  napi_value values_[3] = {};
  bool present_[3] = {};
};

bool check_count(Napi::Env env, const char* name, size_t actual, size_t wanted) {
  if (actual == wanted) return true;
  fail(env, "hotpath.argument", "%s has %zu entries where %zu are needed", name, actual, wanted);
  return false;
}

}  // namespace

Napi::Function IndexHandle::define(Napi::Env env) {
  return DefineClass(env, "VectorIndex",
                     {
                         InstanceAccessor<&IndexHandle::size>("size", napi_enumerable),
                         InstanceAccessor<&IndexHandle::bytes>("bytes", napi_enumerable),
                         InstanceMethod<&IndexHandle::upsert>("upsert"),
                         InstanceMethod<&IndexHandle::upsert_int8>("upsertInt8"),
                         InstanceMethod<&IndexHandle::erase>("erase"),
                         InstanceMethod<&IndexHandle::search>("search"),
                         InstanceMethod<&IndexHandle::search_async>("searchAsync"),
                         InstanceMethod<&IndexHandle::close>("close"),
                     });
}

IndexHandle::IndexHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  double dimension;
  double capacity;
  if (!read_integer(info, 0, "dimension", 4, kMaxDimension, dimension) ||
      !read_integer(info, 1, "capacity", 1, VectorIndex::kMaxCapacity, capacity)) {
    return;
  }
  if (std::fmod(dimension, 4) != 0) {
    fail(env, "hotpath.argument", "dimension must be a multiple of 4");
    return;
  }
  Isa isa;
  const std::string name = info[2].IsString() ? info[2].As<Napi::String>().Utf8Value() : std::string();
  if (!isa_from_name(name.c_str(), isa) || !isa_available(isa)) {
    fail(env, "hotpath.isa", "this build or processor has no kernels for that instruction set");
    return;
  }
  SipKey secret;
  if (!draw_secret(env, secret)) return;
  index_ = std::make_shared<SharedIndex>();
  const Status status = index_->owner().init(static_cast<size_t>(dimension), static_cast<uint32_t>(capacity), secret,
                                             kernels_for(isa));
  if (check(env, status, "index.full", "the index")) account(env);
}

void IndexHandle::Finalize(Napi::BasicEnv env) {
  index_.reset();
  account(env);
}

// Keeps the garbage collector's idea of what this object weighs in step.
void IndexHandle::account(Napi::BasicEnv env) {
  const auto now = index_ ? static_cast<int64_t>(index_->owner().bytes()) : 0;
  if (now == accounted_) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, now - accounted_);
  accounted_ = now;
}

bool IndexHandle::is_open(Napi::Env env) const {
  if (index_) return true;
  fail(env, "index.closed", "the index is closed");
  return false;
}

Napi::Value IndexHandle::size(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), index_ ? index_->owner().size() : 0);
}

Napi::Value IndexHandle::bytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), index_ ? static_cast<double>(index_->owner().bytes()) : 0);
}

// After a change: its error if it failed, else the new weight.
bool IndexHandle::settle(Napi::Env env, Status status, size_t bad) {
  if (status == Status::vector) {
    fail(env, "index.vector", "vector %zu of the batch has no direction: all zero, or not finite", bad);
    return false;
  }
  if (status == Status::full) {
    fail(env, "index.full", "the batch would pass the index's capacity of %u entries", index_->owner().capacity());
    return false;
  }
  account(env);
  return check(env, status, "index.full", "the index");
}

void IndexHandle::upsert(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint64_t> keys;
  Span<float> vectors;
  ColumnReader reader;
  Columns columns;
  if (!reader.fetch(info, 2) || !is_open(env) || !read(info, 0, "keys", keys) || !read(info, 1, "vectors", vectors) ||
      !check_count(env, "vectors", vectors.length, keys.length * index_->owner().dimension()) ||
      !reader.take(env, keys.length, columns)) {
    return;
  }
  size_t bad = 0;
  const Status status = index_->edit(
      [&](VectorIndex& index) { return index.upsert(keys.data, keys.length, vectors.data, columns, bad); });
  settle(env, status, bad);
}

void IndexHandle::upsert_int8(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint64_t> keys;
  Span<int8_t> values;
  Span<float> scales;
  ColumnReader reader;
  Columns columns;
  if (!reader.fetch(info, 3) || !is_open(env) || !read(info, 0, "keys", keys) || !read(info, 1, "values", values) ||
      !read(info, 2, "scales", scales) || !check_count(env, "scales", scales.length, keys.length) ||
      !check_count(env, "values", values.length, keys.length * index_->owner().dimension()) ||
      !reader.take(env, keys.length, columns)) {
    return;
  }
  size_t bad = 0;
  const Status status = index_->edit([&](VectorIndex& index) {
    return index.upsert_int8(keys.data, keys.length, values.data, scales.data, columns, bad);
  });
  settle(env, status, bad);
}

Napi::Value IndexHandle::erase(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Span<uint64_t> keys;
  if (!is_open(env) || !read(info, 0, "keys", keys)) return {};
  size_t erased = 0;
  const Status status =
      index_->edit([&](VectorIndex& index) { return index.erase(keys.data, keys.length, erased); });
  if (!settle(env, status, 0)) return {};
  return Napi::Number::New(env, static_cast<double>(erased));
}

bool IndexHandle::read_search(const Napi::CallbackInfo& info, Search& search) const {
  const Napi::Env env = info.Env();
  if (!info[1].IsObject()) {
    fail(env, "hotpath.argument", "options must be an object");
    return false;
  }
  napi_value value;
  bool present;
  double k;
  Filter filter;
  if (!read_property(env, info[1], "k", value, present) || !read_integer(env, value, "k", 1, kMaxHits, k) ||
      !read_filter(env, info[1], filter)) {
    return false;
  }
  // Last, because getters of the options may have closed the index or taken the query's memory away.
  Span<float> query;
  if (!is_open(env) || !read(info, 0, "query", query) ||
      !check_count(env, "query", query.length, index_->owner().dimension())) {
    return false;
  }
  const Status status = search.init(index_->owner(), query.data, static_cast<size_t>(k), filter);
  if (status == Status::vector) {
    fail(env, "index.vector", "the query has no direction: all zero, or not finite");
    return false;
  }
  return check(env, status, "index.full", "a search");
}

Napi::Value IndexHandle::search(const Napi::CallbackInfo& info) {
  Search search;
  if (!read_search(info, search)) return {};
  while (search.step(index_->owner())) {
  }
  return Napi::Value(info.Env(), to_hits(info.Env(), search.finish()));
}

Napi::Value IndexHandle::search_async(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto worker = std::make_unique<SearchWorker>(env, index_);
  const Napi::Value promise(env, worker->promise());
  bool ready = read_search(info, worker->search());
  if (ready && !index_->begin_search()) {
    ready = false;
    fail(env, "index.busy", "%u searches are under way on this index: wait for one", SharedIndex::kMaxSearches);
  }
  if (!ready) {
    worker->reject(env.GetAndClearPendingException().Value());
    return promise;
  }
  // From here the worker deletes itself when it is done.
  worker.release()->Queue();
  return promise;
}

void IndexHandle::close(const Napi::CallbackInfo& info) {
  index_.reset();
  account(info.Env());
}

}  // namespace edge::addon
