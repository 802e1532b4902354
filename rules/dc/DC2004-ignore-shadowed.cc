#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/file_io.h"
#include "dcache/text/path.h"
#include "dcache/text/words.h"
#include "rules/broad_copy.h"
#include "rules/likely_context.h"

namespace dcache::rules::DC2004 {
namespace {

using plan::Step;

// What is to be said of patterns that the ignore file in force lacks; empty if there are none.
std::string describe(const lint::BuildContext& context) {
  const std::string& shadowed = context.suggested_ignore_file;
  if (context.ignore_file.empty() || context.ignore_file == shadowed || !context.ignore) return {};
  const auto text = context.file_system->read(shadowed);
  const auto other = text ? ignore::Matcher::parse(*text)
                          : tl::expected<ignore::Matcher, ignore::Error>(tl::unexpect, ignore::Error{});
  if (!other) return {};
  std::vector<std::string_view> lost;
  for (const ignore::Pattern& pattern : other->patterns()) {
    const auto is_same = [&](const ignore::Pattern& one) {
      return one.path == pattern.path && one.exception == pattern.exception;
    };
    if (std::ranges::none_of(context.ignore->patterns(), is_same)) lost.push_back(pattern.written);
  }
  if (lost.empty()) return {};
  return fmt::format("{} is read instead of {}: {} of the latter {} not apply here, for example '{}'",
                     text::base_name(context.ignore_file), text::base_name(shadowed),
                     text::counted(lost.size(), "pattern"), lost.size() == 1 ? "does" : "do", lost.front());
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const Step* reader = find_context_reader(dockerfile.graph());
  const lint::BuildContext* context = reader == nullptr ? nullptr : likely_context(dockerfile);
  if (context == nullptr) return;
  struct Shadow {
    std::string words;
  };
  const std::string& found = context->shared<Shadow>([&] { return Shadow{describe(*context)}; }).words;
  if (found.empty()) return;
  reporter.report(reader->instruction->span, found,
                  fmt::format("repeat what you need in {}, or delete one of the two files",
                              text::base_name(context->ignore_file)));
}

constexpr lint::ExampleFile kTwo[] = {
    {"main.py", "print(1)\n"}, {"Dockerfile.dockerignore", "*.log\n"}, {".dockerignore", "*.log\n.git\n"}};
constexpr lint::ExampleFile kSame[] = {{"main.py", "print(1)\n"},
                                       {"Dockerfile.dockerignore", "*.log\n.git\n"},
                                       {".dockerignore", "*.log\n.git\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#filename-and-location"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC2004",
          .name = "ignore-shadowed",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .summary = "The .dockerignore is not read, since the Dockerfile has its own ignore file",
          .rationale =
              "If there is a file with the Dockerfile's name and `.dockerignore` after it, builders read "
              "only this file, and not the `.dockerignore` at the root of the context. Patterns that are "
              "only in the latter exclude nothing from this build.",
          .bad = {"FROM python:3.12\nCOPY main.py /srv/\n", kTwo},
          .good = {"FROM python:3.12\nCOPY main.py /srv/\n", kSame},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC2004
