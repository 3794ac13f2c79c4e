// The searches of a VectorIndex.
#include "handles.hpp"
#include "index_arguments.hpp"
#include "search_worker.hpp"

namespace edge::addon {

// Options are read first: their getters may close the index or take the query's memory away.
bool IndexHandle::begin(const Napi::CallbackInfo& info, Search& search) const {
  const Napi::Env env = info.Env();
  Question question;
  Span<float> query;
  if (!read_question(info, 1, question) || !is_open(env) || !read(info, 0, "query", query) ||
      !check_count(env, "query", query.length, index_->owner().dimension())) {
    return false;
  }
  const Status status = search.init(index_->owner(), query.data, question);
  if (status == Status::vector) {
    fail(env, "index.vector", "the query has no direction: all zero, or not finite");
    return false;
  }
  return check(env, status, "index.full", "a search");
}

bool IndexHandle::begin(const Napi::CallbackInfo& info, SearchMany& search) const {
  const Napi::Env env = info.Env();
  Question question;
  Span<float> queries;
  if (!read_question(info, 1, question) || !is_open(env) || !read(info, 0, "queries", queries)) return false;
  const size_t dimension = index_->owner().dimension();
  const size_t count = queries.length / dimension;
  if (queries.length % dimension != 0 || count > SearchMany::kMaxQueries) {
    fail(env, kArgument, "queries has %zu entries where a multiple of %zu is needed, at most %zu times", queries.length,
         dimension, SearchMany::kMaxQueries);
    return false;
  }
  size_t bad = 0;
  const Status status = search.init(index_->owner(), queries.data, count, question, bad);
  if (status == Status::vector) {
    fail(env, "index.vector", "query %zu has no direction: all zero, or not finite", bad);
    return false;
  }
  return check(env, status, "index.full", "a search");
}

Napi::Value IndexHandle::search(const Napi::CallbackInfo& info) {
  if (!begin(info, search_)) return {};
  while (search_.step(index_->owner())) {
  }
  index_->owner().note(search_.counts());
  return Napi::Value(info.Env(), to_hits(info.Env(), search_));
}

Napi::Value IndexHandle::search_many(const Napi::CallbackInfo& info) {
  SearchMany search;
  if (!begin(info, search)) return {};
  while (search.turn(index_->owner())) {
  }
  index_->owner().note(search.counts());
  if (!check(info.Env(), search.status(), "index.full", "a search")) return {};
  return Napi::Value(info.Env(), to_hits(info.Env(), search));
}

template <typename Running>
Napi::Value IndexHandle::search_beside(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto worker = std::make_unique<SearchWorker<Running>>(env, index_);
  const Napi::Value promise(env, worker->promise());
  bool ready = begin(info, worker->search());
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

Napi::Value IndexHandle::search_async(const Napi::CallbackInfo& info) { return search_beside<Search>(info); }

Napi::Value IndexHandle::search_many_async(const Napi::CallbackInfo& info) { return search_beside<SearchMany>(info); }

}  // namespace edge::addon
