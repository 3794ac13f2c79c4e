#include "search_worker.hpp"

#include "arguments.hpp"

namespace edge::addon {

namespace {

// By the plain C interface, because a search may end while its worker thread is being torn down, and the C++ wrapper
// takes every failure then for a fatal one.
napi_value array_of(napi_env env, napi_typedarray_type type, size_t count, size_t bytes, void** data) {
  napi_value buffer;
  napi_value array;
  const bool made = napi_create_arraybuffer(env, count * bytes, data, &buffer) == napi_ok &&
                    napi_create_typedarray(env, type, count, buffer, 0, &array) == napi_ok;
  return made ? array : nullptr;
}

napi_value hits_of(napi_env env, const Hit* hits, size_t count) {
  void* keys = nullptr;
  void* scores = nullptr;
  void* exact = nullptr;
  const napi_value key_array = array_of(env, napi_biguint64_array, count, sizeof(uint64_t), &keys);
  const napi_value score_array = array_of(env, napi_float32_array, count, sizeof(float), &scores);
  const napi_value exact_array = array_of(env, napi_uint8_array, count, 1, &exact);
  napi_value object;
  const bool made = key_array != nullptr && score_array != nullptr && exact_array != nullptr &&
                    napi_create_object(env, &object) == napi_ok &&
                    napi_set_named_property(env, object, "keys", key_array) == napi_ok &&
                    napi_set_named_property(env, object, "scores", score_array) == napi_ok &&
                    napi_set_named_property(env, object, "exact", exact_array) == napi_ok;
  if (!made) return nullptr;
  for (size_t i = 0; i < count; i++) {
    static_cast<uint64_t*>(keys)[i] = hits[i].key;
    static_cast<float*>(scores)[i] = hits[i].score;
    static_cast<uint8_t*>(exact)[i] = hits[i].exact ? 1 : 0;
  }
  return object;
}

}  // namespace

napi_value to_hits(napi_env env, Search& search) {
  const TopK& top = search.finish();
  return hits_of(env, top.data(), top.size());
}

napi_value to_hits(napi_env env, SearchMany& search) {
  napi_value list;
  if (napi_create_array_with_length(env, search.count(), &list) != napi_ok) return nullptr;
  for (uint32_t i = 0; i < search.count(); i++) {
    // Handles of a scope are freed with it: 256 searches make over a thousand.
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return nullptr;
    size_t count = 0;
    const Hit* hits = search.hits(i, count);
    const napi_value one = hits_of(env, hits, count);
    const bool set = one != nullptr && napi_set_element(env, list, i, one) == napi_ok;
    napi_close_handle_scope(env, scope);
    if (!set) return nullptr;
  }
  return list;
}

template <typename Running>
void SearchWorker<Running>::OnOK() {
  index_->end_search();
  index_->owner().note(search_.counts());
  if (status_of(search_) != Status::ok) {
    const Napi::Env env = Env();
    check(env, status_of(search_), "index.full", "a search");
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) reject(error);
    return;
  }
  const napi_value hits = to_hits(Env(), search_);
  if (hits != nullptr) napi_resolve_deferred(Env(), deferred_, hits);
}

template class SearchWorker<Search>;
template class SearchWorker<SearchMany>;

}  // namespace edge::addon
