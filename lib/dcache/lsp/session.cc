#include "dcache/lsp/session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/lsp/positions.h"
#include "dcache/report/style.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"
#include "dcache/version.h"

namespace dcache::lsp {

using nlohmann::json;

// ---- Messages.

void Session::receive(std::string_view text) {
  json message = text::parse_json(text);
  // Half of a character, which JavaScript writes, is not JSON to others.
  if (message.is_discarded()) message = text::parse_json(with_whole_characters(text));
  if (message.is_discarded())
    return channel_.reply(nullptr, refused(Code::kParseError, "the message is not JSON"));
  const bool is_call = message.is_object() && message.contains("method") && message.at("method").is_string();
  const json id = message.is_object() && message.contains("id") ? message.at("id") : json();
  if (is_call && !id.is_null() && !id.is_string() && !id.is_number_integer())
    return channel_.reply(nullptr,
                          refused(Code::kInvalidRequest, "an id is a number without a fraction, or a text"));
  try {
    if (is_call) {
      const json params = message.contains("params") ? message.at("params") : json::object();
      const std::string method = message.at("method");
      if (id.is_null()) return handle_notification(method, params);
      return handle_request(id, method, params);
    }
    if (!id.is_number_integer() || !(message.contains("result") || message.contains("error")))
      return channel_.reply(id, refused(Code::kInvalidRequest, "the message has no method"));
    const auto then = channel_.take_asked(id.get<int64_t>());
    if (then && message.contains("result")) then(message.at("result"));
  } catch (const json::exception&) {  // members that are missing or of another type
    if (is_call && !id.is_null())
      return channel_.reply(id, refused(Code::kInvalidParams, "the parameters do not follow the protocol"));
    if (is_call) {
      channel_.notify("window/logMessage",
                      {{"type", 2},
                       {"message", fmt::format("dcache: the parameters of {} do not follow the protocol",
                                               report::printable(message.at("method").get<std::string>()))}});
    }
  }
}

namespace {

// The row of a method; null for a method that the table does not have.
template <typename Handler>
const Handler* find_handler(std::span<const Handler> handlers, std::string_view method) {
  const auto found = std::ranges::find(handlers, method, &Handler::method);
  return found == handlers.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Session::RequestHandler> Session::request_handlers() {
  static constexpr RequestHandler kHandlers[] = {
      {"initialize", &Session::start, true},
      {"shutdown", &Session::shut_down},
      {"workspace/executeCommand", &Session::run_command_later},
      {"workspace/symbol", &Session::find_symbols_later},
  };
  return kHandlers;
}

std::span<const Session::NotificationHandler> Session::notification_handlers() {
  static constexpr NotificationHandler kHandlers[] = {
      {"exit", &Session::finish, true},
      {"initialized", &Session::initialized},
      {"$/cancelRequest", &Session::cancel},
      {"textDocument/didOpen", &Session::open},
      {"textDocument/didChange", &Session::change},
      {"textDocument/didClose", &Session::close},
      {"textDocument/didSave", &Session::note_changed_files},
      {"workspace/didChangeWatchedFiles", &Session::note_changed_files},
      {"workspace/didChangeWorkspaceFolders", &Session::change_folders},
      {"workspace/didChangeConfiguration", &Session::change_settings},
  };
  return kHandlers;
}

std::span<const Session::DocumentHandler> Session::document_handlers() {
  using Thread = DocumentHandler::Thread;
  static constexpr DocumentHandler kHandlers[] = {
      {"textDocument/hover", &Session::hover, Thread::kVerdicts},
      {"textDocument/inlayHint", &Session::inlay_hints, Thread::kVerdicts},
      {"textDocument/codeLens", &Session::code_lenses, Thread::kVerdicts},
      {"textDocument/codeAction", &Session::code_actions, Thread::kFindings},
      {"textDocument/diagnostic", &Session::pulled_findings, Thread::kFindings, true},
  };
  return kHandlers;
}

void Session::handle_request(const json& id, const std::string& method, const json& params) {
  const RequestHandler* const handler = find_handler(request_handlers(), method);
  if (handler != nullptr && handler->starts) return (this->*handler->handle)(id, params);
  if (!initialized_)
    return channel_.reply(id, refused(Code::kNotInitialized, "the server is not initialized"));
  if (is_shut_down_) return channel_.reply(id, refused(Code::kInvalidRequest, "the server is shut down"));
  if (handler != nullptr) return (this->*handler->handle)(id, params);
  if (!method.starts_with("textDocument/"))
    return channel_.reply(id, refused(Code::kMethodNotFound, "unknown method " + method));
  handle_document_request(id, method, params);
}

void Session::handle_document_request(const json& id, const std::string& method, const json& params) {
  const DocumentHandler* const handler = find_handler(document_handlers(), method);
  const Document* document = find(params);
  // Not open, or no text that there is anything to say of but that it is too large or not known.
  const bool is_silent =
      document == nullptr || document->kind == TextKind::kOther ||
      ((document->too_large || document->out_of_step) && (handler == nullptr || !handler->of_any_text));
  if (is_silent) return channel_.reply(id, json());
  if (handler == nullptr) return channel_.reply(id, answer(method, *document, params));
  if (handler->thread == DocumentHandler::Thread::kFindings)
    return lint_later(id, *handler, *document, params);
  answer_later(id, *handler, *document, params);
}

void Session::handle_notification(const std::string& method, const json& params) {
  const NotificationHandler* const handler = find_handler(notification_handlers(), method);
  const bool is_running = initialized_ && !is_shut_down_;
  if (handler != nullptr && (is_running || handler->at_any_time)) (this->*handler->handle)(params);
}

void Session::start(const json& id, const json& params) {
  channel_.reply(id, initialized_ ? refused(Code::kInvalidRequest, "the server is already initialized")
                                  : initialize(params));
}

void Session::shut_down(const json& id, const json&) {
  is_shut_down_ = true;
  channel_.reply(id, json());
}

void Session::finish(const json&) {
  finished = true;
  status = is_shut_down_ ? 0 : 1;
}

void Session::cancel(const json& params) {
  const std::string name = text::to_text(params.at("id"));
  linter_.cancel(name);
  worker_.cancel(name);
  // What hashes a large file notices it late.
  channel_.answer_once(params.at("id"), refused(Code::kCancelled, "cancelled"));
}

void Session::note_changed_files(const json&) {
  files_changed_ = true;
}

void Session::change_settings(const json& params) {
  if (client_.asks_settings) return ask_settings();
  const json& settings = params.at("settings");
  given_settings_ = settings.contains("dcache") ? settings.at("dcache") : json::object();
  for (const auto& folder : folders_)
    configure(*folder, given_settings_);
}

// ---- The session.

Answer Session::initialize(const json& params) {
  if (!params.is_object()) return refused(Code::kInvalidParams, "the parameters do not follow the protocol");
  client_ = read_client(params.contains("capabilities") ? params.at("capabilities") : json::object());
  if (params.contains("initializationOptions")) given_settings_ = params.at("initializationOptions");
  add_folder("");
  const bool has_folders = params.contains("workspaceFolders") && params.at("workspaceFolders").is_array();
  if (has_folders) {
    for (const json& folder : params.at("workspaceFolders"))
      add_folder(folder_of_uri(folder.at("uri").get<std::string>()));
  } else if (params.contains("rootUri") && params.at("rootUri").is_string()) {
    add_folder(folder_of_uri(params.at("rootUri").get<std::string>()));
  }
  initialized_ = true;
  const bool formats = given_settings_.is_object() && given_settings_.value("format", json()) == json(true);
  return json{{"capabilities", capabilities_of(client_, formats)},
              {"serverInfo", {{"name", "dcache"}, {"version", DCACHE_VERSION}}}};
}

void Session::initialized(const json&) {
  json registrations = json::array();
  if (client_.watches_files) {
    registrations.push_back({{"id", "dcache-files"},
                             {"method", "workspace/didChangeWatchedFiles"},
                             {"registerOptions", {{"watchers", json::array({{{"globPattern", "**/*"}}})}}}});
  }
  if (!registrations.empty())
    channel_.ask("client/registerCapability", {{"registrations", std::move(registrations)}});
  if (client_.asks_settings) ask_settings();
}

void Session::change_folders(const json& params) {
  const json& event = params.at("event");
  for (const json& folder : event.at("removed")) {
    const std::string root = folder_of_uri(folder.at("uri").get<std::string>());
    for (const auto& known : folders_)
      known->removed = known->removed || (!root.empty() && known->root == root);
  }
  for (const json& folder : event.at("added"))
    add_folder(folder_of_uri(folder.at("uri").get<std::string>()));
  for (auto& [uri, document] : documents_) {
    document.folder = &folder_of(document.path);
    touch(uri);
  }
  if (client_.asks_settings) ask_settings();
}

void Session::add_folder(const std::string& root) {
  const auto known = std::ranges::find(folders_, root, [](const auto& folder) { return folder->root; });
  if (known != folders_.end()) {
    (*known)->removed = false;
    return;
  }
  Folder& folder = *folders_.emplace_back(std::make_unique<Folder>());
  folder.root = root;
  if (!root.empty()) folder.workspace.open_folder(root);
  configure(folder, given_settings_);
  for (const auto& [uri, document] : documents_) {
    if (const auto text = document.folder->workspace.text(document.path))
      folder.workspace.set_text(document.path, *text);
  }
}

// The innermost that contains the path.
Folder& Session::folder_of(std::string_view path) {
  Folder* best = folders_.front().get();
  for (const auto& folder : folders_) {
    const bool inner = folder->root.size() > best->root.size() && text::is_within(path, folder->root);
    if (inner && !folder->removed) best = folder.get();
  }
  return *best;
}

void Session::ask_settings() {
  json items = json::array();
  for (const auto& folder : folders_) {
    json item = {{"section", "dcache"}};
    if (!folder->root.empty()) item["scopeUri"] = uri_of(folder->root);
    items.push_back(std::move(item));
  }
  channel_.ask("workspace/configuration", {{"items", std::move(items)}}, [this](const json& answers) {
    for (size_t i = 0; answers.is_array() && i < std::min(answers.size(), folders_.size()); ++i)
      configure(*folders_[i], answers[i]);
  });
}

void Session::configure(Folder& folder, const json& given) {
  Settings settings;
  read_settings(given_settings_, settings);
  const std::vector<editor::SettingsReader::WrongSetting> wrong = read_settings(given, settings);
  if (!wrong.empty() && initialized_) {
    channel_.notify("window/showMessage",
                    {{"type", 2},
                     {"message", fmt::format("dcache: the setting dcache.{} must be {}", wrong.front().name,
                                             wrong.front().expected)}});
  }
  const auto in_folder = [&](const std::string& path) {
    const std::string portable = text::portable_path(path);
    return path.empty() || text::is_absolute(portable) ? portable : text::join_path(folder.root, portable);
  };
  editor::Workspace::Options options = settings.workspace;
  options.context = in_folder(options.context);
  options.config = in_folder(options.config);
  options.wide_contexts = false;
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

}  // namespace dcache::lsp
