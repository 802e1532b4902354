#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/calls.h"
#include "rules/stages.h"

namespace dcache::rules::DL4001 {
namespace {

void check(lint::Subject& subject, lint::Reporter& reporter) {
  constexpr std::string_view kBoth[] = {"wget", "curl"};
  const std::vector<Call> calls = calls_of(subject, kBoth);
  if (calls.empty()) return;
  const std::vector<WrittenStage>& stages = written_stages(subject);
  std::vector<std::string_view> first(stages.size());  // program of each stage
  std::vector<bool> has_both(stages.size());
  report_first(calls, reporter, [&](const Call& call) -> std::optional<Complaint> {
    const size_t stage = stage_of(stages, *call.run);
    if (first[stage].empty()) first[stage] = call.program();
    if (call.program() != first[stage]) has_both[stage] = true;
    if (!has_both[stage]) return std::nullopt;
    return Complaint{"wget and curl both download in this stage",
                     fmt::format("write {} everywhere", first[stage])};
  });
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL4001",
          .name = "wget-and-curl",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .not_in_default = "which programs an image needs is its author's choice",
          .summary = "A stage uses both wget and curl",
          .rationale =
              "One program that downloads is enough; a second one brings its own libraries into the image, "
              "its own options to know and its own holes to mend.",
          .bad = {"FROM debian:12\n"
                  "RUN wget https://example.com/a\n"
                  "RUN curl -O https://example.com/b\n"},
          .good = {"FROM debian:12\n"
                   "RUN curl -O https://example.com/a\n"
                   "RUN curl -O https://example.com/b\n"},
          .check = check};
}

}  // namespace dcache::rules::DL4001
