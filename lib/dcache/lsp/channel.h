// The messages that the server sends: answers, notifications, and requests of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/answer.h"

namespace dcache::lsp {

// Safe to use from many threads; messages leave one after the other.
class Channel {
 public:
  using Send = std::function<void(const std::string& message)>;
  using ResultHandler = std::function<void(const nlohmann::json& result)>;

  explicit Channel(Send send) : send_(std::move(send)) {}

  void reply(const nlohmann::json& id, const Answer& answer);
  // For requests that are answered later: the first answer counts, others are dropped.
  void expect_answer(const nlohmann::json& id);
  void answer_once(const nlohmann::json& id, const Answer& answer);
  void notify(const std::string& method, nlohmann::json params);
  // A request; `then` is for its result.
  void ask(const std::string& method, nlohmann::json params, ResultHandler then = {});
  // What to do with the result of a request. Null for one that was not sent, or was answered before.
  ResultHandler take_asked(int64_t id);

 private:
  void send(const nlohmann::json& message);

  const Send send_;
  std::mutex send_mutex_;
  std::mutex asked_mutex_;  // guards what is below
  int64_t next_request_ = 1;
  std::map<int64_t, ResultHandler> asked_;
  std::set<std::string> expected_;  // ids of requests without an answer yet, as JSON
};

}  // namespace dcache::lsp
