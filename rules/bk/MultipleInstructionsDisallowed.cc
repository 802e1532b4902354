#include <map>
#include <utility>

#include "dcache/lint/rule.h"
#include "rules/dispatch.h"
#include "rules/twins.h"

namespace dcache::rules::MultipleInstructionsDisallowed {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  std::map<std::pair<size_t, Keyword>, const Instruction*> last;
  for (const DispatchedInstruction& one : dispatched(dockerfile)) {
    const Keyword keyword = one.instruction->keyword;
    if (keyword != Keyword::kCmd && keyword != Keyword::kEntrypoint && keyword != Keyword::kHealthcheck)
      continue;
    const Instruction* const earlier = std::exchange(last[{one.stage, keyword}], one.place);
    if (earlier == nullptr) continue;
    report_replaced(reporter, *earlier, keyword, one.place->start_line).decided_by =
        one.place == one.instruction ? one.place->span : text::Span();
  }
}

constexpr std::string_view kCovers[] = {"DL3012", "DL4003", "DL4004"};

}  // namespace

lint::Rule rule() {
  return {.code = "MultipleInstructionsDisallowed",
          .name = "MultipleInstructionsDisallowed",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .summary = "A stage has several CMD, ENTRYPOINT or HEALTHCHECK instructions",
          .rationale =
              "Only the last of each is used. The others have no effect, but readers may think "
              "that they do.",
          .bad = {"FROM debian:12\n"
                  "CMD [\"a\"]\n"
                  "CMD [\"b\"]\n"},
          .good = {"FROM debian:12\n"
                   "CMD [\"b\"]\n"},
          .covers = kCovers,
          .check = check};
}

}  // namespace dcache::rules::MultipleInstructionsDisallowed
