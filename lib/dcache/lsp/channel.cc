#include "dcache/lsp/channel.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "dcache/report/style.h"
#include "dcache/text/json.h"

namespace dcache::lsp {

using nlohmann::json;

void Channel::send(const json& message) {
  const std::scoped_lock lock(send_mutex_);
  send_(text::to_text(message));
}

void Channel::reply(const json& id, const Answer& answer) {
  json message = {{"jsonrpc", "2.0"}, {"id", id}};
  if (answer) {
    message["result"] = *answer;
  } else {
    message["error"] = {{"code", static_cast<int>(answer.error().code)},
                        {"message", report::printable(answer.error().message)}};
  }
  send(message);
}

void Channel::ask(const std::string& method, json params, ResultHandler then) {
  int64_t id = 0;
  {
    const std::scoped_lock lock(asked_mutex_);
    id = next_request_++;
    asked_[id] = std::move(then);
  }
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
}

Channel::ResultHandler Channel::take_asked(int64_t id) {
  const std::scoped_lock lock(asked_mutex_);
  auto asked = asked_.extract(id);
  return asked.empty() ? nullptr : std::move(asked.mapped());
}

void Channel::expect_answer(const json& id) {
  const std::scoped_lock lock(asked_mutex_);
  expected_.insert(text::to_text(id));
}

void Channel::answer_once(const json& id, const Answer& answer) {
  {
    const std::scoped_lock lock(asked_mutex_);
    if (expected_.erase(text::to_text(id)) == 0) return;
  }
  reply(id, answer);
}

void Channel::notify(const std::string& method, json params) {
  send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

}  // namespace dcache::lsp
