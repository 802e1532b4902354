// A client of the language server within one process: sends, and waits for what comes back.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "dcache/lsp/positions.h"
#include "dcache/lsp/server.h"

namespace dcache::test {

using nlohmann::json;

// `text` after the changes of a `textDocument/didChange`.
inline std::string changed(std::string text, const json& changes) {
  for (const json& change : changes)
    EXPECT_TRUE(lsp::apply_change(text, change, lsp::Encoding::kUtf16)) << change;
  return text;
}

class LspClient {
 public:
  explicit LspClient(lsp::Server::Options options = {})
      : server_(std::make_unique<lsp::Server>(std::move(options), [this](const std::string& message) {
          const std::scoped_lock lock(mutex_);
          messages_.push_back(json::parse(message));
          arrived_.notify_all();
        })) {}

  // Says hello; gives the server's capabilities.
  json start(const json& capabilities = json::object(), const json& more = json::object()) {
    json params = {{"capabilities", capabilities}, {"rootUri", nullptr}};
    params.update(more);
    json answer = request("initialize", params);
    notify("initialized", json::object());
    return answer.at("result").at("capabilities");
  }

  void send(const json& message) { server_->receive(message.dump()); }
  void send_text(const std::string& message) { server_->receive(message); }
  void settle() { server_->settle(); }
  void notify(const std::string& method, const json& params) {
    send({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
    settle();
  }
  int ask(const std::string& method, const json& params) {
    send({{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}});
    settle();
    return last_id_;
  }
  // The answer as a whole, with "result" or "error".
  json request(const std::string& method, const json& params) { return answer_of(ask(method, params)); }
  json result(const std::string& method, const json& params) {
    const json answer = request(method, params);
    EXPECT_TRUE(answer.contains("result")) << method << answer;
    return answer.value("result", json());
  }
  json answer_of(int id) {
    return wait([&](const json& message) {
      return !message.contains("method") && message.value("id", json()) == id;
    });
  }
  // The error of the next message that answers no request.
  json complaint() {
    return wait([&](const json& message) { return message.contains("error") && message.at("id").is_null(); })
        .at("error");
  }
  // The next message of a method that has not been taken yet.
  json next(const std::string& method) {
    return wait([&](const json& message) { return message.value("method", "") == method; });
  }

  // How many messages of a method came that have not been taken.
  size_t messages_of(const std::string& method) {
    const std::scoped_lock lock(mutex_);
    return static_cast<size_t>(
        std::ranges::count_if(messages_, [&](const json& one) { return one.value("method", "") == method; }));
  }

  void open(const std::string& path, const std::string& text, const std::string& language = "dockerfile") {
    notify("textDocument/didOpen",
           {{"textDocument",
             {{"uri", lsp::uri_of(path)}, {"languageId", language}, {"version", 1}, {"text", text}}}});
  }
  void change(const std::string& path, int version, const json& changes) {
    notify("textDocument/didChange", {{"textDocument", {{"uri", lsp::uri_of(path)}, {"version", version}}},
                                      {"contentChanges", changes}});
  }
  // "DC1009 0:5-0:11" for each finding of the next report on a file.
  std::vector<std::string> findings(const std::string& path) {
    const json report = wait([&](const json& message) {
      return message.value("method", "") == "textDocument/publishDiagnostics" &&
             message.at("params").at("uri") == lsp::uri_of(path);
    });
    std::vector<std::string> all;
    for (const json& one : report.at("params").at("diagnostics"))
      all.push_back(one.value("code", one.value("message", "")) + " " + words_of(one.at("range")));
    return all;
  }
  static std::string words_of(const json& range) {
    const auto place = [](const json& position) {
      return position.at("line").dump() + ":" + position.at("character").dump();
    };
    return place(range.at("start")) + "-" + place(range.at("end"));
  }

  lsp::Server& server() { return *server_; }

  // The next message for which `wanted` says so.
  json wait(const std::function<bool(const json&)>& wanted) {
    std::unique_lock lock(mutex_);
    std::optional<json> found;
    const bool came = arrived_.wait_for(lock, std::chrono::seconds(60), [&] {
      const auto at = std::ranges::find_if(messages_, wanted);
      if (at == messages_.end()) return false;
      found = std::move(*at);
      messages_.erase(at);
      return true;
    });
    EXPECT_TRUE(came) << "no such message came; there are " << json(messages_).dump(1);
    return came ? *found : json::object();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<json> messages_;
  int last_id_ = 0;
  std::unique_ptr<lsp::Server> server_;  // the last: its thread uses all of it
};

}  // namespace dcache::test
