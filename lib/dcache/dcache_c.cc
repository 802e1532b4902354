#include "dcache/dcache_c.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/dcache.h"
#include "dcache/editor/settings.h"
#include "dcache/lint/catalogue.h"
#include "dcache/report/explain.h"
#include "dcache/report/rule_page.h"
#include "dcache/report/style.h"
#include "dcache/text/json.h"
#include "dcache/text/system_path.h"
#include "dcache/workspace_access.h"

struct dcache_workspace {
  explicit dcache_workspace(dcache::Workspace given) : workspace(std::move(given)) {}

  dcache::Workspace workspace;
  mutable std::mutex mutex;                               // guards what follows
  mutable std::map<std::string, std::stop_source> calls;  // by their names; "" for those without one
  mutable std::set<std::string> stale;

  std::stop_token token(const std::string& call) const {
    const std::scoped_lock lock(mutex);
    return calls[call].get_token();
  }
  void add_stale(const dcache::Workspace::Paths& paths) const {
    const std::scoped_lock lock(mutex);
    stale.insert(paths.begin(), paths.end());
  }
};

namespace {

using dcache::Failure;
using dcache::Workspace;
using dcache::editor::SettingsReader;
using nlohmann::json;

// What a function of the interface fails with: text for terminals and logs, so names of files in it can't
// drive them.
struct CallError {
  std::string message;
};

[[noreturn]] void fail(std::string_view message) {
  throw CallError{dcache::report::printable(message)};
}

char* copy_of(const std::string& text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

char* copy_of(const json& value) {
  return copy_of(dcache::text::to_text(value));
}

void set_error(char** error, const std::string& message) {
  if (error != nullptr) *error = copy_of(message);
}

// Runs `work`; what it throws becomes an error and the result that says so.
template <typename Result, typename Work>
Result guarded(char** error, Result failed, const Work& work) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return work();
  } catch (const CallError& failure) {
    set_error(error, failure.message);
  } catch (const std::exception& failure) {
    set_error(error, dcache::report::printable(failure.what()));
  }
  return failed;
}

// What a call gave, or its failure as an exception.
template <typename Value>
Value value_of(tl::expected<Value, Failure> result) {
  if (!result) fail(dcache::text::words_of(result.error()));
  return std::move(*result);
}

// An argument that can't be NULL.
std::string given(const char* text, const char* what) {
  if (text == nullptr) fail(fmt::format("the {} is NULL", what));
  return text;
}

template <typename Handle>
Handle& given(Handle* workspace) {
  if (workspace == nullptr) fail("the workspace is NULL");
  return *workspace;
}

std::string bytes_of(const char* text, size_t size) {
  if (text == nullptr && size > 0) fail("the text is NULL");
  return size == 0 ? std::string() : std::string(text, size);
}

std::string words_of(const std::vector<Failure>& failures) {
  std::string words;
  for (const Failure& failure : failures)
    words += (words.empty() ? "" : "\n") + dcache::report::printable(dcache::text::words_of(failure));
  return words;
}

// Whether a text in the value contains a zero byte, which names of files, stages and revisions can't have: C
// would see only what comes before it.
bool has_zero_byte(const json& value) {
  const auto has = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (value.is_string()) return has(value.get_ref<const std::string&>());
  if (!value.is_structured()) return false;
  const auto items = value.items();
  return std::any_of(items.begin(), items.end(), [&](const auto& item) {
    return (value.is_object() && has(item.key())) || has_zero_byte(item.value());
  });
}

json object_of(const char* text, const char* what) {
  if (text == nullptr) return json::object();
  json parsed = dcache::text::parse_json(text);
  if (!parsed.is_object()) fail(fmt::format("the {} are not a JSON object", what));
  if (has_zero_byte(parsed)) fail(fmt::format("the {} contain a text with a zero byte", what));
  return parsed;
}

void refuse_complaint(const SettingsReader& reader, const char* what) {
  const std::string complaint = reader.complaint();
  if (!complaint.empty()) fail(fmt::format("{}: {}", what, complaint));
}

Workspace::Options options_of(const char* text) {
  const json given = object_of(text, "options");
  Workspace::Options options;
  SettingsReader reader(given);
  std::string files = "disk";
  reader.read("files", files);
  reader.read("context", options.context);
  reader.read("config", options.config);
  reader.read("profile", options.rules.profile);
  reader.read("select", options.rules.select);
  reader.read("ignore", options.rules.ignore);
  reader.read("levels", options.rules.levels);
  reader.read("target", options.target);
  reader.read("platform", options.platform);
  reader.read("buildArgs", options.build_args);
  reader.read("builder", options.builder);
  reader.read("hashStore", options.hash_store);
  reader.read("shellcheck", options.shellcheck);
  refuse_complaint(reader, "options");
  if (files != "disk" && files != "memory") fail("options: \"files\" is \"disk\" or \"memory\"");
  options.on_disk = files == "disk";
  return options;
}

