// Work that is shared by the machine's cores: many pieces, each independent of the others.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace dcache::threads {

// Threads that pay for `pieces` of work besides the calling one, if one is worth its start for `least`
// pieces.
inline size_t helpers_for(size_t pieces, size_t least) {
  const size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min(cores, pieces / least + 1) - 1;
}

// Calls `make(i)` once for every i below `count`, on this thread and on `helpers` more, and `take` with the
// results on this thread in their order. Results wait for their turn, a bounded number of them. The first
// exception ends the work and is thrown again here.
template <typename Make, typename Take>
void in_order(size_t count, size_t helpers, const Make& make, const Take& take) {
  using Result = decltype(make(size_t{}));
  if (helpers == 0) {
    for (size_t i = 0; i < count; ++i)
      take(make(i));
    return;
  }
  const size_t window = 64 * (helpers + 1);
  std::vector<std::optional<Result>> results(window);
  std::mutex mutex;
  std::condition_variable ready;  // the next result in order, or a failure
  std::condition_variable room;
  size_t next = 0;
  size_t taken = 0;
  std::exception_ptr failure;

  const auto make_next = [&](std::unique_lock<std::mutex>& lock) {
    const size_t i = next++;
    lock.unlock();
    std::optional<Result> result;
    std::exception_ptr thrown;
    try {
      result.emplace(make(i));
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    results[i % window] = std::move(result);
    if (thrown && !failure) failure = thrown;
    if (i == taken || failure) ready.notify_one();
  };
  const auto may_make = [&] { return next < count && next < taken + window; };
  const auto help = [&] {
    std::unique_lock lock(mutex);
    while (!failure && next < count) {
      if (may_make()) {
        make_next(lock);
      } else {
        room.wait(lock);
      }
    }
  };
  std::vector<std::thread> threads(helpers);
  const auto join = [&] {
    room.notify_all();
    for (std::thread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
  };
  {
    std::unique_lock lock(mutex, std::defer_lock);
    try {
      for (std::thread& thread : threads)
        thread = std::thread(help);
      lock.lock();
      while (taken < count && !failure) {
        std::optional<Result>& result = results[taken % window];
        if (result) {
          Result mine = std::move(*result);
          result.reset();
          ++taken;
          lock.unlock();
          room.notify_one();
          take(std::move(mine));
          lock.lock();
        } else if (may_make()) {
          make_next(lock);
        } else {
          ready.wait(lock);
        }
      }
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      if (!failure) failure = std::current_exception();
    }
    next = count;
  }
  join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace dcache::threads
