#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "rules/stages.h"
#include "rules/volatile.h"

namespace dcache::rules::DC1011 {
namespace {

using dockerfile::Instruction;
using dockerfile::Keyword;

constexpr size_t kFarthest = 1000;  // instructions that are looked at for a costly one

// What BuildKit writes into the configuration of the image, and no more.
bool is_metadata(Keyword keyword) {
  constexpr Keyword kMetadata[] = {Keyword::kLabel,      Keyword::kMaintainer, Keyword::kExpose,
                                   Keyword::kStopsignal, Keyword::kVolume,     Keyword::kHealthcheck};
  return std::ranges::find(kMetadata, keyword) != std::end(kMetadata);
}

// The volatile variables that are declared in the stage so far.
std::vector<std::string_view> declared_by(const Instruction& instruction) {
  std::vector<std::string_view> names;
  if (instruction.keyword != Keyword::kArg) return names;
  for (const dockerfile::Word& word : instruction.arguments) {
    const std::string_view name = word.text.substr(0, word.text.find('='));
    if (is_volatile_name(name)) names.push_back(name);
  }
  return names;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  if (dockerfile.builder() == plan::Builder::kBuildkit) return;
  for (const WrittenStage& stage : written_stages(dockerfile)) {
    std::vector<std::string_view> names;
    for (size_t i = 0; i < stage.body.size() && stage.from != nullptr; ++i) {
      const Instruction& instruction = stage.body[i];
      const auto declared = declared_by(instruction);
      names.insert(names.end(), declared.begin(), declared.end());
      if (!is_metadata(instruction.keyword)) continue;
      const auto name =
          std::ranges::find_if(names, [&](std::string_view one) { return mentions(instruction, one); });
      if (name == names.end()) continue;
      const auto rest = stage.body.subspan(i + 1, std::min(stage.body.size() - i - 1, kFarthest));
      const auto costly =
          std::ranges::find_if(rest, [&](const Instruction& one) { return is_costly(dockerfile, one); });
      if (costly == rest.end()) continue;
      reporter.report(
          instruction.span,
          fmt::format("this builder makes a layer of it: each new value of {} rebuilds the RUN in line {}",
                      *name, costly->start_line),
          "move it and the ARG to the end of the stage, or build with BuildKit");
    }
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/buildkit/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1011",
          .name = "metadata-early",
          .level = lint::Level::kStyle,
          .origin = lint::Origin::kDcache,
          .summary = "A label that changes with every build is set before costly steps",
          .rationale =
              "BuildKit stores LABEL, EXPOSE and similar instructions in the image's configuration: "
              "their place in the file does not matter, and they rebuild no step. The classic builder "
              "and buildah make a layer for each of them, and a change rebuilds all steps after it. The "
              "rule reports this only if the configuration or `--builder` names one of these builders.",
          .bad = {"FROM node:22\n"
                  "ARG GIT_SHA\n"
                  "LABEL revision=$GIT_SHA\n"
                  "COPY package.json ./\n"
                  "RUN npm install\n",
                  {},
                  "builder = \"classic\"\n"},
          .good = {"FROM node:22\n"
                   "COPY package.json ./\n"
                   "RUN npm install\n"
                   "ARG GIT_SHA\n"
                   "LABEL revision=$GIT_SHA\n",
                   {},
                   "builder = \"classic\"\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1011
