#include "search_worker.hpp"

namespace edge::addon {

// By the plain C interface, because a search may end while its worker thread is being torn down, and the C++ wrapper
// takes every failure then for a fatal one.
napi_value to_hits(napi_env env, const TopK& top) {
  const size_t count = top.size();
  void* key_data;
  void* score_data;
  napi_value key_buffer;
  napi_value score_buffer;
  napi_value keys;
  napi_value scores;
  napi_value hits;
  const bool made = napi_create_arraybuffer(env, count * sizeof(uint64_t), &key_data, &key_buffer) == napi_ok &&
                    napi_create_arraybuffer(env, count * sizeof(float), &score_data, &score_buffer) == napi_ok &&
                    napi_create_typedarray(env, napi_biguint64_array, count, key_buffer, 0, &keys) == napi_ok &&
                    napi_create_typedarray(env, napi_float32_array, count, score_buffer, 0, &scores) == napi_ok &&
                    napi_create_object(env, &hits) == napi_ok &&
                    napi_set_named_property(env, hits, "keys", keys) == napi_ok &&
                    napi_set_named_property(env, hits, "scores", scores) == napi_ok;
  if (!made) return nullptr;
  for (size_t i = 0; i < count; i++) {
    static_cast<uint64_t*>(key_data)[i] = top[i].key;
    static_cast<float*>(score_data)[i] = top[i].score;
  }
  return hits;
}

void SearchWorker::OnOK() {
  index_->end_search();
  const napi_value hits = to_hits(Env(), search_.finish());
  if (hits != nullptr) napi_resolve_deferred(Env(), deferred_, hits);
}

}  // namespace edge::addon
