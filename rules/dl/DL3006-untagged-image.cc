#include <set>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "dcache/text/unicode.h"

namespace dcache::rules::DL3006 {
namespace {

using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::set<std::string, std::less<>> stages;
  for (const dockerfile::Instruction& from : dockerfile.file().instructions()) {
    if (from.keyword != Keyword::kFrom || from.arguments.empty()) continue;
    const dockerfile::Word& word = from.arguments.front();
    const plan::ImageReference image = plan::read_reference(word.text);
    const bool stage = stages.contains(std::string(word.text));
    const bool plain =
        image.tag.empty() && image.digest.empty() && word.text.find('$') == std::string_view::npos;
    if (plain && !stage && word.text != "scratch" && !dockerfile.is_defined(word.text)) {
      reporter.report(from.span,
                      fmt::format("{} has no tag, so each build may use another version", word.text),
                      fmt::format("write {}:VERSION", word.text));
    }
    if (from.arguments.size() == 3) stages.insert(std::string(from.arguments[2].text));
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3006",
          .name = "untagged-image",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "A base image has no tag",
          .rationale =
              "Without a tag the builder uses `latest`, which may be another image on the day of the "
              "next build. That build may get another major version, and a cached layer may hide this "
              "for months.",
          .bad = {"FROM debian\n"},
          .good = {"FROM debian:12\n"},
          .security_severity = "3.5",
          .check = check};
}

}  // namespace dcache::rules::DL3006
