#include <algorithm>

#include <fmt/format.h>

#include "dcache/lint/rule.h"
#include "dcache/text/path.h"

namespace dcache::rules::DC1018 {
namespace {

using plan::Graph;
using plan::Read;
using plan::Stage;
using plan::Step;

// Whether all that a stage does is to copy files, to places that are known.
bool only_copies(const Graph& graph, const Stage& stage) {
  const bool copies = std::ranges::all_of(stage.steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return (step.kind == Step::Kind::kCopy || step.kind == Step::Kind::kWorkdir) && !step.needs_network;
  });
  return copies && std::ranges::any_of(stage.steps, [&](size_t index) {
           return graph.steps[index].kind == Step::Kind::kCopy;
         });
}

// Whether the path is in what a COPY of the stage writes.
bool is_own(const Graph& graph, const Stage& stage, std::string_view path) {
  return std::ranges::any_of(stage.steps, [&](size_t index) {
    const Step& step = graph.steps[index];
    return step.kind == Step::Kind::kCopy && step.destination != "/" &&
           text::is_within(path, step.destination);
  });
}

struct Uses {
  bool any = false;
  bool own_files_alone = true;
};

// What other stages take of each stage.
std::vector<Uses> uses_of_stages(const Graph& graph) {
  std::vector<Uses> uses(graph.stages.size());
  for (const Stage& stage : graph.stages) {
    if (stage.base_stage) uses[*stage.base_stage].own_files_alone = false;
  }
  for (const Step& step : graph.steps) {
    for (const Read& read : step.reads) {
      if (read.origin != Read::Origin::kStage) continue;
      Uses& of_stage = uses[read.stage];
      of_stage.any = true;
      const auto is_good = [&](const plan::Selector& selector) {
        return !selector.wildcard && is_own(graph, graph.stages[read.stage], selector.path);
      };
      of_stage.own_files_alone =
          of_stage.own_files_alone && !read.selectors.empty() && std::ranges::all_of(read.selectors, is_good);
    }
  }
  return uses;
}

void check(lint::Dockerfile& dockerfile, lint::Reporter& reporter) {
  const Graph& graph = dockerfile.graph();
  std::vector<const Stage*> gatherers;
  for (const Stage& stage : graph.stages) {
    if (stage.base_stage && stage.from != nullptr && graph.target != stage.index && only_copies(graph, stage))
      gatherers.push_back(&stage);
  }
  if (gatherers.empty()) return;
  const std::vector<Uses> uses = uses_of_stages(graph);
  for (const Stage* stage : gatherers) {
    if (!uses[stage->index].any || !uses[stage->index].own_files_alone) continue;
    reporter.report(
        stage->from->span,
        fmt::format(
            "this stage waits for {} and rebuilds with it, but only files that it copies itself are used",
            graph.stages[*stage->base_stage].label()),
        "use FROM scratch");
  }
}

constexpr std::string_view kReferences[] = {"https://docs.docker.com/build/building/multi-stage/"};

}  // namespace

lint::Rule rule() {
  return {.code = "DC1018",
          .name = "needless-serial-stage",
          .level = lint::Level::kInfo,
          .origin = lint::Origin::kDcache,
          .summary = "A stage that only collects files starts from another stage",
          .rationale =
              "BuildKit builds stages that do not depend on each other at the same time, and rebuilding "
              "one does not rebuild the others. A stage without a RUN, from which others copy only files "
              "that it copied itself, does not need its base stage: it waits for that stage, and its "
              "layers rebuild whenever that stage changes. `FROM scratch` is enough.",
          .bad = {"FROM node:22 AS deps\n"
                  "COPY package.json ./\n"
                  "RUN npm install\n"
                  "FROM deps AS files\n"
                  "COPY public /files\n"
                  "FROM nginx:1.27\n"
                  "COPY --from=files /files /usr/share/nginx/html\n"},
          .good = {"FROM node:22 AS deps\n"
                   "COPY package.json ./\n"
                   "RUN npm install\n"
                   "FROM scratch AS files\n"
                   "COPY public /files\n"
                   "FROM nginx:1.27\n"
                   "COPY --from=files /files /usr/share/nginx/html\n"},
          .references = kReferences,
          .check = check};
}

}  // namespace dcache::rules::DC1018
