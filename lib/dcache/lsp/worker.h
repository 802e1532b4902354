// One thread that does what takes long, one task after the other.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace dcache::lsp {

class Worker {
 public:
  using Work = std::function<void(const std::stop_token&)>;

  Worker() : thread_([this](const std::stop_token& stop) { run(stop); }) {}
  // Stops the task that runs; those that wait are dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // `name` is for cancel(). A task whose stop is requested before it starts is run all the same, so that it
  // can say so.
  void add(std::string name, Work work, std::chrono::milliseconds delay = {});
  // Requests the stop of all tasks of that name.
  void cancel(const std::string& name);

 private:
  using Clock = std::chrono::steady_clock;
  struct Task {
    std::string name;
    Work work;
    Clock::time_point due;
    std::stop_source stop = {};
  };
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_;
  std::string current_;
  std::stop_source current_stop_;
  std::jthread thread_;  // the last, so that all else is there when it starts
};

}  // namespace dcache::lsp
