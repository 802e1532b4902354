#include <set>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/twins.h"

namespace dcache::rules::DuplicateStageName {
namespace {

using dockerfile::Instruction;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::set<std::string> names;
  for (const Instruction* from : read_froms(dockerfile)) {
    if (from->arguments.size() != 3 || names.insert(text::to_lower(from->arguments[2].text)).second) continue;
    report_duplicate_stage(reporter, *from);
  }
}

constexpr std::string_view kCovers[] = {"DL3024"};

}  // namespace

lint::Rule rule() {
  return {.code = "DuplicateStageName",
          .name = "DuplicateStageName",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .whole_file = true,
          .summary = "Two stages have the same name",
          .rationale =
              "The later stage hides the earlier one: `--target` and `COPY --from` below it refer to the "
              "later one, and nothing can refer to the earlier one.",
          .bad = {"FROM debian:12 AS app\n"
                  "FROM alpine:3.20 AS app\n"},
          .good = {"FROM debian:12 AS build\n"
                   "FROM alpine:3.20 AS app\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::DuplicateStageName
