#include "dcache/lsp/server.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/workspace.h"
#include "dcache/lint/companion.h"
#include "dcache/lsp/client.h"
#include "dcache/lsp/completion.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/navigation.h"
#include "dcache/lsp/positions.h"
#include "dcache/lsp/progress.h"
#include "dcache/lsp/verdicts.h"
#include "dcache/lsp/worker.h"
#include "dcache/project/discover.h"
#include "dcache/text/failure.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/version.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using text::Span;

constexpr milliseconds kPause{300};  // in typing, before ShellCheck is asked

// Error codes of JSON-RPC and of the protocol.
enum class Code : int {
  kParseError = -32700,
  kInvalidRequest = -32600,
  kMethodNotFound = -32601,
  kInvalidParams = -32602,
  kNotInitialized = -32002,
  kFailed = -32803,
  kCancelled = -32800,
};

// The answer to a request that can't be met.
struct Refusal {
  Code code;
  std::string message;
};
using Answer = tl::expected<json, Refusal>;

}  // namespace

// Everything between a client's `initialize` and its `exit`.
class Server::Session {
 public:
  Session(Options options, Send send) : options_(std::move(options)), send_(std::move(send)) {}

  void receive(std::string_view text);
  void settle();

  bool finished = false;
  int status = 1;

 private:
  // A folder of the client's workspace. Never taken down, since tasks may use it.
  struct Folder {
    std::string root;  // empty for what is in none of the others
    bool removed = false;
    Settings settings;
    editor::Workspace workspace;
  };
  enum class Kind : uint8_t { kDockerfile, kCompanion, kOther };
  struct Document : OpenText {
    std::string path;
    Kind kind = Kind::kOther;
    Folder* folder = nullptr;
  };
  using Documents = std::map<std::string, Document, std::less<>>;

  // Messages.
  void send(const json& message);
  void reply(const json& id, const Answer& answer);
  void ask(const std::string& method, json params, std::function<void(const json&)> then = {});
  std::function<void(const json&)> take_asked(int64_t id);
  void notify(const std::string& method, json params);
  void handle_request(const json& id, const std::string& method, const json& params);
  void handle_notification(const std::string& method, const json& params);

  // The session.
  Answer initialize(const json& params);
  void initialized();
  void change_folders(const json& event);
  void add_folder(const std::string& root);
  Folder& folder_of(std::string_view path);
  void ask_settings();
  void configure(Folder& folder, const json& given);

  // Documents.
  void open(const json& params);
  void change(const json& params);
  void close(const json& params);
  void files_changed();
  const Document* find(const json& params) const;
  void each_workspace(const std::function<void(editor::Workspace&)>& visit);
  void touch(const std::string& uri);
  void publish(const Document& document, editor::Workspace::Depth depth);
  void check_later(const Document& document);
  void refresh_verdicts();

  // Answers.
  Answer answer(const std::string& method, const Document& document, const json& params);
  Answer answer_about_place(const std::string& method, const Document& document,
                            const editor::Workspace::Parsed& parsed, const Positions& positions,
                            uint32_t offset, const json& params);
  Answer code_actions(const Document& document, const json& params);
  Answer command(const json& params);
  struct Verdicts {
    std::shared_ptr<const editor::Workspace::Explained> explained;
    std::string occasion;
  };
  std::optional<Verdicts> verdicts_of(const Document& document, const std::stop_token& stop);
  void answer_later(const json& id, const std::string& method, const Document& document, const json& params);
  Answer answer_with_verdicts(const std::string& method, const Document& document, const json& params,
                              const std::stop_token& stop);