json json_of(const dcache::Position& position) {
  return {{"offset", position.offset},
          {"line", position.line},
          {"byte", position.byte},
          {"utf16", position.utf16}};
}

json json_of(const dcache::Range& range) {
  return {{"begin", json_of(range.begin)}, {"end", json_of(range.end)}};
}

json json_of(const std::vector<dcache::NewFile>& files) {
  json all = json::array();
  for (const dcache::NewFile& file : files)
    all.push_back({{"path", file.path}, {"content", file.content}});
  return all;
}

// Lines and columns as the command line counts them, and the range.
void add_place(const dcache::Range& range, json& value) {
  value["line"] = range.begin.line + 1;
  value["column"] = range.begin.byte + 1;
  value["end_line"] = range.end.line + 1;
  value["end_column"] = range.end.byte + 1;
  value["range"] = json_of(range);
}

json json_of(const dcache::Fix& fix) {
  json edits = json::array();
  for (const dcache::Edit& edit : fix.edits) {
    json value = {{"replacement", edit.text}};
    add_place(edit.range, value);
    edits.push_back(std::move(value));
  }
  const json files = json_of(fix.new_files);
  return {{"description", fix.description},
          {"safe", fix.safe},
          {"unsafe_because", fix.unsafe_because},
          {"edits", std::move(edits)},
          {"new_file", files.empty() ? json() : files.front()}};
}

json json_of(const dcache::Finding& finding, const std::string& path) {
  constexpr const char* kLevels[] = {"style", "info", "warning", "error"};
  json value = {{"id", finding.id},
                {"rule", finding.rule},
                {"name", finding.name},
                {"path", path},
                {"level", kLevels[static_cast<size_t>(finding.level)]},
                {"message", finding.message},
                {"remedy", finding.remedy},
                {"aliases", finding.aliases},
                {"fix", finding.fix ? json_of(*finding.fix) : json()}};
  add_place(finding.range, value);
  return value;
}

json json_of(const Workspace::FixedText& fixed) {
  return {
      {"version", 1}, {"text", fixed.text}, {"fixed", fixed.fixed}, {"new_files", json_of(fixed.new_files)}};
}

}  // namespace

const char* dcache_version(void) {
  return DCACHE_VERSION;
}

void dcache_string_free(char* text) {
  std::free(text);
}

char* dcache_rules(void) {
  return guarded<char*>(nullptr, nullptr, [] {
    std::string out;
    dcache::report::append_rules_json(dcache::lint::catalogue(), out);
    return copy_of(out);
  });
}

char* dcache_find_dockerfiles(const char* folder, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const std::string searched = given(folder, "folder");
    std::error_code failure;
    const bool is_folder = std::filesystem::is_directory(dcache::text::system_path(searched), failure);
    if (failure) fail(fmt::format("can't read the folder '{}': {}", searched, failure.message()));
    if (!is_folder) fail(fmt::format("'{}' is not a folder", searched));
    const auto found = dcache::project::find_dockerfiles({searched});
    if (!found.problems.empty()) fail(found.problems.front());
    return copy_of(json(found.files));
  });
}

int dcache_is_dockerfile(const char* path) {
  return path != nullptr && dcache::project::is_dockerfile_name(path) ? 1 : 0;
}

dcache_workspace* dcache_workspace_new(const char* options, char** error) {
  return guarded<dcache_workspace*>(error, nullptr, [&] {
    return std::make_unique<dcache_workspace>(value_of(Workspace::open(options_of(options)))).release();
  });
}

void dcache_workspace_free(dcache_workspace* workspace) {
  const std::unique_ptr<dcache_workspace> owned(workspace);
}

void dcache_workspace_set_text(dcache_workspace* workspace, const char* path, const char* text, size_t size) {
  guarded(nullptr, 0, [&] {
    dcache_workspace& known = given(workspace);
    known.add_stale(known.workspace.set_text(given(path, "path"), bytes_of(text, size)));
    return 0;
  });
}

int dcache_workspace_edit_text(dcache_workspace* workspace, const char* path, unsigned begin_line,
                               unsigned begin_utf16, unsigned end_line, unsigned end_utf16, const char* text,
                               size_t size, char** error) {
  return guarded(error, 1, [&] {
    dcache_workspace& known = given(workspace);
    known.add_stale(value_of(known.workspace.edit_text(given(path, "path"), {begin_line, begin_utf16},
                                                       {end_line, end_utf16}, bytes_of(text, size))));
    return 0;
  });
}

