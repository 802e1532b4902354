#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"
#include "rules/twins.h"

namespace dcache::rules::ReservedStageName {
namespace {

using dockerfile::Instruction;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  for (const Instruction* from : read_froms(dockerfile)) {
    if (from->arguments.size() != 3) continue;
    const dockerfile::Word& name = from->arguments[2];
    if (!text::equals_ignoring_case(name.text, "scratch") &&
        !text::equals_ignoring_case(name.text, "context"))
      continue;
    report_reserved_stage(reporter, *from);
  }
}

constexpr std::string_view kCovers[] = {"DL3063"};

}  // namespace

lint::Rule rule() {
  return {.code = "ReservedStageName",
          .name = "ReservedStageName",
          .level = lint::Level::kError,
          .origin = lint::Origin::kBuildkit,
          .whole_file = true,
          .summary = "A stage has a reserved name",
          .rationale =
              "`scratch` is the empty image and `context` is the build context: not every instruction "
              "can refer to a stage with this name.",
          .bad = {"FROM debian:12 AS scratch\n"},
          .good = {"FROM debian:12 AS base\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::ReservedStageName
