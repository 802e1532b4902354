#include <algorithm>

#include "dcache/lint/images.h"
#include "dcache/lint/rule.h"
#include "dcache/text/path.h"
#include "rules/hadolint.h"
#include "rules/sources.h"
#include "rules/stages.h"

namespace dcache::rules::DL3067 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

// The root among the sources of a COPY --from that writes to the root; null if there is none.
const dockerfile::Word* copied_root(const Instruction& copy) {
  const bool copies = copy.keyword == Keyword::kCopy && copy.arguments.size() > 1;
  if (!copies || copy.find_flag("from") == nullptr || unquoted(copy.arguments.back().text) != "/")
    return nullptr;
  const auto sources = copy.arguments.first(copy.arguments.size() - 1);
  const auto root =
      std::ranges::find(sources, "/", [](const dockerfile::Word& word) { return unquoted(word.text); });
  return root == sources.end() ? nullptr : &*root;
}

// Whether an image is likely to contain nothing but what somebody put there to be copied: it is not a system,
// nor one of Docker's official images, which all have one below them.
bool is_made_to_be_copied(std::string_view image) {
  const std::string_view name = lint::image_name(image);
  return name == "scratch" ||
         (name.find('/') != std::string_view::npos && !name.starts_with("mcr.microsoft.com/") &&
          !lint::is_image(lint::ImageKind::kSystem, image));
}

// The same of a stage: it starts from such an image, and runs nothing.
bool is_made_to_be_copied(lint::Dockerfile& dockerfile, size_t stage) {
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  const std::vector<size_t> bases = possible_bases(dockerfile, stage);
  if (!stages[stage].base && !bases.empty()) {
    return std::ranges::all_of(bases, [&](size_t base) { return is_made_to_be_copied(dockerfile, base); });
  }
  if (!is_made_to_be_copied(base_image_of(dockerfile, stage))) return false;
  const auto runs = [](const Instruction& instruction) { return instruction.keyword == Keyword::kRun; };
  const bool from_scratch = base_image_of(dockerfile, stage) == "scratch";
  for (std::optional<size_t> at = stage; at; at = stages[*at].base) {
    if (!from_scratch && std::ranges::any_of(stages[*at].body, runs)) return false;
  }
  return true;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_hadolint = answers_as_hadolint(dockerfile, "DL3067");
  const std::vector<WrittenStage>& stages = written_stages(dockerfile);
  for (size_t current = 0; current < stages.size(); ++current) {
    for (const Instruction& instruction : stages[current].body) {
      const dockerfile::Word* root = copied_root(instruction);
      if (root == nullptr) continue;
      const std::string_view from = instruction.find_flag("from")->value;
      const auto stage = find_stage(stages, current, from);
      if (is_named_context(dockerfile, from) || (!stage && dockerfile.is_defined(from))) continue;
      const bool meant = stage ? is_made_to_be_copied(dockerfile, *stage) : is_made_to_be_copied(from);
      if (meant && !as_hadolint) continue;
      reporter
          .report(instruction.span, "this copies everything from the other stage",
                  "name the files and folders that you need")
          .focus = root->span;
    }
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "DL3067",
          .name = "copy-of-everything",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kHadolint,
          .summary = "The whole file system of another stage is copied",
          .rationale =
              "`COPY --from=stage / /` also copies package lists, caches and tools that the image does "
              "not need, and the files of both systems mix. Name what you need, or start FROM that "
              "stage.\n\nA stage that starts FROM scratch, or a tool image such as `tonistiigi/xx`, "
              "contains only what is meant to be copied: the profile `hadolint` reports that too, the "
              "default profile does not.",
          .bad = {"FROM debian:12 AS build\n"
                  "RUN make\n"
                  "FROM alpine:3.20\n"
                  "COPY --from=build / /\n"},
          .good = {"FROM debian:12 AS build\n"
                   "RUN make\n"
                   "FROM alpine:3.20\n"
                   "COPY --from=build /app /app\n"},
          .check = check};
}

}  // namespace dcache::rules::DL3067
