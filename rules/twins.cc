#include "rules/twins.h"

#include <fmt/format.h>

namespace dcache::rules {

using dockerfile::Flag;
using dockerfile::Instruction;
using dockerfile::Keyword;
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

Diagnostic& report_replaced(Reporter& reporter, const Instruction& place, Keyword keyword,
                            uint32_t other_line) {
  const std::string_view name = dockerfile::name_of(keyword);
  return reporter.report(
      place.span,
      other_line > place.start_line
          ? fmt::format("{} in line {} replaces this one", name, other_line)
          : fmt::format("this one replaces the {} in line {}, which has no effect", name, other_line),
      "keep one of them");
}

Diagnostic& report_secret_variable(Reporter& reporter, const Instruction& place, Keyword keyword,
                                   const NamedVariable& variable, bool ships) {
  Diagnostic& diagnostic = reporter.report(
      place.span,
      ships ? fmt::format("anyone who has the image can read {}", variable.name)
            : fmt::format("the value of {} stays in the build cache, and can be in the provenance",
                          variable.name),
      keyword == Keyword::kEnv && ships
          ? "pass it when the container starts, or use RUN --mount=type=secret for a step that needs it"
          : "use RUN --mount=type=secret for the step that needs it");
  diagnostic.focus = variable.span;
  return diagnostic;
}

Diagnostic& report_relative_workdir(Reporter& reporter, const Instruction& place, std::string_view path,
                                    text::Span word) {
  Diagnostic& diagnostic = reporter.report(
      place.span, fmt::format("the folder '{}' depends on the WORKDIR above or that of the base image", path),
      "write an absolute path");
  diagnostic.focus = word;
  return diagnostic;
}

}  // namespace dcache::rules
