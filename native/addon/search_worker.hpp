// Searches that run beside JavaScript, and how their hits come back to it.
#pragma once

#include <napi.h>

#include <memory>

#include "../core/shared_index.hpp"

namespace edge::addon {

// {keys, scores}; null when the environment runs no JavaScript any more.
napi_value to_hits(napi_env env, const TopK& top);

// One search on a thread of the pool. It holds the index, so that closing or losing the handle does it no harm.
class SearchWorker : public Napi::AsyncWorker {
 public:
  SearchWorker(Napi::Env env, std::shared_ptr<SharedIndex> index) : AsyncWorker(env), index_(std::move(index)) {
    napi_create_promise(env, &deferred_, &promise_);
  }

  Search& search() { return search_; }
  napi_value promise() const { return promise_; }
  void reject(napi_value error) { napi_reject_deferred(Env(), deferred_, error); }

  void Execute() override { index_->scan(search_); }

  void OnOK() override;

 private:
  napi_deferred deferred_ = nullptr;
  // Good only while the call that made the worker lasts.
  napi_value promise_ = nullptr;
  std::shared_ptr<SharedIndex> index_;
  Search search_;
};

}  // namespace edge::addon
