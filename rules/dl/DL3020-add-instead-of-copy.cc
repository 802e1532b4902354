#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/hadolint.h"
#include "rules/stages.h"
#include "rules/variables.h"

namespace dcache::rules::DL3020 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

bool needs_add(std::string_view source) {
  constexpr std::string_view kArchives[] = {".tar",  ".gz", ".bz2",  ".xz",  ".tgz", ".tb2", ".tbz",
                                            ".tbz2", ".lz", ".lzma", ".tlz", ".txz", ".Z",   ".tZ"};
  return plan::is_remote(source) ||
         std::ranges::any_of(kArchives, [&](std::string_view ending) { return source.ends_with(ending); });
}

// Whether ADD downloads or unpacks a source, or may do so: what an unknown variable begins with may be a URL.
bool may_need_add(std::string_view source, const plan::Environment* environment, char escape) {
  if (needs_add(unquoted(source))) return true;
  const std::string known = with_known_values(source, environment, escape);
  return needs_add(known) || known.starts_with('$');
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3020");
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    const plan::Stage* const planned = as_hadolint ? nullptr : planned_stage(dockerfile, stage);
    const plan::Environment* const environment = planned == nullptr ? nullptr : &planned->environment;
    for (const Instruction& instruction : stage.body) {
      if (instruction.keyword != Keyword::kAdd || instruction.arguments.size() < 2) continue;
      const auto sources = instruction.arguments.first(instruction.arguments.size() - 1);
      const auto is_plain = [&](const dockerfile::Word& source) {
        return as_hadolint ? !needs_add(unquoted(source.text))
                           : !may_need_add(source.text, environment, dockerfile.file().escape());
      };
      const auto plain = std::ranges::find_if(sources, is_plain);
      if (plain == sources.end()) continue;
      const bool all = std::ranges::all_of(sources, is_plain);
      reporter
          .report(instruction.span, fmt::format("{} is neither downloaded nor unpacked", plain->text),
                  all ? "write COPY" : "write a COPY for it, and keep ADD for the other sources")
          .focus = plain->span;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3020",
          .name = "add-instead-of-copy",
          .level = lint::Level::kError,
          .origin = lint::Origin::kHadolint,
          .summary = "ADD is used for plain files and folders",
          .rationale =
              "ADD downloads URLs and unpacks archives, depending on the source. COPY only copies: use "
              "it if nothing is to be downloaded or unpacked.\n\nThe value of a variable may be a URL or "
              "an archive, and a build may set a variable that has no value: only the profile `hadolint` "
              "reports such sources.",
          .bad = {"FROM debian:12\n"
                  "ADD app /app\n"},
          .good = {"FROM debian:12\n"
                   "COPY app /app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3020