  const Options options_;
  const Send send_;
  std::mutex send_mutex_;
  Client client_;
  bool initialized_ = false;
  bool shut_down_ = false;
  json given_settings_;
  std::vector<std::unique_ptr<Folder>> folders_;
  std::mutex asked_mutex_;  // guards the two below
  int64_t next_request_ = 1;
  std::map<int64_t, std::function<void(const json&)>> asked_;
  Documents documents_;
  uint64_t hashings_ = 0;      // of the second thread
  std::set<std::string> due_;  // URIs whose findings may have changed
  bool files_changed_ = false;
  std::mutex shared_mutex_;  // guards what follows and the folders' settings, which tasks look at
  std::map<std::string, int64_t> versions_;
  std::set<std::string> noted_;  // paths whose state the user noted
  Worker worker_;                // the last: its tasks use all of it
};

// ---- Messages.

void Server::Session::send(const json& message) {
  const std::scoped_lock lock(send_mutex_);
  send_(text::to_text(message));
}

void Server::Session::reply(const json& id, const Answer& answer) {
  json message = {{"jsonrpc", "2.0"}, {"id", id}};
  if (answer) {
    message["result"] = *answer;
  } else {
    message["error"] = {{"code", static_cast<int>(answer.error().code)}, {"message", answer.error().message}};
  }
  send(message);
}

void Server::Session::ask(const std::string& method, json params, std::function<void(const json&)> then) {
  int64_t id = 0;
  {
    const std::scoped_lock lock(asked_mutex_);
    id = next_request_++;
    asked_[id] = std::move(then);
  }
  send({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}});
}

std::function<void(const json&)> Server::Session::take_asked(int64_t id) {
  const std::scoped_lock lock(asked_mutex_);
  auto asked = asked_.extract(id);
  return asked.empty() ? nullptr : std::move(asked.mapped());
}

void Server::Session::notify(const std::string& method, json params) {
  send({{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}});
}

void Server::Session::receive(std::string_view text) {
  const json message = text::parse_json(text);
  if (message.is_discarded())
    return reply(nullptr, tl::unexpected(Refusal{Code::kParseError, "the message is not JSON"}));
  const bool is_call = message.is_object() && message.contains("method") && message.at("method").is_string();
  const json id = message.is_object() && message.contains("id") ? message.at("id") : json();
  try {
    if (is_call) {
      const json params = message.contains("params") ? message.at("params") : json::object();
      const std::string method = message.at("method");
      if (id.is_null()) return handle_notification(method, params);
      return handle_request(id, method, params);
    }
    if (!id.is_number_integer() || !(message.contains("result") || message.contains("error")))
      return reply(id, tl::unexpected(Refusal{Code::kInvalidRequest, "the message has no method"}));
    const auto then = take_asked(id.get<int64_t>());
    if (then && message.contains("result")) then(message.at("result"));
  } catch (const json::exception&) {  // members that are missing or of another type
    if (is_call && !id.is_null())
      reply(id, tl::unexpected(Refusal{Code::kInvalidParams, "the parameters do not follow the protocol"}));
  }
}

void Server::Session::handle_request(const json& id, const std::string& method, const json& params) {
  if (method == "initialize") {
    if (!initialized_) return reply(id, initialize(params));
    return reply(id, tl::unexpected(Refusal{Code::kInvalidRequest, "the server is already initialized"}));
  }
  if (!initialized_)
    return reply(id, tl::unexpected(Refusal{Code::kNotInitialized, "the server is not initialized"}));
  if (shut_down_) return reply(id, tl::unexpected(Refusal{Code::kInvalidRequest, "the server is shut down"}));
  if (method == "shutdown") {
    shut_down_ = true;
    return reply(id, json());
  }
  if (method == "workspace/executeCommand") return reply(id, command(params));
  if (!method.starts_with("textDocument/"))
    return reply(id, tl::unexpected(Refusal{Code::kMethodNotFound, "unknown method " + method}));
  const Document* document = find(params);
  // Not open, or no text that there is anything to say of.
  if (document == nullptr || document->kind == Kind::kOther) return reply(id, json());
  if (method == "textDocument/hover" || method == "textDocument/inlayHint" ||
      method == "textDocument/codeLens")
    return answer_later(id, method, *document, params);
  reply(id, answer(method, *document, params));
}

