// Everything between a client's `initialize` and its `exit`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "dcache/lsp/answer.h"
#include "dcache/lsp/channel.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/document.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/server.h"
#include "dcache/lsp/worker.h"

namespace dcache::lsp {

// As Server: messages come from one thread. What takes long is done by another, the worker's.
class Session {
 public:
  Session(Server::Options options, Server::Send send)
      : options_(std::move(options)), channel_(std::move(send)) {}

  void receive(std::string_view text);
  void settle();

  bool finished = false;
  int status = 1;

 private:
  using json = nlohmann::json;

  // Messages: session.cc. Each method of the protocol is a row of a table.
  struct RequestHandler {
    std::string_view method;
    void (Session::*handle)(const json& id, const json& params);
    bool starts = false;  // it may be the first one, and after the last one too
  };
  struct NotificationHandler {
    std::string_view method;
    void (Session::*handle)(const json& params);
    bool at_any_time = false;  // before the session starts, and after it is shut down
  };
  using OpenTexts = std::map<std::string, OpenText, std::less<>>;  // by path
  // What another thread is asked about a document. The texts are those that are open when it is asked.
  struct DocumentQuestion {
    const Document& document;
    const json& params;
    const OpenTexts& open;
    const std::stop_token& stop;
  };
  // A request about a document that takes long. What is quick is in tables of features (feature.h).
  struct DocumentHandler {
    enum class Thread : uint8_t { kFindings, kVerdicts };
    std::string_view method;
    Answer (Session::*answer)(const DocumentQuestion&);
    Thread thread;
    bool of_any_text = false;  // also of one that is too large, or of which an edit was lost
  };
  static std::span<const RequestHandler> request_handlers();
  static std::span<const NotificationHandler> notification_handlers();
  static std::span<const DocumentHandler> document_handlers();
  void handle_request(const json& id, const std::string& method, const json& params);
  void handle_document_request(const json& id, const std::string& method, const json& params);
  void handle_notification(const std::string& method, const json& params);
  void start(const json& id, const json& params);
  void shut_down(const json& id, const json& params);
  void finish(const json& params);
  void cancel(const json& params);
  void note_changed_files(const json& params);
  void change_settings(const json& params);

  // The client, its folders and settings: session.cc.
  Answer initialize(const json& params);
  void initialized(const json& params);
  void change_folders(const json& params);
  void add_folder(const std::string& root);
  Folder& folder_of(std::string_view path);
  void ask_settings();
  void configure(Folder& folder, const json& given);

  // Documents and their findings: session_documents.cc.
  void open(const json& params);
  void change(const json& params);
  void set_text(Document& document, std::string text);
  void close(const json& params);
  void files_changed();
  const Document* find(const json& params) const;
  void each_workspace(const std::function<void(editor::Workspace&)>& visit);
  void touch(const std::string& uri);
  json findings_of(const Document& document, editor::Workspace::Depth depth);
  void publish(const Document& document, editor::Workspace::Depth depth, uint64_t round);
  void publish_later(const Document& document, uint64_t round);
  void check_later(const Document& document, uint64_t round);
  void note_revision(const Document& document);
  bool is_current(const Document& document);
  void refresh_verdicts();
  void ask_to_pull();
  void check_for_pull(const Document& document);
  Answer pulled_findings(const DocumentQuestion& question);

  // Answers: session_answers.cc.
  Answer answer(const std::string& method, const Document& document, const json& params);
  Answer answer_of_definition(const std::string& method, const Document& document, const json& params);
  Answer code_actions(const DocumentQuestion& question);
  void lint_later(const json& id, const DocumentHandler& handler, const Document& document,
                  const json& params);
  void run_command_later(const json& id, const json& params);
  std::string refusal(const std::string& path) const;
  void find_symbols_later(const json& id, const json& params);
  struct Verdicts {
    std::shared_ptr<const editor::Workspace::ImageVerdicts> explained;
    std::string occasion;
  };
  std::optional<Verdicts> verdicts_of(const Document& document, const std::stop_token& stop);
  void answer_later(const json& id, const DocumentHandler& handler, const Document& document,
                    const json& params);
  Answer inlay_hints(const DocumentQuestion& question);
  Answer code_lenses(const DocumentQuestion& question);
  Answer hover(const DocumentQuestion& question);

  const Server::Options options_;
  Channel channel_;
  Client client_;
  bool initialized_ = false;
  bool is_shut_down_ = false;
  json given_settings_;
  std::vector<std::unique_ptr<Folder>> folders_;
  Documents documents_;
  uint64_t last_revision_ = 0;
  uint64_t rounds_ = 0;        // of findings
  uint64_t hashings_ = 0;      // of the second thread
  std::set<std::string> due_;  // URIs whose findings may have changed
  bool stale_ = false;         // findings of texts that the client did not just change
  bool files_changed_ = false;
  std::mutex shared_mutex_;  // guards what follows and the folders' settings, which tasks look at
  std::map<std::string, uint64_t> revisions_;
  std::set<std::string> noted_;  // paths whose state the user noted
  struct Round {
    uint64_t number = 0;
    bool thorough = false;
  };
  std::map<std::string, Round> published_;  // by URI, the last one
  // The last: their tasks use all of it. Findings do not wait until files are hashed.
  Worker linter_;
  Worker worker_;
};

}  // namespace dcache::lsp
