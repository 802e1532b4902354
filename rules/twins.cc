#include "rules/twins.h"

#include <fmt/format.h>

namespace dcache::rules {

using dockerfile::Flag;
using dockerfile::Instruction;
using lint::Diagnostic;
using lint::Reporter;

Diagnostic& report_fixed_platform(Reporter& reporter, const Instruction& from, const Flag& platform) {
  Diagnostic& diagnostic = reporter.report(
      from.span,
      fmt::format("the stage is always built for {}, whatever platform the build asks for", platform.value),
      "remove --platform, or write --platform=$BUILDPLATFORM");
  diagnostic.focus = platform.span;
  return diagnostic;
}

Diagnostic& report_target_platform(Reporter& reporter, const Instruction& from, const Flag& platform) {
  Diagnostic& diagnostic =
      reporter.report(from.span, "the target platform is the default", "remove --platform");
  diagnostic.focus = platform.span;
  return diagnostic;
}

void report_duplicate_stage(Reporter& reporter, const Instruction& from) {
  const dockerfile::Word& name = from.arguments.back();
  reporter
      .report(from.span, fmt::format("there is another stage {} above", name.text),
              "give each stage its own name")
      .focus = name.span;
}

void report_reserved_stage(Reporter& reporter, const Instruction& from) {
  const dockerfile::Word& name = from.arguments.back();
  reporter.report(from.span, fmt::format("{} is a reserved name", name.text), "give the stage another name")
      .focus = name.span;
}

Diagnostic& report_maintainer(Reporter& reporter, const Instruction& maintainer, std::string_view label) {
  return reporter.report(maintainer.span, "MAINTAINER is deprecated", fmt::format("write {}", label));
}

}  // namespace dcache::rules