void Server::Session::handle_notification(const std::string& method, const json& params) {
  if (method == "exit") {
    finished = true;
    status = shut_down_ ? 0 : 1;
    return;
  }
  if (!initialized_ || shut_down_) return;
  if (method == "initialized") return initialized();
  if (method == "$/cancelRequest") return worker_.cancel(text::to_text(params.at("id")));
  if (method == "textDocument/didOpen") return open(params);
  if (method == "textDocument/didChange") return change(params);
  if (method == "textDocument/didClose") return close(params);
  if (method == "textDocument/didSave" || method == "workspace/didChangeWatchedFiles") {
    files_changed_ = true;
    return;
  }
  if (method == "workspace/didChangeWorkspaceFolders") return change_folders(params.at("event"));
  if (method == "workspace/didChangeConfiguration") {
    if (client_.asks_settings) return ask_settings();
    const json& settings = params.at("settings");
    given_settings_ = settings.contains("dcache") ? settings.at("dcache") : json::object();
    for (const auto& folder : folders_)
      configure(*folder, given_settings_);
  }
}

// ---- The session.

Answer Server::Session::initialize(const json& params) {
  client_ = read_client(params.contains("capabilities") ? params.at("capabilities") : json::object());
  if (params.contains("initializationOptions")) given_settings_ = params.at("initializationOptions");
  add_folder("");
  const bool has_folders = params.contains("workspaceFolders") && params.at("workspaceFolders").is_array();
  if (has_folders) {
    for (const json& folder : params.at("workspaceFolders"))
      add_folder(path_of(folder.at("uri").get<std::string>()));
  } else if (params.contains("rootUri") && params.at("rootUri").is_string()) {
    add_folder(path_of(params.at("rootUri").get<std::string>()));
  }
  initialized_ = true;
  const bool formats = given_settings_.is_object() && given_settings_.value("format", json()) == json(true);
  return json{{"capabilities", capabilities_of(client_, formats)},
              {"serverInfo", {{"name", "dcache"}, {"version", DCACHE_VERSION}}}};
}

void Server::Session::initialized() {
  json registrations = json::array();
  if (client_.watches_files) {
    registrations.push_back({{"id", "dcache-files"},
                             {"method", "workspace/didChangeWatchedFiles"},
                             {"registerOptions", {{"watchers", json::array({{{"globPattern", "**/*"}}})}}}});
  }
  if (!registrations.empty()) ask("client/registerCapability", {{"registrations", std::move(registrations)}});
  if (client_.asks_settings) ask_settings();
}

void Server::Session::change_folders(const json& event) {
  for (const json& folder : event.at("removed")) {
    const std::string root = path_of(folder.at("uri").get<std::string>());
    for (const auto& known : folders_)
      known->removed = known->removed || (!root.empty() && known->root == root);
  }
  for (const json& folder : event.at("added"))
    add_folder(path_of(folder.at("uri").get<std::string>()));
  for (auto& [uri, document] : documents_) {
    document.folder = &folder_of(document.path);
    touch(uri);
  }
  if (client_.asks_settings) ask_settings();
}

void Server::Session::add_folder(const std::string& root) {
  const auto known = std::ranges::find(folders_, root, [](const auto& folder) { return folder->root; });
  if (known != folders_.end()) {
    (*known)->removed = false;
    return;
  }
  Folder& folder = *folders_.emplace_back(std::make_unique<Folder>());
  folder.root = root;
  configure(folder, given_settings_);
  for (const auto& [uri, document] : documents_) {
    if (const auto text = document.folder->workspace.text(document.path))
      folder.workspace.set_text(document.path, *text);
  }
}

