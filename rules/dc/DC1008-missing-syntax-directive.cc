#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/unicode.h"
#include "rules/edits.h"
#include "rules/known_facts.h"

namespace dcache::rules::DC1008 {
namespace {

using dockerfile::Instruction;
using lint::Dockerfile;

// Something that came with a later Dockerfile syntax, and the first Docker Engine whose built-in one has it.
struct Feature {
  std::string what;
  int major = 0;
  int minor = 0;
};

// The first engine that builds with BuildKit unless it is told otherwise.
constexpr std::pair<int, int> kUsualEngine = {23, 0};

// The feature of an instruction that needs the newest engine.
std::optional<Feature> feature_of(const Instruction& instruction) {
  if (instruction.onbuild != nullptr) return feature_of(*instruction.onbuild);
  std::optional<Feature> newest;
  if (!instruction.heredocs.empty()) newest = Feature{"a heredoc", 23, 0};
  for (const dockerfile::Flag& flag : instruction.flags) {
    for (const FlagVersion& known : flag_versions()) {
      if (known.flag != flag.name) continue;
      if (newest && std::pair(newest->major, newest->minor) >= std::pair(known.major, known.minor)) continue;
      newest = Feature{fmt::format("{} --{}", dockerfile::name_of(instruction.keyword), flag.name),
                       known.major, known.minor};
    }
  }
  return newest;
}

std::pair<int, int> read_version(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const size_t dot = std::min(text.find('.'), text.size());
  std::from_chars(text.data(), text.data() + dot, version.first);
  if (dot < text.size()) std::from_chars(text.data() + dot + 1, text.data() + text.size(), version.second);
  return version;
}

// Where a directive can be put: below a byte order mark and a shebang line.
uint32_t first_line_of_directives(const dockerfile::File& file) {
  const std::string_view source = file.source();
  const size_t begin = source.starts_with(text::kByteOrderMark) ? text::kByteOrderMark.size() : 0;
  const bool shebang = source.substr(begin).starts_with("#!");
  return static_cast<uint32_t>(shebang ? source.find('\n', begin) + 1 : begin);
}

// Whether a comment above the instructions is meant as the directive: DC4003 says where it belongs, and
// builders may refuse a second one.
bool has_misplaced_directive(const dockerfile::File& file) {
  const auto instructions = file.instructions();
  return std::ranges::any_of(file.comments(), [&](const dockerfile::Comment& comment) {
    if (!instructions.empty() && comment.line > instructions.front().start_line) return false;
    const std::string_view text = text::trim(comment.span.of(file.source()).substr(1));
    const size_t equals = text.find('=');
    return equals != std::string_view::npos &&
           text::equals_ignoring_case(text::trim(text.substr(0, equals)), "syntax");
  });
}

void check(Dockerfile& dockerfile, lint::Reporter& reporter) {
  const dockerfile::File& file = dockerfile.file();
  if (file.directive("syntax") || has_misplaced_directive(file)) return;
  const std::string& configured = dockerfile.config().minimum_engine;
  const std::pair<int, int> minimum = configured.empty() ? kUsualEngine : read_version(configured);
  for (const Instruction& instruction : file.instructions()) {
    const auto feature = feature_of(instruction);
    if (!feature || minimum >= std::pair(feature->major, feature->minor)) continue;
    lint::Diagnostic& diagnostic = reporter.report(
        instruction.name_span,
        fmt::format("{} needs a newer Dockerfile syntax: builders before Docker {}.{} do not know it by "
                    "default",
                    feature->what, feature->major, feature->minor),
        "start the file with '# syntax=docker/dockerfile:1', or set minimum-engine in the configuration");
    const uint32_t top = first_line_of_directives(file);
    lint::Fix fix;
    fix.description = "add the syntax directive";
    fix.unsafe_because =
        "every build then downloads the syntax from Docker Hub, and fails if Docker Hub can't be reached";
    fix.edits.push_back({{top, top}, fmt::format("# syntax=docker/dockerfile:1{}", line_end(file))});
    diagnostic.fix = std::move(fix);
    return;
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/buildkit/frontend/",
                                            "https://docs.docker.com/reference/dockerfile/#syntax"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1008",
          .name = "missing-syntax-directive",
          .level = lint::Level::kInfo,
          .fix = lint::FixKind::kUnsafe,
          .summary = "Newer syntax is used without a `# syntax=` line",
          .rationale =
              "Which syntax a builder knows depends on its version. With the first line `# "
              "syntax=docker/dockerfile:1`, every BuildKit downloads the current syntax, so newer flags mean "
              "the same on each machine. Unless `minimum-engine` in the configuration says something else, "
              "the rule assumes Docker 23.0 or newer, the first version that builds with BuildKit by "
              "default. These versions know cache mounts, here-documents and `COPY --link`.",
          .fix_note =
              "Adds the line at the top of the file. Unsafe: every build then downloads the syntax from "
              "Docker Hub, and fails if Docker Hub can't be reached.",
          .bad = {"FROM debian:12\nCOPY --exclude=*.md . /app/\n"},
          .good = {"# syntax=docker/dockerfile:1\nFROM debian:12\nCOPY --exclude=*.md . /app/\n"},
          .references = kReferences,
          .needs_buildkit = true,
          .check = check};
}

}  // namespace dcache::rules::DC1008
