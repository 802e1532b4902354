#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/installs.h"

namespace dcache::rules::DL3014 {
namespace {

constexpr std::string_view kPrograms[] = {"apt-get", "apt"};

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  Confirmation confirms = package_manager("apt").confirms;
  if (!answers_as_hadolint(dockerfile, "DL3014")) confirms.programs = kPrograms;
  report_unconfirmed(dockerfile, reporter, confirms);
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3014",
          .name = "apt-get-asks",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "`apt-get install` asks for confirmation",
          .rationale =
              "Nobody can answer during a build: the program reads an empty standard input and stops, so "
              "the step fails as soon as there is something to confirm.\n\n`apt install` asks as well; "
              "the profile `hadolint` only knows `apt-get`.",
          .bad = {"FROM debian:12\n"
                  "RUN apt-get install curl\n"},
          .good = {"FROM debian:12\n"
                   "RUN apt-get install -y curl\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3014