// The innermost that contains the path.
Server::Session::Folder& Server::Session::folder_of(std::string_view path) {
  Folder* best = folders_.front().get();
  for (const auto& folder : folders_) {
    const bool inner = folder->root.size() > best->root.size() && text::is_within(path, folder->root);
    if (inner && !folder->removed) best = folder.get();
  }
  return *best;
}

void Server::Session::ask_settings() {
  json items = json::array();
  for (const auto& folder : folders_) {
    json item = {{"section", "dcache"}};
    if (!folder->root.empty()) item["scopeUri"] = uri_of(folder->root);
    items.push_back(std::move(item));
  }
  ask("workspace/configuration", {{"items", std::move(items)}}, [this](const json& answers) {
    for (size_t i = 0; answers.is_array() && i < std::min(answers.size(), folders_.size()); ++i)
      configure(*folders_[i], answers[i]);
  });
}

void Server::Session::configure(Folder& folder, const json& given) {
  Settings settings;
  read_settings(given_settings_, settings);
  const std::vector<std::string> wrong = read_settings(given, settings);
  if (!wrong.empty() && initialized_) {
    notify("window/showMessage",
           {{"type", 2},
            {"message",
             fmt::format("dcache: the setting dcache.{} has a value of the wrong type", wrong.front())}});
  }
  const auto in_folder = [&](const std::string& path) {
    return path.empty() || path.starts_with('/') ? path : text::join_path(folder.root, path);
  };
  editor::Workspace::Options options = settings.workspace;
  options.context = in_folder(options.context);
  options.config = in_folder(options.config);
  options.hash_store = options_.hash_store;
  options.shellcheck = settings.shellcheck ? options_.shellcheck : "";
  options.shellcheck_store = options_.shellcheck_store;
  folder.workspace.configure(std::move(options));
  {
    const std::scoped_lock lock(shared_mutex_);
    folder.settings = std::move(settings);
  }
  for (const auto& [uri, document] : documents_) {
    if (document.folder == &folder) touch(uri);
  }
}

// ---- Documents.

void Server::Session::each_workspace(const std::function<void(editor::Workspace&)>& visit) {
  for (const auto& folder : folders_)
    visit(folder->workspace);
}

void Server::Session::open(const json& params) {
  const json& given = params.at("textDocument");
  Document document;
  document.uri = given.at("uri");
  document.version = given.at("version");
  document.path = path_of(document.uri);
  document.folder = &folder_of(document.path);
  const std::string language = given.value("languageId", "");
  if (lint::companion_kind(document.path)) {
    document.kind = Kind::kCompanion;
  } else if (language == "dockerfile" || language == "containerfile" ||
             project::is_dockerfile_name(document.path)) {
    document.kind = Kind::kDockerfile;
  }
  const std::string text = given.at("text");
  each_workspace([&](editor::Workspace& workspace) { workspace.set_text(document.path, text); });
  const std::string uri = document.uri;
  documents_.insert_or_assign(uri, std::move(document));
  touch(uri);
}

void Server::Session::change(const json& params) {
  const json& given = params.at("textDocument");
  const auto found = documents_.find(given.at("uri").get<std::string>());
  if (found == documents_.end()) return;
  Document& document = found->second;
  const std::string text = changed(document.folder->workspace.text(document.path).value_or(""),
                                   params.at("contentChanges"), client_.encoding);
  document.version = given.at("version");
  each_workspace([&](editor::Workspace& workspace) { workspace.set_text(document.path, text); });
  touch(document.uri);
}

void Server::Session::close(const json& params) {
  const auto found = documents_.find(params.at("textDocument").at("uri").get<std::string>());
  if (found == documents_.end()) return;
  const Document document = std::move(found->second);
  documents_.erase(found);
  each_workspace([&](editor::Workspace& workspace) { workspace.drop_text(document.path); });
  {
    const std::scoped_lock lock(shared_mutex_);
    versions_.erase(document.uri);
  }
  due_.erase(document.uri);
  // What a file says may count for others; its own findings go.
  if (document.kind != Kind::kOther)
    notify("textDocument/publishDiagnostics", {{"uri", document.uri}, {"diagnostics", json::array()}});
}

