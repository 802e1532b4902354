#include "dcache/lsp/progress.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/report/style.h"

namespace dcache::lsp {

using nlohmann::json;

WorkProgress::WorkProgress(std::string token, Ask ask, Notify notify)
    : token_(std::move(token)),
      ask_(std::move(ask)),
      notify_(std::move(notify)),
      agreed_(std::make_shared<std::atomic<bool>>(false)) {}

WorkProgress::~WorkProgress() {
  if (stage_ == Stage::kShown) send({{"kind", "end"}});
}

void WorkProgress::send(json value) {
  notify_("$/progress", {{"token", token_}, {"value", std::move(value)}});
}

void WorkProgress::show(const context::HashingProgress& done) {
  if (stage_ == Stage::kSilent) {
    stage_ = Stage::kAsked;
    ask_("window/workDoneProgress/create", {{"token", token_}}, [agreed = agreed_] { *agreed = true; });
    return;
  }
  if (!*agreed_) return;
  if (stage_ == Stage::kAsked) {
    stage_ = Stage::kShown;
    send({{"kind", "begin"}, {"title", "dcache: hashing files"}, {"percentage", 0}});
  }
  const uint64_t percentage = done.all_bytes == 0 ? 0 : done.bytes * 100 / done.all_bytes;
  send({{"kind", "report"},
        {"message",
         fmt::format("{} of {}", report::bytes_words(done.bytes), report::bytes_words(done.all_bytes))},
        {"percentage", percentage > 100 ? 100 : percentage}});
}

}  // namespace dcache::lsp
