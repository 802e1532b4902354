#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/hadolint.h"

namespace dcache::rules::DL3015 {
namespace {

bool declines_recommendations(const Call& call) {
  return call.has_option({"no-install-recommends"}) ||
         std::ranges::any_of(call.arguments(), [](const shell::Word& word) {
           return word.text.find("APT::Install-Recommends=false") != std::string_view::npos ||
                  word.text.find("APT::Install-Recommends=0") != std::string_view::npos;
         });
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  constexpr std::string_view kPrograms[] = {"apt-get", "apt"};
  const std::span<const std::string_view> programs =
      std::span(kPrograms).first(answers_as_hadolint(dockerfile, "DL3015") ? 1 : 2);
  report_first(calls_of(dockerfile, programs), reporter, [](const Call& call) -> std::optional<Complaint> {
    if (!call.has("install") || declines_recommendations(call)) return std::nullopt;
    return Complaint{"recommended packages are installed too",
                     fmt::format("write {} install --no-install-recommends", call.program())};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3015",
          .name = "apt-recommends",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kHadolint,
          .summary = "`apt-get install` also installs recommended packages",
          .rationale =
              "Recommended packages are often documentation, tools and whole desktops that no program in "
              "the image needs. They make the layer larger and slower to build, and contain programs "
              "that need updates.\n\nThe rule also reports `apt install`; the profile `hadolint` only "
              "knows `apt-get`.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get install -y curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get install -y --no-install-recommends curl\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3015
