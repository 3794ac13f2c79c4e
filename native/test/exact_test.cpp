// Searches whose best hits are scored again by their float32 vectors, and the file those lie in.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <map>

#include "../core/search_limit.hpp"
#include "space.hpp"

using edge::Status;
using edge::VectorIndex;
using space::Kind;

namespace {

constexpr size_t kDimension = 128;

// A directory of its own, removed with what is in it.
class Scratch {
 public:
  Scratch() { CHECK(mkdtemp(directory_) != nullptr); }
  ~Scratch() {
    ::unlink(file().c_str());
    ::rmdir(directory_);
  }
  std::string file() const { return std::string(directory_) + "/exact"; }
  std::string directory() const { return directory_; }

 private:
  char directory_[32] = "/tmp/edge-exact-XXXXXX";
};

bool exists(const std::string& path) {
  struct stat found;
  return ::lstat(path.c_str(), &found) == 0;
}

Status init(VectorIndex& index, const std::string& path, uint32_t capacity = 10000, size_t dimension = kDimension) {
  return index.init({.dimension = dimension, .capacity = capacity, .exact_path = path.c_str()}, {1, 2},
                    edge::kernels_for(edge::best_isa()));
}

using Model = std::map<uint64_t, std::vector<float>>;

void put(VectorIndex& index, Model& model, space::Space& source, uint64_t first, size_t count, size_t dimension) {
  const std::vector<float> vectors = source.some(count);
  CHECK(space::put(index, space::keys_from(first, count), vectors) == Status::ok);
  for (size_t i = 0; i < count; i++) {
    model[first + i] = std::vector<float>(&vectors[i * dimension], &vectors[i * dimension] + dimension);
  }
}

// How many of the true best ten (by float32 vectors) an exact search finds; its scores are the cosines themselves.
size_t check_exact(const VectorIndex& index, const Model& model, const float* query, size_t dimension) {
  const space::Answer answer = space::ask(index, query, {.k = 10, .exact = true});
  std::vector<edge::Hit> truth;
  for (const auto& [key, vector] : model) {
    truth.push_back({key, edge::exact_cosine(query, vector.data(), dimension), true});
  }
  std::sort(truth.begin(), truth.end(), edge::better);
  truth.resize(std::min<size_t>(10, truth.size()));
  for (const edge::Hit& hit : answer.hits) {
    CHECK(hit.exact && hit.score == edge::exact_cosine(query, model.at(hit.key).data(), dimension));
  }
  return space::shared_keys(truth, answer.hits);
}

}  // namespace

TEST("exact searches score by the float32 vectors, through replacing, erasing and gaps that close") {
  for (const size_t dimension : {64u, 128u}) {
    const Scratch scratch;
    VectorIndex index;
    CHECK(init(index, scratch.file(), 10000, dimension) == Status::ok);
    space::Space source(Kind::clustered, dimension, 40, 2);
    Model model;
    check::Random random(8);
    size_t found = 0;
    size_t rounds = 0;
    for (uint64_t step = 0; step < 40; step++) {
      put(index, model, source, random.below(6000), 1 + random.below(500), dimension);
      if (step % 7 == 3) index.pin();
      const std::vector<uint64_t> gone = space::keys_from(random.below(6000), random.below(90));
      size_t erased = 0;
      CHECK(index.erase(gone.data(), gone.size(), erased) == Status::ok);
      for (const uint64_t key : gone) model.erase(key);
      found += check_exact(index, model, source.some(1).data(), dimension);
      rounds++;
      if (step % 7 == 3) index.unpin();
    }
    CHECK(static_cast<double>(found) >= 0.99 * 10 * static_cast<double>(rounds));
  }
}

TEST("a row that came as int8 has no exact score, and is not given another's") {
  const Scratch scratch;
  VectorIndex index;
  CHECK(init(index, scratch.file()) == Status::ok);
  space::Space source(Kind::random, kDimension, 1, 3);
  Model model;
  put(index, model, source, 0, 20, kDimension);
  std::vector<int8_t> values(kDimension);
  for (size_t i = 0; i < kDimension; i++) values[i] = static_cast<int8_t>(i % 7 - 3);
  const float scale = 1;
  const uint64_t key = 5;
  size_t bad = 0;
  CHECK(index.upsert_int8(&key, 1, values.data(), &scale, {}, bad) == Status::ok);
  std::vector<float> query(values.begin(), values.end());
  const space::Answer answer = space::ask(index, query.data(), {.k = 20, .exact = true});
  CHECK(answer.hits.size() == 20 && answer.hits[0].key == 5 && !answer.hits[0].exact);
  CHECK(answer.counts.reranked == 19);
  for (size_t i = 1; i < 20; i++) CHECK(answer.hits[i].exact);
}

