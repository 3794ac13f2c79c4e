// The few functions of libuv that a socket of ours needs. Node exports them to addons; its headers are not among those
// of node-api-headers, so they are declared here. They are part of libuv's stable 1.x interface, and the size of a
// handle is asked for at run time. Weak: a host without libuv leaves them null, and there is no socket then.
#pragma once

#include <cstddef>

struct uv_loop_s;

extern "C" {
struct uv_poll_handle;

[[gnu::weak]] size_t uv_handle_size(int type);
[[gnu::weak]] void uv_handle_set_data(uv_poll_handle* handle, void* data);
[[gnu::weak]] void* uv_handle_get_data(const uv_poll_handle* handle);
[[gnu::weak]] int uv_poll_init(uv_loop_s* loop, uv_poll_handle* handle, int fd);
[[gnu::weak]] int uv_poll_start(uv_poll_handle* handle, int events, void (*callback)(uv_poll_handle*, int, int));
[[gnu::weak]] int uv_poll_stop(uv_poll_handle* handle);
[[gnu::weak]] void uv_close(uv_poll_handle* handle, void (*callback)(uv_poll_handle*));
}

namespace edge::addon {

// uv_handle_type and uv_poll_event of uv.h.
inline constexpr int kUvPoll = 8;
inline constexpr int kUvReadable = 1;
inline constexpr int kUvWritable = 2;

inline bool has_uv() {
  return uv_handle_size != nullptr && uv_handle_set_data != nullptr && uv_handle_get_data != nullptr &&
         uv_poll_init != nullptr && uv_poll_start != nullptr && uv_poll_stop != nullptr && uv_close != nullptr;
}

}  // namespace edge::addon
