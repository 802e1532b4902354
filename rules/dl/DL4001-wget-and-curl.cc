#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/stages.h"

namespace dcache::rules::DL4001 {
namespace {

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  constexpr std::string_view kBoth[] = {"wget", "curl"};
  const std::vector<Call> calls = calls_of(dockerfile, kBoth);
  if (calls.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  std::vector<std::string_view> first(stages.size());  // program of each stage
  std::vector<bool> has_both(stages.size());
  report_first(calls, reporter, [&](const Call& call) -> std::optional<Complaint> {
    const size_t stage = stage_of(stages, *call.run);
    if (first[stage].empty()) first[stage] = call.program();
    if (call.program() != first[stage]) has_both[stage] = true;
    if (!has_both[stage]) return std::nullopt;
    return Complaint{"this stage downloads with both wget and curl",
                     fmt::format("use only {}", first[stage])};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL4001",
          .name = "wget-and-curl",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "the author of an image chooses its programs",
          .summary = "A stage uses both wget and curl",
          .rationale =
              "One program for downloads is enough. A second one adds its own libraries to the image, "
              "has other options, and needs its own security updates.",
          .bad = {"FROM debian:12\n"
                  "RUN wget https://example.com/a\n"
                  "RUN curl -O https://example.com/b\n"},
          .good = {"FROM debian:12\n"
                   "RUN curl -O https://example.com/a\n"
                   "RUN curl -O https://example.com/b\n"},
          .check = check};
}

}  // namespace dcache::rules::DL4001