TEST("the file is private, empty at first, removed at the end, and nobody else's") {
  const Scratch scratch;
  {
    const int other = ::open(scratch.file().c_str(), O_WRONLY | O_CREAT, 0644);
    CHECK(::write(other, "old", 3) == 3 && ::close(other) == 0);
    VectorIndex index;
    CHECK(init(index, scratch.file()) == Status::ok);
    struct stat found;
    CHECK(::stat(scratch.file().c_str(), &found) == 0 && (found.st_mode & 0777) == 0600 && found.st_size == 0);
    VectorIndex second;
    CHECK(init(second, scratch.file()) == Status::file && second.exact_file().error() == EBUSY);
    CHECK(exists(scratch.file()));
  }
  CHECK(!exists(scratch.file()));
  {
    VectorIndex index;
    CHECK(init(index, scratch.file()) == Status::ok);
    // Somebody has put another file under the name: that one stays.
    CHECK(::unlink(scratch.file().c_str()) == 0);
    const int other = ::open(scratch.file().c_str(), O_WRONLY | O_CREAT, 0600);
    CHECK(other >= 0 && ::close(other) == 0);
  }
  CHECK(exists(scratch.file()));
}

TEST("a path that cannot be is an error, and what lies there stays as it is") {
  const Scratch scratch;
  const std::string link = scratch.directory() + "/exact";
  // A pipe of the test's own: a device of the system would be gone for everybody should this go wrong.
  const std::string pipe = scratch.directory() + "/pipe";
  CHECK(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::string& path : {scratch.directory(), scratch.directory() + "/no/such", pipe}) {
    VectorIndex index;
    CHECK(init(index, path) == Status::file && index.exact_file().error() != 0);
  }
  CHECK(::symlink(pipe.c_str(), link.c_str()) == 0);
  VectorIndex index;
  CHECK(init(index, link) == Status::file);
  CHECK(exists(link) && exists(pipe));
  CHECK(::unlink(link.c_str()) == 0 && ::unlink(pipe.c_str()) == 0);
}

TEST("an upsert that the file has no room for fails whole, and no score is of what it wrote") {
  const Scratch scratch;
  VectorIndex index;
  CHECK(init(index, scratch.file()) == Status::ok);
  space::Space source(Kind::random, kDimension, 1, 4);
  Model model;
  put(index, model, source, 0, 10, kDimension);
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit limit = before;
  limit.rlim_cur = 15 * kDimension * sizeof(float) + 40;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  const std::vector<float> vectors = source.some(30);
  CHECK(space::put(index, space::keys_from(5, 30), vectors) == Status::file);
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(index.size() == 10);
  const space::Answer answer = space::ask(index, model[7].data(), {.k = 10, .exact = true});
  CHECK(answer.hits.size() == 10 && answer.hits[0].key == 7 && answer.hits[0].score > 0.999f);
  for (const edge::Hit& hit : answer.hits) CHECK(hit.exact == (hit.key < 5));
  put(index, model, source, 0, 40, kDimension);
  CHECK(check_exact(index, model, model[33].data(), kDimension) == 10);
}

TEST("a file that somebody cuts short costs exactness, not more") {
  const Scratch scratch;
  VectorIndex index;
  CHECK(init(index, scratch.file()) == Status::ok);
  space::Space source(Kind::clustered, kDimension, 20, 6);
  Model model;
  put(index, model, source, 0, 3000, kDimension);
  CHECK(::truncate(scratch.file().c_str(), 1000 * kDimension * sizeof(float)) == 0);
  const space::Answer answer = space::ask(index, model[2500].data(), {.k = 10, .exact = true});
  CHECK(answer.hits.size() == 10);
  for (const edge::Hit& hit : answer.hits) CHECK(hit.exact == (hit.key < 1000));
  // Rows that move out of the part that is gone have no exact vector then.
  const std::vector<uint64_t> gone = space::keys_from(0, 100);
  size_t erased = 0;
  CHECK(index.erase(gone.data(), gone.size(), erased) == Status::ok);
  for (const edge::Hit& hit : space::ask(index, model[2950].data(), {.k = 10, .exact = true}).hits) {
    CHECK(hit.exact == (hit.key < 1000));
  }
}

int main() { return check::run_all(); }