const Server::Session::Document* Server::Session::find(const json& params) const {
  const auto found = documents_.find(params.at("textDocument").at("uri").get<std::string>());
  return found == documents_.end() ? nullptr : &found->second;
}

// Findings of the text are due; where other files look at it, theirs too.
void Server::Session::touch(const std::string& uri) {
  const Document& changed = documents_.at(uri);
  if (changed.kind == Kind::kDockerfile) {
    due_.insert(uri);
  } else {
    for (const auto& [other, document] : documents_)
      due_.insert(other);
  }
  const std::scoped_lock lock(shared_mutex_);
  versions_[uri] = changed.version;
}

void Server::Session::settle() {
  if (std::exchange(files_changed_, false)) files_changed();
  for (const std::string& uri : std::exchange(due_, {})) {
    const auto found = documents_.find(uri);
    if (found == documents_.end() || found->second.kind == Kind::kOther) continue;
    publish(found->second, editor::Workspace::Depth::kFast);
    check_later(found->second);
  }
}

void Server::Session::files_changed() {
  each_workspace([](editor::Workspace& workspace) { workspace.files_changed(); });
  for (const auto& [uri, document] : documents_)
    due_.insert(uri);
  refresh_verdicts();
}

void Server::Session::refresh_verdicts() {
  if (client_.refreshes_hints) ask("workspace/inlayHint/refresh", nullptr);
  if (client_.refreshes_lenses) ask("workspace/codeLens/refresh", nullptr);
}

void Server::Session::publish(const Document& document, editor::Workspace::Depth depth) {
  const auto linted = document.folder->workspace.lint(document.path, depth);
  json params = {{"uri", document.uri}, {"version", document.version}};
  if (linted) {
    params["diagnostics"] = diagnostics_of(**linted, Positions((*linted)->text().source(), client_.encoding));
  } else {
    // Most often a configuration that can't be used: said where people look.
    params["diagnostics"] = json::array({{{"range", range_at_start()},
                                          {"severity", 1},
                                          {"source", "dcache"},
                                          {"message", text::words_of(linted.error())}}});
  }
  const std::scoped_lock lock(shared_mutex_);
  const auto now = versions_.find(document.uri);
  // An answer that comes late is about a text that is gone.
  if (now != versions_.end() && now->second == document.version)
    notify("textDocument/publishDiagnostics", std::move(params));
}

// ShellCheck, once nobody types; and the state that later ones are compared with.
void Server::Session::check_later(const Document& document) {
  const std::string name = "check " + document.uri;
  worker_.cancel(name);
  worker_.add(
      name,
      [this, document](const std::stop_token& stop) {
        if (stop.stop_requested()) return;
        publish(document, editor::Workspace::Depth::kThorough);
        if (document.kind == Kind::kDockerfile && !stop.stop_requested()) verdicts_of(document, stop);
      },
      kPause);
}

// ---- Answers.

Answer Server::Session::answer(const std::string& method, const Document& document, const json& params) {
  if (method == "textDocument/codeAction") return code_actions(document, params);
  if (document.kind != Kind::kDockerfile) return json();
  const editor::Workspace& workspace = document.folder->workspace;
  const auto parsed = workspace.parse(document.path);
  if (!parsed) return tl::unexpected(Refusal{Code::kFailed, parsed.error()});
  const Positions positions((*parsed)->file.source(), client_.encoding);
  if (method == "textDocument/documentSymbol") return document_symbols(**parsed, positions);
  if (method == "textDocument/foldingRange") return folding_ranges(**parsed, positions);
  if (method == "textDocument/formatting") return formatting(**parsed, positions);
  if (method == "textDocument/documentLink") {
    const std::string folder = workspace.context_of(document.path);
    return document_links(**parsed, positions, folder, *workspace.files());
  }
  if (!params.contains("position"))
    return tl::unexpected(Refusal{Code::kMethodNotFound, "unknown method " + method});
  const uint32_t offset = positions.offset_of(place_from(params.at("position")));
  return answer_about_place(method, document, **parsed, positions, offset, params);
}