void dcache_workspace_drop_text(dcache_workspace* workspace, const char* path) {
  guarded(nullptr, 0, [&] {
    dcache_workspace& known = given(workspace);
    known.add_stale(known.workspace.drop_text(given(path, "path")));
    return 0;
  });
}

void dcache_workspace_files_changed(dcache_workspace* workspace) {
  guarded(nullptr, 0, [&] {
    dcache_workspace& known = given(workspace);
    known.add_stale(known.workspace.files_changed());
    return 0;
  });
}

char* dcache_workspace_stale(const dcache_workspace* workspace) {
  return guarded<char*>(nullptr, nullptr, [&] {
    const dcache_workspace& known = given(workspace);
    const std::scoped_lock lock(known.mutex);
    return copy_of(json(known.stale));
  });
}

char* dcache_workspace_lint(const dcache_workspace* workspace, const char* path, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const dcache_workspace& known = given(workspace);
    const std::string linted = given(path, "path");
    {
      const std::scoped_lock lock(known.mutex);
      known.stale.erase(linted);
    }
    const dcache::Findings findings = value_of(known.workspace.lint(linted));
    json all = json::array();
    for (const dcache::Finding& finding : findings.findings)
      all.push_back(json_of(finding, linted));
    json failures = json::array();
    for (const Failure& failure : findings.failures)
      failures.push_back(dcache::report::printable(dcache::text::words_of(failure)));
    return copy_of({{"version", 1},
                    {"path", linted},
                    {"parses", findings.parses},
                    {"findings", std::move(all)},
                    {"failures", std::move(failures)}});
  });
}

char* dcache_workspace_fix(const dcache_workspace* workspace, const char* path, int unsafe, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const Workspace& known = given(workspace).workspace;
    return copy_of(json_of(value_of(known.fix(given(path, "path"), unsafe != 0))));
  });
}

char* dcache_workspace_fix_finding(const dcache_workspace* workspace, const char* path, const char* id,
                                   char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const Workspace& known = given(workspace).workspace;
    return copy_of(json_of(value_of(known.fix_finding(given(path, "path"), given(id, "id")))));
  });
}

char* dcache_workspace_explain(const dcache_workspace* workspace, const char* dockerfile,
                               const char* question, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const dcache_workspace& known = given(workspace);
    const std::string path = given(dockerfile, "path");
    const json members = object_of(question, "members of the question");
    dcache::editor::Workspace::Question asked;
    SettingsReader reader(members);
    std::string call;
    reader.read("since", asked.since);
    reader.read("changed", asked.changed);
    reader.read("cacheFrom", asked.cache_from);
    reader.read("call", call);
    refuse_complaint(reader, "question");
    const bool is_asked = members.contains("changed") && !members.at("changed").is_null();
    if (is_asked && asked.changed.empty()) fail("question: \"changed\" is empty; name the files that change");
    const bool has_since = members.contains("since") && !members.at("since").is_null();
    if (has_since && asked.since.empty()) fail("question: \"since\" is empty; name a revision");
    asked.stop = known.token(call);
    const auto explained = dcache::WorkspaceAccess::editor_of(known.workspace).explain(path, asked);
    if (!explained) throw CallError{words_of(explained.error())};
    std::string out;
    dcache::report::append_explanation_json({*(*explained)->build, (*explained)->report, (*explained)->paths},
                                            out);
    return copy_of(out);
  });
}

int dcache_workspace_mark(dcache_workspace* workspace, const char* dockerfile, char** error) {
  return guarded(error, 1, [&] {
    dcache_workspace& known = given(workspace);
    const auto marked = known.workspace.mark(given(dockerfile, "path"), known.token(""));
    if (!marked) throw CallError{words_of(marked.error())};
    return 0;
  });
}

void dcache_workspace_cancel_call(dcache_workspace* workspace, const char* call) {
  guarded(nullptr, 0, [&] {
    dcache_workspace& known = given(workspace);
    const std::string name = given(call, "call");
    const std::scoped_lock lock(known.mutex);
    const auto running = known.calls.find(name);
    if (running == known.calls.end()) return 0;
    running->second.request_stop();
    known.calls.erase(running);
    return 0;
  });
}

void dcache_workspace_cancel(dcache_workspace* workspace) {
  guarded(nullptr, 0, [&] {
    dcache_workspace& known = given(workspace);
    const std::scoped_lock lock(known.mutex);
    for (auto& [call, stop] : known.calls)
      stop.request_stop();
    known.calls.clear();
    return 0;
  });
}
