// What is wrong with a compose or bake file, and with the images that it defines.
#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lint/engine.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/navigation.h"
#include "dcache/plan/target.h"
#include "dcache/report/style.h"
#include "dcache/text/unicode.h"
#include "dcache/text/words.h"

namespace dcache::lsp {
namespace {

using nlohmann::json;
using text::Span;
using Kind = Mention::Kind;
using editor::Workspace;

enum class Severity : uint8_t { kError = 1, kWarning = 2, kInformation = 3 };

class Findings {
 public:
  Findings(const Workspace& workspace, const std::string& path, const Positions& positions)
      : workspace_(workspace),
        path_(path),
        positions_(positions),
        mentions_(mentions_of(path, positions.text())) {}

  json run() {
    const auto project = workspace_.defined_in(path_);
    for (const text::Failure& failure : project->failures) {
      if (failure.path == path_)
        add(place_of(failure), Severity::kError,
            failure.message + (failure.remedy.empty() ? "" : "; " + failure.remedy));
    }
    for (const Mention& mention : mentions_) {
      if (mention.kind == Kind::kImage && mention.defines) visit_image(mention);
    }
    return std::move(all_);
  }

 private:
  json& add(Span span, Severity severity, std::string_view message) {
    all_.push_back({{"range", positions_.range_of(span)},
                    {"severity", static_cast<int>(severity)},
                    {"source", "dcache"},
                    {"message", report::printable(message)}});
    return all_.back();
  }

  // From the place of a failure to the end of its line.
  Span place_of(const text::Failure& failure) const {
    const uint32_t number = failure.line == 0 ? 0 : std::min(failure.line, positions_.line_count()) - 1;
    const Span line = positions_.line(number);
    const uint32_t column = failure.column == 0 ? 0 : failure.column - 1;
    return {std::min(line.begin + column, line.end), line.end};
  }

  // The word of a definition that says something, or the name of the image.
  Span said_by(const Mention& image, Kind kind, const std::string& name) const {
    const auto found = std::ranges::find_if(mentions_, [&](const Mention& one) {
      return one.image == image.name && one.kind == kind && (name.empty() || one.name == name);
    });
    return found == mentions_.end() ? image.span : found->span;
  }

  void visit_image(const Mention& mention) {
    const auto image = image_of(workspace_, path_, mention.name);
    if (!image || image->build.dockerfile_text || !image->remote.empty()) return;
    const auto& unknown = image->target.unknown;
    const auto is_known = [&](std::string_view attribute) {
      return std::ranges::find(unknown, attribute, &project::UnknownAttribute::attribute) == unknown.end();
    };
    if (!is_known("context") || !is_known("dockerfile")) return;
    const auto complain = [&](const std::string& why) {
      const Span span = said_by(mention, Kind::kDockerfile, "");
      add(span == mention.span ? said_by(mention, Kind::kContext, "") : span, Severity::kError,
          fmt::format("the Dockerfile {} can't be read: {}", image->build.dockerfile, why));
    };
    // A definition of a stranger does not show files of the machine.
    if (const std::string why = workspace_.refusal(image->build.dockerfile); !why.empty())
      return complain(why);
    const auto parsed = workspace_.parse(image->build.dockerfile);
    if (!parsed) return complain(parsed.error());
    check_stage(mention, image->target, **parsed);
    check_arguments(mention, image->target, **parsed);
    tell_findings(mention, image->build.dockerfile);
  }

  void check_stage(const Mention& mention, const project::Target& target,
                   const Workspace::ParsedDockerfile& parsed) {
    if (target.target.empty() || parsed.graph.stages.empty() ||
        plan::find_target(parsed.graph, target.target) != nullptr)
      return;
    add(said_by(mention, Kind::kStage, target.target), Severity::kError,
        fmt::format("the Dockerfile has no stage '{}'", target.target));
  }

  // An argument that no ARG takes has no effect; BuildKit warns of it.
  void check_arguments(const Mention& mention, const project::Target& target,
                       const Workspace::ParsedDockerfile& parsed) {
    const std::vector<Occurrence> known = occurrences(parsed);
    for (const auto& [name, value] : target.args) {
      const bool declared = std::ranges::any_of(known, [&](const Occurrence& one) {
        return one.kind == Occurrence::Kind::kVariable && one.defines && one.name == name;
      });
      const bool predefined = editor::find_help("$" + name) != nullptr || name.starts_with("BUILDKIT_") ||
                              text::to_lower(name).ends_with("_proxy");
      const Span span = said_by(mention, Kind::kArgument, name);
      // Of an argument that another target gives the image is told there.
      if (declared || predefined || span == mention.span) continue;
      add(span, Severity::kWarning,
          fmt::format("the Dockerfile has no ARG {}, so this build argument has no effect", name));
    }
  }

  // One line for all of the Dockerfile, with where each is.
  void tell_findings(const Mention& mention, const std::string& dockerfile) {
    const auto linted = workspace_.lint(dockerfile, Workspace::Depth::kReady);
    if (!linted) return;
    const Positions places((*linted)->text().source(), Encoding::kUtf16);
    json related = json::array();
    std::vector<std::string> rules;
    for (const lint::Diagnostic& one : (*linted)->findings.diagnostics) {
      if (one.level < lint::Level::kWarning) continue;
      if (std::ranges::find(rules, one.rule) == rules.end()) rules.emplace_back(one.rule);
      related.push_back({{"location", {{"uri", uri_of(dockerfile)}, {"range", places.range_of(one.shown())}}},
                         {"message", report::printable(fmt::format("{}: {}", one.rule, one.sentence()))}});
    }
    if (related.empty()) return;
    constexpr size_t kMostRules = 4;
    json& told =
        add(mention.span, Severity::kInformation,
            fmt::format("{} in the Dockerfile of this image: {}", text::counted(related.size(), "finding"),
                        text::list_words(rules, kMostRules)));
    told["relatedInformation"] = std::move(related);
  }

  const Workspace& workspace_;
  const std::string& path_;
  const Positions& positions_;
  std::vector<Mention> mentions_;
  json all_ = json::array();
};

}  // namespace

json definition_findings(const Workspace& workspace, const std::string& path, const Positions& positions) {
  return Findings(workspace, path, positions).run();
}

}  // namespace dcache::lsp