Answer Server::Session::answer_about_place(const std::string& method, const Document& document,
                                           const editor::Workspace::Parsed& parsed,
                                           const Positions& positions, uint32_t offset, const json& params) {
  const auto locations = [&](const std::vector<Span>& spans) {
    json all = json::array();
    for (const Span span : spans)
      all.push_back({{"uri", document.uri}, {"range", positions.range_of(span)}});
    return all;
  };
  const editor::Workspace& workspace = document.folder->workspace;
  if (method == "textDocument/definition") return locations(definitions(parsed, offset));
  if (method == "textDocument/references")
    return locations(references(parsed, offset, params.at("context").at("includeDeclaration")));
  if (method == "textDocument/documentHighlight") {
    json all = json::array();
    for (const Span span : references(parsed, offset, true))
      all.push_back({{"range", positions.range_of(span)}});
    return all;
  }
  if (method == "textDocument/completion")
    return completions(parsed, offset, positions, workspace.context_of(document.path), *workspace.files());
  return tl::unexpected(Refusal{Code::kMethodNotFound, "unknown method " + method});
}

Answer Server::Session::code_actions(const Document& document, const json& params) {
  const editor::Workspace& workspace = document.folder->workspace;
  auto linted = workspace.lint(document.path, editor::Workspace::Depth::kReady);
  if (!linted) return json::array();
  const Positions positions((*linted)->text().source(), client_.encoding);
  const json only = params.at("context").value("only", json::array());
  const auto wants = [&](std::string_view kind) {
    return only.empty() || std::ranges::any_of(only, [&](const json& one) {
             const std::string asked = one.get<std::string>();
             return kind == asked || kind.starts_with(asked + ".");
           });
  };
  json actions = json::array();
  if (wants("quickfix")) {
    actions =
        lsp::code_actions(**linted, positions.span_of(params.at("range")), positions, document, client_);
  }
  // Worked out where it is asked for by name, as editors do that fix on saving.
  if (only.empty() || !wants("source.fixAll.dcache")) return actions;
  const auto fixed = workspace.fix(document.path, false);
  if (!fixed || fixed->text == positions.text()) return actions;
  actions.push_back({{"title", "Apply all safe fixes"},
                     {"kind", "source.fixAll.dcache"},
                     {"edit", edit_of(document, replacement(positions, fixed->text), client_)}});
  return actions;
}

Answer Server::Session::command(const json& params) {
  const std::string name = params.at("command");
  if (name != "dcache.note") return tl::unexpected(Refusal{Code::kInvalidParams, "unknown command " + name});
  const std::string path = path_of(params.at("arguments").at(0).get<std::string>());
  const auto failures = folder_of(path).workspace.mark(path);
  if (!failures.empty()) return tl::unexpected(Refusal{Code::kFailed, failures.front().message});
  {
    const std::scoped_lock lock(shared_mutex_);
    noted_.insert(path);
  }
  refresh_verdicts();
  return json();
}

