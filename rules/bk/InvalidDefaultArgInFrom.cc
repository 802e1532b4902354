#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/plan/image.h"
#include "dcache/text/unicode.h"
#include "rules/dispatch.h"

namespace dcache::rules::InvalidDefaultArgInFrom {
namespace {

using dockerfile::Instruction;

// The arguments above the first FROM that have no default.
std::set<std::string_view> required_arguments(const dockerfile::File& file) {
  std::set<std::string_view> names;
  for (const Instruction& instruction : file.instructions()) {
    if (instruction.keyword == dockerfile::Keyword::kFrom) break;
    if (instruction.keyword != dockerfile::Keyword::kArg) continue;
    for (const dockerfile::Word& word : instruction.arguments) {
      const size_t equals = word.text.find('=');
      if (equals == std::string_view::npos)
        names.insert(word.text);
      else
        names.erase(word.text.substr(0, equals));
    }
  }
  return names;
}

// Whether a name of an image depends on an argument that a build has to give: the user knows it.
bool needs_argument(const dockerfile::File& file, std::string_view image) {
  const std::set<std::string_view> required = required_arguments(file);
  std::vector<std::string> missing;
  dockerfile::ExpandOptions options;
  options.escape = file.escape();
  options.missing = &missing;
  const auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
    return required.contains(name) ? std::nullopt : std::optional<std::string_view>("x");
  };
  return dockerfile::expand(image, value_of, options).has_value() && !missing.empty();
}

// What is wrong with a name that no build argument can change, and what to write.
std::pair<std::string, std::string> words_about_fixed_name(const plan::Graph& graph, const Instruction& from,
                                                           std::string_view name) {
  const std::string lower = text::to_lower(name);
  const auto stage = std::ranges::find_if(graph.stages, [&](const plan::Stage& one) {
    return one.from != nullptr && one.from < &from && text::to_lower(one.name) == lower;
  });
  if (stage != graph.stages.end())
    return {fmt::format("{} is not an image: the stage in line {} is called {}", name,
                        stage->from->start_line, lower),
            fmt::format("write FROM {}", lower)};
  if (plan::is_valid_reference(lower))
    return {fmt::format("{} is not an image: names of images have no capital letters", name),
            fmt::format("write {}", lower)};
  return {fmt::format("'{}' is not an image", name), "write the name of an image or of a stage above"};
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const bool as_buildkit = answers_as_buildkit(dockerfile);
  const plan::Graph& graph = dockerfile.graph();
  const auto is_about_arguments = [](const plan::Error& error) {
    return error.phase == plan::Error::Phase::kArguments;
  };
  if (std::ranges::any_of(graph.errors, is_about_arguments)) return;
  for (const Instruction* from : read_froms(dockerfile)) {
    if (from->arguments.empty()) continue;
    const dockerfile::Word& base = from->arguments.front();
    const std::string_view name = graph.text_of(base);
    if (plan::is_valid_reference(name)) continue;
    const bool unreadable = !name.empty() && std::ranges::any_of(graph.errors, [&](const plan::Error& error) {
      return error.phase == plan::Error::Phase::kStages && error.span == base.span;
    });
    if (unreadable) return;
    if (!as_buildkit && needs_argument(dockerfile.file(), base.text)) continue;
    const auto [complaint, remedy] =
        base.text.find('$') == std::string_view::npos
            ? words_about_fixed_name(graph, *from, name)
            : std::pair(fmt::format("without build arguments {} gives '{}', which is not an image", base.text,
                                    name),
                        std::string("give its ARG a default value above the first FROM"));
    reporter.report(from->span, complaint, remedy).focus = base.span;
  }
}

}  // namespace

lint::Rule rule() {
  return {.code = "InvalidDefaultArgInFrom",
          .name = "InvalidDefaultArgInFrom",
          .level = lint::Level::kWarning,
          .origin = lint::Origin::kBuildkit,
          .whole_file = true,
          .summary = "FROM does not name an image unless a build argument is set",
          .rationale =
              "Without `--build-arg` the name of the base image is empty or malformed. A plain `docker "
              "build .` fails, and tools that read the Dockerfile do not know the base image. With a "
              "default value both work.\n\nAn ARG without a default expects a value, which build files "
              "and CI then set: only the profiles `buildkit` and `all` report it.",
          .bad = {"ARG VERSION=\n"
                  "FROM debian:${VERSION}\n"},
          .good = {"ARG VERSION=12\n"
                   "FROM debian:${VERSION}\n"},
          .check = check};
}

}  // namespace dcache::rules::InvalidDefaultArgInFrom
