// The texts that a client has open, and what is said of them.
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/cache/build.h"
#include "dcache/lint/related_file.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/positions.h"
#include "dcache/lsp/session.h"
#include "dcache/project/discover.h"
#include "dcache/project/file_kinds.h"
#include "dcache/report/style.h"
#include "dcache/text/digest.h"
#include "dcache/text/failure.h"
#include "dcache/text/json.h"
#include "dcache/text/path.h"

namespace dcache::lsp {
namespace {

constexpr std::chrono::milliseconds kPause{300};  // in typing, before ShellCheck is asked

// Of a text, in bytes: as much as is read of a Dockerfile or a definition on the disk.
constexpr size_t kLargestText = size_t{16} << 20U;

constexpr std::string_view kOutOfStep =
    "its text is not known until the editor sends all of it, for example when the file is opened again";

std::optional<int64_t> version_from(const nlohmann::json& document) {
  const bool has = document.contains("version") && document.at("version").is_number_integer();
  return has ? std::optional(document.at("version").get<int64_t>()) : std::nullopt;
}

bool defines_images(const std::string& path) {
  const auto kind = project::definition_kind(path);
  return kind == project::DefinitionKind::kCompose || kind == project::DefinitionKind::kBake;
}

// An ignore file of a Dockerfile that is a link out of its folder: builders get the folder alone. Empty if
// there is none.
std::string unread_ignore_file(const editor::Workspace& workspace, const std::string& dockerfile) {
  const auto files = workspace.files_inside();
  const std::string context = workspace.context_of(dockerfile);
  for (const std::string& path :
       cache::ignore_file_candidates(dockerfile, context, plan::Builder::kBuildkit)) {
    const std::string folder = files->real_path(std::string(text::parent_path(path)));
    if (files->exists(path) && !text::is_within(files->real_path(path), folder)) return path;
  }
  return {};
}

}  // namespace

using nlohmann::json;

void Session::each_workspace(const std::function<void(editor::Workspace&)>& visit) {
  for (const auto& folder : folders_)
    visit(folder->workspace);
}

void Session::open(const json& params) {
  const json& given = params.at("textDocument");
  Document document;
  document.uri = given.at("uri");
  document.version = version_from(given);
  document.revision = ++last_revision_;
  document.path = path_of(document.uri);
  document.folder = &folder_of(document.path);
  const std::string language = given.value("languageId", "");
  if (lint::related_file_kind(document.path)) {
    document.kind = TextKind::kRelated;
  } else if (language == "dockerfile" || language == "containerfile" ||
             (project::is_dockerfile_name(document.path) &&
              (!project::may_be_program(document.path) ||
               project::starts_like_dockerfile(params.at("textDocument").at("text").get<std::string>())))) {
    document.kind = TextKind::kDockerfile;
  } else if (defines_images(document.path)) {
    document.kind = TextKind::kDefinition;
  }
  note_revision(document);
  set_text(document, given.at("text"));
  const std::string uri = document.uri;
  documents_.insert_or_assign(uri, std::move(document));
  touch(uri);
}

void Session::set_text(Document& document, std::string text) {
  document.too_large.reset();
  if (text.size() > kLargestText) {
    document.too_large = std::make_shared<const std::string>(std::move(text));
    return each_workspace([&](editor::Workspace& workspace) { workspace.drop_text(document.path); });
  }
  each_workspace([&](editor::Workspace& workspace) { workspace.set_text(document.path, text); });
}

void Session::change(const json& params) {
  const json& given = params.at("textDocument");
  const auto found = documents_.find(given.at("uri").get<std::string>());
  if (found == documents_.end()) return;
  Document& document = found->second;
  std::string text =
      document.too_large ? *document.too_large : document.folder->workspace.text(document.path).value_or("");
  bool in_step = !document.out_of_step;
  const json changes = params.value("contentChanges", json());
  if (!changes.is_array()) in_step = false;
  for (const json& change : changes.is_array() ? changes : json::array()) {
    if (in_step || is_full_text(change)) in_step = apply_change(text, change, client_.encoding);
  }
  if (!in_step && !document.out_of_step) {
    channel_.notify("window/showMessage",
                    {{"type", 2},
                     {"message", fmt::format("dcache: a change of {} can't be applied; {}",
                                             report::printable(document.uri), kOutOfStep)}});
  }
  document.out_of_step = !in_step;
  document.version = version_from(given);
  document.revision = ++last_revision_;
  note_revision(document);
  if (in_step) set_text(document, std::move(text));
  touch(document.uri);
}

void Session::close(const json& params) {
  const auto found = documents_.find(params.at("textDocument").at("uri").get<std::string>());
  if (found == documents_.end()) return;
  const Document document = std::move(found->second);
  documents_.erase(found);
  {
    const std::scoped_lock lock(shared_mutex_);
    revisions_.erase(document.uri);
    published_.erase(document.uri);
  }
  each_workspace([&](editor::Workspace& workspace) { workspace.drop_text(document.path); });
  due_.erase(document.uri);
  // What a file says may count for others; its own findings go.
  if (document.kind != TextKind::kOther && !client_.pulls_findings)
    channel_.notify("textDocument/publishDiagnostics",
                    {{"uri", document.uri}, {"diagnostics", json::array()}});
}

const Document* Session::find(const json& params) const {
  const auto found = documents_.find(params.at("textDocument").at("uri").get<std::string>());
  return found == documents_.end() ? nullptr : &found->second;
}

// Findings of the text are due; where other files look at it, theirs too.
void Session::touch(const std::string& uri) {
  const Document& changed = documents_.at(uri);
  if (changed.kind == TextKind::kDockerfile) {
    due_.insert(uri);
    for (const auto& [other, document] : documents_) {
      if (document.kind == TextKind::kDefinition) due_.insert(other);
    }
  } else {
    for (const auto& [other, document] : documents_)
      due_.insert(other);
    stale_ = true;
  }
}

// Before the text is there, so that no answer about it passes for one about an earlier text.
void Session::note_revision(const Document& document) {
  const std::scoped_lock lock(shared_mutex_);
  revisions_[document.uri] = document.revision;
}

// Whether its text is still the one that the client has.
bool Session::is_current(const Document& document) {
  const std::scoped_lock lock(shared_mutex_);
  const auto now = revisions_.find(document.uri);
  return now != revisions_.end() && now->second == document.revision;
}

void Session::settle() {
  if (std::exchange(files_changed_, false)) files_changed();
  // A client that asks for findings does so after it changed a text, but does not know what else that
  // changes.
  if (std::exchange(stale_, false) && client_.pulls_findings) ask_to_pull();
  const uint64_t round = ++rounds_;
  for (const std::string& uri : std::exchange(due_, {})) {
    const auto found = documents_.find(uri);
    if (found == documents_.end() || found->second.kind == TextKind::kOther) continue;
    if (!client_.pulls_findings) publish_later(found->second, round);
    if (found->second.kind != TextKind::kDefinition) check_later(found->second, round);
  }
}

void Session::files_changed() {
  each_workspace([](editor::Workspace& workspace) { workspace.files_changed(); });
  for (const auto& [uri, document] : documents_)
    due_.insert(uri);
  stale_ = true;
  refresh_verdicts();
}

void Session::refresh_verdicts() {
  if (client_.refreshes_hints) channel_.ask("workspace/inlayHint/refresh", nullptr);
  if (client_.refreshes_lenses) channel_.ask("workspace/codeLens/refresh", nullptr);
}

Session::json Session::findings_of(const Document& document, editor::Workspace::Depth depth) {
  const editor::Workspace& workspace = document.folder->workspace;
  const auto at_start = [](std::string_view message) {
    return json{{"range", range_at_start()},
                {"severity", 1},
                {"source", "dcache"},
                {"message", report::printable(message)}};
  };
  if (document.out_of_step)
    return json::array({at_start(fmt::format("the last change can't be applied; {}", kOutOfStep))});
  if (document.too_large)
    return json::array({at_start("the text is larger than 16 MiB, so dcache does not look at it")});
  if (document.kind == TextKind::kDefinition) {
    const std::string text = workspace.text(document.path).value_or("");
    return definition_findings(workspace, document.path, Positions(text, client_.encoding));
  }
  const auto linted = workspace.lint(document.path, depth);
  json all = json::array();
  if (linted) all = diagnostics_of(**linted, Positions((*linted)->text().source(), client_.encoding));
  // Most often a configuration that can't be used, or an ignore file: said where people look.
  const std::optional<text::Failure> failure = linted ? (*linted)->failure : linted.error();
  if (failure) {
    all.push_back(at_start(text::words_of(*failure)));
  } else if (document.kind == TextKind::kDockerfile) {
    const std::string ignore = unread_ignore_file(workspace, document.path);
    if (!ignore.empty()) {
      all.push_back(at_start(
          fmt::format("{} is a symbolic link out of its folder, so the build does not read it", ignore)));
      all.back()["severity"] = 2;
    }
  }
  return all;
}

void Session::publish(const Document& document, editor::Workspace::Depth depth, uint64_t round) {
  json params = {{"uri", document.uri}, {"diagnostics", findings_of(document, depth)}};
  if (document.version) params["version"] = *document.version;
  const std::scoped_lock lock(shared_mutex_);
  const auto now = revisions_.find(document.uri);
  // An answer that comes late is about a text that is gone, or says less than one that is there.
  if (now == revisions_.end() || now->second != document.revision) return;
  const bool thorough = depth == editor::Workspace::Depth::kThorough;
  Round& last = published_[document.uri];
  if (last.number > round || (last.number == round && last.thorough && !thorough)) return;
  last = {round, thorough};
  channel_.notify("textDocument/publishDiagnostics", std::move(params));
}

// By the thread for findings, since the files of the context may have to be listed.
void Session::publish_later(const Document& document, uint64_t round) {
  const std::string name = "publish " + document.uri;
  linter_.cancel(name);
  linter_.add(name, [this, document, round](const std::stop_token& stop) {
    if (!stop.stop_requested() && is_current(document))
      publish(document, editor::Workspace::Depth::kFast, round);
  });
}

void Session::ask_to_pull() {
  channel_.ask("workspace/diagnostic/refresh", nullptr);
}

// Has ShellCheck's findings ready, and asks the client to take them if there are any.
void Session::check_for_pull(const Document& document) {
  const json fast = findings_of(document, editor::Workspace::Depth::kFast);
  if (findings_of(document, editor::Workspace::Depth::kThorough) != fast) ask_to_pull();
}

// Those that are ready; "unchanged" if the client has them already.
Answer Session::pulled_findings(const DocumentQuestion& question) {
  json items = findings_of(question.document, editor::Workspace::Depth::kReady);
  const std::string id = text::hexadecimal(text::md5(text::to_text(items)));
  if (question.params.value("previousResultId", json()) == json(id))
    return json{{"kind", "unchanged"}, {"resultId", id}};
  return json{{"kind", "full"}, {"resultId", id}, {"items", std::move(items)}};
}

// ShellCheck, once nobody types; and the state that later ones are compared with.
void Session::check_later(const Document& document, uint64_t round) {
  const std::string name = "check " + document.uri;
  worker_.cancel(name);
  worker_.add(
      name,
      [this, document, round](const std::stop_token& stop) {
        if (stop.stop_requested()) return;
        if (client_.pulls_findings) {
          check_for_pull(document);
        } else {
          publish(document, editor::Workspace::Depth::kThorough, round);
        }
        if (document.kind == TextKind::kDockerfile && !document.too_large && !stop.stop_requested())
          verdicts_of(document, stop);
      },
      kPause);
}

}  // namespace dcache::lsp