// Compared with what the user noted, else with the revision of the settings, else, where there is no
// repository, with the state when the text was opened.
std::optional<Server::Session::Verdicts> Server::Session::verdicts_of(const Document& document,
                                                                      const std::stop_token& stop) {
  editor::Workspace& workspace = document.folder->workspace;
  std::string since;
  bool noted = false;
  {
    const std::scoped_lock lock(shared_mutex_);
    noted = noted_.contains(document.path);
    since = document.folder->settings.since;
  }
  WorkProgress line(
      fmt::format("dcache/{}", ++hashings_),
      [this](const std::string& method, json params, std::function<void()> agreed) {
        ask(method, std::move(params), [agreed = std::move(agreed)](const json&) { agreed(); });
      },
      [this](const std::string& method, json params) { notify(method, std::move(params)); });
  cache::Build::Progress progress;
  if (client_.shows_progress) progress = [&](const context::HashingProgress& done) { line.show(done); };
  if (!noted && !since.empty()) {
    auto explained = workspace.explain(document.path, {.since = since, .stop = stop, .progress = progress});
    if (explained) return Verdicts{*explained, "since " + since};
  }
  if (!workspace.is_marked(document.path) && !workspace.mark(document.path, stop, progress).empty())
    return std::nullopt;
  auto explained = workspace.explain(document.path, {.stop = stop, .progress = progress});
  if (!explained) return std::nullopt;
  return Verdicts{*explained, noted ? "since you noted it" : "since it was opened"};
}

void Server::Session::answer_later(const json& id, const std::string& method, const Document& document,
                                   const json& params) {
  worker_.add(text::to_text(id), [this, id, method, document, params](const std::stop_token& stop) {
    Answer answer = tl::unexpected(Refusal{Code::kCancelled, "cancelled"});
    try {
      if (!stop.stop_requested()) answer = answer_with_verdicts(method, document, params, stop);
    } catch (const json::exception&) {  // as in receive()
      answer = tl::unexpected(Refusal{Code::kInvalidParams, "the parameters do not follow the protocol"});
    }
    if (stop.stop_requested()) answer = tl::unexpected(Refusal{Code::kCancelled, "cancelled"});
    reply(id, answer);
  });
}

Answer Server::Session::answer_with_verdicts(const std::string& method, const Document& document,
                                             const json& params, const std::stop_token& stop) {
  const editor::Workspace& workspace = document.folder->workspace;
  const auto linted = workspace.lint(document.path, editor::Workspace::Depth::kFast);
  if (!linted) return json();
  const Positions positions((*linted)->text().source(), client_.encoding);
  bool hints = true;
  bool lenses = true;
  {
    const std::scoped_lock lock(shared_mutex_);
    hints = document.folder->settings.inlay_hints;
    lenses = document.folder->settings.code_lens;
  }
  const bool dockerfile = document.kind == Kind::kDockerfile;
  if (method != "textDocument/hover") {
    const bool hints_asked = method == "textDocument/inlayHint";
    const auto verdicts =
        dockerfile && (hints_asked ? hints : lenses) ? verdicts_of(document, stop) : std::nullopt;
    if (!verdicts) return json::array();
    const Positions of_build(verdicts->explained->build->file().source(), client_.encoding);
    if (!hints_asked) return code_lenses(*verdicts->explained, verdicts->occasion, of_build);
    return inlay_hints(*verdicts->explained, of_build.span_of(params.at("range")), of_build);
  }
  const uint32_t offset = positions.offset_of(place_from(params.at("position")));
  std::string help = rule_help(**linted, offset);
  if (const auto verdicts = dockerfile ? verdicts_of(document, stop) : std::nullopt) {
    const std::string step = step_help(*verdicts->explained, verdicts->occasion, offset);
    if (!step.empty()) help = help.empty() ? step : step + "\n\n---\n\n" + help;
  }
  if (help.empty()) return json();
  return json{{"contents", {{"kind", "markdown"}, {"value", std::move(help)}}}};
}

// ---- The server.

Server::Server(Options options, Send send)
    : session_(std::make_unique<Session>(std::move(options), std::move(send))) {}
Server::~Server() = default;

void Server::receive(std::string_view message) {
  session_->receive(message);
}
void Server::settle() {
  session_->settle();
}
bool Server::is_finished() const {
  return session_->finished;
}
int Server::exit_status() const {
  return session_->status;
}

}  // namespace dcache::lsp
