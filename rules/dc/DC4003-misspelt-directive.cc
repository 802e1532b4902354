#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/suggest.h"
#include "dcache/text/unicode.h"

namespace dcache::rules::DC4003 {
namespace {

constexpr std::string_view kNames[] = {"syntax", "escape", "check"};

// A comment such as `# NAME=VALUE`.
struct Setting {
  std::string_view name;
  std::string_view value;
};

std::optional<Setting> setting_in(std::string_view comment) {
  constexpr size_t kLongest = 8;
  const std::string_view text = text::trim(comment.substr(1));
  const size_t equals = text.substr(0, 2 * kLongest).find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = text::trim(text.substr(0, equals));
  if (name.size() < 4 || name.size() > kLongest) return std::nullopt;
  return Setting{name, text::trim(text.substr(equals + 1))};
}

// Whether the directive could have such a value.
bool fits(std::string_view directive, std::string_view value) {
  if (directive == "escape") return value == "\\" || value == "`";
  if (directive == "check")
    return value.starts_with("skip=") || value.starts_with("error=") || value.starts_with("experimental=");
  return value.find('/') != std::string_view::npos && value.find(' ') == std::string_view::npos;
}

bool is_indented(const dockerfile::File& file, const dockerfile::Comment& comment) {
  const std::string_view before = file.source().substr(0, comment.span.begin);
  return !before.empty() && (before.back() == ' ' || before.back() == '\t');
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const dockerfile::File& file = dockerfile.file();
  const auto instructions = file.instructions();
  const uint32_t first = instructions.empty() ? UINT32_MAX : instructions.front().start_line;
  for (const dockerfile::Comment& comment : file.comments()) {
    const auto setting = setting_in(comment.span.of(file.source()));
    if (!setting) continue;
    const std::string name = text::to_lower(setting->name);
    const auto meant = std::ranges::find_if(kNames, [&](std::string_view known) {
      return text::edit_distance(name, known) <= 2 && fits(known, setting->value);
    });
    if (meant == std::end(kNames)) continue;
    if (name != *meant) {
      if (comment.line > first) continue;
      reporter.report(
          comment.span,
          fmt::format("{} is not a directive, so this is a comment without effect", setting->name),
          fmt::format("write {}", *meant));
      continue;
    }
    // BuildKit reads `# check=` above instructions too.
    if (name == "check" || file.directive(name)) continue;
    reporter.report(comment.span, fmt::format("the directive {} has no effect here", name),
                    is_indented(file, comment)
                        ? "put it at the start of its line, at the top of the file"
                        : "move it to the top of the file, above all other comments and empty lines");
  }
}

constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/reference/dockerfile/#parser-directives"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC4003",
      .name = "misspelt-directive",
      .level = lint::Level::kWarning,
      .whole_file = true,
      .summary = "A parser directive is misspelt, or not at the top of the file",
      .rationale =
          "`# syntax=`, `# escape=` and `# check=` are directives only at the top of the file, before the "
          "first comment, empty line or instruction. Anywhere else, or with another name, they are "
          "comments: the build uses the built-in Dockerfile version, and backslashes continue lines. A "
          "shebang (`#!/usr/bin/env docker build`) may be above `# syntax=` and `# check=`, but `# escape=` "
          "has no effect below one. `# syntax=` and `# check=` have none if they are indented.",
      .bad = {"# synatx=docker/dockerfile:1\n"
              "FROM debian:12\n"},
      .good = {"# syntax=docker/dockerfile:1\n"
               "FROM debian:12\n"},
      .references = kReferences,
      .check = check};
}

}  // namespace dcache::rules::DC4003
