#include <array>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "dcache/lint/companion.h"
#include "dcache/lint/rule.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"
#include "rules/broad_copy.h"
#include "rules/likely_context.h"
#include "rules/needless.h"
#include "rules/secrets.h"

namespace dcache::rules::DC2001 {
namespace {

using lint::Subject;
using plan::Step;

// What hardly ever belongs in a context: names as patterns, matched at any depth.
constexpr std::array<std::string_view, 31> kStrangers = {
    ".git",         ".hg",           ".svn",        "node_modules", "bower_components",
    "__pycache__",  "*.pyc",         ".venv",       "venv",         ".tox",
    ".mypy_cache",  ".pytest_cache", ".ruff_cache", "target",       "dist",
    "build",        "out",           "coverage",    ".coverage",    ".gradle",
    ".idea",        ".vscode",       ".DS_Store",   "*.log",        "*.swp",
    ".env",         ".env.*",        "*.pem",       "*.key",        "docker-compose*.yml",
    "compose*.yaml"};

// Patterns for what never belongs in a context and is there.
std::string stranger_patterns(const lint::Surroundings& surroundings) {
  std::array<bool, kStrangers.size()> met{};
  for (const context::Record& record : surroundings.files.records()) {
    const std::string_view name = text::base_name(record.path);
    const bool key = name.ends_with(".pem") || name.ends_with(".key");
    if (key && record.type == context::Type::kFile && !may_hold_private_key(surroundings, record)) continue;
    for (size_t i = 0; i < met.size(); ++i)
      met[i] = met[i] || text::glob_match(kStrangers[i], name);
  }
  std::string text;
  for (size_t i = 0; i < met.size(); ++i) {
    if (met[i] && kStrangers[i] != ".git") text += fmt::format("**/{}\n", kStrangers[i]);
  }
  return text;
}

// The fix is safe if it ignores nothing that is there but Dockerfiles and ignore files. Nothing where there
// is nothing else to ignore, and no history that would come along.
std::optional<lint::Fix> write_ignore_file(Subject& subject, const lint::Surroundings& around) {
  struct Patterns {
    std::string text;
  };
  const std::string& strangers =
      around.shared<Patterns>([&] { return Patterns{stranger_patterns(around)}; }).text;
  const bool reads_git = may_read_git(subject, around);
  std::string edited;
  for (const std::string& name : needless_names(subject, around)) {
    if (!lint::is_dockerfile_name(name)) edited += name + "\n";
  }
  const bool has_git = around.files.find(".git") != nullptr;
  if (strangers.empty() && edited.empty() && !has_git) return std::nullopt;
  lint::Fix fix;
  fix.description = fmt::format("write {}", around.suggested_ignore_file);
  fix.new_file = around.suggested_ignore_file;
  fix.new_file_content = fmt::format("# What no step of the build needs.\n{}.dockerignore\nDockerfile*\n{}{}",
                                     reads_git ? "" : ".git\n", edited, strangers);
  fix.safe = strangers.empty() && edited.empty() && reads_git;
  return fix;
}

// Whether a folder around the context has an ignore file, up to the root of the repository: it is the context
// then, as it seems.
bool has_ignore_file_above(const lint::Surroundings& around) {
  std::string folder = around.folder;
  while (!around.file_system->exists(text::join_path(folder, ".git"))) {
    const std::string above(text::parent_path(folder));
    if (above.empty() || above == folder) return false;
    folder = above;
    if (around.file_system->exists(text::join_path(folder, ".dockerignore"))) return true;
  }
  return false;
}

void check(Subject& subject, lint::Reporter& reporter) {
  const Step* copy = find_broad_copy(subject.graph());
  if (copy == nullptr) return;
  // Nothing is written where the context may be elsewhere.
  const lint::Surroundings* surroundings = likely_context(subject);
  if (surroundings == nullptr || !surroundings->ignore_file.empty() || has_ignore_file_above(*surroundings))
    return;
  auto fix = write_ignore_file(subject, *surroundings);
  if (!fix) return;
  lint::Diagnostic& diagnostic = reporter.report(
      copy->instruction->span,
      "the whole context is copied and there is no .dockerignore: an edit of any file in it rebuilds this "
      "step",
      fmt::format("list what the build does not need in {}", surroundings->suggested_ignore_file));
  diagnostic.fix = std::move(fix);
}

constexpr lint::ExampleFile kBare[] = {{"main.py", "print(1)\n"}, {"app.log", "…\n"}};
constexpr lint::ExampleFile kWithIgnoreFile[] = {{"main.py", "print(1)\n"},
                                                 {".dockerignore", ".git\n*.log\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#dockerignore-files"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC2001",
      .name = "no-dockerignore",
      .level = lint::Level::kWarning,
      .fix = lint::FixKind::kSafe,
      .summary = "The whole context is copied and no ignore file keeps anything out of it",
      .rationale =
          "`COPY . .` takes everything that lies in the folder: the repository's history, logs, build "
          "output, editor "
          "files, perhaps credentials. Each of them is part of the step's cache key, so a commit or a "
          "test run "
          "rebuilds the step and all below it, and what was copied is in the image for good. An ignore "
          "file keeps "
          "them out and makes the context smaller to send. A folder that holds nothing to ignore but its "
          "Dockerfile is left alone.",
      .fix_note =
          "Writes `.dockerignore` with patterns for what the context holds. Unsafe where it names files "
          "that a build "
          "could want after all, such as `dist` or `.git`. Nothing is written where the folder lacks what "
          "COPY would bring: the context is another folder then.",
      .bad = {"FROM python:3.12\nWORKDIR /srv\nCOPY . .\n", kBare},
      .good = {"FROM python:3.12\nWORKDIR /srv\nCOPY . .\n", kWithIgnoreFile},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC2001
