// What requests about a text are answered with.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "dcache/context/boundary.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/features.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/positions.h"
#include "dcache/lsp/progress.h"
#include "dcache/lsp/session.h"
#include "dcache/lsp/symbols.h"
#include "dcache/lsp/verdicts.h"
#include "dcache/lsp/word_help.h"
#include "dcache/text/file_io.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"

namespace dcache::lsp {

using nlohmann::json;

Answer Session::answer(const std::string& method, const Document& document, const json& params) {
  if (document.kind == TextKind::kDefinition) return answer_of_definition(method, document, params);
  const auto* const feature = find_feature(dockerfile_features(), method);
  if (feature == nullptr) return refused(Code::kMethodNotFound, "unknown method " + method);
  if (document.kind != TextKind::kDockerfile) return json();
  const auto parsed = document.folder->workspace.parse(document.path);
  if (!parsed) return refused(Code::kFailed, parsed.error());
  const Positions positions((*parsed)->file.source(), client_.encoding);
  return feature->answer({{document, client_, positions, params}, **parsed});
}

Answer Session::answer_of_definition(const std::string& method, const Document& document,
                                     const json& params) {
  const auto* const feature = find_feature(definition_features(), method);
  if (feature == nullptr) return json();
  const std::string text = document.folder->workspace.text(document.path).value_or("");
  const Positions positions(text, client_.encoding);
  return feature->answer({document, client_, positions, params});
}

namespace {

FileState state_of(const std::string& path, const editor::Workspace& workspace,
                   const std::map<std::string, OpenText, std::less<>>& open) {
  FileState state;
  if (const auto found = open.find(path); found != open.end()) state.open = found->second;
  const auto files = workspace.files_inside();
  state.exists = state.open || files->exists(path);
  if (auto text = files->read(path)) state.text = std::move(*text);
  return state;
}

}  // namespace

// By the thread for findings.
void Session::lint_later(const json& id, const DocumentHandler& handler, const Document& document,
                         const json& params) {
  OpenTexts open;
  for (const auto& [uri, one] : documents_)
    open.insert_or_assign(one.path, OpenText(one));
  channel_.expect_answer(id);
  const auto ask = handler.answer;
  linter_.add(text::to_text(id), [this, id, ask, document, params, open](const std::stop_token& stop) {
    if (stop.stop_requested()) return channel_.answer_once(id, refused(Code::kCancelled, "cancelled"));
    Answer answer = refused(Code::kInvalidParams, "the parameters do not follow the protocol");
    try {
      answer = (this->*ask)({document, params, open, stop});
    } catch (const json::exception&) {  // as in receive()
    }
    if (stop.stop_requested())
      answer = refused(Code::kCancelled, "cancelled");
    else if (!is_current(document))
      answer = refused(Code::kContentModified, "the text changed meanwhile");
    channel_.answer_once(id, answer);
  });
}

Answer Session::code_actions(const DocumentQuestion& question) {
  const Document& document = question.document;
  const json& params = question.params;
  const editor::Workspace& workspace = document.folder->workspace;
  const json only = params.at("context").value("only", json::array());
  const auto wants = [&](std::string_view kind) {
    return only.empty() || std::ranges::any_of(only, [&](const json& one) {
             const std::string asked = one.get<std::string>();
             return kind == asked || kind.starts_with(asked + ".");
           });
  };
  if (document.kind == TextKind::kDefinition) {
    const std::string text = workspace.text(document.path).value_or("");
    const Positions positions(text, client_.encoding);
    if (!wants("quickfix")) return json::array();
    return definition_actions({document, client_, positions, params},
                              definition_findings(workspace, document.path, positions));
  }
  auto linted = workspace.lint(document.path, editor::Workspace::Depth::kReady);
  if (!linted) return json::array();
  const Positions positions((*linted)->text().source(), client_.encoding);
  json actions = json::array();
  if (wants("quickfix")) {
    actions =
        lsp::code_actions(**linted, positions.span_of(params.at("range")), positions, document, client_,
                          [&](const std::string& path) { return state_of(path, workspace, question.open); });
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

// Why a file is not read that the client names and that is not open; empty if it is. Anyone who can make an
// editor run a command must not get a line of any file of the machine.
std::string Session::refusal(const std::string& path) const {
  const auto is_it = [&](const auto& open) { return open.second.path == path; };
  if (std::ranges::any_of(documents_, is_it)) return {};
  std::vector<std::string> roots;
  for (const auto& folder : folders_) {
    if (!folder->removed && !folder->root.empty() && !text::is_root(folder->root))
      roots.push_back(folder->root);
  }
  const bool is_inside =
      !roots.empty() && context::Boundary({}, std::move(roots)).refusal(path, text::real_path(path)).empty();
  return is_inside ? "" : fmt::format("{} is not open, and is in no folder of the workspace", path);
}

// By the second thread, since it hashes the files of the context.
void Session::run_command_later(const json& id, const json& params) {
  const std::string name = params.at("command");
  if (name != "dcache.note")
    return channel_.reply(id, refused(Code::kInvalidParams, "unknown command " + name));
  const std::string path = path_of(params.at("arguments").at(0).get<std::string>());
  if (std::string why = refusal(path); !why.empty())
    return channel_.reply(id, refused(Code::kFailed, std::move(why)));
  editor::Workspace& workspace = folder_of(path).workspace;
  channel_.expect_answer(id);
  worker_.add(text::to_text(id), [this, id, path, &workspace](const std::stop_token& stop) {
    const auto marked = workspace.mark(path, stop);
    if (stop.stop_requested()) return channel_.answer_once(id, refused(Code::kCancelled, "cancelled"));
    if (!marked) return channel_.answer_once(id, refused(Code::kFailed, marked.error().front().message));
    {
      const std::scoped_lock lock(shared_mutex_);
      noted_.insert(path);
    }
    refresh_verdicts();
    channel_.answer_once(id, json());
  });
}

// By the thread for findings, since it walks the workspace.
void Session::find_symbols_later(const json& id, const json& params) {
  struct SearchedFolder {
    const editor::Workspace* workspace;
    std::string root;
    std::set<std::string> dockerfiles;
  };
  std::vector<SearchedFolder> places;
  for (const auto& folder : folders_) {
    if (folder->removed) continue;
    SearchedFolder place{&folder->workspace, folder->root, {}};
    for (const auto& [uri, document] : documents_) {
      if (document.folder == folder.get() && document.kind == TextKind::kDockerfile)
        place.dockerfiles.insert(document.path);
    }
    places.push_back(std::move(place));
  }
  const std::string query = params.at("query");
  channel_.expect_answer(id);
  linter_.add(text::to_text(id), [this, id, query, places](const std::stop_token& stop) {
    json all = json::array();
    for (const SearchedFolder& place : places) {
      if (stop.stop_requested()) return channel_.answer_once(id, refused(Code::kCancelled, "cancelled"));
      for (json& symbol :
           workspace_symbols(*place.workspace, place.root, place.dockerfiles, query, client_.encoding))
        all.push_back(std::move(symbol));
    }
    channel_.answer_once(id, all);
  });
}

// Compared with what the user noted, else with the revision of the settings, else, where there is no
// repository, with the state when the text was opened.
std::optional<Session::Verdicts> Session::verdicts_of(const Document& document, const std::stop_token& stop) {
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
        channel_.ask(method, std::move(params), [agreed = std::move(agreed)](const json&) { agreed(); });
      },
      [this](const std::string& method, json params) { channel_.notify(method, std::move(params)); });
  cache::Build::Progress progress;
  if (client_.shows_progress) progress = [&](const context::HashingProgress& done) { line.show(done); };
  if (!noted && !since.empty()) {
    auto explained = workspace.explain(document.path, {.since = since, .stop = stop, .progress = progress});
    if (explained) return Verdicts{*explained, "since " + since};
  }
  if (!workspace.is_marked(document.path) && !workspace.mark(document.path, stop, progress))
    return std::nullopt;
  auto explained = workspace.explain(document.path, {.stop = stop, .progress = progress});
  if (!explained) return std::nullopt;
  return Verdicts{*explained, noted ? "since you noted it" : "since it was opened"};
}

void Session::answer_later(const json& id, const DocumentHandler& handler, const Document& document,
                           const json& params) {
  channel_.expect_answer(id);
  const auto ask = handler.answer;
  worker_.add(text::to_text(id), [this, id, ask, document, params](const std::stop_token& stop) {
    Answer answer = refused(Code::kCancelled, "cancelled");
    try {
      if (!stop.stop_requested()) answer = (this->*ask)({document, params, {}, stop});
    } catch (const json::exception&) {  // as in receive()
      answer = refused(Code::kInvalidParams, "the parameters do not follow the protocol");
    }
    if (stop.stop_requested()) answer = refused(Code::kCancelled, "cancelled");
    channel_.answer_once(id, answer);
  });
}

Answer Session::inlay_hints(const DocumentQuestion& question) {
  const Document& document = question.document;
  {
    const std::scoped_lock lock(shared_mutex_);
    if (!document.folder->settings.inlay_hints) return json::array();
  }
  if (document.kind == TextKind::kDefinition) {
    const std::string text = document.folder->workspace.text(document.path).value_or("");
    const Positions positions(text, client_.encoding);
    return definition_hints({document, client_, positions, question.params},
                            positions.span_of(question.params.at("range")));
  }
  const auto verdicts =
      document.kind == TextKind::kDockerfile ? verdicts_of(document, question.stop) : std::nullopt;
  if (!verdicts) return json::array();
  const Positions positions(verdicts->explained->build->file().source(), client_.encoding);
  return lsp::inlay_hints(*verdicts->explained, positions.span_of(question.params.at("range")), positions);
}

Answer Session::code_lenses(const DocumentQuestion& question) {
  const Document& document = question.document;
  {
    const std::scoped_lock lock(shared_mutex_);
    if (!document.folder->settings.code_lens) return json::array();
  }
  const auto verdicts =
      document.kind == TextKind::kDockerfile ? verdicts_of(document, question.stop) : std::nullopt;
  if (!verdicts) return json::array();
  const Positions positions(verdicts->explained->build->file().source(), client_.encoding);
  return lsp::code_lenses(*verdicts->explained, verdicts->occasion, positions);
}

// The documentation of what is under the cursor, what becomes of its step, and the rules that find fault with
// it. Of an instruction's name the step comes first.
Answer Session::hover(const DocumentQuestion& question) {
  const Document& document = question.document;
  const json& params = question.params;
  if (document.kind == TextKind::kDefinition)
    return answer_of_definition("textDocument/hover", document, params);
  const auto linted = document.folder->workspace.lint(document.path, editor::Workspace::Depth::kFast);
  if (!linted) return json();
  const Positions positions((*linted)->text().source(), client_.encoding);
  const uint32_t offset = positions.offset_of(place_from(params.at("position")));
  const bool dockerfile = document.kind == TextKind::kDockerfile;
  const auto word = dockerfile && (*linted)->parsed ? word_help(*(*linted)->parsed, offset) : std::nullopt;
  std::vector<std::string> parts = {rule_help(**linted, offset)};
  if (const auto verdicts = dockerfile ? verdicts_of(document, question.stop) : std::nullopt)
    parts.insert(parts.begin(), step_help(*verdicts->explained, verdicts->occasion, offset));
  if (word) parts.insert(word->keyword ? parts.end() : parts.begin(), word->markdown);
  std::erase(parts, "");
  if (parts.empty()) return json();
  json answer = {
      {"contents", {{"kind", "markdown"}, {"value", fmt::format("{}", fmt::join(parts, "\n\n---\n\n"))}}}};
  if (word) answer["range"] = positions.range_of(word->span);
  return answer;
}

}  // namespace dcache::lsp
