#include <fmt/format.h>

#include "dcache/ignore/matcher.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"

namespace dcache::rules::DC2006 {
namespace {

using Reason = lint::UnreadIgnoreFile::Reason;

std::string context_words(const lint::UnreadIgnoreFile& unread) {
  return fmt::format("{} ({})", unread.context, unread.chosen);
}

void report(const lint::UnreadIgnoreFile& unread, std::string_view name, text::Span place,
            lint::Reporter& reporter) {
  switch (unread.reason) {
    case Reason::kInsideContext:
      reporter.report(place,
                      fmt::format("no build reads this file: it is not at the root of the build context {}",
                                  context_words(unread)),
                      fmt::format("move its patterns to {}, with the folder before each", unread.other));
      return;
    case Reason::kShadowed:
      reporter.report(place,
                      fmt::format("no build reads this file: {} is read instead in the build context {}",
                                  unread.other, context_words(unread)),
                      fmt::format("move what you need to {}, and delete this file", unread.other));
      return;
    case Reason::kNoDockerfile:
      break;
  }
  const std::string_view wanted = name.substr(0, name.size() - std::string_view(".dockerignore").size());
  reporter.report(place,
                  fmt::format("no build reads this file: there is no Dockerfile with the name {}", wanted),
                  unread.other.empty() ? "rename it to the name of the Dockerfile with .dockerignore after it"
                                       : "rename it to " + unread.other);
}

void check(lint::RelatedFile& related, lint::Reporter& reporter) {
  const auto matcher = ignore::Matcher::parse(related.text().source());
  if (!matcher || matcher->patterns().empty()) return;  // it would change nothing
  const auto use = related.ignore_use();
  if (use == nullptr) return;
  const auto unread = use->why_unread(related.path());
  if (!unread) return;
  report(*unread, text::base_name(related.path()),
         related.text().lines().line_span(matcher->patterns().front().line), reporter);
}

constexpr lint::RelatedFileKind kAbout[] = {lint::RelatedFileKind::kIgnoreFile};
constexpr lint::ExampleFile kBad[] = {{"Dockerfile", "FROM python:3.12\nCOPY . /srv/\n"},
                                      {"main.py", "print(1)\n"},
                                      {"Dockerfile.dockerignore", "*.pyc\n"}};
constexpr lint::ExampleFile kGood[] = {{"Dockerfile", "FROM python:3.12\nCOPY . /srv/\n"},
                                       {"main.py", "print(1)\n"}};
constexpr std::string_view kReferences[] = {
    "https://docs.docker.com/build/concepts/context/#filename-and-location"};

}  // namespace

lint::Rule rule() {
  return {
      .code = "DC2006",
      .name = "ignore-not-read",
      .level = lint::Level::kInfo,
      .origin = lint::Origin::kDcache,
      .summary = "No build reads the ignore file",
      .rationale =
          "A builder reads one ignore file: `<Dockerfile>.dockerignore` next to the Dockerfile, or "
          "otherwise `.dockerignore` at the root of the build context. Builders do not read a "
          "`.dockerignore` in a subfolder of the context, one next to a Dockerfile that is built with "
          "another context, or one with the name of a Dockerfile that does not exist: the files that it "
          "lists are sent and copied, and they rebuild steps when they change.\n\n"
          "The rule looks at all builds of the repository: those of Compose, bake, Skaffold and CI files, "
          "and "
          "Dockerfiles whose folder contains all that they copy. It reports nothing outside of a "
          "repository, if a definition can't be read or leaves a context open, if a Dockerfile that no "
          "definition names may be built with the folder of the ignore file as its context, and if that "
          "folder contains a file of another program that builds images, such as `fly.toml`.",
      .bad = {"*.log\n", kBad},
      .good = {"*.log\n", kGood},
      .references = kReferences,
      .check_related = check,
      .about = kAbout};
}

}  // namespace dcache::rules::DC2006
