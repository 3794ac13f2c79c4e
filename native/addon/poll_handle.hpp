// Watches a file descriptor on the loop of an environment, and lets go of it in time when the environment ends.
#pragma once

#include <node_api.h>

#include <cstdlib>
#include <new>

#include "uv.hpp"

namespace edge::addon {

// Lives until the loop has let go of it, which is after its owner called end().
template <typename Owner>
class Poll {
 public:
  // Null when it cannot be had. The owner's ready(status, events) is called on the loop.
  static Poll* begin(napi_env env, int fd, Owner* owner) {
    uv_loop_s* loop = nullptr;
    if (!has_uv() || napi_get_uv_event_loop(env, &loop) != napi_ok) return nullptr;
    auto* handle = static_cast<uv_poll_handle*>(std::calloc(1, uv_handle_size(kUvPoll)));
    Poll* poll = handle != nullptr ? new (std::nothrow) Poll(handle, owner) : nullptr;
    if (poll == nullptr || uv_poll_init(loop, handle, fd) != 0) {
      delete poll;
      if (poll == nullptr) std::free(handle);
      return nullptr;
    }
    uv_handle_set_data(handle, poll);
    napi_add_async_cleanup_hook(env, [](napi_async_cleanup_hook_handle, void* self) { static_cast<Poll*>(self)->end(); },
                                poll, &poll->hook_);
    return poll;
  }

  void watch(int events) {
    uv_poll_start(handle_, events, [](uv_poll_handle* handle, int status, int seen) {
      auto* poll = static_cast<Poll*>(uv_handle_get_data(handle));
      if (poll->owner_ != nullptr) poll->owner_->ready(status, seen);
    });
  }

  // The descriptor may be closed as soon as this returns.
  void end() {
    if (owner_ == nullptr) return;
    owner_->released();
    owner_ = nullptr;
    uv_poll_stop(handle_);
    uv_close(handle_, [](uv_poll_handle* handle) { delete static_cast<Poll*>(uv_handle_get_data(handle)); });
  }

 private:
  Poll(uv_poll_handle* handle, Owner* owner) : handle_(handle), owner_(owner) {}
  ~Poll() {
    std::free(handle_);
    if (hook_ != nullptr) napi_remove_async_cleanup_hook(hook_);
  }

  uv_poll_handle* handle_;
  Owner* owner_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

}  // namespace edge::addon
