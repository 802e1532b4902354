#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/report/style.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "rules/broad_copy.h"
#include "rules/gain.h"

namespace dcache::rules {
namespace {

constexpr lint::ExampleFile kBad[] = {
    {".dockerignore", "*.md\n"}, {"main.js", ""}, {"node_modules/x/index.js", "…"}, {"debug.log", "…"}};
constexpr lint::ExampleFile kGood[] = {
    {".dockerignore", "*.md\nnode_modules\n*.log\n"}, {"main.js", ""}, {"node_modules/x/index.js", "…"}};

// Names that a context should not hold, at any depth.
constexpr std::string_view kNames[] = {
    ".git",        ".hg",     ".svn",       "node_modules", "bower_components", "__pycache__",
    ".venv",       "venv",    ".tox",       ".mypy_cache",  ".pytest_cache",    ".ruff_cache",
    ".nyc_output", ".gradle", ".terraform", ".idea",        ".vscode",          ".DS_Store",
    ".env",        "id_rsa",  "id_ed25519"};
constexpr std::string_view kEndings[] = {".pyc", ".log", ".swp", ".pem", ".key"};

// What the name of a part of a path is a case of, as a pattern; empty for none.
std::string_view pattern_for(std::string_view part) {
  const auto name = std::ranges::find(kNames, part);
  if (name != std::end(kNames)) return *name;
  const auto ending = std::ranges::find_if(
      kEndings, [&](std::string_view one) { return part.size() > one.size() && part.ends_with(one); });
  return ending == std::end(kEndings) ? std::string_view() : *ending;
}

// The pattern for the first part of a path that is a case of one; empty for none.
std::string_view pattern_in(std::string_view path) {
  std::string_view found;
  while (!path.empty() && found.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    found = pattern_for(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return found;
}

std::string_view first_stranger(const context::Snapshot& files) {
  const auto found = std::ranges::find_if(files.records(), [](const context::Record& record) {
    return record.type == context::Type::kFile && !pattern_in(record.path).empty();
  });
  return found == files.records().end() ? std::string_view() : found->path;
}

struct Share {
  size_t files = 0;
  uint64_t bytes = 0;
};

std::map<std::string_view, Share> strangers_in(const context::Snapshot& files) {
  std::map<std::string_view, Share> shares;
  for (const context::Record& record : files.records()) {
    if (record.type != context::Type::kFile) continue;
    const std::string_view found = pattern_in(record.path);
    if (found.empty()) continue;
    ++shares[found].files;
    shares[found].bytes += record.size;
  }
  return shares;
}

std::string as_pattern(std::string_view name) {
  const bool ending = std::ranges::find(kEndings, name) != std::end(kEndings);
  return fmt::format("**/{}{}", ending ? "*" : "", name);
}

struct Strangers {
  std::string words;           // what there is to say; empty if there are none
  std::string first;           // the path of one
  std::string ignore_content;  // the ignore file with the patterns added; empty if it can't be read
};

// Worked out once for all Dockerfiles of a context.
Strangers find_strangers(const lint::Surroundings& around) {
  const auto shares = strangers_in(around.files);
  if (shares.empty()) return {};
  Share all;
  std::string names, lines;
  for (const auto& [name, share] : shares) {
    const std::string pattern = as_pattern(name);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", pattern.substr(3));
    lines += pattern + "\n";
    all.files += share.files;
    all.bytes += share.bytes;
  }
  const auto text = around.file_system->read(around.ignore_file);
  const bool joined = text && !text->empty() && !text->ends_with('\n');
  return {fmt::format("{} file{} that no image needs come along, {} of {}", all.files,
                      all.files == 1 ? "" : "s", report::bytes_words(all.bytes), names),
          std::string(first_stranger(around.files)), text ? *text + (joined ? "\n" : "") + lines : ""};
}

void check(lint::Subject& subject, lint::Reporter& reporter) {
  const plan::Step* copy = find_broad_copy(subject.graph());
  const lint::Surroundings* around = copy == nullptr ? nullptr : subject.surroundings();
  if (around == nullptr || around->ignore_file.empty()) return;
  const Strangers& found = around->shared<Strangers>([&] { return find_strangers(*around); });
  if (found.words.empty()) return;
  const std::string remedy = fmt::format("add them to {}", text::base_name(around->ignore_file));
  lint::Diagnostic& diagnostic = reporter.report(copy->instruction->span, found.words, remedy);
  const auto gain = gain_of_ignoring(subject, found.first);
  if (gain && gain->before > 0) diagnostic.message += "; " + gain->words();
  if (found.ignore_content.empty()) return;
  lint::Fix fix;
  fix.description = remedy;
  fix.new_file = around->ignore_file;
  fix.new_file_content = found.ignore_content;
  fix.safe = false;
  diagnostic.fix = std::move(fix);
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#dockerignore-files"};

}  // namespace

lint::Rule DC2002() {
  return {.code = "DC2002",
          .name = "ignore-misses",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kDcache,
          .fix = lint::FixKind::kUnsafe,
          .summary = "The ignore file lets through what never belongs in an image",
          .rationale =
              "What a broad COPY takes is part of its cache key and of the image. History of a repository, "
              "installed packages of this machine, caches of tools, logs and editor files change without any "
              "change of the program, rebuild the step and all below it, and make the image larger; a `.env` "
              "or a key in it can be read by whoever has the image.",
          .fix_note =
              "Adds the patterns at the end of the ignore file. It is unsafe, since a build may want one of "
              "the files after all.",
          .bad = {"FROM node:22\n"
                  "WORKDIR /app\n"
                  "COPY . .\n",
                  kBad},
          .good = {"FROM node:22\n"
                   "WORKDIR /app\n"
                   "COPY . .\n",
                   kGood},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules
