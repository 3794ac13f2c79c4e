#include <cerrno>
#include <cinttypes>
#include <cmath>
#include <cstring>

#include "addon.hpp"
#include "handles.hpp"
#include "index_arguments.hpp"

namespace edge::addon {

Napi::Function IndexHandle::define(Napi::Env env) {
  return DefineClass(env, "VectorIndex",
                     {
                         InstanceAccessor<&IndexHandle::size>("size", napi_enumerable),
                         InstanceAccessor<&IndexHandle::bytes>("bytes", napi_enumerable),
                         InstanceMethod<&IndexHandle::upsert>("upsert"),
                         InstanceMethod<&IndexHandle::upsert_int8>("upsertInt8"),
                         InstanceMethod<&IndexHandle::erase>("erase"),
                         InstanceMethod<&IndexHandle::expire>("expire"),
                         InstanceMethod<&IndexHandle::search>("search"),
                         InstanceMethod<&IndexHandle::search_async>("searchAsync"),
                         InstanceMethod<&IndexHandle::search_many>("searchMany"),
                         InstanceMethod<&IndexHandle::search_many_async>("searchManyAsync"),
                         InstanceMethod<&IndexHandle::stats>("stats"),
                         InstanceMethod<&IndexHandle::close>("close"),
                     });
}

IndexHandle::IndexHandle(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const Napi::Env env = info.Env();
  IndexOptionsReader reader;
  if (!reader.read(info)) return;
  SipKey secret;
  if (!draw_secret(env, secret)) return;
  auto index = std::make_shared<SharedIndex>();
  const Status status = index->owner().init(reader.options(), secret, kernels_for(reader.isa()));
  if (status == Status::file) {
    const int error = index->owner().exact_file().error();
    const char* reason = error == EBUSY ? "it serves another index" : std::strerror(error);
    fail(env, "index.file", "the file for exact vectors cannot be made: %s: %s", reason, reader.options().exact_path);
    return;
  }
  if (!check(env, status, "index.full", "the index")) return;
  index_ = std::move(index);
  account(env);
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
  return Napi::Number::New(info.Env(), index_ ? static_cast<double>(index_->owner().bytes() + search_.bytes()) : 0);
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
  if (status == Status::bytes) {
    fail(env, "index.full", "the batch would pass the index's maxBytes of %" PRIu64 " bytes", index_->owner().max_bytes());
    return false;
  }
  if (status == Status::file) {
    fail(env, "index.file", "the file for exact vectors cannot be written: %s",
         std::strerror(index_->owner().exact_file().error()));
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

Napi::Value IndexHandle::expire(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  double before_ms;
  if (!is_open(env) || !read_number(env, info[0], "beforeMs", before_ms)) return {};
  size_t erased = 0;
  const Status status = index_->edit([&](VectorIndex& index) { return index.expire(before_ms, erased); });
  if (!settle(env, status, 0)) return {};
  return Napi::Number::New(env, static_cast<double>(erased));
}

Napi::Value IndexHandle::stats(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!is_open(env)) return {};
  const SearchCounts& counts = index_->owner().counts();
  Napi::Object stats = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t value) {
    stats.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("searches", counts.searches);
  set("exhaustive", counts.exhaustive);
  set("coarseRows", counts.coarse_rows);
  set("fineRows", counts.fine_rows);
  set("scoredRows", counts.scored_rows);
  set("reranked", counts.reranked);
  set("bytesRead", counts.bytes_read);
  return stats;
}

void IndexHandle::close(const Napi::CallbackInfo& info) {
  // Searches under way keep the index, but not the file's name.
  if (index_) index_->owner().exact_file().unlink();
  index_.reset();
  search_ = Search();
  account(info.Env());
}

}  // namespace edge::addon
