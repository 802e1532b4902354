#include "dcache/dcache_c.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/report/explain.h"
#include "dcache/report/failure.h"
#include "dcache/report/findings.h"
#include "dcache/text/json.h"
#include "dcache/version.h"
#include "dcache/workspace.h"
#include "dcache/workspace_settings.h"

struct dcache_workspace {
  explicit dcache_workspace(dcache::Workspace::Options options) : workspace(std::move(options)) {}

  dcache::Workspace workspace;
  mutable std::mutex mutex;  // guards what follows
  std::stop_source stop;

  std::stop_token token() const {
    const std::scoped_lock lock(mutex);
    return stop.get_token();
  }
};

namespace {

using dcache::Workspace;
using nlohmann::json;

// What a function of the interface fails with.
struct Failed {
  std::string message;
};

char* copy_of(const std::string& text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
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
  } catch (const Failed& failure) {
    set_error(error, failure.message);
  } catch (const std::exception& failure) {
    set_error(error, failure.what());
  }
  return failed;
}

json object_of(const char* text, const char* what) {
  if (text == nullptr) return json::object();
  json parsed = dcache::text::parse_json(text);
  if (!parsed.is_object()) throw Failed{fmt::format("the {} are not a JSON object", what)};
  return parsed;
}

Workspace::Options options_of(const char* text) {
  const json given = object_of(text, "options");
  Workspace::Options options;
  dcache::SettingsReader reader(given);
  reader.read_workspace(options);
  std::string files = "disk";
  reader.read("files", files);
  reader.read("shellcheck", options.shellcheck);
  reader.read("hashStore", options.hash_store);
  if (!reader.wrong().empty())
    throw Failed{fmt::format("the option \"{}\" has a value that it can't have", reader.wrong().front())};
  if (files != "disk" && files != "memory") throw Failed{"the option \"files\" is \"disk\" or \"memory\""};
  if (files == "memory") options.files = std::make_shared<const dcache::context::MemoryFiles>();
  return options;
}

std::string words_of(const Workspace::Failures& failures) {
  std::string words;
  for (const dcache::cache::Failure& failure : failures)
    words += (words.empty() ? "" : "\n") + dcache::report::words_of(failure);
  return words;
}

}  // namespace

const char* dcache_version(void) {
  return DCACHE_VERSION;
}

void dcache_string_free(char* text) {
  std::free(text);
}

dcache_workspace* dcache_workspace_new(const char* options, char** error) {
  return guarded<dcache_workspace*>(
      error, nullptr, [&] { return std::make_unique<dcache_workspace>(options_of(options)).release(); });
}

void dcache_workspace_free(dcache_workspace* workspace) {
  const std::unique_ptr<dcache_workspace> owned(workspace);
}

void dcache_workspace_set_text(dcache_workspace* workspace, const char* path, const char* text, size_t size) {
  guarded(nullptr, 0, [&] {
    workspace->workspace.set_text(path, std::string(text, size));
    return 0;
  });
}

void dcache_workspace_drop_text(dcache_workspace* workspace, const char* path) {
  guarded(nullptr, 0, [&] {
    workspace->workspace.drop_text(path);
    return 0;
  });
}

void dcache_workspace_files_changed(dcache_workspace* workspace) {
  guarded(nullptr, 0, [&] {
    workspace->workspace.files_changed();
    return 0;
  });
}

char* dcache_workspace_lint(const dcache_workspace* workspace, const char* path, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const auto linted = workspace->workspace.lint(path);
    if (!linted) throw Failed{dcache::report::words_of(linted.error())};
    const auto report = dcache::report::findings_json();
    std::string out;
    report->begin(out);
    report->add(report->part({path, (*linted)->text(), &(*linted)->findings}), out);
    report->end(out);
    return copy_of(out);
  });
}

char* dcache_workspace_fix(const dcache_workspace* workspace, const char* path, int unsafe, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const auto fixed = workspace->workspace.fix(path, unsafe != 0);
    if (!fixed) throw Failed{dcache::report::words_of(fixed.error())};
    json files = json::array();
    for (const dcache::lint::Fix& fix : fixed->new_files)
      files.push_back({{"path", fix.new_file}, {"content", fix.new_file_content}});
    return copy_of(dcache::text::to_text(
        {{"text", fixed->text}, {"fixed", fixed->fixed}, {"new_files", std::move(files)}}));
  });
}

char* dcache_workspace_explain(const dcache_workspace* workspace, const char* dockerfile,
                               const char* question, char** error) {
  return guarded<char*>(error, nullptr, [&] {
    const json given = object_of(question, "members of the question");
    Workspace::Question asked;
    dcache::SettingsReader reader(given);
    reader.read("since", asked.since);
    reader.read("changed", asked.changed);
    if (!reader.wrong().empty())
      throw Failed{fmt::format("\"{}\" has a value that it can't have", reader.wrong().front())};
    asked.stop = workspace->token();
    const auto explained = workspace->workspace.explain(dockerfile, asked);
    if (!explained) throw Failed{words_of(explained.error())};
    std::string out;
    dcache::report::append_explanation_json({*(*explained)->build, (*explained)->report, (*explained)->paths},
                                            out);
    return copy_of(out);
  });
}

int dcache_workspace_mark(dcache_workspace* workspace, const char* dockerfile, char** error) {
  return guarded(error, 1, [&] {
    const auto failures = workspace->workspace.mark(dockerfile, workspace->token());
    if (!failures.empty()) throw Failed{words_of(failures)};
    return 0;
  });
}

void dcache_workspace_cancel(dcache_workspace* workspace) {
  guarded(nullptr, 0, [&] {
    const std::scoped_lock lock(workspace->mutex);
    workspace->stop.request_stop();
    workspace->stop = std::stop_source();
    return 0;
  });
}
