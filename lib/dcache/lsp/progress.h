// How far the hashing of files has come, as an editor shows it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/context/snapshot.h"

namespace dcache::lsp {

// Shown from the second time on that hashing tells how far it is: what takes less is not worth a word. For
// one thread.
//
// Source:
// https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/#workDoneProgress
class WorkProgress {
 public:
  // `ask` sends a request, and calls back, from any thread, if the client agrees; `notify` sends a
  // notification. Both are called with a method and its parameters.
  using Ask = std::function<void(const std::string&, nlohmann::json, std::function<void()> agreed)>;
  using Notify = std::function<void(const std::string&, nlohmann::json)>;
  WorkProgress(std::string token, Ask ask, Notify notify);
  // Tells the client that it is over.
  ~WorkProgress();
  WorkProgress(const WorkProgress&) = delete;
  WorkProgress& operator=(const WorkProgress&) = delete;

  void show(const context::HashingProgress& done);

 private:
  enum class Stage { kSilent, kAsked, kShown };
  void send(nlohmann::json value);

  std::string token_;
  Ask ask_;
  Notify notify_;
  Stage stage_ = Stage::kSilent;
  std::shared_ptr<std::atomic<bool>> agreed_;
};

}  // namespace dcache::lsp
