// Searches that run beside JavaScript, and how their hits come back to it.
#pragma once

#include <napi.h>

#include <memory>

#include "../core/search_many.hpp"
#include "../core/shared_index.hpp"

namespace edge::addon {

// {keys, scores, exact}, or an array of them; null when the environment runs no JavaScript any more.
napi_value to_hits(napi_env env, Search& search);
napi_value to_hits(napi_env env, SearchMany& search);

inline Status status_of(const Search&) { return Status::ok; }
inline Status status_of(const SearchMany& search) { return search.status(); }

// One Search or SearchMany on a thread of the pool. It holds the index, so that closing or losing the handle does it
// no harm.
template <typename Running>
class SearchWorker : public Napi::AsyncWorker {
 public:
  SearchWorker(Napi::Env env, std::shared_ptr<SharedIndex> index) : AsyncWorker(env), index_(std::move(index)) {
    napi_create_promise(env, &deferred_, &promise_);
  }

  Running& search() { return search_; }
  napi_value promise() const { return promise_; }
  void reject(napi_value error) { napi_reject_deferred(Env(), deferred_, error); }

  void Execute() override { index_->scan(search_); }

  void OnOK() override;

 private:
  napi_deferred deferred_ = nullptr;
  // Good only while the call that made the worker lasts.
  napi_value promise_ = nullptr;
  std::shared_ptr<SharedIndex> index_;
  Running search_;
};

}  // namespace edge::addon
