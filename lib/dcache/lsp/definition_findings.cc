// What is wrong with a compose or bake file, and with the images that it defines.
#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/editor/help.h"
#include "dcache/lint/engine.h"
#include "dcache/lsp/definition_features.h"
#include "dcache/lsp/fixes.h"
#include "dcache/lsp/navigation.h"
#include "dcache/plan/target.h"
#include "dcache/project/discover.h"
#include "dcache/report/style.h"
#include "dcache/text/suggest.h"
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
        images_(workspace, path),
        mentions_(mentions_of(path, positions.text())) {
    for (const Mention& one : mentions_) {
      if (!one.image.empty()) by_image_[one.image].push_back(&one);
    }
  }

  json run() {
    for (const text::Failure& failure : images_.project().failures) {
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

  // For a name that is wrong: what it may be meant for, which definition_actions() puts in its place.
  void propose(json& finding, std::string_view name, const std::vector<std::string>& known) {
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    if (const std::string_view meant = text::closest(name, candidates); !meant.empty())
      finding["data"] = {{"replacement", meant}};
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
    const auto about = by_image_.find(image.name);
    if (about == by_image_.end()) return image.span;
    const auto found = std::ranges::find_if(about->second, [&](const Mention* one) {
      return one->kind == kind && (name.empty() || one->name == name);
    });
    return found == about->second.end() ? image.span : (*found)->span;
  }

  void visit_image(const Mention& mention) {
    const project::Image* image = images_.find(mention.name);
    if (image == nullptr || image->build.dockerfile_text || !image->remote.empty()) return;
    const auto& unknown = image->target.unknown;
    const auto is_known = [&](std::string_view attribute) {
      return std::ranges::find(unknown, attribute, &project::UnknownAttribute::attribute) == unknown.end();
    };
    if (!is_known("context") || !is_known("dockerfile")) return;
    const std::string& dockerfile = image->build.dockerfile;
    // A definition of a stranger does not show files of the machine.
    if (const std::string why = workspace_.refusal(dockerfile); !why.empty())
      return complain(mention, *image, why, false);
    const auto parsed = workspace_.parse(dockerfile);
    if (!parsed) return complain(mention, *image, parsed.error(), true);
    check_stage(mention, image->target, **parsed);
    check_arguments(mention, image->target, dockerfile, **parsed);
    tell_findings(mention, dockerfile);
  }

  void complain(const Mention& mention, const project::Image& image, const std::string& why, bool inside) {
    const Span span = said_by(mention, Kind::kDockerfile, "");
    const bool named = span != mention.span;
    json& finding = add(named ? span : said_by(mention, Kind::kContext, ""), Severity::kError,
                        fmt::format("the Dockerfile {} can't be read: {}", image.build.dockerfile, why));
    if (!named || !inside) return;
    std::vector<std::string> names;
    for (const auto& [name, is_folder] : workspace_.files_inside()->list(image.build.context)) {
      if (!is_folder && project::is_dockerfile_name(name)) names.push_back(name);
    }
    propose(finding, span.of(positions_.text()), names);
  }

  void check_stage(const Mention& mention, const project::Target& target,
                   const Workspace::ParsedDockerfile& parsed) {
    if (target.target.empty() || parsed.graph.stages.empty() ||
        plan::find_target(parsed.graph, target.target) != nullptr)
      return;
    std::vector<std::string> names;
    for (const plan::Stage& stage : parsed.graph.stages)
      names.push_back(stage.name);
    const Span span = said_by(mention, Kind::kStage, target.target);
    json& finding =
        add(span, Severity::kError, fmt::format("the Dockerfile has no stage '{}'", target.target));
    if (span != mention.span) propose(finding, target.target, names);
  }

  // An argument that no ARG takes has no effect; BuildKit warns of it.
  void check_arguments(const Mention& mention, const project::Target& target, const std::string& dockerfile,
                       const Workspace::ParsedDockerfile& parsed) {
    if (target.args.empty()) return;
    const std::vector<std::string>& names = argument_names(dockerfile, parsed);
    for (const auto& [name, value] : target.args) {
      const bool declared = std::ranges::find(names, name) != names.end();
      const bool predefined = editor::find_help("$" + name) != nullptr || name.starts_with("BUILDKIT_") ||
                              text::to_lower(name).ends_with("_proxy");
      const Span span = said_by(mention, Kind::kArgument, name);
      // Of an argument that another target gives the image is told there.
      if (declared || predefined || span == mention.span) continue;
      json& finding =
          add(span, Severity::kWarning,
              fmt::format("the Dockerfile has no ARG {}, so this build argument has no effect", name));
      propose(finding, name, names);
    }
  }

  // One line for all of the Dockerfile, with where each is.
  void tell_findings(const Mention& mention, const std::string& dockerfile) {
    auto known = summaries_.find(dockerfile);
    if (known == summaries_.end()) known = summaries_.emplace(dockerfile, summary_of(dockerfile)).first;
    const Summary& summary = known->second;
    if (summary.message.empty()) return;
    add(mention.span, Severity::kInformation, summary.message)["relatedInformation"] = summary.related;
  }

  struct Summary {
    std::string message;
    json related = json::array();
  };

  Summary summary_of(const std::string& dockerfile) const {
    const auto linted = workspace_.lint(dockerfile, Workspace::Depth::kReady);
    if (!linted) return {};
    const Positions places((*linted)->text().source(), Encoding::kUtf16);
    Summary summary;
    std::vector<std::string> rules;
    for (const lint::Diagnostic& one : (*linted)->findings.diagnostics) {
      if (one.level < lint::Level::kWarning) continue;
      if (std::ranges::find(rules, one.rule) == rules.end()) rules.emplace_back(one.rule);
      summary.related.push_back(
          {{"location", {{"uri", uri_of(dockerfile)}, {"range", places.range_of(one.shown())}}},
           {"message", report::printable(fmt::format("{}: {}", one.rule, one.sentence()))}});
    }
    if (summary.related.empty()) return {};
    constexpr size_t kMostRules = 4;
    summary.message =
        fmt::format("{} in the Dockerfile of this image: {}",
                    text::counted(summary.related.size(), "finding"), text::list_words(rules, kMostRules));
    return summary;
  }

  const std::vector<std::string>& argument_names(const std::string& dockerfile,
                                                 const Workspace::ParsedDockerfile& parsed) {
    const auto [known, is_new] = argument_names_.try_emplace(dockerfile);
    if (!is_new) return known->second;
    for (const Occurrence& one : occurrences(parsed)) {
      if (one.kind == Occurrence::Kind::kVariable && one.defines) known->second.push_back(one.name);
    }
    return known->second;
  }

  const Workspace& workspace_;
  const std::string& path_;
  const Positions& positions_;
  DefinedImages images_;
  std::vector<Mention> mentions_;
  std::map<std::string, std::vector<const Mention*>, std::less<>> by_image_;
  std::map<std::string, Summary, std::less<>> summaries_;                        // by Dockerfile
  std::map<std::string, std::vector<std::string>, std::less<>> argument_names_;  // by Dockerfile
  json all_ = json::array();
};

}  // namespace

json definition_findings(const Workspace& workspace, const std::string& path, const Positions& positions) {
  return Findings(workspace, path, positions).run();
}

json definition_actions(const DefinitionRequest& request, const json& findings) {
  const Span range = request.range();
  json actions = json::array();
  for (const json& finding : findings) {
    const Span span = request.positions.span_of(finding.at("range"));
    if (!finding.contains("data") || span.begin > range.end || span.end < range.begin) continue;
    const std::string replacement = finding.at("data").at("replacement");
    const json edits = json::array({{{"range", finding.at("range")}, {"newText", replacement}}});
    actions.push_back({{"title", fmt::format("Replace by {}", report::printable(replacement))},
                       {"kind", "quickfix"},
                       {"diagnostics", json::array({finding})},
                       {"edit", edit_of(request.document, edits, request.client)}});
  }
  return actions;
}

}  // namespace dcache::lsp
