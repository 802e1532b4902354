#include "dcache/lsp/worker.h"

#include <algorithm>
#include <utility>

namespace dcache::lsp {

Worker::~Worker() {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.clear();
    current_stop_.request_stop();
    thread_.request_stop();
  }
  changed_.notify_all();
}

void Worker::add(std::string name, Work work, std::chrono::milliseconds delay) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back({std::move(name), std::move(work), Clock::now() + delay});
  }
  changed_.notify_all();
}

void Worker::cancel(const std::string& name) {
  {
    const std::scoped_lock lock(mutex_);
    for (Task& task : tasks_) {
      if (task.name != name) continue;
      task.stop.request_stop();
      task.due = Clock::now();
    }
    if (current_ == name) current_stop_.request_stop();
  }
  changed_.notify_all();
}

void Worker::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto first = std::ranges::min_element(tasks_, {}, &Task::due);
    if (first == tasks_.end()) {
      changed_.wait(lock, stop, [&] { return !tasks_.empty(); });
      continue;
    }
    if (first->due > Clock::now()) {
      const Clock::time_point due = first->due;
      const size_t known = tasks_.size();
      changed_.wait_until(lock, stop, due, [&] {
        return tasks_.size() != known || std::ranges::min(tasks_, {}, &Task::due).due != due;
      });
      continue;
    }
    Task task = std::move(*first);
    tasks_.erase(first);
    current_ = task.name;
    current_stop_ = task.stop;
    lock.unlock();
    task.work(task.stop.get_token());
    lock.lock();
    current_.clear();
  }
}

}  // namespace dcache::lsp
